//! Actors: what decides, given what is observed.
//!
//! [`direct`]: one pass through a perceptron gives the action, or a distribution over actions. [`diffusion`] and [`consistency`] make an action
//! out of noise, in several passes or in one or two, so that of several good ways one is taken and not their mean. [`transformer`] decides a chunk
//! of steps, each of which looks at all that is observed.

pub mod consistency;
pub mod diffusion;
pub mod direct;
pub mod gaussian;
pub mod mixture;
pub mod noise;
pub mod squashed;
pub mod transformer;

use super::batch::Batch;
use super::network::activation::Activation;
use super::network::mlp::Mlp;
use crate::stream::Stream;
use consistency::Consistency;
use diffusion::{Diffusion, Guidance};
use direct::{Direct, Family};
use noise::Scale;
use serde::{Deserialize, Serialize};
use transformer::{Form, Transformer};

/// What decides: of every row of inputs it makes an action, or several steps' actions side by side ([`super::chunk`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Actor {
    /// By one pass through a perceptron.
    Direct(Direct),
    /// Out of noise, step by step.
    Diffusion(Diffusion),
    /// Out of noise, in one step or two.
    Consistency(Consistency),
    /// A chunk whose steps look at all that is observed.
    Transformer(Transformer),
}

/// What an actor is made of, beside what it has learnt: what `contract.json` says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Shape {
    /// Of [`Direct`].
    Direct {
        /// Its network.
        layers: Layers,
        /// What its outputs stand for.
        family: Family,
    },
    /// Of [`Diffusion`].
    Diffusion {
        /// Its network.
        layers: Layers,
        /// Levels of noise.
        levels: usize,
        /// How many it goes down.
        steps: usize,
        /// How it is guided.
        guidance: Option<Guidance>,
    },
    /// Of [`Consistency`].
    Consistency {
        /// Its network.
        layers: Layers,
        /// In how many it decides.
        steps: usize,
    },
    /// Of [`Transformer`].
    Transformer(Form),
}

/// The shape of a perceptron.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layers {
    /// Inputs, hidden layers, outputs.
    pub sizes: Vec<usize>,
    /// What stands between layers.
    pub activation: Activation,
}

impl From<&Mlp> for Layers {
    fn from(network: &Mlp) -> Self {
        Self { sizes: network.sizes().to_vec(), activation: network.activation() }
    }
}

impl From<Direct> for Actor {
    fn from(actor: Direct) -> Self {
        Self::Direct(actor)
    }
}

impl Actor {
    /// How many numbers a row of inputs has.
    pub fn inputs(&self) -> usize {
        match self {
            Self::Direct(actor) => actor.network.inputs(),
            Self::Diffusion(actor) => actor.inputs(),
            Self::Consistency(actor) => actor.inputs(),
            Self::Transformer(actor) => actor.inputs(),
        }
    }

    /// How many numbers it decides.
    pub fn channels(&self) -> usize {
        match self {
            Self::Direct(actor) => actor.channels(),
            Self::Diffusion(actor) => actor.network.outputs(),
            Self::Consistency(actor) => actor.network.outputs(),
            Self::Transformer(actor) => actor.channels(),
        }
    }

    /// Whether a decision is drawn at random.
    pub fn draws(&self) -> bool {
        match self {
            Self::Direct(actor) => actor.draws(),
            Self::Diffusion(_) | Self::Consistency(_) => true,
            Self::Transformer(_) => false,
        }
    }

    /// What is decided in every row. A row's decision has the same bits among any number of rows, on any number of threads.
    ///
    /// # Shapes
    /// - inputs: `[N, inputs]`
    /// - streams: `[N]` where it [draws](Actor::draws), each row's own
    /// - output: `[N, channels]`, each in [-1, 1]
    pub fn decide(&self, inputs: &Batch, streams: &mut [Stream]) -> Batch {
        match self {
            Self::Direct(actor) => actor.decide(inputs, streams),
            Self::Diffusion(actor) => actor.decide(inputs, streams),
            Self::Consistency(actor) => actor.decide(inputs, streams),
            Self::Transformer(actor) => actor.decide(inputs),
        }
    }

    /// From now on it decides in so many steps of denoising.
    ///
    /// # Errors
    /// With a sentence, where it cannot.
    pub fn set_steps(&mut self, steps: usize) -> Result<(), String> {
        let (own, most) = match self {
            Self::Direct(_) | Self::Transformer(_) => {
                return Err("the policy denoises nothing: it decides in one pass, and has no steps to choose".into());
            }
            Self::Diffusion(actor) => (&mut actor.steps, actor.levels),
            Self::Consistency(actor) => (&mut actor.steps, 2),
        };
        if !(1..=most).contains(&steps) {
            return Err(format!("the policy decides in 1 to {most} steps of denoising, not in {steps}"));
        }
        *own = steps;
        Ok(())
    }

    /// What it is made of.
    pub fn shape(&self) -> Shape {
        match self {
            Self::Direct(Direct { network, family, .. }) => Shape::Direct { layers: network.into(), family: *family },
            Self::Diffusion(Diffusion { network, levels, steps, guidance, .. }) => {
                Shape::Diffusion { layers: network.into(), levels: *levels, steps: *steps, guidance: guidance.clone() }
            }
            Self::Consistency(Consistency { network, steps, .. }) => Shape::Consistency { layers: network.into(), steps: *steps },
            Self::Transformer(actor) => Shape::Transformer(actor.form),
        }
    }

    /// All that is learnt: the network's parameters, and what is learnt beside it.
    pub fn learnt(&self) -> [&[f32]; 2] {
        match self {
            Self::Direct(actor) => [actor.network.parameters(), &actor.log_std],
            Self::Diffusion(actor) => [actor.network.parameters(), &[]],
            Self::Consistency(actor) => [actor.network.parameters(), &[]],
            Self::Transformer(actor) => [&actor.parameters, &[]],
        }
    }

    /// As [`Actor::learnt`], to be moved.
    pub fn learnt_mut(&mut self) -> [&mut [f32]; 2] {
        match self {
            Self::Direct(actor) => [actor.network.parameters_mut(), &mut actor.log_std],
            Self::Diffusion(actor) => [actor.network.parameters_mut(), &mut []],
            Self::Consistency(actor) => [actor.network.parameters_mut(), &mut []],
            Self::Transformer(actor) => [&mut actor.parameters, &mut []],
        }
    }

    /// The scale on which it mixes actions with noise, where it does.
    pub fn scale_mut(&mut self) -> Option<&mut Scale> {
        match self {
            Self::Direct(_) | Self::Transformer(_) => None,
            Self::Diffusion(actor) => Some(&mut actor.scale),
            Self::Consistency(actor) => Some(&mut actor.scale),
        }
    }
}

impl Shape {
    /// Why no such actor can be, where its weights take so many `bytes`.
    pub(super) fn problem(&self, bytes: usize) -> Option<String> {
        let (Self::Direct { layers, .. } | Self::Diffusion { layers, .. } | Self::Consistency { layers, .. }) = self else {
            return self.form_problem(bytes);
        };
        let sizes = &layers.sizes;
        if sizes.len() < 2 || sizes.contains(&0) || sizes.iter().any(|size| *size > 1 << 16) {
            return Some(format!("no network has layers of {sizes:?}"));
        }
        if sizes.windows(2).map(|pair| pair[0] * pair[1]).sum::<usize>() > bytes {
            return Some(format!("its tensors are too small for layers of {sizes:?}"));
        }
        let (steps, most) = match self {
            Self::Direct { .. } | Self::Transformer(_) => return None,
            Self::Diffusion { levels, steps, .. } => (*steps, *levels),
            Self::Consistency { steps, .. } => (*steps, 2),
        };
        (!(1..=most).contains(&steps) || most > 1000).then(|| format!("no actor decides in {steps} of {most} steps"))
    }

    fn form_problem(&self, bytes: usize) -> Option<String> {
        let Self::Transformer(form) = self else { return None };
        let Form { observation, history, action, length, latent, stack } = *form;
        let numbers = [observation, history, action, length, latent, stack.heads, stack.layers];
        if numbers.iter().chain([&stack.width]).any(|number| !(1..=1 << 12).contains(number)) || !stack.is_whole() {
            return Some(format!("no transformer is made of {form:?}"));
        }
        (form.size() > bytes).then(|| format!("its tensors are too small for {form:?}"))
    }
}
