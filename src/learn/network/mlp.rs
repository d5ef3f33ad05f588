//! The multi-layer perceptron: layers of weighted sums with an [`Activation`] between them.
//!
//! Small networks are what control learns with, and for them the time goes into the bookkeeping around the arithmetic. So this
//! network is one step, forwards and backwards, over plain numbers: forwards and backwards through two of 6-64-64-1 takes 25 µs for 64
//! rows and 400 µs for 1,024, where the same layers as a graph of tensors take 74 and 1,670. A loss may still be written in tensors: it
//! sees the network's outputs as a leaf, and its gradient there comes back through [`Mlp::backward`].
//!
//! A row's outputs do not depend on the other rows, and no result depends on how many threads share the work.

use super::activation::Activation;
use super::kernel::{Left, column_sums, padded, product, transpose, vectorised};
use crate::learn::batch::Batch;
use crate::stream::Stream;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Rows that one thread takes at a time. Part of the results' bits: gradients are summed chunk by chunk.
const CHUNK: usize = 256;

/// From this many rows on, a forward pass alone is worth other threads' time.
const SHARED: usize = 4096;

/// Layers of weighted sums.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mlp {
    sizes: Vec<usize>,
    activation: Activation,
    /// Layer after layer: weights `[inputs, padded(outputs)]`, then biases `[padded(outputs)]`. What pads is zero and stays so.
    parameters: Vec<f32>,
}

/// Where one layer's numbers are.
#[derive(Clone, Copy)]
struct Layer {
    inputs: usize,
    outputs: usize,
    /// Of the weights, inside the parameters.
    start: usize,
}

impl Layer {
    fn width(self) -> usize {
        padded(self.outputs)
    }

    fn weights(self) -> std::ops::Range<usize> {
        self.start..self.start + self.inputs * self.width()
    }

    fn biases(self) -> std::ops::Range<usize> {
        self.weights().end..self.weights().end + self.width()
    }
}

/// What a forward pass leaves for the backward one. Kept by the caller, so that its memory is used again.
#[derive(Default)]
pub struct Tape {
    chunks: Vec<Chunk>,
    transposed: Vec<Vec<f32>>,
}

#[derive(Default)]
struct Chunk {
    /// What each layer gave, `[rows, padded(outputs)]`; for SiLU what it gave before the activation is in `before`.
    outputs: Vec<Vec<f32>>,
    before: Vec<Vec<f32>>,
    /// The loss's gradient by a layer's sums, and by the sums of the layer in front.
    slopes: [Vec<f32>; 2],
    gradient: Vec<f32>,
}

impl Mlp {
    /// Orthogonal weights (Saxe et al. 2014) and zero biases. Hidden layers have gain √2, the last layer `last_gain`.
    ///
    /// # Shapes
    /// - sizes: inputs, hidden layers, outputs
    pub fn new(sizes: &[usize], activation: Activation, last_gain: f32, stream: &mut Stream) -> Self {
        assert!(sizes.len() >= 2, "a network has inputs and outputs");
        let mut network = Self { sizes: sizes.to_vec(), activation, parameters: Vec::new() };
        for (index, pair) in sizes.windows(2).enumerate() {
            let (inputs, outputs) = (pair[0], pair[1]);
            let gain = if index + 2 == sizes.len() { last_gain } else { std::f32::consts::SQRT_2 };
            let width = padded(outputs);
            let weights = orthogonal(inputs, outputs, stream);
            for row in weights.chunks_exact(outputs) {
                network.parameters.extend(row.iter().map(|weight| weight * gain));
                network.parameters.resize(network.parameters.len() + width - outputs, 0.0);
            }
            network.parameters.resize(network.parameters.len() + width, 0.0);
        }
        network
    }

    /// Inputs, hidden layers, outputs.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// What stands between two layers.
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// How many numbers a row of inputs has.
    pub fn inputs(&self) -> usize {
        self.sizes[0]
    }

    /// How many numbers a row of outputs has.
    pub fn outputs(&self) -> usize {
        self.sizes[self.sizes.len() - 1]
    }

    /// Every weight and bias, with what pads them.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// Every weight and bias, to be moved.
    pub fn parameters_mut(&mut self) -> &mut [f32] {
        &mut self.parameters
    }

    /// Weights `[inputs, outputs]` and biases `[outputs]` of every layer, without padding.
    pub fn layers(&self) -> Vec<(Vec<f32>, Vec<f32>)> {
        let plain = |layer: Layer| {
            let weights = self.parameters[layer.weights()].chunks_exact(layer.width()).flat_map(|row| &row[..layer.outputs]).copied();
            (weights.collect(), self.parameters[layer.biases()][..layer.outputs].to_vec())
        };
        self.plan().map(plain).collect()
    }

    /// Puts back what [`Mlp::layers`] gave. False, with nothing changed, where the sizes differ.
    #[must_use]
    pub fn set_layers(&mut self, layers: &[(Vec<f32>, Vec<f32>)]) -> bool {
        let plan: Vec<_> = self.plan().collect();
        let fits = |(layer, (weights, biases)): (&Layer, &(Vec<f32>, Vec<f32>))| {
            weights.len() == layer.inputs * layer.outputs && biases.len() == layer.outputs
        };
        if plan.len() != layers.len() || !plan.iter().zip(layers).all(fits) {
            return false;
        }
        for (layer, (weights, biases)) in plan.iter().zip(layers) {
            let rows = self.parameters[layer.weights()].chunks_exact_mut(layer.width());
            for (to, from) in rows.zip(weights.chunks_exact(layer.outputs)) {
                to[..layer.outputs].copy_from_slice(from);
            }
            self.parameters[layer.biases()][..layer.outputs].copy_from_slice(biases);
        }
        true
    }

    /// Adds to some of the last layer's biases.
    pub fn add_to_biases(&mut self, outputs: std::ops::Range<usize>, value: f32) {
        let start = self.parameters.len() - padded(self.outputs());
        self.parameters[start..][outputs].iter_mut().for_each(|bias| *bias += value);
    }

    fn plan(&self) -> impl DoubleEndedIterator<Item = Layer> + ExactSizeIterator + '_ {
        (0..self.sizes.len() - 1).map(|index| {
            let start = self.sizes[..=index].windows(2).map(|pair| (pair[0] + 1) * padded(pair[1])).sum();
            Layer { inputs: self.sizes[index], outputs: self.sizes[index + 1], start }
        })
    }

    /// The outputs for every row.
    ///
    /// # Shapes
    /// - inputs: `[N, inputs]`
    /// - output: `[N, outputs]`
    pub fn forward(&self, inputs: &Batch) -> Batch {
        assert!(inputs.width() == self.inputs(), "rows of {} for a network that reads {}", inputs.width(), self.inputs());
        let mut outputs = Batch::zeros(inputs.rows(), self.outputs());
        let pass = |inputs: &[f32], outputs: &mut [f32]| {
            let rows = inputs.len() / self.inputs();
            let (mut front, mut back) = (Vec::new(), Vec::new());
            for (index, layer) in self.plan().enumerate() {
                let from = if index == 0 { (inputs, self.inputs()) } else { (&back[..], padded(layer.inputs)) };
                self.layer(layer, rows, from, &mut front);
                std::mem::swap(&mut front, &mut back);
            }
            unpad(&back, outputs, self.outputs());
        };
        let (from, to) = (CHUNK * self.inputs(), CHUNK * self.outputs());
        if inputs.rows() >= SHARED {
            inputs.values().par_chunks(from).zip(outputs.values_mut().par_chunks_mut(to)).for_each(|(from, to)| pass(from, to));
        } else {
            inputs.values().chunks(from).zip(outputs.values_mut().chunks_mut(to)).for_each(|(from, to)| pass(from, to));
        }
        outputs
    }

    /// One layer and its activation, for `rows` rows.
    fn layer(&self, layer: Layer, rows: usize, (from, stride): (&[f32], usize), to: &mut Vec<f32>) {
        self.sums(layer, rows, (from, stride), to);
        if layer.biases().end < self.parameters.len() {
            let activation = self.activation;
            vectorised(
                #[inline(always)]
                || activation.apply(to),
            );
        }
    }

    fn sums(&self, layer: Layer, rows: usize, (from, stride): (&[f32], usize), to: &mut Vec<f32>) {
        to.resize(rows * layer.width(), 0.0);
        let (weights, biases) = (&self.parameters[layer.weights()], &self.parameters[layer.biases()]);
        product(rows, layer.inputs, Left::Rows(from, stride), weights, Some(biases), to);
    }

    /// As [`Mlp::forward`], the same bits, keeping on `tape` what [`Mlp::backward`] needs.
    pub fn forward_kept(&self, inputs: &[f32], tape: &mut Tape) -> Vec<f32> {
        assert!(inputs.len().is_multiple_of(self.inputs()), "{} numbers are no rows of {}", inputs.len(), self.inputs());
        let mut outputs = vec![0.0; inputs.len() / self.inputs() * self.outputs()];
        tape.chunks.resize_with(inputs.len().div_ceil(CHUNK * self.inputs()), Chunk::default);
        let pieces = inputs.chunks(CHUNK * self.inputs()).zip(outputs.chunks_mut(CHUNK * self.outputs())).zip(&mut tape.chunks);
        shared(pieces.collect(), |((inputs, outputs), chunk)| {
            let rows = inputs.len() / self.inputs();
            chunk.outputs.resize_with(self.sizes.len() - 1, Vec::new);
            chunk.before.resize_with(self.sizes.len() - 1, Vec::new);
            for (index, layer) in self.plan().enumerate() {
                let (done, rest) = chunk.outputs.split_at_mut(index);
                let from = done.last().map_or((inputs, self.inputs()), |last| (&last[..], padded(layer.inputs)));
                if self.activation == Activation::Silu && index + 2 < self.sizes.len() {
                    self.sums(layer, rows, from, &mut chunk.before[index]);
                    rest[0].clone_from(&chunk.before[index]);
                    vectorised(
                        #[inline(always)]
                        || Activation::Silu.apply(&mut rest[0]),
                    );
                } else {
                    self.layer(layer, rows, from, &mut rest[0]);
                }
            }
            unpad(&chunk.outputs[self.sizes.len() - 2], outputs, self.outputs());
        });
        outputs
    }

    /// The gradient of a loss by every parameter, given its gradient by the outputs of the last [`Mlp::forward_kept`].
    ///
    /// # Shapes
    /// - inputs: `[N, inputs]`, the same as in the forward pass
    /// - slopes: `[N, outputs]`
    /// - gradient: as [`Mlp::parameters`]; overwritten
    pub fn backward(&self, inputs: &[f32], tape: &mut Tape, slopes: &[f32], gradient: &mut [f32]) {
        let rows = inputs.len() / self.inputs();
        assert!(slopes.len() == rows * self.outputs(), "{} slopes for {rows} rows of {}", slopes.len(), self.outputs());
        assert!(gradient.len() == self.parameters.len(), "the gradient has another length than the parameters");
        let Tape { chunks, transposed } = tape;
        transposed.resize_with(self.sizes.len() - 1, Vec::new);
        for (layer, transposed) in self.plan().zip(&mut *transposed).skip(1) {
            transposed.resize(layer.outputs * padded(layer.inputs), 0.0);
            transpose(&self.parameters[layer.weights()], layer.width(), transposed, padded(layer.inputs));
        }
        let pieces = inputs.chunks(CHUNK * self.inputs()).zip(slopes.chunks(CHUNK * self.outputs())).zip(&mut *chunks);
        shared(pieces.collect(), |((inputs, slopes), chunk)| self.backward_chunk(inputs, slopes, transposed, chunk));
        gradient.copy_from_slice(&chunks[0].gradient);
        for chunk in &chunks[1..] {
            vectorised(
                #[inline(always)]
                || gradient.iter_mut().zip(&chunk.gradient).for_each(|(sum, part)| *sum += part),
            );
        }
    }

    /// The gradient of a loss by every input, given its gradient by the outputs of the last [`Mlp::forward_kept`].
    ///
    /// # Shapes
    /// - slopes: `[N, outputs]`
    /// - output: `[N, inputs]`
    pub fn input_slopes(&self, tape: &mut Tape, slopes: &[f32]) -> Vec<f32> {
        let rows = slopes.len() / self.outputs();
        let Tape { chunks, transposed } = tape;
        assert!(chunks.len() == rows.div_ceil(CHUNK), "the tape is of another number of rows than {rows}");
        transposed.resize_with(self.sizes.len() - 1, Vec::new);
        for (layer, transposed) in self.plan().zip(&mut *transposed) {
            transposed.resize(layer.outputs * padded(layer.inputs), 0.0);
            transpose(&self.parameters[layer.weights()], layer.width(), transposed, padded(layer.inputs));
        }
        let mut by_inputs = vec![0.0; rows * self.inputs()];
        let pieces = by_inputs.chunks_mut(CHUNK * self.inputs()).zip(slopes.chunks(CHUNK * self.outputs())).zip(&mut *chunks);
        shared(pieces.collect(), |((by_inputs, slopes), chunk)| {
            let rows = slopes.len() / self.outputs();
            let Chunk { outputs, before, slopes: [here, front], .. } = chunk;
            pad(slopes, here, self.outputs());
            for (index, layer) in self.plan().enumerate().rev() {
                front.resize(rows * padded(layer.inputs), 0.0);
                product(rows, layer.outputs, Left::Rows(here, layer.width()), &transposed[index], None, front);
                if index > 0 {
                    let seen = if self.activation == Activation::Silu { &before[index - 1] } else { &outputs[index - 1] };
                    vectorised(
                        #[inline(always)]
                        || self.activation.slope(front, seen),
                    );
                }
                std::mem::swap(here, front);
            }
            unpad(here, by_inputs, self.inputs());
        });
        by_inputs
    }

    fn backward_chunk(&self, inputs: &[f32], slopes: &[f32], transposed: &[Vec<f32>], chunk: &mut Chunk) {
        let rows = inputs.len() / self.inputs();
        let Chunk { outputs, before, slopes: [here, front], gradient } = chunk;
        gradient.resize(self.parameters.len(), 0.0);
        pad(slopes, here, self.outputs());
        for (index, layer) in self.plan().enumerate().rev() {
            let (from, stride) = match index {
                0 => (inputs, self.inputs()),
                _ => (&outputs[index - 1][..], padded(layer.inputs)),
            };
            product(layer.inputs, rows, Left::Columns(from, stride), here, None, &mut gradient[layer.weights()]);
            column_sums(here, &mut gradient[layer.biases()]);
            if index > 0 {
                front.resize(rows * padded(layer.inputs), 0.0);
                product(rows, layer.outputs, Left::Rows(here, layer.width()), &transposed[index], None, front);
                let seen = if self.activation == Activation::Silu { &before[index - 1] } else { &outputs[index - 1] };
                vectorised(
                    #[inline(always)]
                    || self.activation.slope(front, seen),
                );
                std::mem::swap(here, front);
            }
        }
    }
}

/// Does `work` on every piece: here where there is one, else on as many threads as are free.
fn shared<T: Send>(mut pieces: Vec<T>, work: impl Fn(T) + Send + Sync) {
    if pieces.len() == 1 {
        pieces.drain(..).for_each(work);
    } else {
        pieces.into_par_iter().for_each(work);
    }
}

/// Rows of whole blocks into rows of `width`.
fn unpad(from: &[f32], to: &mut [f32], width: usize) {
    for (from, to) in from.chunks_exact(padded(width)).zip(to.chunks_exact_mut(width)) {
        to.copy_from_slice(&from[..width]);
    }
}

/// Rows of `width` into rows of whole blocks.
fn pad(from: &[f32], to: &mut Vec<f32>, width: usize) {
    to.clear();
    to.resize(from.len() / width * padded(width), 0.0);
    for (from, to) in from.chunks_exact(width).zip(to.chunks_exact_mut(padded(width))) {
        to[..width].copy_from_slice(from);
    }
}

/// A random matrix `[inputs, outputs]` whose shorter side's vectors are orthogonal and of length 1 (Gram and Schmidt on normal draws).
fn orthogonal(inputs: usize, outputs: usize, stream: &mut Stream) -> Vec<f32> {
    let (vectors, length) = (inputs.min(outputs), inputs.max(outputs));
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(vectors);
    for _ in 0..vectors {
        let mut vector: Vec<f64> = (0..length).map(|_| f64::from(stream.normal())).collect();
        // Twice, for what rounding leaves the first time.
        for _ in 0..2 {
            for other in &basis {
                let along: f64 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
                vector.iter_mut().zip(other).for_each(|(a, b)| *a -= along * b);
            }
        }
        let norm = vector.iter().map(|a| a * a).sum::<f64>().sqrt();
        vector.iter_mut().for_each(|a| *a /= norm);
        basis.push(vector);
    }
    let at = |row: usize, column: usize| if inputs < outputs { basis[row][column] } else { basis[column][row] };
    (0..inputs * outputs).map(|index| at(index / outputs, index % outputs) as f32).collect()
}
