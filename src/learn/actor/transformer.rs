//! Action chunking with a transformer: a chunk of actions decided at once, each step a token that looks at all that is observed.
//!
//! Zhao, Kumar, Levine and Finn, "Learning Fine-Grained Bimanual Manipulation with Low-Cost Hardware", 2023 (ACT), section IV and algorithm 1. A
//! conditional variational autoencoder: while it learns, a second transformer reads the demonstrated chunk and tells in `latent` numbers how
//! it was done; the policy is given these beside what it observes, so that it need not answer two ways of doing a thing with their mean.
//! Where it acts these numbers are 0, their mean.
//!
//! As here: observations are rows of numbers, one token for each; the policy is one stack in which the chunk's tokens look at the observations
//! and at each other (ACT's encoder and decoder in one); no dropout.

use crate::learn::backend::{Place, Tensor, gradient, number};
use crate::learn::batch::Batch;
use crate::learn::network::attention::{Attention, Matrices, Matrix, applied, apply, linear};
use crate::learn::network::kernel::padded;
use crate::stream::Stream;
use serde::{Deserialize, Serialize};

/// What a transformer is made of, beside what it has learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// Numbers of an observation.
    pub observation: usize,
    /// Observations that it looks at.
    pub history: usize,
    /// Numbers of one step's action.
    pub action: usize,
    /// Steps of a chunk.
    pub length: usize,
    /// Numbers that tell how it is done.
    pub latent: usize,
    /// The size of both stacks.
    pub stack: Attention,
}

/// The actor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transformer {
    /// What it is made of.
    pub form: Form,
    /// Matrix after matrix, as [`Form::matrices`] has them.
    pub parameters: Vec<f32>,
}

impl Form {
    /// Matrices of the policy, then those of the second transformer, `[rows, columns]`; a bias is a row below its weights. The policy's: places of
    /// its tokens, of the latent numbers, of an observation, the stack, of an action. The other's: places, of an observation, of an action, the
    /// stack, of the latent numbers' means and the logarithms of their variances.
    pub fn matrices(&self) -> [Vec<[usize; 2]>; 2] {
        let Self { observation, history, action, length, latent, stack } = *self;
        let d = stack.width;
        let around = |places: usize, inputs: [usize; 2], outputs: [usize; 2]| {
            let ahead = [[places, d], [inputs[0] + 1, d], [inputs[1] + 1, d]];
            ahead.into_iter().chain(stack.matrices()).chain([outputs]).collect()
        };
        let policy = around(1 + history + length, [latent, observation], [d + 1, padded(action)]);
        [policy, around(2 + length, [observation, action], [d + 1, padded(2 * latent)])]
    }

    /// How many numbers it learns.
    pub fn size(&self) -> usize {
        self.matrices().iter().flatten().map(|[rows, columns]| rows * columns).sum()
    }
}

impl Transformer {
    /// One that has learnt nothing.
    pub fn new(form: Form, stream: &mut Stream) -> Self {
        let mut parameters = Vec::with_capacity(form.size());
        for matrices in form.matrices() {
            let [places, first, second, .., last] = &matrices[..] else { unreachable!("there are at least four") };
            // Places begin as small as in Radford et al. 2019.
            parameters.extend((0..places[0] * places[1]).map(|_| 0.02 * stream.normal()));
            for [rows, columns] in [first, second] {
                parameters.extend(linear(rows - 1, *columns, 1.0, stream));
            }
            parameters.extend(form.stack.begin(stream));
            parameters.extend(linear(last[0] - 1, last[1], 0.1, stream));
        }
        Self { form, parameters }
    }

    /// How many numbers a row of inputs has.
    pub fn inputs(&self) -> usize {
        self.form.history * self.form.observation
    }

    /// How many numbers it decides.
    pub fn channels(&self) -> usize {
        self.form.length * self.form.action
    }

    /// The chunk of every row, with the latent numbers at 0. See [`super::Actor::decide`].
    pub fn decide(&self, inputs: &Batch) -> Batch {
        let Form { observation, history, action, length, stack, .. } = self.form;
        let (d, count) = (stack.width, 1 + history + length);
        let [sizes, _] = self.form.matrices();
        let mut matrices = Matrices { parameters: &self.parameters, sizes: sizes.into_iter() };
        let [places, of_latent, of_observation] = [matrices.next(), matrices.next(), matrices.next()];
        let inside = stack.matrices().iter().map(|[rows, columns]| rows * columns).sum::<usize>();
        let (inside, last) = matrices.parameters.split_at(inside);
        let last = Matrix { values: &last[..(d + 1) * padded(action)], columns: padded(action) };
        let mut seen = vec![0.0; inputs.rows() * history * d];
        debug_assert_eq!(inputs.width(), history * observation);
        apply(of_observation, inputs.values(), &mut seen);
        let bias = &of_latent.values[of_latent.values.len() - d..];
        let mut tokens = Vec::with_capacity(inputs.rows() * count * d);
        for seen in seen.chunks_exact(history * d) {
            let start = tokens.len();
            tokens.extend_from_slice(places.values);
            let row = &mut tokens[start..];
            row[..d].iter_mut().zip(bias).for_each(|(token, value)| *token += value);
            row[d..][..seen.len()].iter_mut().zip(seen).for_each(|(token, value)| *token += value);
        }
        stack.forward(inside, &mut tokens, count);
        let mut decided = vec![0.0; tokens.len() / d * padded(action)];
        apply(last, &tokens, &mut decided);
        let mut chunks = Batch::zeros(inputs.rows(), self.channels());
        for (row, decided) in decided.chunks_exact(count * padded(action)).enumerate() {
            let steps = decided[(1 + history) * padded(action)..].chunks_exact(padded(action));
            for (chunk, step) in chunks.row_mut(row).chunks_exact_mut(action).zip(steps) {
                chunk.iter_mut().zip(step).for_each(|(action, value)| *action = value.clamp(-1.0, 1.0));
            }
        }
        chunks
    }

    /// What it descends: the mean distance of the decided actions from the demonstrated ones, plus `weight` times the divergence of the latent numbers
    /// from standard normal ones (Zhao et al. 2023, algorithm 1), and the gradient by its parameters.
    ///
    /// # Shapes
    /// - inputs: `[n, history · observation]`
    /// - targets: `[n, length · action]`
    /// - noise: `[n, latent]`, standard normal
    /// - output: the loss, and as many numbers as there are parameters
    pub fn descend(&self, place: &Place, inputs: &[f32], targets: &[f32], noise: Vec<f32>, weight: f32) -> (f32, Vec<f32>) {
        let leaves = self.leaves(place);
        let loss = self.loss(place, &leaves, [inputs, targets], noise, weight);
        let gradients = loss.backward();
        (number(loss), leaves.iter().flatten().flat_map(|leaf| gradient(leaf, &gradients)).collect())
    }

    /// The matrices as leaves.
    fn leaves(&self, place: &Place) -> [Vec<Tensor<2>>; 2] {
        let mut rest = &self.parameters[..];
        self.form.matrices().map(|sizes| {
            let leaf = |[rows, columns]: [usize; 2]| {
                let (values, after) = rest.split_at(rows * columns);
                rest = after;
                place.leaf(values.to_vec(), columns)
            };
            sizes.into_iter().map(leaf).collect()
        })
    }

    fn loss(&self, place: &Place, leaves: &[Vec<Tensor<2>>; 2], [inputs, targets]: [&[f32]; 2], noise: Vec<f32>, weight: f32) -> Tensor<1> {
        let Form { observation, history, action, length, latent, stack } = self.form;
        let (n, d) = (inputs.len() / self.inputs(), stack.width);
        let [policy, other] = leaves;
        let seen = place.constant(inputs.to_vec(), observation);
        let done = place.constant(targets.to_vec(), action);
        let tokens = |of: &Tensor<2>, rows: Tensor<2>| applied(of, rows).reshape([n as i32, -1, d as i32]);
        let among = |places: &Tensor<2>, tokens: Tensor<3>| tokens + places.clone().unsqueeze::<3>();

        // The second transformer: one token that asks, the present observation, the demonstrated chunk.
        let now = seen.clone().reshape([n, history, observation]).narrow(1, history - 1, 1).reshape([n, observation]);
        let asks = place.constant(vec![0.0; n * d], d).reshape([n, 1, d]);
        let read = Tensor::cat(vec![asks, tokens(&other[1], now), tokens(&other[2], done.clone())], 1);
        let read = stack.by_tensors(&other[3..other.len() - 1], among(&other[0], read));
        let told = applied(&other[other.len() - 1], read.narrow(1, 0, 1).reshape([n, d]));
        let (mean, log_variance) = (told.clone().narrow(1, 0, latent), told.narrow(1, latent, latent).clamp(-10.0, 10.0));
        let drawn = mean.clone() + log_variance.clone().mul_scalar(0.5).exp() * place.constant(noise, latent);
        // KL(N(μ, σ²) ‖ N(0, 1)) = ½ Σ (μ² + σ² − 1 − ln σ²).
        let divergence =
            (mean.clone() * mean + log_variance.clone().exp() - log_variance).add_scalar(-1.0).sum_dim(1).mean().mul_scalar(0.5);

        let steps = place.constant(vec![0.0; n * length * d], d).reshape([n, length, d]);
        let read = Tensor::cat(vec![tokens(&policy[1], drawn), tokens(&policy[2], seen), steps], 1);
        let read = stack.by_tensors(&policy[3..policy.len() - 1], among(&policy[0], read));
        let decided = applied(&policy[policy.len() - 1], read.narrow(1, 1 + history, length).reshape([n * length, d]));
        let distance = (decided.narrow(1, 0, action) - done).abs().mean();
        distance + divergence.mul_scalar(weight)
    }
}
