//! Behavioural cloning: do what was demonstrated, as supervised learning.
//!
//! Pomerleau, "ALVINN: An Autonomous Land Vehicle in a Neural Network", 1989; the likelihoods, the mixture and the practice of small things
//! (rates, widths, a history of observations): Mandlekar et al., "What Matters in Learning from Offline Human Demonstrations for Robot
//! Manipulation", 2021. Observations are put on one scale by the demonstrations' own mean and variance, which never change afterwards.
//!
//! An update is a number of steps of the optimiser (AdamW), each on a minibatch. Minibatches go through the rows of all training episodes
//! in random order, once in each epoch. After it, the validation episodes, of which nothing is learnt, tell what the policy makes of
//! others.

pub mod descent;
pub mod loss;
mod settings;

pub use settings::{Act, Cloning, Denoising, FewSteps, Guidance, Kind, Schedule};

use self::descent::{Descent, How, Minibatch};
use crate::learn::actor::Actor;
use crate::learn::actor::consistency::Consistency;
use crate::learn::actor::diffusion::{self, Diffusion};
use crate::learn::actor::direct::{Direct, Family};
use crate::learn::actor::mixture;
use crate::learn::actor::noise::Scale;
use crate::learn::actor::transformer::{Form, Transformer};
use crate::learn::backend::Place;
use crate::learn::batch::Batch;
use crate::learn::experience::demonstrations::{Demonstrations, Episodes};
use crate::learn::metrics::Metrics;
use crate::learn::network::adam::{Adam, clip_norm, decay};
use crate::learn::network::gru::Gru;
use crate::learn::network::mlp::Mlp;
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
    place: Place,
    state: State,
    workspace: Workspace,
}

/// All that the future depends on, beside the demonstrations.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct State {
    actor: Actor,
    /// Reads the history, where something does.
    encoder: Option<Gru>,
    normaliser: Normaliser,
    adam: Adam,
    /// Times that all rows were gone through.
    epoch: u64,
    /// How many rows of this epoch were.
    done: usize,
}

/// What follows from the state and the demonstrations, and memory that is used again.
struct Workspace {
    /// The epoch that the order is of.
    epoch: Option<u64>,
    order: Vec<usize>,
    /// `[rows, O]`: observations of the training episodes, and of those for validation, normalised.
    seen: [Batch; 2],
    minibatch: Minibatch,
    descent: Descent,
}

impl Workspace {
    fn new(place: Place) -> Self {
        let (seen, minibatch) = (Default::default(), Minibatch::default());
        Self { epoch: None, order: Vec::new(), seen, minibatch, descent: Descent::new(place) }
    }
}

impl CloningLearner {
    /// A learner at its beginning.
    pub fn new(settings: Cloning, contract: Contract, seed: u64, place: Place) -> Self {
        let mut weights = Stream::new(seed, Purpose::Weights, 0, 0);
        let encoder = settings.recurrent.map(|width| Gru::new(contract.observation.width(), width, &mut weights));
        let actor = actor(&settings, &contract, &mut weights);
        let [network, rest] = actor.learnt();
        let adam = Adam::new(&[network.len(), rest.len(), encoder.as_ref().map_or(0, |gru| gru.parameters().len())]);
        let normaliser = Normaliser::new(contract.observation.width());
        let state = State { actor, encoder, normaliser, adam, epoch: 0, done: 0 };
        Self { settings, contract, seed, state, workspace: Workspace::new(place.clone()), place }
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
            if let Some(scale) = self.state.actor.scale_mut() {
                let actions = demonstrations.training.actions();
                *scale = Scale::of((0..actions.rows()).map(|row| actions.row(row)));
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
        fill(training, &workspace.seen[0], rows, settings, &mut workspace.minibatch);
    }

    /// One step of the optimiser; gives the loss and the gradient's norm.
    fn step(&mut self, rate: f32, progress: f32) -> [f32; 2] {
        let Self { settings, state: State { actor, encoder, adam, epoch, done, .. }, workspace, .. } = self;
        let Workspace { minibatch, descent, .. } = workspace;
        let drop = settings.guidance().map_or(0.0, |guidance| guidance.drop);
        let how = How { progress, drop, kl: settings.kl() };
        let mut noise = Stream::new(self.seed, Purpose::Denoising, *epoch, *done as u64);
        let reading = encoder.as_ref().map(|gru| (gru, settings.history));
        let loss = descent.descend(reading, actor, minibatch, how, &mut noise);
        let [by_network, by_rest, by_encoder] = &mut descent.gradient;
        let norm = clip_norm([by_network, by_rest, by_encoder], settings.max_gradient_norm);
        // A gradient that is no number would poison every weight for good.
        if norm.is_finite() {
            let [network, rest] = actor.learnt_mut();
            let memory = encoder.as_mut().map_or(&mut [][..], Gru::parameters_mut);
            if settings.weight_decay > 0.0 {
                decay(network, rate * settings.weight_decay);
                decay(memory, rate * settings.weight_decay);
            }
            adam.step([network, rest, memory], [by_network, by_rest, by_encoder], rate);
            if let Actor::Direct(actor) = actor {
                actor.keep_in_range();
            }
        }
        [loss, norm]
    }

    fn learn(&mut self, demonstrations: &Demonstrations, progress: f32) -> Metrics {
        self.prepare(demonstrations);
        let rate = self.settings.rate * self.settings.schedule.share(progress);
        let mut sums = [0.0_f64; 2];
        for _ in 0..self.settings.steps {
            self.gather(&demonstrations.training);
            let step = self.step(rate, progress);
            sums.iter_mut().zip(step).for_each(|(sum, value)| *sum += f64::from(value));
        }
        let mut metrics = Metrics::default();
        metrics.set("loss", sums[0] / self.settings.steps as f64);
        if demonstrations.validation.rows() > 0 {
            let [loss, error] = self.judge(&demonstrations.validation, progress);
            metrics.set("validation.loss", loss);
            metrics.set("validation.error", error);
        }
        metrics.set("gradient_norm", sums[1] / self.settings.steps as f64);
        let [_, log_std] = self.state.actor.learnt();
        if !log_std.is_empty() {
            metrics.set("std", log_std.iter().map(|log_std| f64::from(libm::expf(*log_std))).sum::<f64>() / log_std.len() as f64);
        }
        metrics.set("rate", rate);
        metrics.set("epoch", self.state.epoch as f64 + self.state.done as f64 / demonstrations.training.rows() as f64);
        metrics
    }

    /// The loss on the validation episodes, and the root of the mean squared distance of what the policy would do from what was done. The noise
    /// is the same every time.
    fn judge(&self, validation: &Episodes, progress: f32) -> [f64; 2] {
        let actor = &self.state.actor;
        let all: Vec<usize> = (0..validation.rows()).collect();
        let (mut minibatch, mut descent, mut sums) = (Minibatch::default(), Descent::new(self.place.clone()), [0.0_f64; 2]);
        let how = How { progress, drop: 0.0, kl: self.settings.kl() };
        for rows in all.chunks(JUDGED) {
            fill(validation, &self.workspace.seen[1], rows, &self.settings, &mut minibatch);
            let mut noise = Stream::new(self.seed, Purpose::Denoising, u64::MAX, rows[0] as u64);
            let reading = self.state.encoder.as_ref().map(|gru| (gru, self.settings.history));
            sums[0] += f64::from(descent.descend(reading, actor, &mut minibatch, how, &mut noise)) * rows.len() as f64;
            let mut streams: Vec<_> = rows.iter().map(|row| Stream::new(self.seed, Purpose::Decision, *row as u64, 0)).collect();
            let decided = actor.decide(&Batch::new(actor.inputs(), std::mem::take(&mut minibatch.inputs)), &mut streams);
            let distances = decided.values().iter().zip(&minibatch.targets).map(|(done, wanted)| f64::from(done - wanted));
            sums[1] += distances.map(|distance| distance * distance).sum::<f64>();
        }
        let rows = all.len() as f64;
        [sums[0] / rows, (sums[1] / (rows * actor.channels() as f64)).sqrt()]
    }
}

/// An actor that has learnt nothing.
fn actor(settings: &Cloning, contract: &Contract, weights: &mut Stream) -> Actor {
    let observation = &contract.observation;
    let inputs = settings.recurrent.unwrap_or(observation.width() * settings.history);
    let channels = contract.action.width() * settings.chunk.length;
    let scale = Scale::new(contract.action.width());
    let mut network = |inputs: usize, outputs: usize, last_gain: f32| {
        Mlp::new(&[&[inputs], &settings.hidden[..], &[outputs]].concat(), settings.activation, last_gain, weights)
    };
    let mut direct = |outputs, log_std, family| Direct { network: network(inputs, outputs, 0.1), log_std, family }.into();
    match &settings.actor {
        Kind::Deterministic => direct(channels, vec![], Family::Deterministic),
        Kind::Gaussian => direct(channels, vec![libm::logf(settings.initial_std); channels], Family::Gaussian),
        Kind::Mixture(components) => direct(mixture::outputs(*components, channels), vec![], Family::Mixture(*components)),
        Kind::Diffusion(Denoising { levels, steps, guidance }) => {
            let reads = Diffusion::reads(inputs, channels, guidance.is_some());
            let guidance = guidance.as_ref().map(|guidance| {
                let is_goal = |name: &str| guidance.goal.iter().any(|goal| settings::stands_for(goal, name));
                let goal = (0..inputs).filter(|place| is_goal(&observation.0[place % observation.width()].name));
                diffusion::Guidance { goal: goal.collect(), weight: guidance.weight }
            });
            Actor::Diffusion(Diffusion { network: network(reads, channels, 1.0), scale, levels: *levels, steps: *steps, guidance })
        }
        Kind::Consistency(FewSteps { steps }) => {
            let network = network(Consistency::reads(inputs, channels), channels, 1.0);
            Actor::Consistency(Consistency { network, scale, steps: *steps })
        }
        Kind::Transformer(Act { latent, stack, .. }) => {
            let (observation, action) = (observation.width(), contract.action.width());
            let form =
                Form { observation, history: settings.history, action, length: settings.chunk.length, latent: *latent, stack: *stack };
            Actor::Transformer(Transformer::new(form, weights))
        }
    }
}

/// The inputs `[n, history · O]` and targets `[n, length · A]` of these rows. `seen` are the episodes' observations, normalised.
fn fill(episodes: &Episodes, seen: &Batch, rows: &[usize], settings: &Cloning, minibatch: &mut Minibatch) {
    let Minibatch { inputs, targets } = minibatch;
    inputs.clear();
    targets.clear();
    for &row in rows {
        episodes.window(row, settings.history).for_each(|row| inputs.extend_from_slice(seen.row(row)));
        episodes.chunk(row, settings.chunk.length).for_each(|row| targets.extend_from_slice(episodes.actions().row(row)));
    }
}

impl Learner for CloningLearner {
    fn needs(&self) -> Needs {
        Needs::Nothing
    }

    fn act(&mut self, rows: Rows<'_>) -> Decision {
        Decision { actions: self.policy().act(rows), ..Decision::default() }
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
            encoder: self.state.encoder.clone(),
            chunk: self.settings.chunk,
            actor: self.state.actor.clone(),
            residuals: Vec::new(),
        }
    }

    fn state(&self) -> LearnerState {
        LearnerState::of("Cloning", &self.state)
    }

    fn restore(&mut self, state: LearnerState) -> Result<(), CheckpointError> {
        let state: State = state.read("Cloning")?;
        let shape = |state: &State| {
            let lengths: Vec<usize> = state.adam.lengths().collect();
            let reads = state.encoder.as_ref().map(|gru| (gru.inputs(), gru.width()));
            (state.actor.shape(), reads, state.actor.learnt().map(<[f32]>::len), lengths, state.normaliser.width())
        };
        if shape(&state) != shape(&self.state) {
            let shapes = [&state, &self.state].map(|state| state.actor.shape());
            let problem = format!("its actor is {:?}, the recipe's {:?}, or their parts differ", shapes[0], shapes[1]);
            return Err(CheckpointError::Learner(problem));
        }
        self.state = state;
        self.workspace = Workspace::new(self.place.clone());
        Ok(())
    }
}
