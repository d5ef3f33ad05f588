//! What is exchanged between a world and learning: observation, action, reward, outcome, and whether success holds.
//!
//! Each arena's entity carries one row of every signal. [`Channels`] say what the numbers of a row mean.

use bevy::prelude::Component;
use serde::{Deserialize, Serialize};

/// One number of an observation or an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// Unique within its row, such as `motion.forward` or `ray.3`.
    pub name: String,
    /// SI unit, such as `m/s`; empty where the number has none.
    pub unit: String,
    /// Smallest value to be expected (infinite where there is none).
    pub low: f32,
    /// Largest value to be expected.
    pub high: f32,
}

/// The meaning of a row, channel by channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Channels(pub Vec<Channel>);

impl Channels {
    /// How many numbers a row has.
    pub fn width(&self) -> usize {
        self.0.len()
    }

    /// Adds a channel.
    pub fn push(&mut self, name: impl Into<String>, unit: &str, low: f32, high: f32) {
        self.0.push(Channel { name: name.into(), unit: unit.into(), low, high });
    }

    /// The first difference that makes rows of `self` unfit to be read as `other`, as a sentence. Ranges do not matter.
    pub fn difference(&self, other: &Self) -> Option<String> {
        for (index, (mine, theirs)) in self.0.iter().zip(&other.0).enumerate() {
            if mine.name != theirs.name {
                return Some(format!("channel {index} is `{}` in one and `{}` in the other", mine.name, theirs.name));
            }
            if mine.unit != theirs.unit {
                return Some(format!("channel `{}` is in `{}` in one and in `{}` in the other", mine.name, mine.unit, theirs.unit));
            }
        }
        let (mine, theirs) = (self.width(), other.width());
        let extra = self.0.get(theirs).or(other.0.get(mine))?;
        Some(format!("one has {mine} channels, the other {theirs}; the first that is in one alone is `{}`", extra.name))
    }
}

/// What the sensors wrote: one number per observation channel, in the channels' units.
#[derive(Component, Clone, Debug, Default, PartialEq)]
pub struct Observation(pub Vec<f32>);

/// What the pilot decided: one number per action channel, each in [-1, 1].
#[derive(Component, Clone, Debug, Default, PartialEq)]
pub struct Action(pub Vec<f32>);

/// What the task pays for the step just simulated, in [0, 1]: 1 while success holds.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq)]
pub struct Reward {
    /// The weighted mean of the task's reward terms where success does not hold.
    pub dense: f32,
    /// 1 while success holds, else 0.
    pub sparse: f32,
}

/// How an episode stands after a step.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// It goes on.
    #[default]
    Running,
    /// The task's success ended it.
    Succeeded,
    /// The task's failure ended it.
    Failed,
    /// The time limit ended it; the world would have gone on.
    TimedOut,
    /// The simulation broke down (non-finite or absurd state). No fault of the pilot's: never learnt from.
    Diverged,
}

impl Outcome {
    /// Whether the episode is over.
    pub fn is_over(self) -> bool {
        self != Self::Running
    }
}

/// Whether the task's success predicate holds after the step.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Success(pub bool);

/// The parts of a row in which the numbers of several agents stand side by side, of these widths. (Of a row that is too
/// short, the parts that it has not are empty.)
pub fn parts(mut row: &[f32], widths: impl Iterator<Item = usize>) -> impl Iterator<Item = &[f32]> {
    widths.map(move |width| {
        let (part, rest) = row.split_at_checked(width).unwrap_or_default();
        row = rest;
        part
    })
}

/// As [`parts`], to be written to.
pub fn parts_mut(mut row: &mut [f32], widths: impl Iterator<Item = usize>) -> impl Iterator<Item = &mut [f32]> {
    widths.map(move |width| {
        let (part, rest) = std::mem::take(&mut row).split_at_mut_checked(width).unwrap_or_default();
        row = rest;
        part
    })
}
