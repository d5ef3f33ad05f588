//! What the actor of soft actor-critic descends: Haarnoja et al. 2018, equation 7, over samples that move with the actor (equation 6).
//!
//! [`by_tensors`] is the definition, and automatic differentiation finds its slopes. [`by_hand`] gives the same numbers, its slopes derived
//! in the comments; it is what runs.

use crate::learn::actor::direct::Direct;
use crate::learn::actor::{gaussian, squashed};
use crate::learn::backend::{Place, gradient, number};
use crate::stream::Stream;

/// What an actor that squashes drew for some rows, from its network's outputs.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// `[n, A]`: in standard deviations from the mean.
    pub noise: Vec<f32>,
    /// `[n, A]`, each in [-1, 1].
    pub actions: Vec<f32>,
    /// `[n]`: the log-density of each action.
    pub log_probs: Vec<f32>,
}

impl Sample {
    /// Draws an action for every row.
    ///
    /// # Shapes
    /// - outputs: `[n, 2 A]`, what the actor's network gives
    pub fn draw(actor: &Direct, outputs: &[f32], stream: &mut Stream) -> Self {
        let rows = outputs.len() / actor.network.outputs();
        Self::of(actor, outputs, (0..rows * actor.channels()).map(|_| stream.normal()).collect())
    }

    /// What becomes of this `noise`.
    pub fn of(actor: &Direct, outputs: &[f32], noise: Vec<f32>) -> Self {
        let channels = actor.channels();
        let mut sample = Self { noise, ..Self::default() };
        for (outputs, noise) in outputs.chunks_exact(actor.network.outputs()).zip(sample.noise.chunks_exact(channels)) {
            let (mean, log_std) = actor.parameters(outputs);
            let drawn: Vec<f32> = (0..channels).map(|channel| mean[channel] + libm::expf(log_std[channel]) * noise[channel]).collect();
            sample.log_probs.push(actor.log_prob(&drawn, &mean, &log_std));
            sample.actions.extend(drawn.into_iter().map(squashed::squash));
        }
        sample
    }
}

/// The loss, and its slopes.
#[derive(Clone, Debug, Default)]
pub struct Loss {
    /// The mean of α ln π(a|o) − Q(o, a), with Q as if it were straight: the sum of `by_actions` times the action.
    pub value: f32,
    /// `[n, 2 A]`: by the network's outputs.
    pub by_outputs: Vec<f32>,
}

/// The loss by its definition.
///
/// # Shapes
/// - outputs: `[n, 2 A]`, what the actor's network gives
/// - noise, by_actions: `[n, A]`: what was drawn, and the slopes of what the action is worth
pub fn by_tensors(actor: &Direct, place: &Place, temperature: f32, outputs: Vec<f32>, noise: Vec<f32>, by_actions: Vec<f32>) -> Loss {
    let channels = actor.channels();
    let leaf = place.leaf(outputs, actor.network.outputs());
    let (mean, log_std) = actor.spread(leaf.clone(), actor.log_std_leaf(place));
    let drawn = mean.clone() + log_std.clone().exp() * place.constant(noise, channels);
    let log_probs = gaussian::log_probs(drawn.clone(), mean, log_std) - squashed::log_slopes(drawn.clone());
    let worth = (place.constant(by_actions, channels) * drawn.tanh()).sum_dim(1);
    let loss = (log_probs.mul_scalar(temperature) - worth).mean();
    let gradients = loss.backward();
    Loss { value: number(loss), by_outputs: gradient(&leaf, &gradients) }
}

/// As [`by_tensors`].
pub fn by_hand(actor: &Direct, temperature: f32, outputs: &[f32], sample: &Sample, by_actions: &[f32]) -> Loss {
    let (channels, width) = (actor.channels(), actor.network.outputs());
    let share = 1.0 / sample.log_probs.len().max(1) as f32;
    let mut loss = Loss { value: 0.0, by_outputs: vec![0.0; outputs.len()] };
    for (row, slopes) in loss.by_outputs.chunks_exact_mut(width).enumerate() {
        loss.value += share * temperature * sample.log_probs[row];
        let (by_mean, by_log_std) = slopes.split_at_mut(channels);
        for channel in 0..channels {
            let at = row * channels + channel;
            let (action, slope) = (sample.actions[at], by_actions[at]);
            loss.value -= share * slope * action;
            // With u = μ + σ ε and a = tanh u: ln π = −½ ε² − ln σ − ln(1 − a²) + .., so that d ln π / du = 2 a, and da / du = 1 − a².
            let by_drawn = share * (temperature * 2.0 * action - slope * (1.0 - action * action));
            by_mean[channel] = by_drawn;
            // du / d ln σ = σ ε, and d ln π / d ln σ = −1 beside it; beyond the range in which ln σ is held, nothing moves.
            let log_std = outputs[row * width + channels + channel];
            if Direct::LOG_STD.contains(&log_std) {
                by_log_std[channel] = by_drawn * libm::expf(log_std) * sample.noise[at] - share * temperature;
            }
        }
    }
    loss
}
