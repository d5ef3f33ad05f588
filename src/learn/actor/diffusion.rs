//! Diffusion: an action is made out of noise, step by step.
//!
//! Chi et al., "Diffusion Policy: Visuomotor Policy Learning via Action Diffusion", 2023, with a perceptron for the denoising network, as Ren et
//! al., "Diffusion Policy Policy Optimization", 2024, have it for observations of few numbers.
//!
//! - Noise is added in `levels` steps on the cosine schedule (Nichol and Dhariwal, "Improved Denoising Diffusion Probabilistic Models", 2021,
//!   equation 17): at level t an action x is √ᾱₜ x + √(1 − ᾱₜ) ε.
//! - The network foretells v = √ᾱₜ ε − √(1 − ᾱₜ) x (Salimans and Ho, "Progressive Distillation for Fast Sampling of Diffusion Models", 2022,
//!   appendix D), not ε alone (Ho, Jain and Abbeel, "Denoising Diffusion Probabilistic Models", 2020): where nearly all is noise, ε says
//!   nothing about x, and few steps would begin with a guess.
//! - Sampling goes down `steps` of the levels without adding noise (Song, Meng and Ermon, "Denoising Diffusion Implicit Models", 2021,
//!   equation 12 with σ = 0). All that is drawn is the first noise.
//! - With [`Guidance`] the network also learns what is done whatever the goal is, and sampling goes away from that (Ho and Salimans,
//!   "Classifier-Free Diffusion Guidance", 2022, algorithms 1 and 2).

use super::noise::{Scale, TOLD, tell};
use crate::learn::batch::Batch;
use crate::learn::network::mlp::Mlp;
use crate::stream::Stream;
use serde::{Deserialize, Serialize};

/// The actor. Its network reads the observation, (with guidance: whether it is told the goal,) the noisy action and the level of noise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diffusion {
    /// Foretells v.
    pub network: Mlp,
    /// The scale of actions among noise.
    pub scale: Scale,
    /// Levels of noise.
    pub levels: usize,
    /// How many of them are gone down when it decides, 1 to `levels`.
    pub steps: usize,
    /// Whether, and how, it is guided.
    pub guidance: Option<Guidance>,
}

/// Which inputs are the goal, and how much it counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Guidance {
    /// Places of the goal's numbers among the inputs.
    pub goal: Vec<usize>,
    /// 1: as learnt; more: further away from what is done whatever the goal is; 0: as if there were no goal.
    pub weight: f32,
}

impl Diffusion {
    /// How many numbers the network of an actor with so many `inputs` and `channels` reads.
    pub fn reads(inputs: usize, channels: usize, guided: bool) -> usize {
        inputs + usize::from(guided) + channels + TOLD
    }

    /// How many numbers a row of inputs has.
    pub fn inputs(&self) -> usize {
        let beside = Self::reads(0, self.network.outputs(), self.guidance.is_some());
        self.network.inputs().saturating_sub(beside)
    }

    /// √ᾱ and √(1 − ᾱ) of level `t`, 0 (no noise) to `levels` (nothing else).
    pub fn scales(&self, t: usize) -> [f32; 2] {
        // ᾱ(t) = f(t) / f(0), f(t) = cos²((t / T + s) / (1 + s) · π / 2), s = 0.008.
        let wave = |t: f32| libm::cosf((t + 0.008) / 1.008 * std::f32::consts::FRAC_PI_2);
        let signal = (wave(t as f32 / self.levels as f32) / wave(0.0)).clamp(0.0, 1.0);
        [signal, libm::sqrtf(1.0 - signal * signal)]
    }

    /// The level of noise with so many `step`s to go, closer together the less noise there is (quadratically, as in Song, Meng and Ermon's appendix
    /// D.2): that is where it is decided which of several ways is taken. Evenly spaced, three steps end between two ways a quarter of the time.
    fn level(&self, step: usize) -> usize {
        (self.levels * step * step).div_ceil(self.steps * self.steps).max(step)
    }

    /// What the network reads of one row, added to `row`. Without the goal where it is not `told`.
    pub fn read(&self, row: &mut Vec<f32>, inputs: &[f32], told: bool, noisy: &[f32], t: usize) {
        let start = row.len();
        row.extend_from_slice(inputs);
        if let Some(guidance) = &self.guidance {
            if !told {
                guidance.goal.iter().for_each(|place| row[start + place] = 0.0);
            }
            row.push(f32::from(u8::from(told)));
        }
        row.extend_from_slice(noisy);
        row.extend(tell(t as f32 / self.levels as f32));
    }

    /// See [`super::Actor::decide`].
    pub fn decide(&self, inputs: &Batch, streams: &mut [Stream]) -> Batch {
        let channels = self.network.outputs();
        let mut noisy = Batch::new(channels, streams.iter_mut().flat_map(|stream| (0..channels).map(|_| stream.normal())).collect());
        let mut clean = Vec::with_capacity(channels);
        for step in (1..=self.steps).rev() {
            let [now, next] = [step, step - 1].map(|step| self.level(step));
            let ([signal, noise], [next_signal, next_noise]) = (self.scales(now), self.scales(next));
            let foretold = self.foretell(inputs, &noisy, now);
            for row in 0..noisy.rows() {
                // x₀ = √ᾱ xₜ − √(1 − ᾱ) v, an action; ε = √(1 − ᾱ) xₜ + √ᾱ v.
                let (noisy, foretold) = (noisy.row_mut(row), foretold.row(row));
                clean.clear();
                clean.extend(noisy.iter().zip(foretold).map(|(x, v)| signal * x - noise * v));
                self.scale.hold(&mut clean);
                for ((x, v), clean) in noisy.iter_mut().zip(foretold).zip(&clean) {
                    *x = next_signal * clean + next_noise * (noise * *x + signal * v);
                }
            }
        }
        (0..noisy.rows()).for_each(|row| self.scale.to_actions(noisy.row_mut(row)));
        noisy
    }

    /// What the network, guided, foretells for every row.
    fn foretell(&self, inputs: &Batch, noisy: &Batch, t: usize) -> Batch {
        let pass = |told: bool| {
            let mut rows = Vec::with_capacity(inputs.rows() * self.network.inputs());
            (0..inputs.rows()).for_each(|row| self.read(&mut rows, inputs.row(row), told, noisy.row(row), t));
            self.network.forward(&Batch::new(self.network.inputs(), rows))
        };
        match &self.guidance {
            Some(guidance) if guidance.weight != 1.0 => {
                let (mut told, untold) = (pass(true), pass(false));
                for (told, untold) in told.values_mut().iter_mut().zip(untold.values()) {
                    *told = untold + guidance.weight * (*told - untold);
                }
                told
            }
            _ => pass(true),
        }
    }
}
