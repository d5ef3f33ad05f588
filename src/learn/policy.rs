//! [`Policy`]: what was learnt, with the [`Contract`] that says where it may fly.
//!
//! Saved as `policy.safetensors` (every layer's weights `[inputs, outputs]` and biases, the log standard deviations, the normaliser's
//! moments) and `contract.json` (channels with names and units, control rate, scene, and the shape of the network).

use super::Rows;
use super::actor::{Actor, Family};
use super::batch::Batch;
use super::history;
use super::network::activation::Activation;
use super::network::mlp::Mlp;
use super::normaliser::Normaliser;
use super::residual::{self, Residual};
use crate::signal::Channels;
use crate::stream::{Purpose, Stream};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
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
    /// What decides.
    pub actor: Actor,
    /// What is added to its decisions, one after the other.
    pub residuals: Vec<Residual>,
}

/// `contract.json`.
#[derive(Serialize, Deserialize)]
struct Saved {
    format: u32,
    #[serde(flatten)]
    contract: Contract,
    sizes: Vec<usize>,
    activation: Activation,
    family: Family,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    history: usize,
    /// The scales of the residuals, whose policies lie in folders of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    residuals: Vec<f32>,
}

fn one() -> usize {
    1
}

fn is_one(history: &usize) -> bool {
    *history == 1
}

impl Policy {
    const FORMAT: u32 = 1;

    /// How many numbers of memory a row has.
    pub fn memory(&self) -> usize {
        history::memory(self.history, self.contract.observation.width())
    }

    /// An action for every row, `[N, A]` in [-1, 1]: the most likely one, or with a stream one drawn at random.
    ///
    /// A row's action has the same bits among any number of rows, on any number of threads, on any processor.
    pub fn act(&self, rows: Rows<'_>, mut stream: Option<&mut Stream>) -> Batch {
        let observations = rows.observations;
        let mut actions = self.act_alone(rows, stream.as_deref_mut());
        for residual in &self.residuals {
            residual.add(observations, &mut actions, stream.as_deref_mut());
        }
        actions
    }

    /// As [`Policy::act`], with no residual.
    fn act_alone(&self, rows: Rows<'_>, stream: Option<&mut Stream>) -> Batch {
        let mut seen = history::recall(self.history, rows);
        if let Some(normaliser) = &self.normaliser {
            seen = normaliser.normalise(&seen);
        }
        let inputs = seen.reshaped(self.actor.network.inputs());
        match stream {
            None => self.actor.decide(&inputs),
            Some(stream) => self.actor.draw(&inputs, stream).actions,
        }
    }

    /// Writes `policy.safetensors` and `contract.json` into `folder`, which exists.
    pub fn save(&self, folder: &Path) -> Result<(), CheckpointError> {
        let network = &self.actor.network;
        let saved = Saved {
            format: Self::FORMAT,
            contract: self.contract.clone(),
            sizes: network.sizes().to_vec(),
            activation: network.activation(),
            family: self.actor.family,
            history: self.history,
            residuals: self.residuals.iter().map(|residual| residual.scale).collect(),
        };
        let mut tensors: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
        for (index, (weights, biases)) in network.layers().into_iter().enumerate() {
            let shape = network.sizes()[index..index + 2].to_vec();
            tensors.push((format!("actor.{index}.bias"), Dtype::F32, vec![shape[1]], bytes(&biases)));
            tensors.push((format!("actor.{index}.weight"), Dtype::F32, shape, bytes(&weights)));
        }
        tensors.push(("actor.log_std".into(), Dtype::F32, vec![self.actor.log_std.len()], bytes(&self.actor.log_std)));
        if let Some(normaliser) = &self.normaliser {
            let wide = |values: &[f64]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
            let width = normaliser.width();
            tensors.push(("normaliser.count".into(), Dtype::F64, vec![1], wide(&[normaliser.count()])));
            tensors.push(("normaliser.mean".into(), Dtype::F64, vec![width], wide(normaliser.mean())));
            tensors.push(("normaliser.spread".into(), Dtype::F64, vec![width], wide(normaliser.spread())));
        }
        let (weights_path, contract_path) = (folder.join("policy.safetensors"), folder.join("contract.json"));
        let malformed = |path: &Path, problem: String| CheckpointError::Malformed { path: path.into(), problem };
        let views = tensors.iter().map(|(name, dtype, shape, data)| {
            let view = TensorView::new(*dtype, shape.clone(), data).map_err(|problem| malformed(&weights_path, problem.to_string()));
            view.map(|view| (name.clone(), view))
        });
        let views = views.collect::<Result<Vec<_>, _>>()?;
        let weights = safetensors::serialize(views, None).map_err(|problem| malformed(&weights_path, problem.to_string()))?;
        let contract = serde_json::to_string_pretty(&saved).map_err(|problem| malformed(&contract_path, problem.to_string()))?;
        let write =
            |path: &Path, bytes: &[u8]| std::fs::write(path, bytes).map_err(|source| CheckpointError::File { path: path.into(), source });
        write(&weights_path, &weights)?;
        write(&contract_path, (contract + "\n").as_bytes())?;
        residual::save(&self.residuals, folder)
    }

    /// Reads what [`Policy::save`] wrote. Ask [`Contract::fits`] before it flies.
    pub fn load(folder: &Path) -> Result<Self, CheckpointError> {
        let read = |path: &Path| std::fs::read(path).map_err(|source| CheckpointError::File { path: path.into(), source });
        let (weights_path, contract_path) = (folder.join("policy.safetensors"), folder.join("contract.json"));
        let malformed = |path: &Path, problem: String| CheckpointError::Malformed { path: path.into(), problem };
        let saved: Saved =
            serde_json::from_slice(&read(&contract_path)?).map_err(|problem| malformed(&contract_path, problem.to_string()))?;
        if saved.format != Self::FORMAT {
            let problem = format!("it has format {}, this build reads {}", saved.format, Self::FORMAT);
            return Err(malformed(&contract_path, problem));
        }
        if saved.sizes.len() < 2 || saved.sizes.contains(&0) || saved.sizes.iter().any(|size| *size > 1 << 16) {
            return Err(malformed(&contract_path, format!("no network has layers of {:?}", saved.sizes)));
        }
        let data = read(&weights_path)?;
        let weights: usize = saved.sizes.windows(2).map(|pair| pair[0] * pair[1]).sum();
        if weights > data.len() {
            return Err(malformed(&weights_path, format!("it is too small for layers of {:?}", saved.sizes)));
        }
        let tensors = SafeTensors::deserialize(&data).map_err(|problem| malformed(&weights_path, problem.to_string()))?;
        let find = |name: &str, dtype: Dtype| {
            let view = tensors.tensor(name).map_err(|problem| malformed(&weights_path, problem.to_string()))?;
            let wrong = || malformed(&weights_path, format!("`{name}` is of {:?}, not of {dtype:?}", view.dtype()));
            if view.dtype() == dtype { Ok(view.data().to_vec()) } else { Err(wrong()) }
        };
        let narrow = |name: &str| find(name, Dtype::F32).map(|data| numbers::<4, f32>(&data, f32::from_le_bytes));
        let wide = |name: &str| find(name, Dtype::F64).map(|data| numbers::<8, f64>(&data, f64::from_le_bytes));

        let mut network = Mlp::new(&saved.sizes, saved.activation, 1.0, &mut Stream::new(0, Purpose::Weights, 0, 0));
        let layers = (0..saved.sizes.len() - 1)
            .map(|index| Ok((narrow(&format!("actor.{index}.weight"))?, narrow(&format!("actor.{index}.bias"))?)))
            .collect::<Result<Vec<_>, _>>()?;
        if !network.set_layers(&layers) {
            return Err(malformed(&weights_path, format!("its layers are not those of the contract, {:?}", saved.sizes)));
        }
        let actor = Actor { network, log_std: narrow("actor.log_std")?, family: saved.family };
        let normaliser = match tensors.tensor("normaliser.count") {
            Err(_) => None,
            Ok(_) => {
                let count = wide("normaliser.count")?.first().copied().unwrap_or_default();
                Some(Normaliser::from_moments(count, wide("normaliser.mean")?, wide("normaliser.spread")?))
            }
        };
        let residuals = residual::load(&saved.residuals, folder)?;
        let policy = Self { contract: saved.contract, normaliser, history: saved.history, actor, residuals };
        match policy.mismatch() {
            None => Ok(policy),
            Some(problem) => Err(malformed(&weights_path, problem)),
        }
    }

    /// What in it does not belong together.
    fn mismatch(&self) -> Option<String> {
        let (inputs, channels) = (self.contract.observation.width(), self.contract.action.width());
        let actor = &self.actor;
        let normaliser = self.normaliser.as_ref();
        if actor.network.inputs() != inputs.saturating_mul(self.history) || normaliser.is_some_and(|normaliser| !normaliser.is_of(inputs)) {
            return Some(format!("it does not read the contract's {inputs} channels"));
        }
        if !actor.is_of(channels) {
            return Some(format!("it does not write the contract's {channels} channels"));
        }
        if self.residuals.iter().any(|residual| !residual.is_of(inputs, channels)) {
            return Some("a residual is another policy's".into());
        }
        None
    }
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn numbers<const SIZE: usize, T>(data: &[u8], read: impl Fn([u8; SIZE]) -> T) -> Vec<T> {
    data.as_chunks().0.iter().map(|chunk| read(*chunk)).collect()
}
