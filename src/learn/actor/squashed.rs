//! What squashes a Gaussian into [-1, 1]: a hyperbolic tangent, with the change of variables that it asks for.
//!
//! Haarnoja et al., "Soft Actor-Critic", 2018, appendix C: ln π(a) = ln μ(u) − Σ ln(1 − tanh² uᵢ) for a = tanh u.

use crate::learn::backend::Tensor;

/// The action for a sample.
pub fn squash(sample: f32) -> f32 {
    libm::tanhf(sample)
}

/// Σ ln(1 − tanh² u), to be subtracted from the sample's log-density. In the form 2 (ln 2 − |u| − ln(1 + e^(−2|u|))), which does not lose
/// its digits where tanh saturates.
pub fn log_slope(sample: &[f32]) -> f32 {
    let slope = |u: &f32| 2.0 * (std::f32::consts::LN_2 - u.abs() - libm::log1pf(libm::expf(-2.0 * u.abs())));
    sample.iter().map(slope).sum()
}

/// [`log_slope`] of every row, to be differentiated.
///
/// # Shapes
/// - sample: `[N, A]`
/// - output: `[N, 1]`
pub fn log_slopes(sample: Tensor<2>) -> Tensor<2> {
    let size = sample.abs();
    let tail = size.clone().mul_scalar(-2.0).exp().log1p();
    (size + tail).neg().add_scalar(std::f32::consts::LN_2).mul_scalar(2.0).sum_dim(1)
}
