//! A gated recurrent unit that reads a window of observations, oldest first, and ends with what matters of them.
//!
//! Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation", 2014, with the reset gate behind
//! the product, as is usual since. It begins every window with nothing in mind, while it learns and while it acts alike, so that it is
//! nowhere asked for more steps than it was taught.
//!
//! - r = σ(x Wᵣ + h Uᵣ + bᵣ), z = σ(x W_z + h U_z + b_z), m = h Uₙ + cₙ
//! - n = tanh(x Wₙ + bₙ + r m), h' = n + z (h − n)

use super::activation::exp;
use super::kernel::{BLOCK, Left, column_sums, product, transpose};
use crate::stream::Stream;
use serde::{Deserialize, Serialize};

/// The unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gru {
    inputs: usize,
    width: usize,
    /// Weights of what is read `[inputs, 3 width]` with a bias below, of what is in mind `[width, 3 width]`, and cₙ `[width]`; gates in the order r, z, n.
    parameters: Vec<f32>,
}

/// What a forward pass leaves for the backward one.
#[derive(Default)]
pub struct Tape {
    /// Of every step: `[n, inputs]` what was read, `[n, width]` what was in mind before, and `[n, 4 width]` r, z, n and m.
    steps: Vec<[Vec<f32>; 3]>,
}

impl Gru {
    /// One that has learnt nothing; every weight uniform in ± 1 / √width.
    ///
    /// # Shapes
    /// - width: whole blocks of 16
    pub fn new(inputs: usize, width: usize, stream: &mut Stream) -> Self {
        let bound = 1.0 / libm::sqrtf(width as f32);
        let parameters = (0..Self::size(inputs, width)).map(|_| stream.between(-bound, bound)).collect();
        Self { inputs, width, parameters }
    }

    /// How many parameters such a unit has.
    pub fn size(inputs: usize, width: usize) -> usize {
        (inputs + 1) * 3 * width + width * 3 * width + width
    }

    /// One with these parameters, where they are as many as it has.
    pub fn with(inputs: usize, width: usize, parameters: Vec<f32>) -> Option<Self> {
        let fits = width.is_multiple_of(BLOCK) && (1..=1 << 12).contains(&width) && parameters.len() == Self::size(inputs, width);
        fits.then_some(Self { inputs, width, parameters })
    }

    /// Numbers of one observation.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Numbers that it ends with.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All that is learnt.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// All that is learnt, to be moved.
    pub fn parameters_mut(&mut self) -> &mut [f32] {
        &mut self.parameters
    }

    fn parts(&self) -> [&[f32]; 4] {
        let gates = 3 * self.width;
        let (read, rest) = self.parameters.split_at(self.inputs * gates);
        let (bias, rest) = rest.split_at(gates);
        let (mind, apart) = rest.split_at(self.width * gates);
        [read, bias, mind, apart]
    }

    /// What is in mind at the end of every window. Keeps on `tape` what [`Gru::backward`] needs.
    ///
    /// # Shapes
    /// - windows: `[n, length · inputs]`, oldest first
    /// - output: `[n, width]`
    pub fn forward(&self, windows: &[f32], length: usize, tape: &mut Tape) -> Vec<f32> {
        let (w, n) = (self.width, windows.len() / (length * self.inputs));
        let [read, bias, mind, apart] = self.parts();
        let mut held = vec![0.0; n * w];
        tape.steps.resize_with(length, Default::default);
        let (mut from_read, mut from_mind) = (vec![0.0; n * 3 * w], vec![0.0; n * 3 * w]);
        for (step, [seen, before, gates]) in tape.steps.iter_mut().enumerate() {
            seen.clear();
            windows.chunks_exact(length * self.inputs).for_each(|row| seen.extend_from_slice(&row[step * self.inputs..][..self.inputs]));
            before.clone_from(&held);
            gates.resize(n * 4 * w, 0.0);
            product(n, self.inputs, Left::Rows(seen, self.inputs), read, Some(bias), &mut from_read);
            product(n, w, Left::Rows(before, w), mind, None, &mut from_mind);
            let rows = from_read.chunks_exact(3 * w).zip(from_mind.chunks_exact(3 * w)).zip(gates.chunks_exact_mut(4 * w));
            for (((x, h), gates), held) in rows.zip(held.chunks_exact_mut(w)) {
                for k in 0..w {
                    let (r, z) = (sigmoid(x[k] + h[k]), sigmoid(x[w + k] + h[w + k]));
                    let m = h[2 * w + k] + apart[k];
                    let new = 2.0 * sigmoid(2.0 * (x[2 * w + k] + r * m)) - 1.0;
                    (gates[k], gates[w + k], gates[2 * w + k], gates[3 * w + k]) = (r, z, new, m);
                    held[k] = new + z * (held[k] - new);
                }
            }
        }
        held
    }

    /// The gradient of a loss by every parameter, given its gradient `slopes` by the outputs of the last [`Gru::forward`].
    ///
    /// # Shapes
    /// - slopes: `[n, width]`
    /// - gradient: as [`Gru::parameters`]; overwritten
    pub fn backward(&self, tape: &Tape, slopes: &[f32], gradient: &mut Vec<f32>) {
        let (w, n) = (self.width, slopes.len() / self.width);
        let [_, _, mind, _] = self.parts();
        let mut transposed = vec![0.0; 3 * w * w];
        transpose(mind, 3 * w, &mut transposed, w);
        gradient.clear();
        gradient.resize(self.parameters.len(), 0.0);
        let mut part = gradient.clone();
        let mut slopes = slopes.to_vec();
        let (mut by_read, mut by_mind, mut back) = (vec![0.0; n * 3 * w], vec![0.0; n * 3 * w], vec![0.0; n * w]);
        for [seen, before, gates] in tape.steps.iter().rev() {
            let rows = by_read.chunks_exact_mut(3 * w).zip(by_mind.chunks_exact_mut(3 * w)).zip(gates.chunks_exact(4 * w));
            for (((x, h), gates), (slopes, before)) in rows.zip(slopes.chunks_exact_mut(w).zip(before.chunks_exact(w))) {
                for k in 0..w {
                    let (r, z, new, m) = (gates[k], gates[w + k], gates[2 * w + k], gates[3 * w + k]);
                    // h' = n + z (h − n): by n (1 − z), by z (h − n); tanh' = 1 − n², σ' = σ (1 − σ).
                    let by_new = slopes[k] * (1.0 - z) * (1.0 - new * new);
                    let by_z = slopes[k] * (before[k] - new) * z * (1.0 - z);
                    let by_r = by_new * m * r * (1.0 - r);
                    (x[k], x[w + k], x[2 * w + k]) = (by_r, by_z, by_new);
                    (h[k], h[w + k], h[2 * w + k]) = (by_r, by_z, by_new * r);
                    slopes[k] *= z;
                }
            }
            let gates = 3 * w;
            let (to_read, rest) = part.split_at_mut(self.inputs * gates);
            let (to_bias, rest) = rest.split_at_mut(gates);
            let (to_mind, to_apart) = rest.split_at_mut(w * gates);
            product(self.inputs, n, Left::Columns(seen, self.inputs), &by_read, None, to_read);
            column_sums(&by_read, to_bias);
            product(w, n, Left::Columns(before, w), &by_mind, None, to_mind);
            to_apart.fill(0.0);
            by_mind.chunks_exact(gates).for_each(|row| to_apart.iter_mut().zip(&row[2 * w..]).for_each(|(sum, slope)| *sum += slope));
            gradient.iter_mut().zip(&part).for_each(|(sum, part)| *sum += part);
            product(n, gates, Left::Rows(&by_mind, gates), &transposed, None, &mut back);
            slopes.iter_mut().zip(&back).for_each(|(slope, back)| *slope += back);
        }
    }
}

/// `1 / (1 + e^(−x))`.
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}
