//! What may be chosen about cloning.

use crate::learn::algorithm::range;
use crate::learn::chunk::Chunk;
use crate::learn::network::activation::Activation;
use crate::learn::network::attention::Attention;
use crate::signal::Channels;
use serde::{Deserialize, Serialize};

/// Settings of behavioural cloning. The defaults suit a few dozen demonstrations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cloning {
    /// What is learnt of the demonstrator, and how the policy decides by it.
    pub actor: Kind,
    /// How many observations a decision is made by: the present one, and those before it.
    pub history: usize,
    /// Numbers that a gated recurrent unit boils the history down to before the actor sees it ([`crate::learn::network::gru`]), a multiple of 16;
    /// where there is none, the actor sees the observations side by side.
    pub recurrent: Option<usize>,
    /// How many steps a decision is made for, and how it is executed.
    pub chunk: Chunk,
    /// Channels that the policy does not look at, each by its name or the first parts of it (`ray` stands for `ray.0`, `ray.1` and so on).
    /// An observation that foretells the demonstrator's next action without being its cause, such as its last one, misleads (de Haan,
    /// Jayaraman and Levine, "Causal Confusion in Imitation Learning", 2019); what has nothing to do with the task is learnt by heart.
    pub ignore: Vec<String>,
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// What stands between layers.
    pub activation: Activation,
    /// Step of the optimiser (Adam), in (0, 1).
    pub rate: f32,
    /// How the rate goes on from there.
    pub schedule: Schedule,
    /// Steps of the optimiser in an update.
    pub steps: usize,
    /// Rows that one step of the optimiser learns from.
    pub minibatch: usize,
    /// Share of every weight that a step takes away, in steps of the rate, in [0, 1).
    pub weight_decay: f32,
    /// The norm of the whole gradient is at most this.
    pub max_gradient_norm: f32,
    /// A Gaussian's standard deviation at the beginning, in half ranges of an action.
    pub initial_std: f32,
}

/// What is learnt of the demonstrator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Actor")]
pub enum Kind {
    /// The mean of what it does.
    #[default]
    Deterministic,
    /// Also how much it varies, the same everywhere. (It acts by the mean.)
    Gaussian,
    /// Up to so many different things that it does in one situation, each with its weight and its spread. (A `Mixture(1)` is a Gaussian that
    /// varies with the observation.)
    Mixture(usize),
    /// Whatever it does, by taking noise away in several steps ([`crate::learn::actor::diffusion`]).
    Diffusion(Denoising),
    /// Whatever it does, by taking noise away in one step or two ([`crate::learn::actor::consistency`]).
    Consistency(FewSteps),
    /// A chunk of steps that look at each other and at all that is observed, and how it is done beside them ([`crate::learn::actor::transformer`]).
    Transformer(Act),
}

/// Settings of action chunking with a transformer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Act {
    /// Numbers that tell how a chunk was done, 1 to 256.
    pub latent: usize,
    /// Weight of the divergence of these numbers from chance: the greater it is, the less they tell.
    pub kl: f32,
    /// The size of both transformers.
    pub stack: Attention,
}

/// Settings of diffusion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Denoising {
    /// Levels of noise, 2 to 1,000.
    pub levels: usize,
    /// How many of them are gone down in a decision. (`evaluate --denoising-steps` tries others.)
    pub steps: usize,
    /// Classifier-free guidance, if any.
    pub guidance: Option<Guidance>,
}

/// Settings of classifier-free guidance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guidance {
    /// Channels that are the goal, each by its name or the first parts of it.
    pub goal: Vec<String>,
    /// How much the goal counts: 1 as learnt, more than that in exaggeration, 0 not at all.
    #[serde(default = "Guidance::default_weight")]
    pub weight: f32,
    /// Share of the rows that are learnt from without the goal, in (0, 1).
    #[serde(default = "Guidance::default_drop")]
    pub drop: f32,
}

impl Guidance {
    fn default_weight() -> f32 {
        1.5
    }

    fn default_drop() -> f32 {
        0.1
    }
}

/// Settings of consistency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FewSteps {
    /// In how many steps it decides: 1 or 2.
    pub steps: usize,
}

impl Default for Denoising {
    fn default() -> Self {
        Self { levels: 50, steps: 10, guidance: None }
    }
}

impl Default for Act {
    fn default() -> Self {
        Self { latent: 8, kl: 10.0, stack: Attention { width: 64, heads: 4, layers: 2 } }
    }
}

impl Default for FewSteps {
    fn default() -> Self {
        Self { steps: 1 }
    }
}

/// How a rate goes on from its first value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schedule {
    /// It stays.
    Constant,
    /// It falls to 0 as the budget is spent.
    Linear,
    /// It falls to 0 as half a cosine does (Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017, without
    /// restarts).
    #[default]
    Cosine,
}

impl Schedule {
    /// The rate when so much of the budget is spent, in [0, 1], as a share of the first one.
    pub fn share(self, progress: f32) -> f32 {
        match self {
            Self::Constant => 1.0,
            Self::Linear => 1.0 - progress,
            Self::Cosine => 0.5 * (1.0 + libm::cosf(std::f32::consts::PI * progress)),
        }
    }
}

/// Whether the name of a channel begins with these parts.
pub(super) fn stands_for(parts: &str, channel: &str) -> bool {
    channel.strip_prefix(parts).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl Default for Cloning {
    fn default() -> Self {
        Self {
            actor: Kind::Deterministic,
            history: 1,
            recurrent: None,
            chunk: Chunk::default(),
            ignore: Vec::new(),
            hidden: vec![256, 256],
            activation: Activation::Relu,
            rate: 1e-3,
            schedule: Schedule::Cosine,
            steps: 100,
            minibatch: 256,
            weight_decay: 0.01,
            max_gradient_norm: 10.0,
            initial_std: 0.3,
        }
    }
}

impl Cloning {
    /// Whether the policy looks at a channel.
    pub fn looks_at(&self, channel: &str) -> bool {
        !self.ignore.iter().any(|ignored| stands_for(ignored, channel))
    }

    /// Whether, and how, its actor is guided.
    pub fn guidance(&self) -> Option<&Guidance> {
        match &self.actor {
            Kind::Diffusion(denoising) => denoising.guidance.as_ref(),
            _ => None,
        }
    }

    /// The weight of a transformer's latent numbers' divergence.
    pub fn kl(&self) -> f32 {
        match &self.actor {
            Kind::Transformer(act) => act.kl,
            _ => 0.0,
        }
    }

    /// What in them does not go with a scene's channels, a sentence each, which begins with the field's name in backticks.
    pub fn unfit(&self, observation: &Channels) -> Vec<String> {
        let goal = self.guidance().into_iter().flat_map(|guidance| &guidance.goal).map(|name| ("actor.guidance.goal", name));
        let named = self.ignore.iter().map(|name| ("ignore", name)).chain(goal);
        let known = |name: &str| observation.0.iter().any(|channel| stands_for(name, &channel.name));
        let mut problems: Vec<String> = named
            .filter(|(_, name)| !known(name))
            .map(|(field, name)| format!("`{field}` names `{name}`, and no channel begins with it"))
            .collect();
        if !observation.0.iter().any(|channel| self.looks_at(&channel.name)) {
            problems.push("`ignore` leaves no channel to look at".into());
        }
        problems
    }

    /// Everything wrong with the settings, a sentence each, which begins with the field's name in backticks.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut open = |name: &str, value, low, high| problems.extend(range::open(name, value, low, high));
        open("rate", self.rate, 0.0, 1.0);
        open("initial_std", self.initial_std, 0.006, 2.8);
        open("max_gradient_norm", self.max_gradient_norm, 0.0, f32::INFINITY);
        if !(0.0..1.0).contains(&self.weight_decay) {
            problems.push(format!("`weight_decay` is {} and must lie in [0, 1)", self.weight_decay));
        }
        match &self.actor {
            Kind::Deterministic | Kind::Gaussian => {}
            Kind::Mixture(components) if (1..=64).contains(components) => {}
            Kind::Mixture(components) => {
                problems.push(format!("`actor` is a mixture of {components} and must have 1 to 64 parts"));
            }
            Kind::Diffusion(denoising) => problems.extend(denoising.problems()),
            Kind::Transformer(act) => problems.extend(act.problems()),
            Kind::Consistency(FewSteps { steps: 1 | 2 }) => {}
            Kind::Consistency(FewSteps { steps }) => problems.push(format!("`actor.steps` is {steps} and must be 1 or 2")),
        }
        for (name, value, most) in [("history", self.history, 64), ("steps", self.steps, 1_000_000), ("minibatch", self.minibatch, 65_536)]
        {
            if !(1..=most).contains(&value) {
                problems.push(format!("`{name}` is {value} and must be 1 to {most}"));
            }
        }
        problems.extend(range::hidden(&self.hidden));
        if let Some(width) = self.recurrent {
            if !(16..=1024).contains(&width) || !width.is_multiple_of(16) {
                problems.push(format!("`recurrent` is {width} and must be a multiple of 16, at most 1,024"));
            }
            if matches!(self.actor, Kind::Transformer(_)) || self.guidance().is_some() {
                problems.push("`recurrent` stands before an actor that looks at the observations themselves: leave one of them out".into());
            }
        }
        problems.extend(self.chunk.problems());
        problems
    }
}

impl Denoising {
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !(2..=1000).contains(&self.levels) {
            problems.push(format!("`actor.levels` is {} and must be 2 to 1,000", self.levels));
        }
        if !(1..=self.levels).contains(&self.steps) {
            problems.push(format!("`actor.steps` is {} and must be 1 to the levels of noise, {}", self.steps, self.levels));
        }
        if let Some(Guidance { goal, weight, drop }) = &self.guidance {
            if goal.is_empty() {
                problems.push("`actor.guidance.goal` names no channel".into());
            }
            if !(0.0..=100.0).contains(weight) {
                problems.push(format!("`actor.guidance.weight` is {weight} and must lie in [0, 100]"));
            }
            problems.extend(range::open("actor.guidance.drop", *drop, 0.0, 1.0));
        }
        problems
    }
}

impl Act {
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let Attention { width, heads, layers } = self.stack;
        if !(1..=256).contains(&self.latent) {
            problems.push(format!("`actor.latent` is {} and must be 1 to 256", self.latent));
        }
        if !(0.0..=1e4).contains(&self.kl) {
            problems.push(format!("`actor.kl` is {} and must lie in [0, 10,000]", self.kl));
        }
        if !(16..=1024).contains(&width) || !self.stack.is_whole() {
            problems.push(format!(
                "`actor.stack` has width {width} and {heads} heads: the width is a multiple of 16 and of the heads, at most 1,024"
            ));
        }
        if !(1..=32).contains(&layers) {
            problems.push(format!("`actor.stack.layers` is {layers} and must be 1 to 32"));
        }
        problems
    }
}
