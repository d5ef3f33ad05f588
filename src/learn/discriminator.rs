//! [`Discriminator`]: tells a demonstrator's rows from a learner's.
//!
//! Ho and Ermon, "Generative Adversarial Imitation Learning", 2016. It is held in bounds twice over, since one that is never wrong pays
//! every row the same and teaches nothing. Its logit cannot leave ± `bound`: where the network gives z, the logit is bound · tanh(z /
//! bound). And a penalty on its slope (Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, equation 3) keeps it from rising
//! steeply between what the two do: at points drawn between a demonstrator's row and a learner's, the norm of the slope by the input is to
//! be 1.
//!
//! That slope is part of the loss, so it is written out in tensors and differentiated once more. Between layers stand ReLUs, whose own
//! slope is 0 or 1 and constant almost everywhere: with the masks m_k of the layers, ∇z = W_1 m_1 W_2 m_2 .. w, and only the weights in it
//! have slopes.

use super::backend::{Place, Tensor, gradient, number, numbers};
use super::batch::Batch;
use super::network::activation::Activation;
use super::network::adam::Adam;
use super::network::mlp::Mlp;
use super::normaliser::Normaliser;
use crate::stream::Stream;
use serde::{Deserialize, Serialize};

/// A network that gives one number, high for what a demonstrator does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Discriminator {
    /// `[N, inputs]` to `[N, 1]`, with ReLUs.
    pub network: Mlp,
    /// Puts what it sees on one scale; it stands still once it has seen anything.
    pub normaliser: Normaliser,
    adam: Adam,
    /// No logit lies further than this from 0.
    bound: f32,
}

/// What a step of the optimiser learns from, `n` rows of normalised inputs each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Minibatch {
    /// `[n, inputs]`: of a demonstrator.
    pub demonstrated: Vec<f32>,
    /// `[n, inputs]`: of a learner.
    pub practised: Vec<f32>,
    /// `[n, inputs]`: points between them, where the slope is penalised.
    pub between: Vec<f32>,
}

/// The loss, and its slopes.
#[derive(Clone, Debug)]
pub struct Loss {
    /// Cross entropy, in nats, and the weighted penalty.
    pub value: f32,
    /// The mean logit of what was demonstrated, and of what was practised.
    pub logits: [f32; 2],
    /// The mean norm of the slope at the points between; 0 where it is not penalised.
    pub slope: f32,
    /// By weights and biases of every layer, as [`Mlp::layers`].
    pub by_layers: Vec<(Vec<f32>, Vec<f32>)>,
}

impl Discriminator {
    /// One at its beginning.
    pub fn new(inputs: usize, hidden: &[usize], bound: f32, weights: &mut Stream) -> Self {
        let network = Mlp::new(&[&[inputs], hidden, &[1]].concat(), Activation::Relu, 1.0, weights);
        let adam = Adam::new(&[network.parameters().len()]);
        Self { network, normaliser: Normaliser::new(inputs), adam, bound }
    }

    /// How sure it is that rows are a demonstrator's: the logit as a share of its bound, from 0 (surely a learner's) to 1.
    ///
    /// # Shapes
    /// - inputs: `[N, inputs]`, raw
    pub fn trust(&self, inputs: &Batch) -> Vec<f32> {
        let outputs = self.network.forward(&self.normaliser.normalise(inputs));
        outputs.values().iter().map(|z| 0.5 + 0.5 * libm::tanhf(z / self.bound)).collect()
    }

    /// One step of the optimiser.
    pub fn step(&mut self, place: &Place, minibatch: &Minibatch, penalty: f32, rate: f32) -> Loss {
        let loss = loss(&self.network, self.bound, penalty, place, minibatch);
        // (The slopes as the network keeps its parameters, with what pads them.)
        let mut slopes = self.network.clone();
        let fits = slopes.set_layers(&loss.by_layers);
        if fits && slopes.parameters().iter().all(|slope| slope.is_finite()) {
            self.adam.step([self.network.parameters_mut()], [slopes.parameters()], rate);
        }
        loss
    }

    /// What must agree for one to go on from another's state.
    pub fn shape(&self) -> (Vec<usize>, usize, Vec<usize>, usize) {
        let lengths = self.adam.lengths().collect();
        (self.network.sizes().to_vec(), self.network.parameters().len(), lengths, self.normaliser.width())
    }
}

/// Cross entropy between the two, and `penalty` times the mean of (‖∇D‖ − 1)² at the points between them.
pub fn loss(network: &Mlp, bound: f32, penalty: f32, place: &Place, minibatch: &Minibatch) -> Loss {
    let layers = leaves(network, place);
    let logits = |rows: &[f32]| Pass::new(&layers, place.constant(rows.to_vec(), network.inputs())).logit(bound);
    let (demonstrated, practised) = (logits(&minibatch.demonstrated), logits(&minibatch.practised));
    // −ln σ(x) = ln(1 + e^−x), with x held in bounds.
    let surprise = |logit: Tensor<2>| logit.exp().add_scalar(1.0).log().mean();
    let mut total = surprise(demonstrated.clone().neg()) + surprise(practised.clone());
    let mut slope = 0.0;
    if penalty > 0.0 {
        let pass = Pass::new(&layers, place.constant(minibatch.between.clone(), network.inputs()));
        let slopes = pass.slopes(&layers, bound);
        // (A little more than 0: a root has no slope there.)
        let norms = (slopes.clone() * slopes).sum_dim(1).add_scalar(1e-8).sqrt();
        slope = number(norms.clone().mean());
        let off = norms.sub_scalar(1.0);
        total = total + (off.clone() * off).mean().mul_scalar(penalty);
    }
    let gradients = total.backward();
    let by_layers = layers.iter().map(|(weights, biases)| (gradient(weights, &gradients), gradient(biases, &gradients))).collect();
    Loss { value: number(total), logits: [demonstrated, practised].map(|logit| number(logit.mean())), slope, by_layers }
}

/// The slopes of the logit by the inputs of every row, as the penalty reads them.
///
/// # Shapes
/// - inputs: `[N, inputs]`, normalised
/// - output: `[N, inputs]`
pub fn slopes(network: &Mlp, bound: f32, place: &Place, inputs: &[f32]) -> Vec<f32> {
    let layers = leaves(network, place);
    numbers(Pass::new(&layers, place.constant(inputs.to_vec(), network.inputs())).slopes(&layers, bound))
}

/// Weights `[inputs, outputs]` and biases `[1, outputs]` of every layer.
fn leaves(network: &Mlp, place: &Place) -> Vec<(Tensor<2>, Tensor<2>)> {
    let layers = network.layers().into_iter().zip(&network.sizes()[1..]);
    layers.map(|((weights, biases), outputs)| (place.leaf(weights, *outputs), place.leaf(biases, *outputs))).collect()
}

/// A pass through the network.
struct Pass {
    /// `[N, 1]`: what it gives.
    output: Tensor<2>,
    /// `[N, width]` of every hidden layer: 1 where its ReLU lets through, else 0.
    masks: Vec<Tensor<2>>,
}

impl Pass {
    fn new(layers: &[(Tensor<2>, Tensor<2>)], inputs: Tensor<2>) -> Self {
        let (mut output, mut masks) = (inputs, Vec::new());
        for (index, (weights, biases)) in layers.iter().enumerate() {
            output = output.matmul(weights.clone()) + biases.clone();
            if index + 1 < layers.len() {
                let passed = output.clamp_min(0.0);
                let mask = passed.clone().sign().detach();
                output = passed;
                masks.push(mask);
            }
        }
        Self { output, masks }
    }

    fn logit(self, bound: f32) -> Tensor<2> {
        self.output.div_scalar(bound).tanh().mul_scalar(bound)
    }

    /// d bound · tanh(z / bound) / dx = (1 − tanh²(z / bound)) ∇z.
    fn slopes(self, layers: &[(Tensor<2>, Tensor<2>)], bound: f32) -> Tensor<2> {
        let tanh = self.output.div_scalar(bound).tanh();
        let mut slopes = (tanh.clone() * tanh).neg().add_scalar(1.0);
        for (index, (weights, _)) in layers.iter().enumerate().rev() {
            slopes = slopes.matmul(weights.clone().transpose());
            if index > 0 {
                slopes = slopes * self.masks[index - 1].clone();
            }
        }
        slopes
    }
}
