//! [`Twin`]: what an action is worth in a situation, told twice, and the lower of both believed.
//!
//! Fujimoto, van Hoof and Meger, "Addressing Function Approximation Error in Actor-Critic Methods", 2018: a maximum over what was learnt with
//! errors is too high, the lower of two critics is not. Targets come from copies that follow slowly (Lillicrap et al., "Continuous Control
//! with Deep Reinforcement Learning", 2016).

use crate::learn::batch::Batch;
use crate::learn::network::activation::Activation;
use crate::learn::network::adam::{Adam, clip_norm};
use crate::learn::network::kernel::vectorised;
use crate::learn::network::mlp::{Mlp, Tape};
use crate::stream::Stream;
use serde::{Deserialize, Serialize};

/// Two networks that read an observation and an action, side by side, and give one number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Twin {
    /// What learns.
    pub online: [Mlp; 2],
    /// What follows it slowly, and says what comes behind a row.
    pub target: [Mlp; 2],
    adam: Adam,
}

/// Memory that is used again; nothing depends on what it holds.
#[derive(Default)]
pub struct Workspace {
    tapes: [Tape; 2],
    gradients: [Vec<f32>; 2],
}

impl Twin {
    /// Two with weights of their own.
    ///
    /// # Shapes
    /// - sizes: inputs, that is the observation's and the action's numbers; hidden layers; 1
    pub fn new(sizes: &[usize], activation: Activation, stream: &mut Stream) -> Self {
        let online = [(); 2].map(|()| Mlp::new(sizes, activation, 1.0, stream));
        let adam = Adam::new(&online.each_ref().map(|network| network.parameters().len()));
        Self { target: online.clone(), online, adam }
    }

    /// What does not change while it learns, to be compared.
    pub fn shape(&self) -> Vec<(Vec<usize>, Activation, usize)> {
        let all = self.online.iter().chain(&self.target);
        all.map(|network| (network.sizes().to_vec(), network.activation(), network.parameters().len())).collect()
    }

    /// The lower of what both targets say of every row.
    ///
    /// # Shapes
    /// - inputs: `[N, O + A]`
    /// - output: `[N]`
    pub fn believed(&self, inputs: &Batch) -> Vec<f32> {
        let [first, second] = self.target.each_ref().map(|network| network.forward(inputs));
        first.values().iter().zip(second.values()).map(|(first, second)| first.min(*second)).collect()
    }

    /// The lower of what both say of every row, and its slope by the row's action, of `channels` numbers.
    ///
    /// # Shapes
    /// - inputs: `[N, O + A]`
    /// - output: `[N]` and `[N, A]`
    pub fn slopes(&self, inputs: &[f32], channels: usize, workspace: &mut Workspace) -> (Vec<f32>, Vec<f32>) {
        let [first, second] = &mut workspace.tapes;
        let said = [self.online[0].forward_kept(inputs, first), self.online[1].forward_kept(inputs, second)];
        let lower = |row: usize| usize::from(said[1][row] < said[0][row]);
        let width = self.online[0].inputs();
        let mut by_actions = vec![0.0; said[0].len() * channels];
        for (index, (network, tape)) in self.online.iter().zip([first, second]).enumerate() {
            let believed: Vec<f32> = (0..said[0].len()).map(|row| f32::from(lower(row) == index)).collect();
            let by_inputs = network.input_slopes(tape, &believed);
            for (sum, slopes) in by_actions.chunks_exact_mut(channels).zip(by_inputs.chunks_exact(width)) {
                sum.iter_mut().zip(&slopes[width - channels..]).for_each(|(sum, slope)| *sum += slope);
            }
        }
        ((0..said[0].len()).map(|row| said[lower(row)][row]).collect(), by_actions)
    }

    /// One step of the optimiser towards `wanted`, each for itself. Gives the mean squared distance, over both; no step is taken where the
    /// gradient is no number.
    ///
    /// # Shapes
    /// - inputs: `[N, O + A]`
    /// - wanted: `[N]`
    pub fn step(&mut self, inputs: &[f32], wanted: &[f32], rate: f32, workspace: &mut Workspace) -> f32 {
        let Workspace { tapes, gradients } = workspace;
        let share = 1.0 / wanted.len() as f32;
        let mut loss = 0.0;
        for ((network, tape), gradient) in self.online.iter().zip(tapes).zip(&mut *gradients) {
            let mut slopes = network.forward_kept(inputs, tape);
            for (value, wanted) in slopes.iter_mut().zip(wanted) {
                let distance = *value - wanted;
                loss += 0.5 * share * distance * distance;
                *value = share * 2.0 * distance;
            }
            gradient.resize(network.parameters().len(), 0.0);
            network.backward(inputs, tape, &slopes, gradient);
        }
        let [first, second] = gradients;
        if clip_norm([first, second], f32::MAX).is_finite() {
            let [one, other] = &mut self.online;
            self.adam.step([one.parameters_mut(), other.parameters_mut()], [first, second], rate);
        }
        loss
    }

    /// The targets go a `share` of the way to what learns.
    pub fn follow(&mut self, share: f32) {
        for (target, online) in self.target.iter_mut().zip(&self.online) {
            vectorised(
                #[inline(always)]
                || {
                    let pairs = target.parameters_mut().iter_mut().zip(online.parameters());
                    pairs.for_each(|(target, online)| *target += share * (online - *target));
                },
            );
        }
    }
}
