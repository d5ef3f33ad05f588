//! What may be chosen about soft actor-critic.

use crate::learn::algorithm::cloning::Cloning;
use crate::learn::algorithm::range;
use crate::learn::network::activation::Activation;
use crate::signal::Channels;
use serde::{Deserialize, Serialize};

/// Settings of soft actor-critic. The defaults suit a dozen arenas.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sac {
    /// What it is paid for.
    pub paid: Paid,
    /// Channels that neither actor nor critics look at, as cloning's `ignore` says them.
    pub ignore: Vec<String>,
    /// Steps of every arena between two updates.
    pub horizon: usize,
    /// Steps of the optimiser in an update, of actor and critics alike.
    pub steps: usize,
    /// Rows that one step of the optimiser learns from.
    pub minibatch: usize,
    /// Rows that are remembered: of more, the oldest are forgotten.
    pub replay: usize,
    /// Rows that are gathered, with actions drawn at random, before anything is learnt. (Where `school` comes first, the policy draws them.)
    pub warmup: usize,
    /// Share of every minibatch that comes from the demonstrations, where the recipe has any (Ball et al., "Efficient Online Reinforcement
    /// Learning with Offline Data", 2023, section 4.1), in [0, 1].
    pub prior: f32,
    /// Steps of the optimiser by which the actor is made likely to do what the demonstrations do, before it drives for the first time.
    pub school: usize,
    /// Step of the optimiser (Adam), of actor and critics alike, in (0, 1).
    pub rate: f32,
    /// What a reward is worth a step later, in (0, 1).
    pub discount: f32,
    /// Share of the way to the critics that their slow copies go after each step of the optimiser, in (0, 1].
    pub follow: f32,
    /// What entropy is worth at the beginning, in values (which lie in [0, 1]) for each nat, above 0.
    pub temperature: f32,
    /// How fast the temperature is learnt, so that the entropy is as wanted (Haarnoja et al., "Soft Actor-Critic Algorithms and Applications",
    /// 2018, section 5); 0: it stays.
    pub temperature_rate: f32,
    /// The entropy that is wanted of each action channel, in nats: -1 is that of a Gaussian with a standard deviation of about 0.09.
    pub entropy: f32,
    /// Whether entropy to come is part of a value. Without it every value lies in [0, 1], and what the critics are told is held in there: they
    /// cannot drift off on rows that nobody lived through, which is what layer norm is for in Ball et al. 2023.
    pub soft_values: bool,
    /// Widths of the hidden layers, of the actor's network and the critics' alike.
    pub hidden: Vec<usize>,
    /// What stands between layers.
    pub activation: Activation,
    /// Whether observations are put on one scale by the mean and variance of all that was seen.
    pub normalise_observations: bool,
}

/// What soft actor-critic is paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Paid {
    /// What the recipe's `reward` says.
    #[default]
    Task,
    /// Not to be taken over (Luo et al., "RLIF: Interactive Imitation Learning as Reinforcement Learning", 2024): the paper pays -1 for a row
    /// right after which somebody took over, and else 0. Moved by 1 into this house's range, that is 0 and else 1. What comes behind a
    /// takeover is worth nothing, as behind a failure: it is the oracle's doing. So a value says how long the learner is left alone, 1 - γᵀ for T
    /// steps, and the one event that counts spans all of [0, 1], however rare it is. (The paper goes on summing behind it.) Success is worth 1.
    Interventions,
}

impl Default for Sac {
    fn default() -> Self {
        Self {
            paid: Paid::Task,
            ignore: Vec::new(),
            horizon: 8,
            steps: 32,
            minibatch: 256,
            replay: 200_000,
            warmup: 2_000,
            prior: 0.5,
            school: 0,
            rate: 1e-3,
            discount: 0.98,
            follow: 0.01,
            temperature: 0.003,
            temperature_rate: 1e-3,
            entropy: -1.0,
            soft_values: true,
            hidden: vec![128, 128],
            activation: Activation::Relu,
            normalise_observations: true,
        }
    }
}

impl Sac {
    /// Whether it looks at a channel.
    pub fn looks_at(&self, channel: &str) -> bool {
        self.sight().looks_at(channel)
    }

    /// What in them does not go with a scene's channels, a sentence each, which begins with the field's name in backticks.
    pub fn unfit(&self, observation: &Channels) -> Vec<String> {
        self.sight().unfit(observation)
    }

    /// What is looked at, as cloning says it.
    fn sight(&self) -> Cloning {
        Cloning { ignore: self.ignore.clone(), ..Cloning::default() }
    }

    /// Everything wrong with the settings for `arenas` rows a step, a sentence each, which begins with the field's name in backticks.
    pub fn problems(&self, arenas: usize) -> Vec<String> {
        let mut problems = Vec::new();
        let mut open = |name: &str, value, low, high| problems.extend(range::open(name, value, low, high));
        open("rate", self.rate, 0.0, 1.0);
        open("discount", self.discount, 0.0, 1.0);
        open("temperature", self.temperature, 0.0, f32::INFINITY);
        open("entropy", self.entropy, -10.0, 1.0);
        for (name, value) in [("prior", self.prior), ("follow", self.follow), ("temperature_rate", self.temperature_rate)] {
            if !(0.0..=1.0).contains(&value) {
                problems.push(format!("`{name}` is {value} and must lie in [0, 1]"));
            }
        }
        if self.follow == 0.0 {
            problems.push("`follow` is 0: the critics' copies would never move".into());
        }
        for (name, value, most) in [
            ("horizon", self.horizon, 100_000),
            ("steps", self.steps, 1_000_000),
            ("minibatch", self.minibatch, 65_536),
            ("replay", self.replay, 100_000_000),
        ] {
            if !(1..=most).contains(&value) {
                problems.push(format!("`{name}` is {value} and must be 1 to {most}"));
            }
        }
        if arenas != usize::MAX && self.replay < self.warmup.max(2 * arenas) {
            problems.push(format!("`replay` holds {} rows: at least two steps of every arena, and the `warmup`, must fit", self.replay));
        }
        if !self.ignore.is_empty() && !self.normalise_observations {
            problems.push("`ignore` goes with `normalise_observations: true`, which does it".into());
        }
        problems.extend(range::hidden(&self.hidden));
        problems
    }
}
