//! A mixture of diagonal Gaussians: several things that may be done here, each with its weight.
//!
//! Bishop, "Mixture Density Networks", 1994; as the head of a cloned policy, BC-GMM: Mandlekar et al., "What Matters in Learning from
//! Offline Human Demonstrations for Robot Manipulation", 2021, appendix C.
//!
//! A row of the network's outputs is the logarithms of `K` weights (up to a constant), `K` means of `A` channels, and as many numbers of
//! which standard deviations are made, σ = [`LEAST_STD`] + ln(1 + eˣ). A policy acts as the paper's does: it draws a component, and takes its
//! mean.

use crate::learn::backend::Tensor;
use crate::learn::network::activation::exp;
use crate::stream::Stream;

/// Below this no standard deviation falls, in half ranges of an action. (With the paper's 0.0001 nearly all of the gradient comes from the
/// rows in which a demonstrator that does not tremble is foretold to a hair, such as those with an action at its limit, and little from the
/// others.)
pub const LEAST_STD: f32 = 0.05;

/// ln(2π) / 2.
const HALF_LOG_TAU: f32 = 0.918_938_5;

/// How many outputs a network gives for `components` of `channels`.
pub fn outputs(components: usize, channels: usize) -> usize {
    components * (1 + 2 * channels)
}

/// How many channels a network of so many `outputs` gives for each of `components`.
pub fn channels(outputs: usize, components: usize) -> usize {
    (outputs / components.max(1)).saturating_sub(1) / 2
}

/// One row of a network's outputs, taken apart.
#[derive(Clone, Copy, Debug)]
pub struct Mixture<'a> {
    logits: &'a [f32],
    means: &'a [f32],
    raws: &'a [f32],
}

impl<'a> Mixture<'a> {
    /// The parts of a row of outputs.
    pub fn new(outputs: &'a [f32], components: usize) -> Self {
        let (logits, rest) = outputs.split_at(components);
        let (means, raws) = rest.split_at(rest.len() / 2);
        Self { logits, means, raws }
    }

    fn channels(self) -> usize {
        self.means.len() / self.logits.len()
    }

    /// The mean of a component.
    pub fn mean(self, component: usize) -> &'a [f32] {
        &self.means[component * self.channels()..][..self.channels()]
    }

    /// A component drawn by its weight.
    pub fn choose(self, stream: &mut Stream) -> usize {
        let total = log_sum_exp(self.logits.iter().copied());
        let mut rest = stream.unit();
        let chosen = self.logits.iter().position(|logit| {
            rest -= exp(logit - total);
            rest < 0.0
        });
        // (Rounding may leave a crumb behind the last one.)
        chosen.unwrap_or(self.logits.len() - 1)
    }

    /// The logarithm of `target`'s density. Its slopes by the outputs, times `scale`, are written into `slopes`.
    ///
    /// # Shapes
    /// - target: `[A]`
    /// - slopes: as the outputs
    pub fn log_prob(self, target: &[f32], scale: f32, slopes: &mut [f32]) -> f32 {
        let (by_logits, rest) = slopes.split_at_mut(self.logits.len());
        let (by_means, by_raws) = rest.split_at_mut(self.means.len());
        let channels = self.channels();
        let total = log_sum_exp(self.logits.iter().copied());
        // ln (wᵢ pᵢ), for now where the slopes by the logits will be; z and σ likewise.
        for (component, joint) in by_logits.iter_mut().enumerate() {
            *joint = self.logits[component] - total;
            let span = component * channels..(component + 1) * channels;
            let parts = by_means[span.clone()].iter_mut().zip(&mut by_raws[span.clone()]).zip(target);
            for (((z, sigma), target), (mean, raw)) in parts.zip(self.means[span.clone()].iter().zip(&self.raws[span])) {
                *sigma = std(*raw);
                *z = (target - mean) / *sigma;
                *joint -= 0.5 * *z * *z + libm::logf(*sigma) + HALF_LOG_TAU;
            }
        }
        let log_prob = log_sum_exp(by_logits.iter().copied());
        // With the responsibility rᵢ = wᵢ pᵢ / Σ wⱼ pⱼ: d ln p / d logitᵢ = rᵢ − wᵢ, d ln p / dμᵢ = rᵢ z / σ,
        // d ln p / dσᵢ = rᵢ (z² − 1) / σ, and dσ / dx = 1 / (1 + e⁻ˣ).
        for (component, joint) in by_logits.iter_mut().enumerate() {
            let share = exp(*joint - log_prob);
            *joint = scale * (share - exp(self.logits[component] - total));
            let span = component * channels..(component + 1) * channels;
            for ((z, sigma), raw) in by_means[span.clone()].iter_mut().zip(&mut by_raws[span.clone()]).zip(&self.raws[span]) {
                let pull = scale * share / *sigma;
                *sigma = pull * (*z * *z - 1.0) / (1.0 + exp(-raw));
                *z *= pull;
            }
        }
        log_prob
    }
}

/// ln Σ eˣ, which does not overflow.
fn log_sum_exp(values: impl Iterator<Item = f32> + Clone) -> f32 {
    let most = values.clone().fold(f32::NEG_INFINITY, f32::max);
    most + libm::logf(values.map(|value| exp(value - most)).sum())
}

/// The standard deviation that an output stands for.
fn std(raw: f32) -> f32 {
    LEAST_STD + raw.max(0.0) + libm::log1pf(exp(-raw.abs()))
}

/// The logarithm of every row's density, to be differentiated: what [`Mixture::log_prob`] is derived from.
///
/// # Shapes
/// - outputs: `[N, K (1 + 2 A)]`
/// - targets: `[N, A]`
/// - output: `[N, 1]`
pub fn log_probs(outputs: Tensor<2>, targets: Tensor<2>, components: usize) -> Tensor<2> {
    let ([_, width], [_, channels]) = (outputs.dims(), targets.dims());
    assert!(width == self::outputs(components, channels), "{width} outputs for {components} components of {channels} channels");
    let softplus = |x: Tensor<2>| x.clone().clamp_min(0.0) + x.abs().neg().exp().log1p();
    let log_sum_exp = |x: Tensor<2>| {
        let most = x.clone().detach().max_dim(1);
        (x - most.clone()).exp().sum_dim(1).log() + most
    };
    let logits = outputs.clone().narrow(1, 0, components);
    let log_weights = logits.clone() - log_sum_exp(logits);
    let joint = (0..components).map(|component| {
        let part = |kind: usize| outputs.clone().narrow(1, components + (kind * components + component) * channels, channels);
        let std = softplus(part(1)).add_scalar(LEAST_STD);
        let log_prob = super::gaussian::log_probs(targets.clone(), part(0), std.log());
        log_weights.clone().narrow(1, component, 1) + log_prob
    });
    log_sum_exp(Tensor::cat(joint.collect(), 1))
}
