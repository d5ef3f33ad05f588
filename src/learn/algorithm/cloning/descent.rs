//! One step down: the loss of a minibatch, and its gradient by all that an actor has learnt.
//!
//! - A direct actor: how far the demonstrated actions are from its own, or how unlikely they are to it ([`super::loss`]).
//! - Diffusion: the squared distance of what the network foretells of a noisy action from what is true of it, at a level drawn evenly (Ho, Jain
//!   and Abbeel 2020, algorithm 1, for v in place of ε).
//! - A transformer: [`crate::learn::actor::transformer::Transformer::descend`].
//! - Consistency: how far the network's answers from two neighbouring levels of one noise are apart, by the pseudo-Huber distance
//!   √(|d|² + c²) − c over the levels' distance; the answer from the lower level is held fixed. The levels are drawn by a log-normal law, and
//!   there are the more of them the longer it has learnt (Song and Dhariwal 2023, equations 4, 5, 7 and section 3.5, with at most
//!   [`MOST_LEVELS`] for trainings of thousands of steps, not of hundreds of thousands).

use super::loss::by_hand;
use crate::learn::actor::Actor;
use crate::learn::actor::consistency::{Consistency, SIGMAS, Scales};
use crate::learn::actor::diffusion::Diffusion;
use crate::learn::backend::Place;
use crate::learn::network::gru::{self, Gru};
use crate::learn::network::mlp::{Mlp, Tape};
use crate::stream::Stream;

/// Intervals between levels of noise at the beginning and at the end of learning consistency: doubled as the budget is spent.
pub const MOST_LEVELS: [usize; 2] = [10, 160];

/// Rows to learn from.
#[derive(Default)]
pub struct Minibatch {
    /// `[n, inputs]`
    pub inputs: Vec<f32>,
    /// `[n, channels]`
    pub targets: Vec<f32>,
}

/// What a loss depends on beside the rows.
#[derive(Clone, Copy)]
pub struct How {
    /// How much of the budget is spent, in [0, 1].
    pub progress: f32,
    /// Of guided diffusion: the share of rows that are not told the goal.
    pub drop: f32,
    /// Of a transformer: the weight of its latent numbers' divergence.
    pub kl: f32,
}

/// A gradient, and memory that is used again.
pub struct Descent {
    /// Where tensors are.
    place: Place,
    /// By [`Actor::learnt`], and by what an encoder has learnt.
    pub gradient: [Vec<f32>; 3],
    /// Of an encoder.
    memory: gru::Tape,
    /// Where an encoder is asked for its share: by what the actor's network reads.
    by_inputs: Option<Vec<f32>>,
    tape: Tape,
    reads: Vec<f32>,
}

impl Descent {
    /// None yet.
    pub fn new(place: Place) -> Self {
        let (gradient, memory, tape) = Default::default();
        Self { place, gradient, memory, by_inputs: None, tape, reads: Vec::new() }
    }

    /// The loss; leaves its gradient. An encoder reads the minibatch's inputs, as windows of so many observations, for the actor.
    pub fn descend(
        &mut self,
        encoder: Option<(&Gru, usize)>,
        actor: &Actor,
        minibatch: &mut Minibatch,
        how: How,
        noise: &mut Stream,
    ) -> f32 {
        self.gradient[2].clear();
        let Some((gru, length)) = encoder else { return self.act(actor, minibatch, how, noise) };
        minibatch.inputs = gru.forward(&minibatch.inputs, length, &mut self.memory);
        self.by_inputs = Some(Vec::new());
        let loss = self.act(actor, minibatch, how, noise);
        let by_inputs = self.by_inputs.take().unwrap_or_default();
        // (What an actor is given stands first among what its network reads.)
        let width = by_inputs.len() * gru.width() / minibatch.inputs.len().max(1);
        let slopes: Vec<f32> = by_inputs.chunks_exact(width).flat_map(|row| &row[..gru.width()]).copied().collect();
        gru.backward(&self.memory, &slopes, &mut self.gradient[2]);
        loss
    }

    fn act(&mut self, actor: &Actor, minibatch: &Minibatch, how: How, stream: &mut Stream) -> f32 {
        let How { progress, drop, kl } = how;
        match actor {
            Actor::Direct(actor) => {
                let outputs = actor.network.forward_kept(&minibatch.inputs, &mut self.tape);
                let loss = by_hand(actor, &outputs, &minibatch.targets);
                self.backward(&actor.network, &minibatch.inputs, &loss.by_outputs);
                self.gradient[1] = loss.by_log_std;
                loss.value
            }
            Actor::Diffusion(actor) => self.diffusion(actor, minibatch, drop, stream),
            Actor::Consistency(actor) => self.consistency(actor, minibatch, progress, stream),
            Actor::Transformer(actor) => {
                let rows = minibatch.targets.len() / actor.channels();
                let noise = (0..rows * actor.form.latent).map(|_| stream.normal()).collect();
                let (loss, gradient) = actor.descend(&self.place, &minibatch.inputs, &minibatch.targets, noise, kl);
                self.gradient[0] = gradient;
                loss
            }
        }
    }

    fn backward(&mut self, network: &Mlp, inputs: &[f32], slopes: &[f32]) {
        self.gradient[0].resize(network.parameters().len(), 0.0);
        network.backward(inputs, &mut self.tape, slopes, &mut self.gradient[0]);
        if let Some(by_inputs) = &mut self.by_inputs {
            *by_inputs = network.input_slopes(&mut self.tape, slopes);
        }
    }

    fn diffusion(&mut self, actor: &Diffusion, minibatch: &Minibatch, drop: f32, stream: &mut Stream) -> f32 {
        let (inputs, channels) = (actor.inputs(), actor.network.outputs());
        let mut reads = std::mem::take(&mut self.reads);
        reads.clear();
        let (mut noisy, mut truth) = (vec![0.0; channels], Vec::with_capacity(minibatch.targets.len()));
        for (inputs, clean) in minibatch.inputs.chunks_exact(inputs).zip(minibatch.targets.chunks_exact(channels)) {
            let t = 1 + stream.below(actor.levels);
            let [signal, noise] = actor.scales(t);
            for (noisy, clean) in noisy.iter_mut().zip(actor.scale.from_actions(clean)) {
                let drawn = stream.normal();
                *noisy = signal * clean + noise * drawn;
                truth.push(signal * drawn - noise * clean);
            }
            let told = actor.guidance.is_none() || stream.unit() >= drop;
            actor.read(&mut reads, inputs, told, &noisy, t);
        }
        let mut slopes = actor.network.forward_kept(&reads, &mut self.tape);
        let share = 1.0 / slopes.len() as f32;
        let mut loss = 0.0;
        for (slope, truth) in slopes.iter_mut().zip(&truth) {
            let distance = *slope - truth;
            loss += share * distance * distance;
            *slope = 2.0 * share * distance;
        }
        self.backward(&actor.network, &reads, &slopes);
        self.reads = reads;
        loss
    }

    fn consistency(&mut self, actor: &Consistency, minibatch: &Minibatch, progress: f32, stream: &mut Stream) -> f32 {
        let (inputs, channels) = (actor.inputs(), actor.network.outputs());
        let levels = Levels::new(progress);
        let slack = 0.00054 * libm::sqrtf(channels as f32);
        let (mut reads, mut lower) = (std::mem::take(&mut self.reads), Vec::new());
        reads.clear();
        let (mut at, mut noisy, mut drawn) = (Vec::new(), [Vec::new(), Vec::new()], vec![0.0; channels]);
        for (inputs, clean) in minibatch.inputs.chunks_exact(inputs).zip(minibatch.targets.chunks_exact(channels)) {
            let sigmas = levels.draw(stream);
            drawn.iter_mut().for_each(|noise| *noise = stream.normal());
            for ((noisy, sigma), reads) in noisy.iter_mut().zip(sigmas).zip([&mut lower, &mut reads]) {
                let start = noisy.len();
                noisy.extend(actor.scale.from_actions(clean).zip(&drawn).map(|(clean, noise)| clean + sigma * noise));
                Consistency::read(reads, inputs, &noisy[start..], sigma);
            }
            at.push(sigmas);
        }
        // (The higher level's pass comes last: its tape is gone back through.)
        let fixed = actor.network.forward_kept(&lower, &mut self.tape);
        let mut slopes = actor.network.forward_kept(&reads, &mut self.tape);
        let share = 1.0 / at.len() as f32;
        let mut loss = 0.0;
        for (row, sigmas) in at.iter().enumerate() {
            let span = row * channels..(row + 1) * channels;
            let [below, above] = sigmas.map(Scales::new);
            let (slopes, fixed) = (&mut slopes[span.clone()], &fixed[span.clone()]);
            for ((slope, fixed), (low, high)) in slopes.iter_mut().zip(fixed).zip(noisy[0][span.clone()].iter().zip(&noisy[1][span])) {
                *slope = above.skip * high + above.out * *slope - (below.skip * low + below.out * fixed);
            }
            let length = libm::sqrtf(slopes.iter().map(|d| d * d).sum::<f32>() + slack * slack);
            let weight = share / (sigmas[1] - sigmas[0]);
            loss += weight * (length - slack);
            // d √(|d|² + c²) / dF = d / √(|d|² + c²) · c_out.
            slopes.iter_mut().for_each(|d| *d *= weight * above.out / length);
        }
        self.backward(&actor.network, &reads, &slopes);
        self.reads = reads;
        loss
    }
}

/// Levels of noise, and how likely the interval above each is drawn.
struct Levels {
    sigmas: Vec<f32>,
    /// The sum of the weights up to and with each interval.
    sums: Vec<f32>,
}

impl Levels {
    fn new(progress: f32) -> Self {
        let [first, most] = MOST_LEVELS;
        let doublings = (most / first).ilog2() as f32;
        let intervals = (first << (progress * (doublings + 1.0)) as usize).min(most);
        // Evenly spaced in the seventh root (Karras et al. 2022, equation 5).
        let [low, high] = SIGMAS.map(|sigma| libm::powf(sigma, 1.0 / 7.0));
        let sigma = |index: usize| libm::powf(low + (high - low) * index as f32 / intervals as f32, 7.0);
        let sigmas: Vec<f32> = (0..=intervals).map(sigma).collect();
        // ln σ is normal with mean −1.1 and deviation 2.
        let below = |sigma: f32| libm::erff((libm::logf(sigma) + 1.1) / (2.0 * std::f32::consts::SQRT_2));
        let mut total = 0.0;
        let sums = sigmas.windows(2).map(|pair| {
            total += below(pair[1]) - below(pair[0]);
            total
        });
        Self { sums: sums.collect(), sigmas }
    }

    /// Two neighbours, the lower first.
    fn draw(&self, stream: &mut Stream) -> [f32; 2] {
        let last = self.sums.len() - 1;
        let at = stream.unit() * self.sums[last];
        let interval = self.sums.partition_point(|sum| *sum <= at).min(last);
        [self.sigmas[interval], self.sigmas[interval + 1]]
    }
}
