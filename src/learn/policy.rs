//! [`Policy`]: what was learnt, with the [`Contract`] that says where it may fly.

mod saved;

use super::Rows;
use super::actor::Actor;
use super::batch::Batch;
use super::chunk::{Asked, Chunk};
use super::history;
use super::network::gru::{Gru, Tape};
use super::normaliser::Normaliser;
use super::residual::Residual;
use crate::signal::Channels;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use thiserror::Error;

/// What a policy reads and writes, how often, and where it learnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contract {
    /// What each number of an observation means.
    pub observation: Channels,
    /// What each number of an action means.
    pub action: Channels,
    /// Decisions per second.
    pub control_hz: u32,
    /// A hash of the scene. Another scene is allowed, with a warning.
    pub scene_hash: u64,
}

/// A checkpoint that cannot be used.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// A file is not there, or cannot be read or written.
    #[error("`{}`: {source}; is this the folder of a checkpoint?", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file holds something else.
    #[error("`{}` is no part of a checkpoint: {problem}; remove its folder, and the run goes on from the checkpoint before", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Observations or actions differ.
    #[error("the policy was trained on other {signal}s: {difference}; use it in a scene with the same body and sensors, or train anew")]
    Signal {
        /// `observation` or `action`.
        signal: &'static str,
        /// The first difference.
        difference: String,
    },
    /// The control rates differ.
    #[error(
        "the policy decides {policy} times a second, the scene asks {scene} times: set the scene's `control_hz` to {policy}, or train anew"
    )]
    Rate {
        /// Of the policy, Hz.
        policy: u32,
        /// Of the scene, Hz.
        scene: u32,
    },
    /// A learner was given the state of another one.
    #[error("the learner's state does not fit: {0}; resume with the recipe that the run was started with")]
    Learner(String),
}

impl Contract {
    /// Refuses to let a policy with this contract fly where `scene` is asked for. Another scene hash only warns.
    pub fn fits(&self, scene: &Self) -> Result<(), CheckpointError> {
        self.shares(scene)?;
        if self.scene_hash != scene.scene_hash {
            tracing::warn!("the policy learnt in another scene than this one; its channels and its rate are the same");
        }
        Ok(())
    }

    /// Whether one policy can fly under both: with equal channels and rates.
    pub fn shares(&self, scene: &Self) -> Result<(), CheckpointError> {
        for (signal, mine, theirs) in [("observation", &self.observation, &scene.observation), ("action", &self.action, &scene.action)] {
            if let Some(difference) = mine.difference(theirs) {
                return Err(CheckpointError::Signal { signal, difference });
            }
        }
        if self.control_hz != scene.control_hz {
            return Err(CheckpointError::Rate { policy: self.control_hz, scene: scene.control_hz });
        }
        Ok(())
    }
}

/// A frozen policy: observations in, actions out.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Where it may fly.
    pub contract: Contract,
    /// What observations go through first, if anything.
    pub normaliser: Option<Normaliser>,
    /// How many observations it decides by: the present one, and those before it.
    pub history: usize,
    /// What boils them down before the actor sees them, if anything; else it sees them side by side.
    pub encoder: Option<Gru>,
    /// For how many steps it decides at once.
    pub chunk: Chunk,
    /// What decides.
    pub actor: Actor,
    /// What is added to its decisions, one after the other.
    pub residuals: Vec<Residual>,
}

impl Policy {
    /// How many numbers of memory a row has: what it saw, then what it decided for later.
    pub fn memory(&self) -> usize {
        self.seen() + self.chunk.memory(self.contract.action.width(), self.actor.draws())
    }

    fn seen(&self) -> usize {
        history::memory(self.history, self.contract.observation.width())
    }

    /// An action for every row, `[N, A]` in [-1, 1]. Whatever it draws, it draws of the seed of the row's episode.
    ///
    /// A row's action has the same bits among any number of rows, on any number of threads, on any processor.
    pub fn act(&self, rows: Rows<'_>) -> Batch {
        let Rows { observations, begins, seeds, memory } = rows;
        let mut seen = history::recall(self.history, observations, begins, memory);
        if let Some(normaliser) = &self.normaliser {
            seen = normaliser.normalise(&seen);
        }
        let inputs = match &self.encoder {
            None => seen.reshaped(self.actor.inputs()),
            Some(gru) => Batch::new(gru.width(), gru.forward(seen.values(), self.history, &mut Tape::default())),
        };
        let asked = Asked { inputs: &inputs, begins, seeds, channels: self.contract.action.width() };
        let mut actions = self.chunk.act(asked, memory, self.seen(), |inputs, streams| self.actor.decide(inputs, streams));
        for residual in &self.residuals {
            residual.add(observations, &mut actions);
        }
        actions
    }
}
