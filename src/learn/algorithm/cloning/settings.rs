//! What may be chosen about cloning.

use crate::learn::actor::Family;
use crate::learn::algorithm::range;
use crate::learn::network::activation::Activation;
use crate::signal::Channels;
use serde::{Deserialize, Serialize};

/// Settings of behavioural cloning. The defaults suit a few dozen demonstrations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cloning {
    /// What is learnt of the demonstrator: `Deterministic` the mean of what it does, `Gaussian` also how much it varies, `Mixture(n)` up to
    /// so many different things that it does in one situation. (A `Mixture(1)` is a Gaussian that varies with the observation.)
    pub actor: Family,
    /// How many observations a decision is made by: the present one, and those before it.
    pub history: usize,
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
fn stands_for(parts: &str, channel: &str) -> bool {
    channel.strip_prefix(parts).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl Default for Cloning {
    fn default() -> Self {
        Self {
            actor: Family::Deterministic,
            history: 1,
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

    /// What in them does not go with a scene's channels, a sentence each, which begins with the field's name in backticks.
    pub fn unfit(&self, observation: &Channels) -> Vec<String> {
        let unknown = |ignored: &&String| !observation.0.iter().any(|channel| stands_for(ignored, &channel.name));
        let mut problems: Vec<String> = self
            .ignore
            .iter()
            .filter(unknown)
            .map(|ignored| format!("`ignore` names `{ignored}`, and no channel begins with it"))
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
        match self.actor {
            Family::Squashed => {
                problems.push("`actor` is Squashed, and no demonstrated action of exactly -1 or 1 has a likelihood there".into());
            }
            Family::Mixture(components) if !(1..=64).contains(&components) => {
                problems.push(format!("`actor` is a mixture of {components} and must have 1 to 64 parts"));
            }
            _ => {}
        }
        for (name, value, most) in [("history", self.history, 64), ("steps", self.steps, 1_000_000), ("minibatch", self.minibatch, 65_536)]
        {
            if !(1..=most).contains(&value) {
                problems.push(format!("`{name}` is {value} and must be 1 to {most}"));
            }
        }
        problems.extend(range::hidden(&self.hidden));
        problems
    }
}
