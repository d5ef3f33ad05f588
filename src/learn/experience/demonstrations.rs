//! [`Demonstrations`]: what others did, to be learnt from.

use crate::learn::batch::Batch;
use std::ops::Range;

/// Recorded episodes: those that are learnt from, and those that tell whether more than the recording was learnt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Demonstrations {
    /// Learnt from.
    pub training: Episodes,
    /// Never learnt from.
    pub validation: Episodes,
}

/// Episodes one after the other, their rows in the order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Episodes {
    observations: Batch,
    actions: Batch,
    /// `[rows]`: the first row of each row's episode.
    begins: Vec<usize>,
}

impl Episodes {
    /// None, of these widths.
    pub fn new(observation: usize, action: usize) -> Self {
        Self { observations: Batch::zeros(0, observation), actions: Batch::zeros(0, action), begins: Vec::new() }
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
