//! Which elements of a data set's columns are a scene's channels: by name where there are names, else by their number.

use crate::imitation::data_set::features::{ACTION, ENVIRONMENT, Features, STATE};
use crate::imitation::data_set::table::read_numbers;
use crate::learn::batch::Batch;
use crate::learn::policy::Contract;
use crate::signal::Channels;
use arrow_array::RecordBatch;
use serde_json::Value;

/// Names told in a message, at most.
const TOLD: usize = 8;

/// Where a scene's channels stand in the columns of a data set.
pub struct Columns {
    observation: Vec<Element>,
    /// None where the set has no such column.
    action: Option<Vec<Element>>,
    /// What a user should know of how they were found, in sentences.
    pub notes: Vec<String>,
}

/// One number of a row.
#[derive(Clone, Copy)]
struct Element {
    column: &'static str,
    /// How many numbers the column has.
    width: usize,
    index: usize,
}

/// All numbers of a row that a signal may be made of.
struct Given {
    elements: Vec<Element>,
    /// One for each, where all of them have a name.
    names: Option<Vec<String>>,
}

impl Columns {
    /// Finds the channels of `contract`. Sets that are `ours` name every channel, and no other way is tried.
    ///
    /// # Errors
    /// With a sentence, where one cannot be found.
    pub fn find(features: &Features, contract: &Contract, ours: bool) -> Result<Self, String> {
        let mut notes = Vec::new();
        let observation = matched("observation", &contract.observation, &given(features, &[STATE, ENVIRONMENT]), ours, &mut notes)?;
        let action = match features.get(ACTION) {
            Some(_) => Some(matched("action", &contract.action, &given(features, &[ACTION]), ours, &mut notes)?),
            None => None,
        };
        Ok(Self { observation, action, notes })
    }

    /// The observations `[T, O]` of an episode, in the contract's order; and, where they are `labelled` and the set says them, its actions
    /// `[T, A]`.
    ///
    /// # Errors
    /// With a sentence, where a column holds something else than the set says.
    pub fn rows(&self, frames: &RecordBatch, labelled: bool) -> Result<(Batch, Option<Batch>), String> {
        let action = self.action.as_ref().filter(|_| labelled).map(|action| picked(frames, action));
        Ok((picked(frames, &self.observation)?, action.transpose()?))
    }
}

fn given(features: &Features, columns: &[&'static str]) -> Given {
    let (mut elements, mut names) = (Vec::new(), Some(Vec::new()));
    for column in columns {
        let Some(feature) = features.get(column).filter(|feature| !feature.is_video()) else { continue };
        let width = feature.width();
        elements.extend((0..width).map(|index| Element { column, width, index }));
        let own = spelt(&feature.names);
        match &mut names {
            Some(names) if own.len() == width => names.extend(own),
            names => *names = None,
        }
    }
    Given { elements, names }
}

/// The names of a column's elements: a list, or (of older tools) lists by kind.
fn spelt(names: &Value) -> Vec<String> {
    match names {
        Value::Array(items) => items.iter().flat_map(spelt).collect(),
        Value::Object(kinds) => kinds.values().flat_map(spelt).collect(),
        Value::String(name) => vec![name.clone()],
        _ => Vec::new(),
    }
}

fn matched(signal: &str, wanted: &Channels, given: &Given, ours: bool, notes: &mut Vec<String>) -> Result<Vec<Element>, String> {
    let find = |name: &str| given.names.as_ref().and_then(|names| names.iter().position(|other| other == name));
    let found: Vec<Option<usize>> = wanted.0.iter().map(|channel| find(&channel.name)).collect();
    let told = given.names.as_ref().map(|names| {
        let more = if names.len() > TOLD { ", .." } else { "" };
        format!("`{}`{more}", names[..names.len().min(TOLD)].join("`, `"))
    });
    if found.iter().all(Option::is_none) && !ours {
        let (here, there) = (given.elements.len(), wanted.width());
        if here != there {
            return Err(format!("its {signal}s have {here} numbers, the scene's {there}"));
        }
        let names = told.map_or("none has a name".into(), |told| format!("the scene knows none of {told}"));
        notes.push(format!("its {signal}s are taken in their order: {names}"));
        return Ok(given.elements.clone());
    }
    let missing = |index: usize| {
        let told = told.clone().unwrap_or_else(|| "no names".into());
        format!("it has no {signal} channel `{}`; it has {told}", wanted.0[index].name)
    };
    let elements = found.iter().enumerate().map(|(index, found)| found.map(|found| given.elements[found]).ok_or_else(|| missing(index)));
    elements.collect()
}

fn picked(frames: &RecordBatch, elements: &[Element]) -> Result<Batch, String> {
    let mut rows = Batch::zeros(frames.num_rows(), elements.len());
    let mut columns: Vec<(&str, Vec<f32>)> = Vec::new();
    for element in elements {
        if columns.iter().any(|(name, _)| *name == element.column) {
            continue;
        }
        let (width, values) = read_numbers(frames, element.column)?;
        if width != element.width {
            return Err(format!("the column `{}` has {width} elements, where `info.json` says {}", element.column, element.width));
        }
        columns.push((element.column, values));
    }
    for (channel, element) in elements.iter().enumerate() {
        let Some((_, values)) = columns.iter().find(|(name, _)| *name == element.column) else { continue };
        for row in 0..rows.rows() {
            rows.row_mut(row)[channel] = values[row * element.width + element.index];
        }
    }
    Ok(rows)
}
