//! What may be chosen about adversarial imitation.

use crate::learn::algorithm::cloning::Cloning;
use crate::learn::algorithm::ppo::Ppo;
use crate::learn::algorithm::range;
use crate::signal::Channels;
use serde::{Deserialize, Serialize};

/// Settings of generative adversarial imitation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gail {
    /// How the policy practises.
    pub practice: Ppo,
    /// Whether the discriminator sees what followed in place of what was done (Torabi, Warnell and Stone, "Generative Adversarial Imitation
    /// from Observation", 2018): then demonstrations need no actions.
    pub states: bool,
    /// Channels that it does not look at, as [`Cloning::ignore`]: those that say what was done last give a policy's noise away.
    pub ignore: Vec<String>,
    /// Widths of its hidden layers.
    pub hidden: Vec<usize>,
    /// Step of its optimiser (Adam), in (0, 1).
    pub rate: f32,
    /// Steps of its optimiser in an update.
    pub steps: usize,
    /// Rows of the demonstrations, and as many of practice, that one of them learns from.
    pub minibatch: usize,
    /// Weight of the penalty on its slope; 0: none.
    pub gradient_penalty: f32,
    /// Its logits lie within ± this, in (0, 20).
    pub bound: f32,
}

impl Default for Gail {
    fn default() -> Self {
        Self {
            practice: Ppo::default(),
            states: false,
            ignore: Vec::new(),
            hidden: vec![64, 64],
            rate: 3e-4,
            steps: 10,
            minibatch: 256,
            gradient_penalty: 10.0,
            bound: 5.0,
        }
    }
}

impl Gail {
    /// Everything wrong with the settings for `arenas` rows a step, a sentence each, which begins with the field's name in backticks.
    pub fn problems(&self, arenas: usize) -> Vec<String> {
        let mut problems = range::within("practice", self.practice.problems(arenas));
        problems.extend(range::open("rate", self.rate, 0.0, 1.0));
        problems.extend(range::open("bound", self.bound, 0.0, 20.0));
        if !(self.gradient_penalty.is_finite() && self.gradient_penalty >= 0.0) {
            problems.push(format!("`gradient_penalty` is {} and must be 0 or more", self.gradient_penalty));
        }
        problems.extend(range::whole("steps", self.steps, 100_000));
        problems.extend(range::whole("minibatch", self.minibatch, 65_536));
        problems.extend(range::hidden(&self.hidden));
        problems
    }

    /// What in them does not go with a scene's channels.
    pub fn unfit(&self, observation: &Channels) -> Vec<String> {
        self.as_cloning().unfit(observation)
    }

    /// The channels of an observation that the discriminator looks at.
    pub fn looks_at(&self, observation: &Channels) -> Vec<usize> {
        let cloning = self.as_cloning();
        (0..observation.width()).filter(|index| cloning.looks_at(&observation.0[*index].name)).collect()
    }

    fn as_cloning(&self) -> Cloning {
        Cloning { ignore: self.ignore.clone(), ..Cloning::default() }
    }
}
