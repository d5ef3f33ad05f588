//! [`Demonstrations`]: what others did, to be learnt from.
//!
//! Of some episodes nobody says what was done: they are [`Watched`], a type of its own that has no actions, so that none can be taken for
//! one that was demonstrated.

use crate::learn::batch::Batch;
use std::ops::Range;

/// Recorded episodes: those that are learnt from, and those that tell whether more than the recording was learnt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Demonstrations {
    /// Learnt from.
    pub training: Episodes,
    /// Never learnt from.
    pub validation: Episodes,
    /// Learnt from without their actions.
    pub watched: Watched,
}

impl Demonstrations {
    /// What was seen in all that is learnt from, whatever was done in it.
    pub fn all_watched(&self) -> Watched {
        let mut watched = Watched::new(self.training.observations().width());
        [&self.training, &self.watched.0].into_iter().for_each(|episodes| watched.watch(episodes));
        watched
    }
}

/// Episodes one after the other, their rows in the order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Episodes {
    observations: Batch,
    actions: Batch,
    /// `[rows]`: the first row of each row's episode.
    begins: Vec<usize>,
    /// The first rows of episodes that a clock cut off.
    cut_off: Vec<usize>,
    /// `[rows]`, or empty where they are not known.
    rewards: Vec<f32>,
    /// `[rows]`, or empty where they are not known.
    successes: Vec<bool>,
}

impl Episodes {
    /// None, of these widths.
    pub fn new(observation: usize, action: usize) -> Self {
        Self { observations: Batch::zeros(0, observation), actions: Batch::zeros(0, action), ..Self::default() }
    }

    /// Adds an episode of `T` rows.
    ///
    /// # Shapes
    /// - observations: `[T, O]`, in the units of the contract's channels
    /// - actions: `[T, A]`, each in [-1, 1]
    pub fn push(&mut self, observations: &Batch, actions: &Batch) {
        assert!(observations.rows() == actions.rows(), "{} observations and {} actions", observations.rows(), actions.rows());
        let first = self.rows();
        for row in 0..observations.rows() {
            self.observations.push(observations.row(row));
            self.actions.push(actions.row(row));
            self.begins.push(first);
        }
    }

    /// Says of the episode that was added last that a clock (or a hand) cut it off: it did not end by itself.
    pub fn cut_off(&mut self) {
        self.cut_off.extend(self.begins.last());
    }

    /// The rows of each episode, and whether it was cut off.
    pub fn each(&self) -> impl Iterator<Item = (Range<usize>, bool)> + '_ {
        let firsts: Vec<usize> = (0..self.rows()).filter(|row| self.begins[*row] == *row).collect();
        let ends: Vec<usize> = firsts.iter().skip(1).copied().chain([self.rows()]).collect();
        firsts.into_iter().zip(ends).map(|(first, end)| (first..end, self.cut_off.contains(&first)))
    }

    /// How many rows all episodes have together.
    pub fn rows(&self) -> usize {
        self.begins.len()
    }

    /// How many episodes there are.
    pub fn count(&self) -> usize {
        self.spans().len()
    }

    /// The rows of each episode, in their order.
    pub fn spans(&self) -> Vec<Range<usize>> {
        let firsts: Vec<usize> = (0..self.rows()).filter(|row| self.begins[*row] == *row).collect();
        let ends = firsts.iter().skip(1).copied().chain([self.rows()]);
        firsts.iter().copied().zip(ends).map(|(first, end)| first..end).collect()
    }

    /// `[rows, O]`
    pub fn observations(&self) -> &Batch {
        &self.observations
    }

    /// `[rows, A]`
    pub fn actions(&self) -> &Batch {
        &self.actions
    }

    /// Says of the rows of all episodes together what each was paid, in [0, 1], and whether success held after it.
    ///
    /// # Shapes
    /// - rewards, successes: `[rows]`
    pub fn judge(&mut self, rewards: Vec<f32>, successes: Vec<bool>) {
        assert!(rewards.len() == self.rows() && successes.len() == self.rows(), "a reward for each of {} rows", self.rows());
        (self.rewards, self.successes) = (rewards, successes);
    }

    /// From now on success alone is paid.
    pub fn pay_success_alone(&mut self) {
        self.rewards = self.successes.iter().map(|held| f32::from(*held)).collect();
    }

    /// `[rows]`: what each was paid, in [0, 1]; empty where that is not known.
    pub fn rewards(&self) -> &[f32] {
        &self.rewards
    }

    /// `[rows]`: whether success held after each; empty where that is not known.
    pub fn successes(&self) -> &[bool] {
        &self.successes
    }

    /// The row that follows in the same episode; none where it is the last.
    pub fn next(&self, row: usize) -> Option<usize> {
        (self.begins.get(row + 1)? == self.begins.get(row)?).then_some(row + 1)
    }

    /// The rows that a policy with a history of `length` sees in `row`, oldest first. Before its episode's first row stands that row once
    /// more, as it does where a policy flies ([`crate::learn::history`]).
    pub fn window(&self, row: usize, length: usize) -> impl Iterator<Item = usize> + use<> {
        let first = self.begins[row];
        (0..length).rev().map(move |back| row.saturating_sub(back).max(first))
    }

    /// The rows whose actions a policy decides at once in `row`, that row first. What comes after an episode's last row is that row once more: a
    /// demonstrator who was done goes on as it did last (as Chi et al. 2023 have it).
    pub fn chunk(&self, row: usize, length: usize) -> impl Iterator<Item = usize> + use<> {
        let last = self.begins[row..].partition_point(|begins| *begins <= row) + row - 1;
        (0..length).map(move |ahead| (row + ahead).min(last))
    }
}

/// Episodes of which only what was seen is known, their rows in the order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Watched(Episodes);

impl Watched {
    /// None, of observations so wide.
    pub fn new(observation: usize) -> Self {
        Self(Episodes::new(observation, 0))
    }

    /// Adds an episode of `T` rows.
    ///
    /// # Shapes
    /// - observations: `[T, O]`, in the units of the contract's channels
    pub fn push(&mut self, observations: &Batch) {
        let first = self.rows();
        for row in 0..observations.rows() {
            self.0.observations.push(observations.row(row));
            self.0.begins.push(first);
        }
    }

    fn watch(&mut self, episodes: &Episodes) {
        let shift = self.rows();
        (0..episodes.rows()).for_each(|row| self.0.observations.push(episodes.observations.row(row)));
        self.0.begins.extend(episodes.begins.iter().map(|begin| shift + begin));
        self.0.cut_off.extend(episodes.cut_off.iter().map(|begin| shift + begin));
    }

    /// As [`Episodes::cut_off`].
    pub fn cut_off(&mut self) {
        self.0.cut_off();
    }

    /// As [`Episodes::each`].
    pub fn each(&self) -> impl Iterator<Item = (Range<usize>, bool)> + '_ {
        self.0.each()
    }

    /// How many rows all episodes have together.
    pub fn rows(&self) -> usize {
        self.0.rows()
    }

    /// How many episodes there are.
    pub fn count(&self) -> usize {
        self.0.count()
    }

    /// `[rows, O]`
    pub fn observations(&self) -> &Batch {
        self.0.observations()
    }
}
