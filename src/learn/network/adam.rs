//! Adam over plain parameters, so that its moments are saved and restored beside them without detours.
//!
//! Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1.

use super::kernel::{sum_of_squares, vectorised};
use serde::{Deserialize, Serialize};

/// The optimiser's memory for a list of parameter vectors, always given in the same order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    first: Vec<Vec<f32>>,
    second: Vec<Vec<f32>>,
    steps: i32,
}

impl Adam {
    const FIRST_DECAY: f32 = 0.9;
    const SECOND_DECAY: f32 = 0.999;
    /// As in the original PPO; a hundred times the paper's (Huang et al. 2022, detail 3).
    const EPSILON: f32 = 1e-5;

    /// No memory yet of parameter vectors as long as these.
    pub fn new(lengths: &[usize]) -> Self {
        let zeros: Vec<_> = lengths.iter().map(|&length| vec![0.0; length]).collect();
        Self { first: zeros.clone(), second: zeros, steps: 0 }
    }

    /// The lengths of the vectors that it remembers.
    pub fn lengths(&self) -> impl Iterator<Item = usize> + '_ {
        self.first.iter().map(Vec::len)
    }

    /// Moves the parameters against their gradients, by about `rate` each.
    pub fn step<const N: usize>(&mut self, parameters: [&mut [f32]; N], gradients: [&[f32]; N], rate: f32) {
        self.steps += 1;
        let first_bias = 1.0 - libm::powf(Self::FIRST_DECAY, self.steps as f32);
        let second_bias = 1.0 - libm::powf(Self::SECOND_DECAY, self.steps as f32);
        for (index, (parameters, gradients)) in parameters.into_iter().zip(gradients).enumerate() {
            let (first, second) = (&mut self.first[index][..], &mut self.second[index][..]);
            assert!(parameters.len() == first.len() && gradients.len() == first.len(), "the optimiser remembers other parameters");
            vectorised(
                #[inline(always)]
                || {
                    for (((parameter, gradient), first), second) in parameters.iter_mut().zip(gradients).zip(first).zip(second) {
                        *first = Self::FIRST_DECAY * *first + (1.0 - Self::FIRST_DECAY) * gradient;
                        *second = Self::SECOND_DECAY * *second + (1.0 - Self::SECOND_DECAY) * gradient * gradient;
                        *parameter -= rate * (*first / first_bias) / ((*second / second_bias).sqrt() + Self::EPSILON);
                    }
                },
            );
        }
    }
}

/// Weight decay apart from the gradient: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2. Before a step.
pub fn decay(parameters: &mut [f32], share: f32) {
    vectorised(
        #[inline(always)]
        || parameters.iter_mut().for_each(|value| *value -= share * *value),
    );
}

/// Scales `gradients` down so that the norm of all of them together is at most `limit`; returns the norm before.
pub fn clip_norm<const N: usize>(gradients: [&mut [f32]; N], limit: f32) -> f32 {
    let norm = gradients.iter().map(|gradient| sum_of_squares(gradient)).sum::<f32>().sqrt();
    if norm > limit {
        let scale = limit / norm;
        for gradient in gradients {
            vectorised(
                #[inline(always)]
                || gradient.iter_mut().for_each(|value| *value *= scale),
            );
        }
    }
    norm
}
