//! Behavioural cloning: do what was demonstrated, as supervised learning.
//!
//! Pomerleau, "ALVINN: An Autonomous Land Vehicle in a Neural Network", 1989; the likelihoods, the mixture and the practice of small things
//! (rates, widths, a history of observations): Mandlekar et al., "What Matters in Learning from Offline Human Demonstrations for Robot
//! Manipulation", 2021. Observations are put on one scale by the demonstrations' own mean and variance, which never change afterwards.
//!
//! An update is a number of steps of the optimiser (AdamW), each on a minibatch. Minibatches go through the rows of all training episodes
//! in random order, once in each epoch. After it, the validation episodes, of which nothing is learnt, tell what the policy makes of
//! others.

pub mod loss;
mod settings;

pub use settings::{Cloning, Schedule};

use self::loss::by_hand;
use crate::learn::actor::{Actor, Family};
use crate::learn::batch::Batch;
use crate::learn::experience::demonstrations::{Demonstrations, Episodes};
use crate::learn::metrics::Metrics;
use crate::learn::network::adam::{Adam, clip_norm, decay};
use crate::learn::network::mlp::{Mlp, Tape};
use crate::learn::normaliser::Normaliser;
use crate::learn::policy::{CheckpointError, Contract, Policy};
use crate::learn::{Decision, Experience, Learner, LearnerState, Needs, Rows};
use crate::stream::{Purpose, Stream};
use serde::{Deserialize, Serialize};

/// Rows that are judged at a time.
const JUDGED: usize = 4096;

/// The learner. See the module's documentation.
pub struct CloningLearner {
    settings: Cloning,
    contract: Contract,
    seed: u64,
    state: State,
    workspace: Workspace,
}

/// All that the future depends on, beside the demonstrations.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct State {
    actor: Actor,
    normaliser: Normaliser,
    adam: Adam,
    /// Times that all rows were gone through.
    epoch: u64,
    /// How many rows of this epoch were.
    done: usize,
}

/// What follows from the state and the demonstrations, and memory that is used again.
#[derive(Default)]
struct Workspace {
    /// The epoch that the order is of.
    epoch: Option<u64>,
    order: Vec<usize>,
    /// `[rows, O]`: observations of the training episodes, and of those for validation, normalised.
    seen: [Batch; 2],
    inputs: Vec<f32>,
    targets: Vec<f32>,
    tape: Tape,
    gradient: Vec<f32>,
}

impl CloningLearner {
    /// A learner at its beginning.
    pub fn new(settings: Cloning, contract: Contract, seed: u64) -> Self {
        let (inputs, channels) = (contract.observation.width(), contract.action.width());
        let (outputs, log_std) = match settings.actor {
            Family::Mixture(components) => (crate::learn::actor::mixture::outputs(components, channels), vec![]),
            Family::Gaussian => (channels, vec![libm::logf(settings.initial_std); channels]),
            Family::Deterministic | Family::Squashed => (channels, vec![]),
        };
        let sizes = [&[inputs * settings.history], &settings.hidden[..], &[outputs]].concat();
        let network = Mlp::new(&sizes, settings.activation, 0.1, &mut Stream::new(seed, Purpose::Weights, 0, 0));
        let adam = Adam::new(&[network.parameters().len(), log_std.len()]);
        let actor = Actor { network, log_std, family: settings.actor };
        let state = State { actor, normaliser: Normaliser::new(inputs), adam, epoch: 0, done: 0 };
        Self { settings, contract, seed, state, workspace: Workspace::default() }
    }

    /// Goes through all rows anew: there are others than before.
    pub(super) fn begin_epoch(&mut self) {
        (self.state.epoch, self.state.done) = (self.state.epoch + 1, 0);
    }

    /// Makes the workspace ready for these demonstrations, the same as ever.
    fn prepare(&mut self, demonstrations: &Demonstrations) {
        let sets = [&demonstrations.training, &demonstrations.validation].map(Episodes::observations);
        if self.state.normaliser.count() == 0.0 {
            self.state.normaliser.absorb((0..sets[0].rows()).map(|row| sets[0].row(row)));
            for (index, channel) in self.contract.observation.0.iter().enumerate() {
                if !self.settings.looks_at(&channel.name) {
                    self.state.normaliser.ignore(index);
                }
            }
        }
        let ready = self.workspace.seen.iter().zip(sets).all(|(seen, set)| seen.rows() == set.rows());
        if !ready {
            self.workspace.seen = sets.map(|set| self.state.normaliser.normalise(set));
        }
    }

    /// Gathers the next minibatch.
    fn gather(&mut self, training: &Episodes) {
        let Self { settings, state, workspace, .. } = self;
        if state.done >= training.rows() {
            (state.epoch, state.done) = (state.epoch + 1, 0);
        }
        if workspace.epoch != Some(state.epoch) {
            workspace.epoch = Some(state.epoch);
            workspace.order = (0..training.rows()).collect();
            Stream::new(self.seed, Purpose::Minibatches, 0, state.epoch).shuffle(&mut workspace.order);
        }
        // What is left over at the end is no minibatch of its own: a few rows would be a noisy step.
        let left = training.rows() - state.done;
        let count = if left < settings.minibatch + settings.minibatch / 2 { left } else { settings.minibatch };
        let rows = &workspace.order[state.done..state.done + count];
        state.done += count;
        fill(training, &workspace.seen[0], rows, settings.history, &mut workspace.inputs, &mut workspace.targets);
    }

    /// One step of the optimiser; gives the loss and the gradient's norm.
    fn step(&mut self, rate: f32) -> [f32; 2] {
        let Self { settings, state: State { actor, adam, .. }, workspace, .. } = self;
        let Workspace { inputs, targets, tape, gradient, .. } = workspace;
        let outputs = actor.network.forward_kept(inputs, tape);
        let mut loss = by_hand(actor, &outputs, targets);
        gradient.resize(actor.network.parameters().len(), 0.0);
        actor.network.backward(inputs, tape, &loss.by_outputs, gradient);
        let norm = clip_norm([gradient, &mut loss.by_log_std], settings.max_gradient_norm);
        // A gradient that is no number would poison every weight for good.
        if norm.is_finite() {
            if settings.weight_decay > 0.0 {
                decay(actor.network.parameters_mut(), rate * settings.weight_decay);
            }
            adam.step([actor.network.parameters_mut(), &mut actor.log_std], [gradient, &loss.by_log_std], rate);
            actor.keep_in_range();
        }
        [loss.value, norm]
    }

    fn learn(&mut self, demonstrations: &Demonstrations, progress: f32) -> Metrics {
        self.prepare(demonstrations);
        let rate = self.settings.rate * self.settings.schedule.share(progress);
        let mut sums = [0.0_f64; 2];
        for _ in 0..self.settings.steps {
            self.gather(&demonstrations.training);
            let step = self.step(rate);
            sums.iter_mut().zip(step).for_each(|(sum, value)| *sum += f64::from(value));
        }
        let mut metrics = Metrics::default();
        metrics.set("loss", sums[0] / self.settings.steps as f64);
        if demonstrations.validation.rows() > 0 {
            let [loss, error] = self.judge(&demonstrations.validation);
            metrics.set("validation.loss", loss);
            metrics.set("validation.error", error);
        }
        metrics.set("gradient_norm", sums[1] / self.settings.steps as f64);
        let log_std = &self.state.actor.log_std;
        if !log_std.is_empty() {
            metrics.set("std", log_std.iter().map(|log_std| f64::from(libm::expf(*log_std))).sum::<f64>() / log_std.len() as f64);
        }
        metrics.set("rate", rate);
        metrics.set("epoch", self.state.epoch as f64 + self.state.done as f64 / demonstrations.training.rows() as f64);
        metrics
    }

    /// The loss on the validation episodes, and the root of the mean squared distance of what the policy would do from what was done.
    fn judge(&self, validation: &Episodes) -> [f64; 2] {
        let actor = &self.state.actor;
        let all: Vec<usize> = (0..validation.rows()).collect();
        let (mut inputs, mut targets, mut sums) = (Vec::new(), Vec::new(), [0.0_f64; 2]);
        for rows in all.chunks(JUDGED) {
            fill(validation, &self.workspace.seen[1], rows, self.settings.history, &mut inputs, &mut targets);
            let batch = Batch::new(actor.network.inputs(), std::mem::take(&mut inputs));
            let outputs = actor.network.forward(&batch);
            sums[0] += f64::from(by_hand(actor, outputs.values(), &targets).value) * rows.len() as f64;
            let decided = actor.decide(&batch);
            let distances = decided.values().iter().zip(&targets).map(|(done, wanted)| f64::from(done - wanted));
            sums[1] += distances.map(|distance| distance * distance).sum::<f64>();
        }
        let rows = all.len() as f64;
        [sums[0] / rows, (sums[1] / (rows * actor.channels() as f64)).sqrt()]
    }
}

/// The inputs `[n, history · O]` and targets `[n, A]` of these rows. `seen` are the episodes' observations, normalised.
fn fill(episodes: &Episodes, seen: &Batch, rows: &[usize], history: usize, inputs: &mut Vec<f32>, targets: &mut Vec<f32>) {
    inputs.clear();
    targets.clear();
    for &row in rows {
        episodes.window(row, history).for_each(|row| inputs.extend_from_slice(seen.row(row)));
        targets.extend_from_slice(episodes.actions().row(row));
    }
}

impl Learner for CloningLearner {
    fn needs(&self) -> Needs {
        Needs::Nothing
    }

    fn act(&mut self, rows: Rows<'_>) -> Decision {
        Decision { actions: self.policy().act(rows, None), ..Decision::default() }
    }

    fn update(&mut self, experience: Experience<'_>) -> Metrics {
        let demonstrations = experience.demonstrations.filter(|demonstrations| demonstrations.training.rows() > 0);
        let Some(demonstrations) = demonstrations else { return Metrics::default() };
        // On one of the pool's own threads: handing work to the pool from outside costs more than a small minibatch.
        rayon::scope(|_| self.learn(demonstrations, experience.progress.clamp(0.0, 1.0)))
    }

    fn policy(&self) -> Policy {
        Policy {
            contract: self.contract.clone(),
            normaliser: Some(self.state.normaliser.clone()),
            history: self.settings.history,
            actor: self.state.actor.clone(),
        }
    }

    fn state(&self) -> LearnerState {
        LearnerState::of("Cloning", &self.state)
    }

    fn restore(&mut self, state: LearnerState) -> Result<(), CheckpointError> {
        let state: State = state.read("Cloning")?;
        let shape = |state: &State| {
            let network = &state.actor.network;
            let sizes = (network.sizes().to_vec(), network.activation(), network.parameters().len());
            let lengths: Vec<usize> = state.adam.lengths().collect();
            (sizes, state.actor.family, state.actor.log_std.len(), lengths, state.normaliser.width())
        };
        if shape(&state) != shape(&self.state) {
            let sizes = [&state, &self.state].map(|state| state.actor.network.sizes());
            let problem = format!("its network is {:?}, the recipe's {:?}, or their parts differ", sizes[0], sizes[1]);
            return Err(CheckpointError::Learner(problem));
        }
        self.state = state;
        self.workspace = Workspace::default();
        Ok(())
    }
}
