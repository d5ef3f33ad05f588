//! What an ending is worth: the one place that says so, and the advantages that follow from it.
//!
//! | the row's outcome | what follows the row is worth |
//! |---|---|
//! | `Running` | the value of the next row (of the fresh observation after the last one) |
//! | `TimedOut` | the value of the final observation: the world would have gone on |
//! | `Failed` | 0 |
//! | `Succeeded` | 1: a reward of 1 for ever, so that finishing is never worse than hovering just short of it |
//! | `Diverged` | the row is left out of every loss and statistic |
//!
//! Rewards in [0, 1] are scaled by (1 - discount): a reward of 1 for ever is worth 1, and every value lies in [0, 1].
//!
//! The row before a diverged one is whole: it was simulated and observed. What follows it is worth the value of the diverged row's own
//! observation (taken before the step that broke down), and nothing behind that counts: it reads as if it had timed out there.

use super::rollout::Rollout;
use crate::signal::Outcome;

/// What follows one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Behind<'a> {
    /// Worth what this observation is.
    Seen(&'a [f32]),
    /// Worth so much.
    Worth(f32),
}

impl<'a> Behind<'a> {
    /// What follows a row with this outcome, by the table above: `next` is what the next row observed, `last` the final observation. None
    /// where the row is to be left out.
    pub fn of(outcome: Outcome, next: impl FnOnce() -> &'a [f32], last: impl FnOnce() -> Option<&'a [f32]>) -> Option<Self> {
        match outcome {
            Outcome::Running => Some(Self::Seen(next())),
            Outcome::TimedOut => last().map(Self::Seen),
            Outcome::Failed => Some(Self::Worth(0.0)),
            Outcome::Succeeded => Some(Self::Worth(1.0)),
            Outcome::Diverged => None,
        }
    }
}

/// What a learner is told about a rollout's rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Advantages {
    /// How much better than its value every row went, `[T · N]`; 0 where the row is left out.
    pub advantages: Vec<f32>,
    /// What the value of every row should have been, `[T · N]`.
    pub returns: Vec<f32>,
    /// The rows to learn from, in order: all that did not diverge.
    pub rows: Vec<usize>,
}

/// Generalised advantage estimates: Schulman et al., "High-Dimensional Continuous Control Using Generalized Advantage Estimation",
/// 2016, equation 16, over the endings of this module.
///
/// # Shapes
/// - values: `[T · N]`, of every row's observation
/// - finals: one value for each of the rollout's final observations
/// - fresh: `[N]`, of the fresh observation
pub fn advantages(rollout: &Rollout, values: &[f32], finals: &[f32], fresh: &[f32], discount: f32, lambda: f32) -> Advantages {
    let (rows, arenas) = (rollout.rows(), rollout.arenas());
    assert!(values.len() == rows && finals.len() == rollout.finals().len() && fresh.len() == arenas, "a value for every observation");
    let mut final_values = vec![None; rows];
    for ((row, _), value) in rollout.finals().iter().zip(finals) {
        final_values[*row] = Some(*value);
    }
    let (mut advantages, mut returns) = (vec![0.0; rows], values.to_vec());
    for row in (0..rows).rev() {
        let next = row + arenas;
        let outcome = rollout.outcomes()[row];
        let (worth, behind) = match outcome {
            Outcome::Running if next >= rows => (fresh[row % arenas], 0.0),
            Outcome::Running if rollout.outcomes()[next] == Outcome::Diverged => (values[next], 0.0),
            Outcome::Running => (values[next], advantages[next]),
            Outcome::TimedOut => (final_values[row].expect("a row that timed out has a final observation"), 0.0),
            Outcome::Failed => (0.0, 0.0),
            Outcome::Succeeded => (1.0, 0.0),
            Outcome::Diverged => continue,
        };
        let surprise = (1.0 - discount) * rollout.rewards()[row] + discount * worth - values[row];
        advantages[row] = surprise + discount * lambda * behind;
        returns[row] = advantages[row] + values[row];
    }
    let rows = (0..rows).filter(|&row| rollout.outcomes()[row] != Outcome::Diverged).collect();
    Advantages { advantages, returns, rows }
}
