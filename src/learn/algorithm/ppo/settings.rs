//! What may be chosen about PPO.

use crate::learn::actor::direct::Family;
use crate::learn::algorithm::range;
use crate::learn::network::activation::Activation;
use serde::{Deserialize, Serialize};

/// Settings of proximal policy optimisation. The defaults suit a few hundred arenas.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ppo {
    /// Step of the optimiser (Adam), in (0, 1).
    pub rate: f32,
    /// How the rate goes on from there.
    pub schedule: Schedule,
    /// Steps of every arena between two updates.
    pub horizon: usize,
    /// Times that an update goes through its rows.
    pub epochs: usize,
    /// Rows that one step of the optimiser learns from; a rollout's rows are cut into about as many each.
    pub minibatch: usize,
    /// What a reward is worth a step later, in (0, 1).
    pub discount: f32,
    /// How far advantages trust rewards (1) over values (0).
    pub lambda: f32,
    /// How far a new policy's probability ratios are followed away from 1.
    pub clip: f32,
    /// How far a new value is followed away from the old one, in values (which lie in [0, 1]); `None`: as far as it goes.
    pub value_clip: Option<f32>,
    /// Weight of the entropy bonus.
    pub entropy: f32,
    /// Its weight when the budget is spent, reached linearly; `None`: it stays.
    pub final_entropy: Option<f32>,
    /// Weight of the value's loss.
    pub value_weight: f32,
    /// The norm of the whole gradient, actor's and critic's together, is at most this.
    pub max_gradient_norm: f32,
    /// An update ends before a minibatch whose approximate KL divergence from the old policy exceeds this; `None`: never.
    pub stop_kl: Option<f32>,
    /// Widths of the hidden layers, of the actor's network and the critic's alike.
    pub hidden: Vec<usize>,
    /// What stands between layers.
    pub activation: Activation,
    /// The distribution that actions are drawn from.
    pub actor: Family,
    /// Its standard deviation at the beginning, in half ranges of an action.
    pub initial_std: f32,
    /// Whether the network gives the standard deviations, from the observation; else each is one learnt number.
    pub observed_std: bool,
    /// Whether observations are put on one scale by their running mean and variance.
    pub normalise_observations: bool,
    /// What becomes of the policy that was learnt before: by the stage in front, or by the run that a recipe starts from. Where there is none,
    /// learning begins anew.
    pub before: Before,
    /// What holds the policy near the one that was learnt before; `None`: nothing does.
    pub anchor: Option<Anchor>,
    /// Updates at the beginning in which the values alone are learnt, and the policy stays as it is.
    pub warm_up: u64,
}

/// What becomes of the policy that was learnt before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Before {
    /// Its network, with the scale that it sees observations on, is where learning begins: fine-tuning. It is a plain one (deterministic or
    /// Gaussian, of one observation); `hidden` and `activation` are then the critic's alone. A Gaussian goes on with its own standard
    /// deviation, a deterministic one gets `initial_std`.
    #[default]
    Continue,
    /// It is forgotten, but for an `anchor`.
    Anew,
    /// It is frozen, of whatever kind it is. What is learnt sees the observation and the frozen policy's action, begins at 0, and is added so
    /// many times, in (0, 1], to that action (see [`crate::learn::residual`]).
    Residual(f32),
}

/// Practice that stays near a demonstrator: the loss gets `weight` times the mean of KL(policy || the policy that was learnt before).
/// Tiapkin et al., "Demonstration-Regularized RL", 2024, section 3: with a clone as the policy that is held to, practice needs the fewer
/// steps the more demonstrations the clone was learnt from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Anchor {
    /// Weight of the divergence in the loss, beside advantages of mean 0 and standard deviation 1; at the beginning.
    pub weight: f32,
    /// Its weight when the budget is spent, reached linearly; `None`: it stays.
    pub final_weight: Option<f32>,
    /// The standard deviation that the policy learnt before is taken to have, in half ranges of an action; `None`: its own where it is a
    /// Gaussian, else `initial_std`.
    pub std: Option<f32>,
}

impl Default for Anchor {
    fn default() -> Self {
        Self { weight: 0.1, final_weight: None, std: None }
    }
}

impl Anchor {
    /// Its weight when so much of the budget is spent, in [0, 1].
    pub fn weight(&self, progress: f32) -> f32 {
        self.weight + (self.final_weight.unwrap_or(self.weight) - self.weight) * progress
    }
}

/// How a rate goes on from its first value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Schedule {
    /// It stays.
    #[default]
    Constant,
    /// It falls to 0 as the budget is spent.
    Linear,
    /// After every minibatch it is multiplied or divided by 1.5, to hold the KL divergence from the old policy within a factor of 2 of
    /// this target (Schulman et al. 2017, section 4, applied to the rate as in Rudin et al. 2022).
    AdaptiveKl(f32),
}

impl Default for Ppo {
    fn default() -> Self {
        Self {
            rate: 3e-4,
            schedule: Schedule::Constant,
            horizon: 32,
            epochs: 10,
            minibatch: 512,
            discount: 0.99,
            lambda: 0.95,
            clip: 0.2,
            value_clip: Some(0.2),
            entropy: 0.0,
            final_entropy: None,
            value_weight: 0.5,
            max_gradient_norm: 0.5,
            stop_kl: None,
            hidden: vec![64, 64],
            activation: Activation::Relu,
            actor: Family::Gaussian,
            initial_std: 0.6,
            observed_std: false,
            normalise_observations: true,
            before: Before::Continue,
            anchor: None,
            warm_up: 0,
        }
    }
}

impl Ppo {
    /// Which of the settings need a policy that was learnt before, by the field's name; none where they can do without.
    pub fn builds_upon(&self) -> Option<&'static str> {
        if matches!(self.before, Before::Residual(_)) { Some("before") } else { self.anchor.map(|_| "anchor") }
    }

    /// Everything wrong with the settings for `arenas` rows a step, a sentence each, which begins with the field's name in backticks.
    pub fn problems(&self, arenas: usize) -> Vec<String> {
        let mut problems = Vec::new();
        let mut open = |name: &str, value, low, high| problems.extend(range::open(name, value, low, high));
        open("rate", self.rate, 0.0, 1.0);
        open("discount", self.discount, 0.0, 1.0);
        open("initial_std", self.initial_std, 0.006, 2.8);
        for (name, value) in [("clip", Some(self.clip)), ("value_clip", self.value_clip), ("stop_kl", self.stop_kl)] {
            open(name, value.unwrap_or(1.0), 0.0, f32::INFINITY);
        }
        open("max_gradient_norm", self.max_gradient_norm, 0.0, f32::INFINITY);
        if let Schedule::AdaptiveKl(target) = self.schedule {
            open("schedule: AdaptiveKl", target, 0.0, f32::INFINITY);
        }
        if let Some(std) = self.anchor.and_then(|anchor| anchor.std) {
            open("anchor: std", std, 0.006, 2.8);
        }
        if let Before::Residual(scale) = self.before
            && !(scale > 0.0 && scale <= 1.0)
        {
            problems.push(format!("`before` adds {scale} times what is learnt, and must add more than 0 and at most 1 times"));
        }
        if !(0.0..=1.0).contains(&self.lambda) {
            problems.push(format!("`lambda` is {} and must lie in [0, 1]", self.lambda));
        }
        let anchor = self.anchor.unwrap_or_default();
        let weights = [
            ("entropy", Some(self.entropy)),
            ("final_entropy", self.final_entropy),
            ("value_weight", Some(self.value_weight)),
            ("anchor: weight", Some(anchor.weight)),
            ("anchor: final_weight", anchor.final_weight),
        ];
        for (name, value) in weights {
            if !value.unwrap_or(0.0).is_finite() || value.is_some_and(|value| value < 0.0) {
                problems.push(format!("`{name}` is {} and must be 0 or more", value.unwrap_or_default()));
            }
        }
        for (name, value) in [("horizon", self.horizon), ("epochs", self.epochs), ("minibatch", self.minibatch)] {
            if value == 0 {
                problems.push(format!("`{name}` is 0 and must be at least 1"));
            }
        }
        if !matches!(self.actor, Family::Gaussian | Family::Squashed) {
            problems.push(format!("`actor` is {:?}, and PPO learns with Gaussian or Squashed", self.actor));
        }
        if self.anchor.is_some() && self.actor != Family::Gaussian {
            problems.push(format!("`anchor` goes with a Gaussian, and `actor` is {:?}", self.actor));
        }
        if self.anchor.is_some() && matches!(self.before, Before::Residual(_)) {
            problems.push("`anchor` does not go with a residual, which begins as the policy that was learnt before".into());
        }
        let rows = self.horizon.saturating_mul(arenas);
        if self.minibatch > rows {
            let arenas = if arenas == 1 { "1 arena leaves".into() } else { format!("{arenas} arenas leave") };
            problems.push(format!("`minibatch` is {}, but {arenas} {rows} rows in a `horizon` of {}", self.minibatch, self.horizon));
        }
        problems.extend(range::hidden(&self.hidden));
        problems
    }
}
