//! [`Replay`]: what was lived through, to be learnt from again and again.
//!
//! Lin, "Self-Improving Reactive Agents Based on Reinforcement Learning, Planning and Teaching", 1992. A ring of whole steps of `N` rows:
//! when it is full, the oldest step makes place. Rows, not transitions: what follows a row stands `N` rows behind it, and only of episodes
//! that ended their final observation is kept beside.

use super::endings::Behind;
use super::rollout::Rollout;
use crate::signal::Outcome;
use crate::stream::Stream;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Draws before a ring in which hardly a row can be learnt from is given up.
const TRIES: usize = 64;

/// The rows of the last steps. See the module's documentation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    /// Steps that it holds at most.
    most: usize,
    /// Rows a step, `N`.
    arenas: usize,
    widths: [usize; 2],
    observations: Vec<f32>,
    actions: Vec<f32>,
    rewards: Vec<f32>,
    outcomes: Vec<Outcome>,
    steered: Vec<bool>,
    /// By row.
    finals: BTreeMap<usize, Vec<f32>>,
    /// Where the next step goes.
    next: usize,
}

/// One row, and what followed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lived<'a> {
    /// `[O]`, in the units of the contract's channels.
    pub observation: &'a [f32],
    /// `[A]`: what was done, by whomever.
    pub action: &'a [f32],
    /// In [0, 1].
    pub reward: f32,
    /// What follows it.
    pub behind: Behind<'a>,
    /// Whether somebody took over right after it: the row itself was the learner's own, the next one is not.
    pub taken_over: bool,
}

impl Replay {
    /// An empty one for about so many rows (at least two steps), with observations and actions of these widths.
    pub fn new(rows: usize, observation: usize, action: usize) -> Self {
        Self {
            most: rows,
            arenas: 0,
            widths: [observation, action],
            observations: Vec::new(),
            actions: Vec::new(),
            rewards: Vec::new(),
            outcomes: Vec::new(),
            steered: Vec::new(),
            finals: BTreeMap::new(),
            next: 0,
        }
    }

    /// How wide observations and actions are.
    pub fn widths(&self) -> [usize; 2] {
        self.widths
    }

    /// How many rows it holds.
    pub fn rows(&self) -> usize {
        self.rewards.len()
    }

    /// How many steps it can hold.
    fn steps(&self) -> usize {
        (self.most / self.arenas.max(1)).max(2)
    }

    /// Takes in the steps of a full rollout, whose rows belong to the same arenas each time.
    pub fn take(&mut self, rollout: &Rollout) {
        if self.rows() == 0 {
            self.arenas = rollout.arenas();
        }
        assert!(rollout.arenas() == self.arenas, "a step of {} rows in a replay of {}", rollout.arenas(), self.arenas);
        let mut finals = rollout.finals().iter().peekable();
        for step in 0..rollout.steps() {
            let first = self.next * self.arenas;
            let grows = first == self.rows();
            for arena in 0..self.arenas {
                let (row, from) = (first + arena, step * self.arenas + arena);
                let parts = (rollout.observation(from), rollout.action(from), rollout.rewards()[from], rollout.outcomes()[from]);
                self.write(row, grows, parts, rollout.steered()[from]);
                self.finals.remove(&row);
                if let Some((_, seen)) = finals.next_if(|(of, _)| *of == from) {
                    // (Only time's end is followed by anything that is looked at.)
                    if parts.3 == Outcome::TimedOut {
                        self.finals.insert(row, seen.clone());
                    }
                }
            }
            self.next = (self.next + 1) % self.steps();
        }
    }

    fn write(&mut self, row: usize, grows: bool, parts: (&[f32], &[f32], f32, Outcome), steered: bool) {
        let (observation, action, reward, outcome) = parts;
        if grows {
            self.observations.extend_from_slice(observation);
            self.actions.extend_from_slice(action);
            self.rewards.push(reward);
            self.outcomes.push(outcome);
            self.steered.push(steered);
        } else {
            let [seen, done] = self.widths;
            self.observations[row * seen..][..seen].copy_from_slice(observation);
            self.actions[row * done..][..done].copy_from_slice(action);
            (self.rewards[row], self.outcomes[row], self.steered[row]) = (reward, outcome, steered);
        }
    }

    /// One row drawn at random, every one alike that can be learnt from: it did not diverge, and what follows it is known (the last step's
    /// rows wait for the next one). None where hardly any can.
    pub fn draw(&self, stream: &mut Stream) -> Option<Lived<'_>> {
        let steps = self.rows().checked_div(self.arenas)?;
        let last = (self.next + self.steps() - 1) % self.steps();
        (0..TRIES).find_map(|_| {
            // (The last step stands behind all others, wherever the ring's seam is.)
            let step = (last + 1 + stream.below(steps.checked_sub(1)?)) % steps;
            self.lived(step * self.arenas + stream.below(self.arenas))
        })
    }

    /// A row and what followed; none where it diverged.
    fn lived(&self, row: usize) -> Option<Lived<'_>> {
        let [seen, done] = self.widths;
        let observation = |row: usize| &self.observations[row * seen..][..seen];
        let next = (row + self.arenas) % self.rows();
        let outcome = self.outcomes[row];
        let behind = Behind::of(outcome, || observation(next), || self.finals.get(&row).map(Vec::as_slice))?;
        Some(Lived {
            observation: observation(row),
            action: &self.actions[row * done..][..done],
            reward: self.rewards[row],
            behind,
            taken_over: outcome == Outcome::Running && !self.steered[row] && self.steered[next],
        })
    }
}
