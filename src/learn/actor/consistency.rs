//! Consistency: an action is made out of noise in one step or two.
//!
//! Song, Dhariwal, Chen and Sutskever, "Consistency Models", 2023; as a policy: Prasad, Lin, Wu, Zhou and Bohg, "Consistency Policy:
//! Accelerated Visuomotor Policies via Consistency Distillation", 2024. Learnt without a teacher, as Song and Dhariwal, "Improved Techniques for
//! Training Consistency Models", 2023, do ([`crate::learn::algorithm::cloning`]).
//!
//! At level σ an action x is x + σ ε. The function f(xσ, σ) = c_skip xσ + c_out F(c_in xσ, ln σ / 4), with F the network, gives the same x
//! wherever on one path of noise xσ lies, and at the least σ it gives xσ itself (Song et al., equations 5 and 26; the scales are those of
//! Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models", 2022).

use super::noise::{Scale, TOLD, tell};
use crate::learn::batch::Batch;
use crate::learn::network::mlp::Mlp;
use crate::stream::Stream;
use serde::{Deserialize, Serialize};

/// Least and greatest level of noise, on the actions' scale.
pub const SIGMAS: [f32; 2] = [0.002, 80.0];

/// Level from which the second of two steps goes, on the actions' scale: well above the actions' own deviation, so that the way can
/// still be corrected, and far below the noise in which they vanish.
const SECOND: f32 = 0.8;

/// The actor. Its network reads the observation, the noisy action and the level of noise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Consistency {
    /// F.
    pub network: Mlp,
    /// The scale of actions among noise.
    pub scale: Scale,
    /// 1 or 2: in how many it decides.
    pub steps: usize,
}

/// c_skip, c_out and c_in of a level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scales {
    /// How much of the noisy action is kept.
    pub skip: f32,
    /// How much of the network's output is added.
    pub out: f32,
    /// What the network reads the noisy action times.
    pub into: f32,
}

impl Scales {
    /// Those of a level `sigma`.
    pub fn new(sigma: f32) -> Self {
        let (data, above) = (Scale::DEVIATION * Scale::DEVIATION, sigma - SIGMAS[0]);
        let all = libm::sqrtf(sigma * sigma + data);
        Self { skip: data / (above * above + data), out: above * Scale::DEVIATION / all, into: 1.0 / all }
    }
}

impl Consistency {
    /// How many numbers the network of an actor with so many `inputs` and `channels` reads.
    pub fn reads(inputs: usize, channels: usize) -> usize {
        inputs + channels + TOLD
    }

    /// How many numbers a row of inputs has.
    pub fn inputs(&self) -> usize {
        self.network.inputs().saturating_sub(Self::reads(0, self.network.outputs()))
    }

    /// What the network reads of one row, added to `row`.
    pub fn read(row: &mut Vec<f32>, inputs: &[f32], noisy: &[f32], sigma: f32) {
        let into = Scales::new(sigma).into;
        row.extend_from_slice(inputs);
        row.extend(noisy.iter().map(|value| into * value));
        // ln σ / 4 lies within −1.6 and 1.1.
        row.extend(tell(0.25 * libm::logf(sigma)));
    }

    /// See [`super::Actor::decide`].
    pub fn decide(&self, inputs: &Batch, streams: &mut [Stream]) -> Batch {
        let channels = self.network.outputs();
        let mut actions = Batch::zeros(inputs.rows(), channels);
        for sigma in [SIGMAS[1], SECOND].into_iter().take(self.steps) {
            for (row, stream) in streams.iter_mut().enumerate() {
                actions.row_mut(row).iter_mut().for_each(|action| *action += sigma * stream.normal());
            }
            let mut rows = Vec::with_capacity(inputs.rows() * self.network.inputs());
            (0..inputs.rows()).for_each(|row| Self::read(&mut rows, inputs.row(row), actions.row(row), sigma));
            let outputs = self.network.forward(&Batch::new(self.network.inputs(), rows));
            let Scales { skip, out, .. } = Scales::new(sigma);
            for row in 0..actions.rows() {
                let pairs = actions.row_mut(row).iter_mut().zip(outputs.row(row));
                pairs.for_each(|(action, output)| *action = skip * *action + out * output);
                self.scale.hold(actions.row_mut(row));
            }
        }
        (0..actions.rows()).for_each(|row| self.scale.to_actions(actions.row_mut(row)));
        actions
    }
}
