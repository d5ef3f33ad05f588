//! [`Rollout`]: `T` steps of `N` rows, as they happened.

use crate::learn::Decision;
use crate::learn::batch::Batch;
use crate::learn::metrics::Metrics;
use crate::signal::Outcome;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Rows in the order of time, `N` of them a step: row `t · N + n` is what happened to arena `n` in step `t`.
///
/// A step is written in this order: [`Rollout::decide`] with what was observed and decided, [`Rollout::reward`] with what came of it,
/// [`Rollout::finish_episode`] for every arena whose episode that ended. When it [`Rollout::is_full`], the next step's observation, before
/// anything is decided on it, is the fresh one: [`Rollout::set_fresh`]. After the update, [`Rollout::clear`].
///
/// What follows an episode's last row is its final observation, never the next episode's first one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    horizon: usize,
    arenas: usize,
    decided: usize,
    observations: Vec<f32>,
    widths: [usize; 3],
    actions: Vec<f32>,
    kept: Vec<f32>,
    values: Vec<f32>,
    rewards: Vec<f32>,
    outcomes: Vec<Outcome>,
    begins: Vec<bool>,
    finals: Vec<(usize, Vec<f32>)>,
    fresh: Batch,
    steered: Vec<bool>,
    labels: Vec<(usize, Vec<f32>)>,
}

impl Rollout {
    /// An empty one, for `horizon` steps of `arenas` rows.
    pub fn new(horizon: usize, arenas: usize) -> Self {
        Self { horizon, arenas, ..Self::default() }
    }

    /// Writes what was seen and decided in a step.
    ///
    /// # Shapes
    /// - observations: `[N, O]`, raw as the learner's `act` got them
    /// - begins: `[N]`
    /// - decision: `[N, ..]`
    pub fn decide(&mut self, observations: &Batch, begins: &[bool], decision: &Decision) {
        assert!(!self.is_full(), "a full rollout takes no more steps");
        assert!(self.rewards.len() == self.begins.len(), "a step is decided before the one in front of it was rewarded");
        assert!(observations.rows() == self.arenas && begins.len() == self.arenas, "a step has {} rows", self.arenas);
        self.widths = [observations.width(), decision.actions.width(), decision.kept.width()];
        self.decided += 1;
        self.observations.extend_from_slice(observations.values());
        self.begins.extend_from_slice(begins);
        self.actions.extend_from_slice(decision.actions.values());
        self.kept.extend_from_slice(decision.kept.values());
        self.values.extend_from_slice(decision.values.as_deref().unwrap_or_default());
        self.steered.resize(self.begins.len(), false);
    }

    /// Writes what somebody who looks over the learner's shoulder does about a step that was decided, in one `arena`: the action that was
    /// `done` in place of the learner's, where they steered; and their `label`, what they would have done, where they tell it.
    pub fn correct(&mut self, arena: usize, done: Option<&[f32]>, label: Option<&[f32]>) {
        let row = self.begins.len() - self.arenas + arena;
        if let Some(done) = done {
            self.actions[row * self.widths[1]..][..self.widths[1]].copy_from_slice(done);
            self.steered[row] = true;
        }
        self.labels.extend(label.map(|label| (row, label.to_vec())));
    }

    /// Writes what came of the step: for each arena the reward in [0, 1] that is learnt from, and how its episode stands.
    pub fn reward(&mut self, rewards: &[f32], outcomes: &[Outcome]) {
        assert!(rewards.len() == self.arenas && outcomes.len() == self.arenas, "a step has {} rows", self.arenas);
        assert!(self.rewards.len() + self.arenas == self.begins.len(), "a step is rewarded once, after it was decided");
        self.rewards.extend_from_slice(rewards);
        self.outcomes.extend_from_slice(outcomes);
    }

    /// Writes what was observed last, after the step's end, in an `arena` whose episode the step ended.
    pub fn finish_episode(&mut self, arena: usize, final_observation: &[f32]) {
        self.finals.push((self.rewards.len() - self.arenas + arena, final_observation.to_vec()));
    }

    /// Writes the observation that follows the last step, `[N, O]`: that of running episodes, or of new ones where the last step ended one.
    pub fn set_fresh(&mut self, observations: &Batch) {
        self.fresh = observations.clone();
    }

    /// Whether every step was decided and rewarded.
    pub fn is_full(&self) -> bool {
        self.decided == self.horizon && self.rewards.len() == self.horizon * self.arenas
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        *self = Self::new(self.horizon, self.arenas);
    }

    /// Steps, `T`.
    pub fn horizon(&self) -> usize {
        self.horizon
    }

    /// Rows a step, `N`.
    pub fn arenas(&self) -> usize {
        self.arenas
    }

    /// Steps that were decided and rewarded so far.
    pub fn steps(&self) -> usize {
        self.rewards.len() / self.arenas.max(1)
    }

    /// All rows written so far, `T · N` when full.
    pub fn rows(&self) -> usize {
        self.rewards.len()
    }

    /// What was observed in `row`, `[O]`.
    pub fn observation(&self, row: usize) -> &[f32] {
        &self.observations[row * self.widths[0]..][..self.widths[0]]
    }

    /// All observations, `[T · N, O]`.
    pub fn observations(&self) -> Batch {
        Batch::new(self.widths[0], self.observations.clone())
    }

    /// What was done in `row`, `[A]`.
    pub fn action(&self, row: usize) -> &[f32] {
        &self.actions[row * self.widths[1]..][..self.widths[1]]
    }

    /// What the learner wanted back of its decision in `row`, `[K]`.
    pub fn kept(&self, row: usize) -> &[f32] {
        &self.kept[row * self.widths[2]..][..self.widths[2]]
    }

    /// The learner's estimate of every row's value when it was decided, `[T · N]`; empty where it made none.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// `[T · N]`, each in [0, 1].
    pub fn rewards(&self) -> &[f32] {
        &self.rewards
    }

    /// `[T · N]`.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// `[T · N]`: whether an episode starts with the row.
    pub fn begins(&self) -> &[bool] {
        &self.begins
    }

    /// The rows that ended an episode, and what was observed after each.
    pub fn finals(&self) -> &[(usize, Vec<f32>)] {
        &self.finals
    }

    /// `[T · N]`: whether somebody else than the learner steered.
    pub fn steered(&self) -> &[bool] {
        &self.steered
    }

    /// The rows for which somebody told what they would have done, and what.
    pub fn labels(&self) -> &[(usize, Vec<f32>)] {
        &self.labels
    }

    /// Says how much somebody else steered, how often they took over, and for how many rows of the whole run, these ones included, they told
    /// what they would have done. Nothing where nobody did.
    pub fn tell_corrections(&self, labelled: u64, metrics: &mut Metrics) {
        if labelled == 0 && !self.steered.contains(&true) {
            return;
        }
        let taken =
            |row: &usize| self.steered[*row] && (self.begins[*row] || row.checked_sub(self.arenas).is_none_or(|row| !self.steered[row]));
        let share = |count: usize| count as f64 / self.rows().max(1) as f64;
        metrics.set("steered", share(self.steered.iter().filter(|steered| **steered).count()));
        metrics.set("takeovers", (0..self.rows()).filter(taken).count() as f64);
        metrics.set("labelled", labelled as f64);
    }

    /// The observation that follows the last step, `[N, O]`.
    pub fn fresh(&self) -> &Batch {
        &self.fresh
    }

    /// The rollout as uninterrupted stretches of one arena's episode each, arena by arena in the order of time: the rows of a stretch, and
    /// what was observed in each of them and after the last one. A row that diverged ends a stretch and is in none.
    ///
    /// # Shapes
    /// - rows: `[n]`, n at least 1
    /// - observations: `[n + 1, O]`
    pub fn stretches(&self) -> Vec<(Vec<usize>, Batch)> {
        let finals: BTreeMap<usize, &[f32]> = self.finals.iter().map(|(row, seen)| (*row, &seen[..])).collect();
        let mut stretches = Vec::new();
        for arena in 0..self.arenas {
            let (mut rows, mut seen) = (Vec::new(), Batch::zeros(0, self.widths[0]));
            for row in (arena..self.rows()).step_by(self.arenas) {
                seen.push(self.observation(row));
                let outcome = self.outcomes[row];
                if outcome != Outcome::Diverged {
                    rows.push(row);
                }
                let after = match outcome {
                    Outcome::Running if row + self.arenas < self.rows() => continue,
                    Outcome::Running => Some(self.fresh.row(arena)),
                    Outcome::Diverged => None,
                    _ => finals.get(&row).copied(),
                };
                if let Some(after) = after {
                    seen.push(after);
                }
                let stretch = (std::mem::take(&mut rows), std::mem::replace(&mut seen, Batch::zeros(0, self.widths[0])));
                // (A stretch that only diverged has no row.)
                if !stretch.0.is_empty() {
                    stretches.push(stretch);
                }
            }
        }
        stretches
    }

    /// The same rows, paid and ended otherwise.
    ///
    /// # Shapes
    /// - rewards, outcomes: `[T · N]`. An outcome that ends an episode stands only where one did.
    pub fn repaid(&self, rewards: Vec<f32>, outcomes: Vec<Outcome>) -> Self {
        assert!(rewards.len() == self.rows() && outcomes.len() == self.rows(), "a reward and an outcome for every row");
        Self { rewards, outcomes, ..self.clone() }
    }
}
