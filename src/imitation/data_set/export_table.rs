//! An episode as Minari's reader takes it: one row more than there are steps, the last one holding the final observation and padding.

use super::DataSetError;
use super::table::{self, bools};
use crate::imitation::demonstration::Demonstration;
use crate::signal::Outcome;
use arrow_array::{ArrayRef, FixedSizeListArray, Float32Array, Float64Array, Int32Array, RecordBatch};
use arrow_schema::{DataType, Field};
use std::path::Path;
use std::sync::Arc;

/// Writes the file of an episode.
///
/// # Errors
/// Where it cannot be written.
pub fn write(path: &Path, episode: usize, demonstration: &Demonstration) -> Result<(), DataSetError> {
    let (rows, steps) = (&demonstration.rows, demonstration.rows.len());
    // Also one number is a list here.
    let list = |width: usize, values: Vec<f32>| -> ArrayRef {
        let field = Arc::new(Field::new_list_field(DataType::Float32, true));
        Arc::new(FixedSizeListArray::new(field, width as i32, Arc::new(Float32Array::from(values)), None))
    };
    let (wide, narrow) = (rows.observations.width(), rows.actions.width());
    let observations = [rows.observations.values(), &demonstration.final_observation].concat();
    let actions = [rows.actions.values(), &vec![0.0; narrow]].concat();
    let rewards: Vec<f64> = rows.rewards.iter().map(|reward| f64::from(*reward)).chain([0.0]).collect();
    let ended = matches!(demonstration.outcome, Outcome::Succeeded | Outcome::Failed);
    let last = |holds: bool| bools((0..=steps).map(|row| holds && row + 1 == steps).collect());
    let columns: [(&str, ArrayRef); 6] = [
        ("episode_id", Arc::new(Int32Array::from(vec![episode as i32; steps + 1]))),
        ("observations", list(wide, observations)),
        ("actions", list(narrow, actions)),
        ("rewards", Arc::new(Float64Array::from(rewards))),
        ("terminations", last(ended)),
        ("truncations", last(!ended)),
    ];
    let batch = RecordBatch::try_from_iter(columns).map_err(DataSetError::content(path))?;
    table::write(path, batch.schema(), &[batch])
}
