//! What cloning descends: how far the demonstrated actions are from the policy's, or how unlikely they are to it.
//!
//! [`by_tensors`] is the definition, and automatic differentiation finds its slopes. [`by_hand`] gives the same numbers, its slopes derived
//! in the comments; it is what runs.

use crate::learn::actor::direct::{Direct, Family};
use crate::learn::actor::gaussian;
use crate::learn::actor::mixture::{self, Mixture};
use crate::learn::backend::{Place, gradient, number};

/// The loss, and its slopes.
#[derive(Clone, Debug, Default)]
pub struct Loss {
    /// Of a deterministic actor the mean of the squared distances, over rows and channels; else the mean of −ln π(a|o) over rows.
    pub value: f32,
    /// `[n, outputs]`: by the network's outputs.
    pub by_outputs: Vec<f32>,
    /// `[A]`: by the log standard deviations; empty where there are none beside the network.
    pub by_log_std: Vec<f32>,
}

/// The loss by its definition.
///
/// # Shapes
/// - outputs: `[n, outputs]`, what the actor's network gives
/// - targets: `[n, A]`, what was demonstrated
pub fn by_tensors(actor: &Direct, place: &Place, outputs: Vec<f32>, targets: Vec<f32>) -> Loss {
    let outputs = place.leaf(outputs, actor.network.outputs());
    let targets = place.constant(targets, actor.channels());
    let log_std = actor.log_std_leaf(place);
    let loss = match actor.family {
        Family::Deterministic => {
            let distance = outputs.clone() - targets;
            (distance.clone() * distance).mean()
        }
        Family::Mixture(components) => mixture::log_probs(outputs.clone(), targets, components).mean().neg(),
        Family::Gaussian | Family::Squashed => {
            let (mean, log_std) = actor.spread(outputs.clone(), log_std.clone());
            gaussian::log_probs(targets, mean, log_std).mean().neg()
        }
    };
    let gradients = loss.backward();
    let mut by_log_std = gradient(&log_std, &gradients);
    by_log_std.truncate(actor.log_std.len());
    Loss { value: number(loss), by_outputs: gradient(&outputs, &gradients), by_log_std }
}

/// As [`by_tensors`]. A Gaussian's standard deviations are learnt numbers beside the network.
pub fn by_hand(actor: &Direct, outputs: &[f32], targets: &[f32]) -> Loss {
    let (width, channels) = (actor.network.outputs(), actor.channels());
    let rows = outputs.len() / width;
    let share = 1.0 / rows.max(1) as f32;
    let mut loss = Loss { value: 0.0, by_outputs: vec![0.0; outputs.len()], by_log_std: vec![0.0; actor.log_std.len()] };
    let each = loss.by_outputs.chunks_exact_mut(width).zip(outputs.chunks_exact(width)).zip(targets.chunks_exact(channels));
    match actor.family {
        Family::Deterministic => {
            let share = share / channels as f32;
            for ((slopes, outputs), targets) in each {
                for ((slope, output), target) in slopes.iter_mut().zip(outputs).zip(targets) {
                    let distance = output - target;
                    loss.value += share * distance * distance;
                    *slope = share * 2.0 * distance;
                }
            }
        }
        Family::Mixture(components) => {
            for ((slopes, outputs), targets) in each {
                loss.value -= share * Mixture::new(outputs, components).log_prob(targets, -share, slopes);
            }
        }
        Family::Gaussian | Family::Squashed => {
            let inverse_std: Vec<f32> = actor.log_std.iter().map(|log_std| libm::expf(-log_std)).collect();
            // The log-density where the target is the mean.
            let peak = gaussian::log_prob(&actor.log_std, &actor.log_std, &actor.log_std);
            for ((slopes, outputs), targets) in each {
                let mut log_prob = peak;
                for (channel, slope) in slopes.iter_mut().enumerate() {
                    // With z = (a − μ) / σ: d ln π / dμ = z / σ, d ln π / d ln σ = z² − 1.
                    let z = (targets[channel] - outputs[channel]) * inverse_std[channel];
                    log_prob -= 0.5 * z * z;
                    *slope = -share * z * inverse_std[channel];
                    loss.by_log_std[channel] -= share * (z * z - 1.0);
                }
                loss.value -= share * log_prob;
            }
        }
    }
    loss
}
