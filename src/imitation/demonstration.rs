//! [`Demonstration`]: one recorded episode, as plain data.

use crate::arena::Snapshot;
use crate::curriculum::Lesson;
use crate::imitation::quality::Quality;
use crate::learn::batch::Batch;
use crate::signal::Outcome;

/// The rows of an episode, column by column; `T` rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// `[T, O]`: what was observed, in the order of the scene's channels.
    pub observations: Batch,
    /// `[T, A]`: what was applied, each in [-1, 1].
    pub actions: Batch,
    /// `[T]`: dense reward, in [0, 1].
    pub rewards: Vec<f32>,
    /// `[T]`: whether success held after the step.
    pub success: Vec<bool>,
    /// `[T]`: simulator tick of the observation.
    pub ticks: Vec<u64>,
    /// `[T]`: hash of the action and of the state after the row's last tick. See [`crate::arena::step_hash`].
    pub hashes: Vec<u64>,
    /// `[T]`: whether a person had taken over.
    pub interventions: Vec<bool>,
    /// `[T]`: milliseconds from the oldest new input to the decision that took it, while time went on; 0 where there was none.
    pub latencies: Vec<f32>,
    /// `[T]`: what an oracle would have done, where it was asked.
    pub labels: Vec<Option<Vec<f32>>>,
}

impl Rows {
    /// No rows, of these widths.
    pub fn new(observation: usize, action: usize) -> Self {
        Self { observations: Batch::zeros(0, observation), actions: Batch::zeros(0, action), ..Self::default() }
    }

    /// `T`.
    pub fn len(&self) -> usize {
        self.rewards.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rewards.is_empty()
    }

    /// The actions, row by row, as a replay pilot takes them.
    pub fn replayed(&self) -> Vec<Vec<f32>> {
        (0..self.len()).map(|row| self.actions.row(row).to_vec()).collect()
    }
}

/// One recorded episode.
#[derive(Clone)]
pub struct Demonstration {
    /// What was practised.
    pub lesson: Lesson,
    /// The arena before the first row, from which a replay starts.
    pub snapshot: Snapshot,
    /// What happened.
    pub rows: Rows,
    /// How it ended. `TimedOut` also where a hand stopped it: the world would have gone on.
    pub outcome: Outcome,
    /// Whether a hand stopped it, before the task did.
    pub stopped: bool,
    /// Whether success held at any step.
    pub success_once: bool,
    /// Mean dense reward over the time limit, with what an early end saves or loses: in [0, 1].
    pub score: f32,
    /// What was observed after the last row.
    pub final_observation: Vec<f32>,
    /// Success or failure as a person marked it, which may differ from what the task found.
    pub marked: Option<bool>,
    /// What is to be said of it.
    pub quality: Quality,
    /// Raw inputs of hands, with ticks; for information.
    pub inputs: Vec<u8>,
}

impl Demonstration {
    /// Whether success held in the last row.
    pub fn success(&self) -> bool {
        self.rows.success.last().copied().unwrap_or(false)
    }
}
