//! A policy on the disk.
//!
//! `policy.safetensors` (every layer's weights `[inputs, outputs]` and biases, the log standard deviations, the normaliser's moments) and
//! `contract.json` (channels with names and units, control rate, scene, and what the actor is made of).

use super::{CheckpointError, Contract, Policy};
use crate::learn::actor::consistency::Consistency;
use crate::learn::actor::diffusion::Diffusion;
use crate::learn::actor::direct::Direct;
use crate::learn::actor::noise::Scale;
use crate::learn::actor::transformer::Transformer;
use crate::learn::actor::{Actor, Layers, Shape};
use crate::learn::chunk::Chunk;
use crate::learn::network::gru::Gru;
use crate::learn::network::mlp::Mlp;
use crate::learn::normaliser::Normaliser;
use crate::learn::residual;
use crate::stream::{Purpose, Stream};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `contract.json`.
#[derive(Serialize, Deserialize)]
struct Saved {
    format: u32,
    #[serde(flatten)]
    contract: Contract,
    history: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recurrent: Option<usize>,
    chunk: Chunk,
    actor: Shape,
    /// The scales of the residuals, whose policies lie in folders of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    residuals: Vec<f32>,
}

/// Tensors to be written, by name.
#[derive(Default)]
struct Written(Vec<(String, Dtype, Vec<usize>, Vec<u8>)>);

impl Written {
    fn narrow(&mut self, name: impl Into<String>, shape: Vec<usize>, values: &[f32]) {
        self.0.push((name.into(), Dtype::F32, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect()));
    }

    fn wide(&mut self, name: impl Into<String>, values: &[f64]) {
        self.0.push((name.into(), Dtype::F64, vec![values.len()], values.iter().flat_map(|value| value.to_le_bytes()).collect()));
    }

    fn network(&mut self, network: &Mlp) {
        let sizes = network.sizes();
        for (index, (weights, biases)) in network.layers().into_iter().enumerate() {
            self.narrow(format!("actor.{index}.bias"), vec![sizes[index + 1]], &biases);
            self.narrow(format!("actor.{index}.weight"), sizes[index..index + 2].to_vec(), &weights);
        }
    }

    fn actor(&mut self, actor: &Actor) {
        match actor {
            Actor::Direct(Direct { network, log_std, .. }) => {
                self.narrow("actor.log_std", vec![log_std.len()], log_std);
                self.network(network);
            }
            Actor::Diffusion(Diffusion { network, scale, .. }) | Actor::Consistency(Consistency { network, scale, .. }) => {
                self.narrow("actor.scale", vec![2, scale.mean.len()], &[&scale.mean[..], &scale.unit].concat());
                self.network(network);
            }
            Actor::Transformer(Transformer { form, parameters }) => {
                let mut rest = &parameters[..];
                for (part, matrices) in ["actor.policy", "actor.posterior"].into_iter().zip(form.matrices()) {
                    for (index, [rows, columns]) in matrices.into_iter().enumerate() {
                        let (values, after) = rest.split_at(rows * columns);
                        self.narrow(format!("{part}.{index}"), vec![rows, columns], values);
                        rest = after;
                    }
                }
            }
        }
    }
}

/// Tensors that were read.
struct Tensors<'a>(SafeTensors<'a>);

impl Tensors<'_> {
    fn bytes(&self, name: &str, dtype: Dtype) -> Result<Vec<u8>, String> {
        let view = self.0.tensor(name).map_err(|problem| problem.to_string())?;
        if view.dtype() != dtype {
            return Err(format!("`{name}` is of {:?}, not of {dtype:?}", view.dtype()));
        }
        Ok(view.data().to_vec())
    }

    fn narrow(&self, name: &str) -> Result<Vec<f32>, String> {
        Ok(self.bytes(name, Dtype::F32)?.as_chunks().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect())
    }

    fn wide(&self, name: &str) -> Result<Vec<f64>, String> {
        Ok(self.bytes(name, Dtype::F64)?.as_chunks().0.iter().map(|chunk| f64::from_le_bytes(*chunk)).collect())
    }

    fn network(&self, shape: &Layers) -> Result<Mlp, String> {
        let Layers { sizes, activation } = shape;
        let mut network = Mlp::new(sizes, *activation, 1.0, &mut Stream::new(0, Purpose::Weights, 0, 0));
        let layers = (0..sizes.len() - 1)
            .map(|index| Ok((self.narrow(&format!("actor.{index}.weight"))?, self.narrow(&format!("actor.{index}.bias"))?)))
            .collect::<Result<Vec<_>, String>>()?;
        if network.set_layers(&layers) { Ok(network) } else { Err(format!("its layers are not those of the contract, {sizes:?}")) }
    }

    fn actor(&self, shape: &Shape) -> Result<Actor, String> {
        Ok(match shape {
            Shape::Direct { layers, family } => {
                Actor::Direct(Direct { network: self.network(layers)?, log_std: self.narrow("actor.log_std")?, family: *family })
            }
            Shape::Diffusion { layers, levels, steps, guidance } => {
                let network = self.network(layers)?;
                Actor::Diffusion(Diffusion { network, scale: self.scale()?, levels: *levels, steps: *steps, guidance: guidance.clone() })
            }
            Shape::Consistency { layers, steps } => {
                Actor::Consistency(Consistency { network: self.network(layers)?, scale: self.scale()?, steps: *steps })
            }
            Shape::Transformer(form) => {
                let mut parameters = Vec::new();
                for (part, matrices) in ["actor.policy", "actor.posterior"].into_iter().zip(form.matrices()) {
                    for (index, [rows, columns]) in matrices.into_iter().enumerate() {
                        let name = format!("{part}.{index}");
                        let values = self.narrow(&name)?;
                        if values.len() != rows * columns {
                            return Err(format!("`{name}` is not of [{rows}, {columns}]"));
                        }
                        parameters.extend(values);
                    }
                }
                Actor::Transformer(Transformer { form: *form, parameters })
            }
        })
    }

    fn scale(&self) -> Result<Scale, String> {
        let mut mean = self.narrow("actor.scale")?;
        let unit = mean.split_off(mean.len() / 2);
        Ok(Scale { mean, unit })
    }

    fn encoder(&self, inputs: usize, width: usize) -> Result<Gru, String> {
        let gru = Gru::with(inputs, width, self.narrow("encoder")?);
        gru.ok_or_else(|| format!("its encoder does not read the contract's {inputs} channels into {width} numbers"))
    }

    fn normaliser(&self) -> Result<Option<Normaliser>, String> {
        if self.0.tensor("normaliser.count").is_err() {
            return Ok(None);
        }
        let count = self.wide("normaliser.count")?.first().copied().unwrap_or_default();
        Ok(Some(Normaliser::from_moments(count, self.wide("normaliser.mean")?, self.wide("normaliser.spread")?)))
    }
}

fn malformed(path: &Path, problem: impl ToString) -> CheckpointError {
    CheckpointError::Malformed { path: path.into(), problem: problem.to_string() }
}

impl Policy {
    const FORMAT: u32 = 2;

    /// Writes `policy.safetensors` and `contract.json` into `folder`, which exists.
    pub fn save(&self, folder: &Path) -> Result<(), CheckpointError> {
        let mut tensors = Written::default();
        tensors.actor(&self.actor);
        let saved = Saved {
            format: Self::FORMAT,
            contract: self.contract.clone(),
            history: self.history,
            recurrent: self.encoder.as_ref().map(Gru::width),
            chunk: self.chunk,
            actor: self.actor.shape(),
            residuals: self.residuals.iter().map(|residual| residual.scale).collect(),
        };
        if let Some(gru) = &self.encoder {
            tensors.narrow("encoder", vec![gru.parameters().len()], gru.parameters());
        }
        if let Some(normaliser) = &self.normaliser {
            tensors.wide("normaliser.count", &[normaliser.count()]);
            tensors.wide("normaliser.mean", normaliser.mean());
            tensors.wide("normaliser.spread", normaliser.spread());
        }
        let (weights_path, contract_path) = (folder.join("policy.safetensors"), folder.join("contract.json"));
        let views = tensors.0.iter().map(|(name, dtype, shape, data)| {
            let view = TensorView::new(*dtype, shape.clone(), data).map_err(|problem| malformed(&weights_path, problem));
            view.map(|view| (name.clone(), view))
        });
        let views = views.collect::<Result<Vec<_>, _>>()?;
        let weights = safetensors::serialize(views, None).map_err(|problem| malformed(&weights_path, problem))?;
        let contract = serde_json::to_string_pretty(&saved).map_err(|problem| malformed(&contract_path, problem))?;
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
        // (Of another format nothing but its number can be counted on.)
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let contract = read(&contract_path)?;
        let Format { format } = serde_json::from_slice(&contract).map_err(|problem| malformed(&contract_path, problem))?;
        if format != Self::FORMAT {
            return Err(malformed(&contract_path, format!("it has format {format}, this build reads {}", Self::FORMAT)));
        }
        let saved: Saved = serde_json::from_slice(&contract).map_err(|problem| malformed(&contract_path, problem))?;
        let data = read(&weights_path)?;
        let tensors = Tensors(SafeTensors::deserialize(&data).map_err(|problem| malformed(&weights_path, problem))?);
        // (Before anything as large as the contract says is asked for.)
        if let Some(problem) = saved.actor.problem(data.len()) {
            return Err(malformed(&contract_path, problem));
        }
        let actor = tensors.actor(&saved.actor).map_err(|problem| malformed(&weights_path, problem))?;
        let normaliser = tensors.normaliser().map_err(|problem| malformed(&weights_path, problem))?;
        let width = saved.contract.observation.width();
        let encoder = saved.recurrent.map(|recurrent| tensors.encoder(width, recurrent)).transpose();
        let encoder = encoder.map_err(|problem| malformed(&weights_path, problem))?;
        let residuals = residual::load(&saved.residuals, folder)?;
        let policy = Self { contract: saved.contract, normaliser, history: saved.history, encoder, chunk: saved.chunk, actor, residuals };
        match policy.mismatch() {
            None => Ok(policy),
            Some(problem) => Err(malformed(&weights_path, problem)),
        }
    }

    /// What in it does not belong together.
    fn mismatch(&self) -> Option<String> {
        let (inputs, channels) = (self.contract.observation.width(), self.contract.action.width());
        let normaliser = self.normaliser.as_ref();
        let reads = self.encoder.as_ref().map_or(inputs.saturating_mul(self.history), Gru::width);
        let goal_is_there = match &self.actor {
            Actor::Diffusion(Diffusion { guidance: Some(guidance), .. }) => guidance.goal.iter().all(|place| *place < reads),
            _ => true,
        };
        if self.history == 0
            || self.actor.inputs() != reads
            || !goal_is_there
            || normaliser.is_some_and(|normaliser| !normaliser.is_of(inputs))
        {
            return Some(format!("it does not read the contract's {inputs} channels"));
        }
        let decides = channels.saturating_mul(self.chunk.length);
        let whole = match &self.actor {
            Actor::Direct(actor) => actor.is_of(decides),
            Actor::Diffusion(Diffusion { scale, .. }) | Actor::Consistency(Consistency { scale, .. }) => {
                self.actor.channels() == decides && scale.is_of(channels)
            }
            Actor::Transformer(Transformer { form, .. }) => form.action == channels && form.length == self.chunk.length,
        };
        if !whole {
            return Some(format!("it does not write the contract's {channels} channels"));
        }
        if self.residuals.iter().any(|residual| !residual.is_of(inputs, channels)) {
            return Some("a residual is another policy's".into());
        }
        self.chunk.problems().into_iter().next()
    }
}
