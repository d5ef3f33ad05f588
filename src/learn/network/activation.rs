//! What stands between two layers, written with sums and products alone so that whole vectors pass at once with equal bits everywhere.

use serde::{Deserialize, Serialize};

/// The non-linear function between two layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Activation {
    /// `max(x, 0)`: the fastest, and what the published settings of this house use.
    #[default]
    Relu,
    /// `x / (1 + exp(-x))`: smooth.
    Silu,
    /// Hyperbolic tangent: bounded.
    Tanh,
}

impl Activation {
    /// Puts every number of `values` through the function.
    #[inline(always)]
    pub fn apply(self, values: &mut [f32]) {
        match self {
            Self::Relu => values.iter_mut().for_each(|x| *x = if *x > 0.0 { *x } else { 0.0 }),
            Self::Silu => values.iter_mut().for_each(|x| *x *= sigmoid(*x)),
            Self::Tanh => values.iter_mut().for_each(|x| *x = tanh(*x)),
        }
    }

    /// Multiplies `gradient` by the function's slope, given what came `out` of it, or for [`Activation::Silu`] what went into it.
    #[inline(always)]
    pub fn slope(self, gradient: &mut [f32], seen: &[f32]) {
        let pairs = gradient.iter_mut().zip(seen);
        match self {
            Self::Relu => pairs.for_each(|(g, y)| *g = if *y > 0.0 { *g } else { 0.0 }),
            Self::Silu => pairs.for_each(|(g, x)| {
                let s = sigmoid(*x);
                *g *= s + x * s * (1.0 - s);
            }),
            Self::Tanh => pairs.for_each(|(g, y)| *g *= 1.0 - y * y),
        }
    }
}

/// `1 / (1 + exp(-x))`.
#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// Hyperbolic tangent, to an absolute error of 2e-7.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (1.0 + exp(2.0 * x))
}

/// `e` to the power of `x`, to a relative error of 2e-7 (Cephes' `expf`: a power of two times a polynomial). `x` is held within ±87.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // Adding and taking away 1.5 · 2²³ rounds to a whole number without a rounding instruction.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 87.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let rest = x - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let mut sum = 1.987_569_1e-4;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        sum = sum * rest + coefficient;
    }
    let fraction = sum * rest * rest + rest + 1.0;
    // The whole number's bits are the low bits of `shifted`.
    let power = f32::from_bits((shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127)) << 23);
    fraction * power
}
