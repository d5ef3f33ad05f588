//! One pass through a perceptron, whose outputs are an action or a distribution over actions.

use super::mixture::{self, Mixture};
use super::{gaussian, squashed};
use crate::learn::backend::{Place, Tensor};
use crate::learn::batch::Batch;
use crate::learn::network::mlp::Mlp;
use crate::stream::Stream;
use serde::{Deserialize, Serialize};

/// The family of distributions that actions are drawn from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Family {
    /// A diagonal Gaussian, clipped to [-1, 1] on its way to the world.
    #[default]
    Gaussian,
    /// A diagonal Gaussian squashed into (-1, 1) by a hyperbolic tangent.
    Squashed,
    /// No distribution: the network's outputs, clipped to [-1, 1] on their way to the world. For cloning.
    Deterministic,
    /// A mixture of so many diagonal Gaussians, clipped on its way to the world: see [`mixture`]. For cloning.
    Mixture(usize),
}

/// A network whose outputs are an action, or a distribution over actions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Direct {
    /// Gives a mean per action channel; and, where `log_std` is empty, then the logarithm of a standard deviation for each. (Of a
    /// deterministic actor the actions alone, of a mixture what [`mixture`] says.)
    pub network: Mlp,
    /// The logarithm of every channel's standard deviation, learnt beside the network; empty where the network gives it, or there is none.
    pub log_std: Vec<f32>,
    /// What is drawn from.
    pub family: Family,
}

/// What was drawn for a group's rows, and how.
pub struct Draw {
    /// `[N, A]`, each in [-1, 1].
    pub actions: Batch,
    /// `[N, 1 + 3 A]`: see [`Kept`].
    pub kept: Batch,
}

/// One row of [`Draw::kept`], taken apart.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    /// The log-density of the action.
    pub log_prob: f32,
    /// What was drawn, before it was clipped or squashed.
    pub sample: &'a [f32],
    /// The mean that it was drawn around.
    pub mean: &'a [f32],
    /// The logarithm of the standard deviation that it was drawn with.
    pub log_std: &'a [f32],
}

impl<'a> Kept<'a> {
    /// The parts of a kept `row`.
    pub fn new(row: &'a [f32]) -> Self {
        let channels = (row.len() - 1) / 3;
        let part = |index: usize| &row[1 + index * channels..1 + (index + 1) * channels];
        Self { log_prob: row[0], sample: part(0), mean: part(1), log_std: part(2) }
    }
}

impl Direct {
    /// The logarithm of a standard deviation lies in here: at least 0.007, at most 2.7 of the action's half range.
    pub const LOG_STD: std::ops::RangeInclusive<f32> = -5.0..=1.0;

    /// How many numbers an action has.
    pub fn channels(&self) -> usize {
        let outputs = self.network.outputs();
        match self.family {
            Family::Gaussian | Family::Squashed if self.log_std.is_empty() => outputs / 2,
            Family::Gaussian | Family::Squashed | Family::Deterministic => outputs,
            Family::Mixture(components) => mixture::channels(outputs, components),
        }
    }

    /// Whether a decision is drawn at random.
    pub fn draws(&self) -> bool {
        matches!(self.family, Family::Mixture(_))
    }

    /// Whether its network gives just what an action of so many `channels` is made of.
    pub fn is_of(&self, channels: usize) -> bool {
        let outputs = match self.family {
            Family::Gaussian | Family::Squashed if self.log_std.is_empty() => 2 * channels,
            Family::Gaussian | Family::Squashed | Family::Deterministic => channels,
            Family::Mixture(components) => mixture::outputs(components, channels),
        };
        let free = matches!(self.family, Family::Gaussian | Family::Squashed) && self.log_std.len() == channels;
        outputs == self.network.outputs() && (self.log_std.is_empty() || free)
    }

    /// The mean and the log standard deviation that a row of the network's outputs stands for.
    pub fn parameters(&self, outputs: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let (mean, rest) = outputs.split_at(self.channels());
        let log_std = if self.log_std.is_empty() { rest } else { &self.log_std };
        (mean.to_vec(), log_std.iter().map(|value| value.clamp(*Self::LOG_STD.start(), *Self::LOG_STD.end())).collect())
    }

    /// The most likely action of every row (for a squashed one: that of the most likely sample; for a mixture: the mean of one of its parts,
    /// which is drawn by its weight from the row's own stream). Other families draw nothing.
    ///
    /// # Shapes
    /// - inputs: `[N, inputs of the network]`
    /// - streams: `[N]` for a mixture
    /// - output: `[N, A]`
    pub fn decide(&self, inputs: &Batch, streams: &mut [Stream]) -> Batch {
        let outputs = self.network.forward(inputs);
        let mut actions = Batch::zeros(outputs.rows(), self.channels());
        let mut streams = streams.iter_mut();
        for row in 0..outputs.rows() {
            let mean = match self.family {
                Family::Mixture(components) => {
                    let mixture = Mixture::new(outputs.row(row), components);
                    mixture.mean(streams.next().map_or(0, |stream| mixture.choose(stream)))
                }
                _ => &outputs.row(row)[..self.channels()],
            };
            actions.row_mut(row).iter_mut().zip(mean).for_each(|(action, mean)| *action = self.bound(*mean));
        }
        actions
    }

    /// An action for every row, drawn at random from a Gaussian, squashed or not.
    pub fn draw(&self, inputs: &Batch, stream: &mut Stream) -> Draw {
        let outputs = self.network.forward(inputs);
        let channels = self.channels();
        let mut draw = Draw { actions: Batch::zeros(outputs.rows(), channels), kept: Batch::zeros(outputs.rows(), 1 + 3 * channels) };
        for row in 0..outputs.rows() {
            let (mean, log_std) = self.parameters(outputs.row(row));
            let kept = draw.kept.row_mut(row);
            for channel in 0..channels {
                let sample = mean[channel] + libm::expf(log_std[channel]) * stream.normal();
                draw.actions.row_mut(row)[channel] = self.bound(sample);
                kept[1 + channel] = sample;
            }
            kept[0] = self.log_prob(&kept[1..=channels], &mean, &log_std);
            kept[1 + channels..1 + 2 * channels].copy_from_slice(&mean);
            kept[1 + 2 * channels..].copy_from_slice(&log_std);
        }
        draw
    }

    /// The log-density of the action that `sample` became. Clipping is no change of variables: the world does it, not the actor.
    pub fn log_prob(&self, sample: &[f32], mean: &[f32], log_std: &[f32]) -> f32 {
        gaussian::log_prob(sample, mean, log_std) - self.correction(sample)
    }

    /// What the change of variables takes from a sample's log-density. It depends on the sample alone, never on what is learnt.
    pub fn correction(&self, sample: &[f32]) -> f32 {
        match self.family {
            Family::Squashed => squashed::log_slope(sample),
            _ => 0.0,
        }
    }

    /// Holds what is learnt beside the network in its range, after a step of the optimiser.
    pub fn keep_in_range(&mut self) {
        self.log_std.iter_mut().for_each(|value| *value = value.clamp(*Self::LOG_STD.start(), *Self::LOG_STD.end()));
    }

    /// The log standard deviations as a leaf: `[1, A]`, or `[1, 1]` and unused where the network gives them.
    pub fn log_std_leaf(&self, place: &Place) -> Tensor<2> {
        let values = if self.log_std.is_empty() { vec![0.0] } else { self.log_std.clone() };
        let width = values.len();
        place.leaf(values, width)
    }

    /// Means `[N, A]` and log standard deviations (`[N, A]` or `[1, A]`) from the network's outputs, to be differentiated.
    pub fn spread(&self, outputs: Tensor<2>, log_std: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        if !self.log_std.is_empty() {
            return (outputs, log_std);
        }
        let channels = self.channels();
        let log_std = outputs.clone().narrow(1, channels, channels).clamp(*Self::LOG_STD.start(), *Self::LOG_STD.end());
        (outputs.narrow(1, 0, channels), log_std)
    }

    /// The mean entropy over rows, to be differentiated. A squashed Gaussian has none in closed form: its change of variables is
    /// averaged over the samples that the rows' own noise gives.
    ///
    /// # Shapes
    /// - mean, noise: `[N, A]`; noise in standard deviations
    /// - log_std: `[N, A]` or `[1, A]`
    /// - output: `[1]`
    pub fn entropy(&self, mean: Tensor<2>, log_std: Tensor<2>, noise: impl FnOnce() -> Tensor<2>) -> Tensor<1> {
        let constant = gaussian::entropy(&vec![0.0; self.channels()]);
        let base = log_std.clone().sum_dim(1).mean().add_scalar(constant);
        match self.family {
            Family::Squashed => base + squashed::log_slopes(mean + noise() * log_std.exp()).mean(),
            _ => base,
        }
    }

    fn bound(&self, sample: f32) -> f32 {
        match self.family {
            Family::Squashed => squashed::squash(sample),
            _ => sample.clamp(-1.0, 1.0),
        }
    }
}
