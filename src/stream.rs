//! Random streams: every draw names what it is for.
//!
//! A [`Stream`] is a PCG-64 generator seeded from (run seed, [`Purpose`], arena, episode). It is plain data: cloned into snapshots,
//! written into checkpoints. Nothing else in the house draws random numbers, and nothing reads a wall clock or an operating
//! system's generator, so that the same seed gives the same bits on every machine.

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

/// What a stream is for. Streams of different purposes never overlap, whatever their other coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Levels that a teacher proposes.
    Teacher,
    /// Levels of an evaluation: never those of training.
    HeldOut,
    /// What is drawn at random inside a level: placements, heaps.
    Layout,
    /// Sensor noise.
    Noise,
    /// Pushes and other disturbances.
    Disturbance,
    /// The choices of a pilot: random actions, an expert's hesitation.
    Pilot,
    /// Sampling from a stochastic policy while learning.
    Exploration,
    /// First weights of a network.
    Weights,
    /// Order of rows in minibatches.
    Minibatches,
    /// Resampling for intervals.
    Bootstrap,
    /// The walls of a level's maze, its start and its beacon.
    Maze,
    /// Which opponent a run that plays against itself meets.
    Opponent,
    /// Which recorded episodes are learnt from, and which only judged by.
    Demonstrations,
    /// What a policy draws for one decision of an episode.
    Decision,
    /// The noise that an actor learns to take away.
    Denoising,
    /// The levels in which a policy demonstrates for another one.
    Rollouts,
    /// Which steps somebody who corrects a learner takes over by chance.
    Corrections,
}

/// A random stream with a name. See the module's documentation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream(Pcg64);

impl Stream {
    /// The stream of `purpose` for one `arena` and `episode` of the run seeded `seed`. Coordinates that do not apply are 0.
    pub fn new(seed: u64, purpose: Purpose, arena: u64, episode: u64) -> Self {
        let mut bytes = [0; 32];
        for (word, chunk) in bytes.chunks_exact_mut(8).enumerate() {
            let name = [seed, purpose as u64, arena, episode, word as u64].map(u64::to_le_bytes);
            chunk.copy_from_slice(&XxHash3_64::oneshot(name.as_flattened()).to_le_bytes());
        }
        Self(Pcg64::from_seed(bytes))
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// Uniform in [`low`, `high`).
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Uniform in 0..`n`; 0 where `n` is 0. (Multiply-shift: the bias is below 2⁻³² for any `n` in use.)
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// Standard normal, by Box and Muller (1958).
    pub fn normal(&mut self) -> f32 {
        let radius = libm::sqrtf(-2.0 * libm::logf(1.0 - self.unit()));
        radius * libm::cosf(std::f32::consts::TAU * self.unit())
    }

    /// Puts `items` in random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
