//! A stack of transformer blocks: what every token is, having looked at all the others.
//!
//! Vaswani et al., "Attention Is All You Need", 2017, with the normalisation in front of each half of a block (Xiong et al., "On Layer
//! Normalization in the Transformer Architecture", 2020): x ← x + attention(norm(x)), x ← x + feed(norm(x)), and a last norm.
//!
//! [`Attention::by_tensors`] is the definition, which automatic differentiation goes through; [`Attention::forward`] gives the same numbers
//! over plain rows, the same bits for any number of them, and is what acts.

use super::activation::exp;
use super::kernel::{BLOCK, Left, product};
use crate::learn::backend::Tensor;
use crate::stream::Stream;
use burn::tensor::activation::{relu, softmax};
use serde::{Deserialize, Serialize};

/// Added to a token's variance before it is divided by.
const FLOOR: f32 = 1e-5;

/// The size of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attention {
    /// Numbers of a token: whole blocks of 16, and a whole number for each head.
    pub width: usize,
    /// Heads that each block looks with.
    pub heads: usize,
    /// Blocks.
    pub layers: usize,
}

/// How many numbers stand between the two layers of a block's second half, for each of a token's.
const FEED: usize = 4;

impl Attention {
    /// Whether its width is whole blocks, and a whole number for each head.
    pub fn is_whole(self) -> bool {
        self.width.is_multiple_of(BLOCK) && self.heads > 0 && self.width.is_multiple_of(self.heads)
    }

    /// The matrices of a stack, `[rows, columns]`, in their order: of each block a norm (gains, offsets), queries, keys and values, what comes out of
    /// them, a norm, two layers; then the last norm. A bias is a row below its weights.
    pub fn matrices(self) -> Vec<[usize; 2]> {
        let d = self.width;
        let block = [[2, d], [d + 1, 3 * d], [d + 1, d], [2, d], [d + 1, FEED * d], [FEED * d + 1, d]];
        block.repeat(self.layers).into_iter().chain([[2, d]]).collect()
    }

    /// First parameters: gains 1, offsets and biases 0, weights uniform as in Glorot and Bengio, "Understanding the Difficulty of Training Deep
    /// Feedforward Neural Networks", 2010; what a block adds begins smaller the more blocks there are (Radford et al., "Language Models are
    /// Unsupervised Multitask Learners", 2019).
    pub fn begin(self, stream: &mut Stream) -> Vec<f32> {
        let mut parameters = Vec::new();
        for (index, [rows, columns]) in self.matrices().into_iter().enumerate() {
            if rows == 2 {
                parameters.extend((0..2 * columns).map(|place| if place < columns { 1.0 } else { 0.0 }));
            } else {
                let adds = matches!(index % 6, 2 | 5);
                let gain = if adds { 1.0 / libm::sqrtf(2.0 * self.layers as f32) } else { 1.0 };
                parameters.extend(linear(rows - 1, columns, gain, stream));
            }
        }
        parameters
    }

    /// What becomes of the tokens.
    ///
    /// # Shapes
    /// - parameters: those of [`Attention::matrices`]
    /// - tokens: `[n, T, width]`
    /// - output: `[n, T, width]`
    pub fn by_tensors(self, parameters: &[Tensor<2>], tokens: Tensor<3>) -> Tensor<3> {
        let [n, count, d] = tokens.dims();
        let (heads, each) = (self.heads, d / self.heads);
        let mut x = tokens.reshape([n * count, d]);
        for block in parameters[..6 * self.layers].chunks_exact(6) {
            let seen = applied(&block[1], normed(&block[0], x.clone()));
            let part = |kind: usize| seen.clone().narrow(1, kind * d, d).reshape([n, count, heads, each]).swap_dims(1, 2);
            let weights = part(0).matmul(part(1).swap_dims(2, 3)).mul_scalar(1.0 / libm::sqrtf(each as f32));
            let looked = softmax(weights, 3).matmul(part(2)).swap_dims(1, 2).reshape([n * count, d]);
            x = x + applied(&block[2], looked);
            x = x.clone() + applied(&block[5], relu(applied(&block[4], normed(&block[3], x))));
        }
        normed(&parameters[6 * self.layers], x).reshape([n, count, d])
    }

    /// As [`Attention::by_tensors`], for `tokens` of any number of rows of `count` tokens; they are written over.
    pub fn forward(self, parameters: &[f32], tokens: &mut [f32], count: usize) {
        let d = self.width;
        let mut matrices = Matrices { parameters, sizes: self.matrices().into_iter() };
        let rows = tokens.len() / d;
        let (mut seen, mut looked) = (vec![0.0; rows * 3 * d], vec![0.0; rows * d]);
        let (mut fed, mut added) = (vec![0.0; rows * FEED * d], vec![0.0; rows * d]);
        let add = |tokens: &mut [f32], added: &[f32]| tokens.iter_mut().zip(added).for_each(|(token, added)| *token += added);
        for _ in 0..self.layers {
            let normal = norm(matrices.next(), tokens);
            apply(matrices.next(), &normal, &mut seen);
            for (seen, looked) in seen.chunks_exact(count * 3 * d).zip(looked.chunks_exact_mut(count * d)) {
                self.look(seen, looked, count);
            }
            apply(matrices.next(), &looked, &mut added);
            add(tokens, &added);
            let normal = norm(matrices.next(), tokens);
            apply(matrices.next(), &normal, &mut fed);
            fed.iter_mut().for_each(|value| *value = value.max(0.0));
            apply(matrices.next(), &fed, &mut added);
            add(tokens, &added);
        }
        let normal = norm(matrices.next(), tokens);
        tokens.copy_from_slice(&normal);
    }

    /// Of every token of one row the mean of all values, weighted by how much its query is like their keys, head by head.
    fn look(self, seen: &[f32], looked: &mut [f32], count: usize) {
        let (d, each) = (self.width, self.width / self.heads);
        let scale = 1.0 / libm::sqrtf(each as f32);
        let part = |token: usize, kind: usize, head: usize| &seen[token * 3 * d + kind * d + head * each..][..each];
        let mut weights = vec![0.0; count];
        for head in 0..self.heads {
            for token in 0..count {
                let query = part(token, 0, head);
                for (other, weight) in weights.iter_mut().enumerate() {
                    *weight = scale * query.iter().zip(part(other, 1, head)).map(|(a, b)| a * b).sum::<f32>();
                }
                let most = weights.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                weights.iter_mut().for_each(|weight| *weight = exp(*weight - most));
                let share = 1.0 / weights.iter().sum::<f32>();
                let out = &mut looked[token * d + head * each..][..each];
                out.fill(0.0);
                for (other, weight) in weights.iter().enumerate() {
                    out.iter_mut().zip(part(other, 2, head)).for_each(|(out, value)| *out += weight * share * value);
                }
            }
        }
    }
}

/// Weights `[inputs, outputs]`, uniform in ± `gain` √(6 / (inputs + outputs)), and a bias of zeros.
pub fn linear(inputs: usize, outputs: usize, gain: f32, stream: &mut Stream) -> Vec<f32> {
    let bound = gain * libm::sqrtf(6.0 / (inputs + outputs) as f32);
    let mut values: Vec<f32> = (0..inputs * outputs).map(|_| stream.between(-bound, bound)).collect();
    values.resize((inputs + 1) * outputs, 0.0);
    values
}

/// Weights, with the bias below.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    /// `[inputs + 1, columns]`
    pub values: &'a [f32],
    /// Numbers that it gives.
    pub columns: usize,
}

/// The matrices of a network, one after the other.
pub struct Matrices<'a, S> {
    /// What is left of the parameters.
    pub parameters: &'a [f32],
    /// Rows and columns of what is left.
    pub sizes: S,
}

impl<'a, S: Iterator<Item = [usize; 2]>> Matrices<'a, S> {
    /// The next one.
    ///
    /// # Panics
    /// Where there is none.
    #[expect(clippy::should_implement_trait, reason = "it is no iterator: asking for more than there is is a mistake")]
    pub fn next(&mut self) -> Matrix<'a> {
        let [rows, columns] = self.sizes.next().expect("a network asks for its own matrices");
        let (values, rest) = self.parameters.split_at(rows * columns);
        self.parameters = rest;
        Matrix { values, columns }
    }
}

/// `inputs × weights + bias`; `[n, inputs]` to `[n, outputs]`, where a matrix is weights with the bias below.
pub fn applied(matrix: &Tensor<2>, inputs: Tensor<2>) -> Tensor<2> {
    let [rows, columns] = matrix.dims();
    assert!(inputs.dims()[1] == rows - 1, "rows of {} for weights of {}", inputs.dims()[1], rows - 1);
    inputs.matmul(matrix.clone().narrow(0, 0, rows - 1)) + matrix.clone().narrow(0, rows - 1, 1).reshape([1, columns])
}

/// As [`applied`], over plain rows; `outputs` has whole blocks.
pub fn apply(matrix: Matrix<'_>, inputs: &[f32], outputs: &mut [f32]) {
    let depth = matrix.values.len() / matrix.columns - 1;
    let (weights, bias) = matrix.values.split_at(depth * matrix.columns);
    product(outputs.len() / matrix.columns, depth, Left::Rows(inputs, depth), weights, Some(bias), outputs);
}

/// Every token less its mean, over its deviation, times the gains, plus the offsets (Ba, Kiros and Hinton, "Layer Normalization", 2016).
fn normed(matrix: &Tensor<2>, x: Tensor<2>) -> Tensor<2> {
    let middle = x.clone() - x.mean_dim(1);
    let variance = (middle.clone() * middle.clone()).mean_dim(1);
    middle / variance.add_scalar(FLOOR).sqrt() * matrix.clone().narrow(0, 0, 1) + matrix.clone().narrow(0, 1, 1)
}

fn norm(matrix: Matrix<'_>, tokens: &[f32]) -> Vec<f32> {
    let (gains, offsets) = matrix.values.split_at(matrix.columns);
    let mut normal = tokens.to_vec();
    for token in normal.chunks_exact_mut(gains.len()) {
        let mean = token.iter().sum::<f32>() / gains.len() as f32;
        let variance = token.iter().map(|value| (value - mean) * (value - mean)).sum::<f32>() / gains.len() as f32;
        let scale = 1.0 / libm::sqrtf(variance + FLOOR);
        for ((value, gain), offset) in token.iter_mut().zip(gains).zip(offsets) {
            *value = (*value - mean) * scale * gain + offset;
        }
    }
    normal
}
