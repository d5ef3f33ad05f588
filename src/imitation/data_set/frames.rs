//! Rows to columns and back.

use super::features::{
    ACTION, DONE, Division, ENVIRONMENT, EPISODE, EXPERT, FRAME, Features, HASH, INDEX, INTERVENTION, LABELLED, LATENCY, REWARD, SEED,
    STATE, SUCCESS, TASK, TEAM_REWARD, TEAM_SUCCESS, TICK, TIMESTAMP, TRUNCATED,
};
use super::table::{bools, floats, longs, read_bools, read_floats, read_longs, schema};
use crate::imitation::demonstration::{Demonstration, Rows};
use crate::learn::batch::Batch;
use crate::signal::Outcome;
use arrow_array::{ArrayRef, RecordBatch};
use twox_hash::XxHash3_64;

/// Where an episode's rows stand in a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which episode.
    pub episode: usize,
    /// Index of its first row.
    pub first: usize,
    /// Row of its task in `tasks.parquet`.
    pub task: usize,
    /// Rows a second.
    pub fps: u32,
}

impl Standing {
    /// The columns that follow from where the rows stand.
    fn column(self, name: &str, rows: usize) -> Option<ArrayRef> {
        let count = 0..rows as i64;
        Some(match name {
            // Divided in 64 bits, then rounded once: what the format's reference does.
            TIMESTAMP => floats(1, count.map(|row| (row as f64 / f64::from(self.fps)) as f32).collect()),
            FRAME => longs(count),
            EPISODE => longs(count.map(|_| self.episode as i64)),
            INDEX => longs(count.map(|row| self.first as i64 + row)),
            TASK => longs(count.map(|_| self.task as i64)),
            _ => return None,
        })
    }
}

/// The frames of a demonstration: one column for each of `features`.
pub fn frames(demonstration: &Demonstration, features: &Features, division: &Division, standing: Standing) -> Result<RecordBatch, String> {
    let (rows, count) = (&demonstration.rows, demonstration.rows.len());
    let part = |channels: &[usize]| {
        let values = (0..count).flat_map(|row| channels.iter().map(move |channel| rows.observations.row(row)[*channel]));
        floats(channels.len(), values.collect())
    };
    // Only an episode's last row can be one that ended it.
    let last = |holds: bool| bools((0..count).map(|row| holds && row + 1 == count).collect());
    let ended = matches!(demonstration.outcome, Outcome::Succeeded | Outcome::Failed);
    let width = rows.actions.width();
    let columns = features.0.iter().map(|(name, _)| {
        Ok(match name.as_str() {
            STATE => part(&division.state),
            ENVIRONMENT => part(&division.environment),
            ACTION => floats(width, rows.actions.values().to_vec()),
            REWARD => floats(1, rows.rewards.clone()),
            DONE => last(ended),
            TRUNCATED => last(!ended),
            SUCCESS => bools(rows.success.clone()),
            TICK => longs(rows.ticks.iter().map(|tick| *tick as i64)),
            HASH => longs(rows.hashes.iter().map(|hash| *hash as i64)),
            INTERVENTION => bools(rows.interventions.clone()),
            LATENCY => floats(1, rows.latencies.clone()),
            EXPERT => floats(width, rows.labels.iter().flat_map(|label| label.clone().unwrap_or_else(|| vec![0.0; width])).collect()),
            LABELLED => bools(rows.labels.iter().map(Option::is_some).collect()),
            TEAM_REWARD => floats(rows.team_rewards.width(), rows.team_rewards.values().to_vec()),
            TEAM_SUCCESS => floats(rows.team_success.width(), rows.team_success.values().to_vec()),
            SEED => longs(std::iter::repeat_n(demonstration.lesson.level.seed as i64, count)),
            name => standing.column(name, count).ok_or_else(|| format!("a demonstration has nothing for a column `{name}`"))?,
        })
    });
    let columns = columns.collect::<Result<Vec<_>, String>>()?;
    let schema = schema(features).ok_or("a feature is of a kind that no demonstration has")?;
    RecordBatch::try_new(schema, columns).map_err(|error| error.to_string())
}

/// The same frames at another place: indices, timestamps and the row of the task written anew.
pub fn renumbered(batch: &RecordBatch, standing: Standing) -> Result<RecordBatch, String> {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    let columns = columns.map(|(field, array)| standing.column(field.name(), batch.num_rows()).unwrap_or_else(|| array.clone())).collect();
    RecordBatch::try_new(schema, columns).map_err(|error| error.to_string())
}

/// The rows of an episode recorded by us.
pub fn rows(batch: &RecordBatch, division: &Division) -> Result<Rows, String> {
    let count = batch.num_rows();
    let mut observations = Batch::zeros(count, division.width());
    for (name, channels) in [(STATE, &division.state), (ENVIRONMENT, &division.environment)] {
        if channels.is_empty() {
            continue;
        }
        let (width, values) = read_floats(batch, name)?;
        if width != channels.len() {
            return Err(format!("the column `{name}` has {width} elements, where the scene gives {}", channels.len()));
        }
        for (row, values) in values.chunks(width).enumerate() {
            channels.iter().zip(values).for_each(|(channel, value)| observations.row_mut(row)[*channel] = *value);
        }
    }
    let (width, actions) = read_floats(batch, ACTION)?;
    let (_, experts) = read_floats(batch, EXPERT)?;
    let labelled = read_bools(batch, LABELLED)?;
    // (Only a team has these two.)
    let team = |name: &str| match batch.column_by_name(name) {
        Some(_) => read_floats(batch, name).map(|(width, values)| Batch::new(width, values)),
        None => Ok(Batch::default()),
    };
    let bits = |name: &str| Ok::<_, String>(read_longs(batch, name)?.into_iter().map(|value| value as u64).collect());
    Ok(Rows {
        observations,
        actions: Batch::new(width, actions),
        rewards: read_floats(batch, REWARD)?.1,
        success: read_bools(batch, SUCCESS)?,
        team_rewards: team(TEAM_REWARD)?,
        team_success: team(TEAM_SUCCESS)?,
        ticks: bits(TICK)?,
        hashes: bits(HASH)?,
        interventions: read_bools(batch, INTERVENTION)?,
        latencies: read_floats(batch, LATENCY)?.1,
        labels: labelled.into_iter().zip(experts.chunks(width.max(1))).map(|(asked, row)| asked.then(|| row.to_vec())).collect(),
    })
}

/// A hash of everything that an episode's frames say, wherever it stands: the same after any merging and renumbering.
pub fn content_hash(batch: &RecordBatch) -> Result<u64, String> {
    let standing = Standing { episode: 0, first: 0, task: 0, fps: 1 };
    let mut bytes = Vec::new();
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        if standing.column(field.name(), 0).is_some() {
            continue;
        }
        bytes.extend_from_slice(field.name().as_bytes());
        if let Ok((_, values)) = read_floats(batch, field.name()) {
            values.iter().for_each(|value| bytes.extend_from_slice(&value.to_bits().to_le_bytes()));
        } else if let Ok(values) = read_longs(batch, field.name()) {
            values.iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
        } else if let Ok(values) = read_bools(batch, field.name()) {
            values.iter().for_each(|value| bytes.push(u8::from(*value)));
        } else {
            return Err(format!("the column `{}` is {}, which no demonstration has", field.name(), array.data_type()));
        }
    }
    Ok(XxHash3_64::oneshot(&bytes))
}

/// The same frames with an end that the time limit, not the task, might have made.
pub fn truncated(batch: &RecordBatch) -> Result<RecordBatch, String> {
    let (schema, count) = (batch.schema(), batch.num_rows());
    let columns = schema.fields().iter().zip(batch.columns()).map(|(field, array)| match field.name().as_str() {
        DONE => bools(vec![false; count]),
        TRUNCATED => bools((1..=count).map(|row| row == count).collect()),
        _ => array.clone(),
    });
    RecordBatch::try_new(schema.clone(), columns.collect()).map_err(|error| error.to_string())
}
