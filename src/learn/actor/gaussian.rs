//! The diagonal Gaussian: every channel its own mean and standard deviation.
//!
//! Plain numbers where a decision is made, tensors where a loss is differentiated. Actions are clipped on their way to the world;
//! the probability stays that of the sample as it was drawn.

use crate::learn::backend::Tensor;

/// ln(2π) / 2.
const HALF_LOG_TAU: f32 = 0.918_938_5;

/// The log-density of `sample`: Σ −½ ((x − μ) / σ)² − ln σ − ½ ln 2π.
pub fn log_prob(sample: &[f32], mean: &[f32], log_std: &[f32]) -> f32 {
    let channels = sample.iter().zip(mean).zip(log_std);
    channels
        .map(|((sample, mean), log_std)| {
            let score = (sample - mean) * libm::expf(-log_std);
            -0.5 * score * score - log_std - HALF_LOG_TAU
        })
        .sum()
}

/// The differential entropy: Σ ln σ + ½ ln 2πe.
pub fn entropy(log_std: &[f32]) -> f32 {
    log_std.iter().map(|log_std| log_std + 0.5 + HALF_LOG_TAU).sum()
}

/// The Kullback-Leibler divergence of `new` from `old`, each (mean, log std): Σ ln(σ₁/σ₀) + (σ₀² + (μ₀ − μ₁)²) / 2σ₁² − ½.
pub fn kl(old: (&[f32], &[f32]), new: (&[f32], &[f32])) -> f32 {
    let channels = old.0.iter().zip(old.1).zip(new.0.iter().zip(new.1));
    channels
        .map(|((old_mean, old_log_std), (new_mean, new_log_std))| {
            let ratio = libm::expf(2.0 * (old_log_std - new_log_std));
            let step = (old_mean - new_mean) * libm::expf(-new_log_std);
            new_log_std - old_log_std + 0.5 * (ratio + step * step) - 0.5
        })
        .sum()
}

/// [`kl`] of `old` from `new` for every row, to be differentiated.
///
/// # Shapes
/// - means: `[N, A]`
/// - log_stds: `[N, A]`, or `[1, A]` where they are the same for all
/// - output: `[N, 1]`
pub fn kls(old: (Tensor<2>, Tensor<2>), new: (Tensor<2>, Tensor<2>)) -> Tensor<2> {
    let [_, channels] = old.0.dims();
    let ratios = (old.1.clone() - new.1.clone()).mul_scalar(2.0).exp();
    let steps = (old.0 - new.0) * new.1.clone().neg().exp();
    let squares = (steps.clone() * steps + ratios).mul_scalar(0.5);
    (squares + new.1 - old.1).sum_dim(1).sub_scalar(0.5 * channels as f32)
}

/// [`log_prob`] of every row, to be differentiated.
///
/// # Shapes
/// - sample, mean: `[N, A]`
/// - log_std: `[N, A]`, or `[1, A]` where it is the same for all
/// - output: `[N, 1]`
pub fn log_probs(sample: Tensor<2>, mean: Tensor<2>, log_std: Tensor<2>) -> Tensor<2> {
    let [_, channels] = mean.dims();
    let scores = (sample - mean) * log_std.clone().neg().exp();
    let squares = (scores.clone() * scores).sum_dim(1).mul_scalar(-0.5);
    squares - log_std.sum_dim(1).add_scalar(HALF_LOG_TAU * channels as f32)
}
