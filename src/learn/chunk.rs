//! Chunks: several steps' actions decided at once.
//!
//! Executed some steps at a time before the next decision (receding horizon: Chi et al., "Diffusion Policy: Visuomotor Policy Learning via
//! Action Diffusion", 2023, section 2.3), or decided anew in every step and blended with what was decided for it before (temporal ensembling:
//! Zhao et al., "Learning Fine-Grained Bimanual Manipulation with Low-Cost Hardware", 2023, section IV.B, algorithm 2).
//!
//! A row of memory is how many decisions the episode has seen, and then what is left of them. Where an episode begins it is forgotten.

use super::batch::Batch;
use crate::stream::{Purpose, Stream};
use serde::{Deserialize, Serialize};

/// How many steps are decided at once, and what becomes of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chunk {
    /// Steps of a chunk.
    pub length: usize,
    /// How a chunk is executed.
    pub execution: Execution,
}

/// How a chunk is executed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Execution {
    /// Its first so many steps, then the next chunk is decided.
    Steps(usize),
    /// The next chunk is decided in the next step already, and a step's action is the mean of all that was decided for it, the `i`-th of them
    /// (0 the oldest) weighing e^(−m·i). With a small `m` new decisions are taken over slowly, hardly weighing more than one another.
    Ensemble(f32),
}

impl Default for Chunk {
    fn default() -> Self {
        Self { length: 1, execution: Execution::Steps(1) }
    }
}

impl Chunk {
    /// Everything wrong with it, a sentence each.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !(1..=256).contains(&self.length) {
            problems.push(format!("`chunk.length` is {} and must be 1 to 256", self.length));
        }
        match self.execution {
            Execution::Steps(steps) if !(1..=self.length).contains(&steps) => {
                problems.push(format!("`chunk.execution` is Steps({steps}) and must be 1 to the chunk's length, {}", self.length));
            }
            Execution::Ensemble(m) if !(0.0..=10.0).contains(&m) => {
                problems.push(format!("`chunk.execution` is Ensemble({m}) and must lie in [0, 10]"));
            }
            _ => {}
        }
        problems
    }

    /// How many numbers of memory a policy has for it, whose actions have so many `channels`, and which `draws` at random or does not.
    pub fn memory(&self, channels: usize, draws: bool) -> usize {
        match self.execution {
            Execution::Steps(1) if !draws => 0,
            Execution::Steps(steps) => 2 + (steps - 1) * channels,
            Execution::Ensemble(_) => 1 + self.length * (2 + channels),
        }
    }

    /// This step's action for every row.
    ///
    /// # Shapes
    /// - memory: `[N, ..]`, of which this is from `start` on
    /// - `decide`: `[n, I]` and `[n]` streams, one for each row and decision, to `[n, length · channels]`
    /// - output: `[N, channels]`
    pub fn act(&self, asked: Asked<'_>, memory: &mut Batch, start: usize, decide: impl Fn(&Batch, &mut [Stream]) -> Batch) -> Batch {
        let Asked { inputs, begins, seeds, channels } = asked;
        let mut actions = Batch::zeros(inputs.rows(), channels);
        if memory.width() == start {
            // Nothing is kept and nothing is drawn: of what is decided, the first step counts.
            let decided = decide(inputs, &mut []);
            (0..inputs.rows()).for_each(|row| actions.row_mut(row).copy_from_slice(&decided.row(row)[..channels]));
            return actions;
        }
        let ensemble = matches!(self.execution, Execution::Ensemble(_));
        let (mut due, mut streams, mut windows) = (Vec::new(), Vec::new(), Batch::zeros(0, inputs.width()));
        for row in 0..inputs.rows() {
            let kept = &mut memory.row_mut(row)[start..];
            if begins[row] {
                kept.fill(0.0);
            }
            if ensemble || kept[1] == 0.0 {
                streams.push(Stream::new(seeds[row], Purpose::Decision, kept[0] as u64, 0));
                kept[0] += 1.0;
                windows.push(inputs.row(row));
                due.push(row);
            }
        }
        let decided = decide(&windows, &mut streams);
        let mut chunks = due.iter().zip(0..).peekable();
        for row in 0..inputs.rows() {
            let chunk = chunks.next_if(|(due, _)| **due == row).map(|(_, index)| decided.row(index));
            let (kept, action) = (&mut memory.row_mut(row)[start..], actions.row_mut(row));
            match self.execution {
                Execution::Steps(steps) => next(chunk, steps, kept, action),
                Execution::Ensemble(m) => blend(chunk.unwrap_or_default(), m, kept, action),
            }
        }
        actions
    }
}

/// What is asked of the rows of a group in one step.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// `[N, I]`: what decisions are made by.
    pub inputs: &'a Batch,
    /// `[N]`: this row starts an episode.
    pub begins: &'a [bool],
    /// `[N]`: of which the row's episode draws.
    pub seeds: &'a [u64],
    /// Numbers of one step's action.
    pub channels: usize,
}

/// The next of `steps` steps. `kept`: decisions made, steps left, the steps after the first one.
fn next(chunk: Option<&[f32]>, steps: usize, kept: &mut [f32], action: &mut [f32]) {
    let (counts, rest) = kept.split_at_mut(2);
    let left = &mut counts[1];
    match chunk {
        Some(chunk) => {
            let (now, later) = chunk.split_at(action.len());
            action.copy_from_slice(now);
            rest.copy_from_slice(&later[..rest.len()]);
            *left = (steps - 1) as f32;
        }
        None => {
            let done = steps - 1 - *left as usize;
            action.copy_from_slice(&rest[done * action.len()..][..action.len()]);
            *left -= 1.0;
        }
    }
}

/// The mean of all that was decided for this step. `kept`: decisions made, then for this step and each of those after it how many were made for
/// it, the sum of their weights, and their weighted sum.
fn blend(chunk: &[f32], m: f32, kept: &mut [f32], action: &mut [f32]) {
    let width = 2 + action.len();
    let plans = &mut kept[1..];
    for (plan, decided) in plans.chunks_exact_mut(width).zip(chunk.chunks_exact(action.len())) {
        let weight = libm::expf(-m * plan[0]);
        plan[0] += 1.0;
        plan[1] += weight;
        plan[2..].iter_mut().zip(decided).for_each(|(sum, value)| *sum += weight * value);
    }
    action.iter_mut().zip(&plans[2..width]).for_each(|(action, sum)| *action = sum / plans[1]);
    plans.copy_within(width.., 0);
    let last = plans.len() - width;
    plans[last..].fill(0.0);
}
