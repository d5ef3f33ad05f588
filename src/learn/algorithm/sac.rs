//! Soft actor-critic: learns from everything that was lived through, again and again, and stays as random as it may.
//!
//! Haarnoja et al., "Soft Actor-Critic: Off-Policy Maximum Entropy Deep Reinforcement Learning with a Stochastic Actor", 2018, with the
//! temperature learnt and the lower of two critics believed, as in "Soft Actor-Critic Algorithms and Applications", 2018, algorithm 1. Where
//! there are demonstrations, each minibatch is partly of them (Ball et al., "Efficient Online Reinforcement Learning with Offline Data", 2023).
//! Paid by interventions it is RLIF: see [`Paid::Interventions`].
//!
//! What an ending is worth says [`crate::learn::experience::endings`], and rewards are scaled by (1 - discount): values lie in [0, 1], beside
//! what entropy adds.

pub mod loss;
mod settings;

pub use settings::{Paid, Sac};

use self::loss::{Sample, by_hand};
use crate::learn::actor::direct::{Direct, Family};
use crate::learn::batch::Batch;
use crate::learn::chunk::Chunk;
use crate::learn::critic::twin::{Twin, Workspace as CriticWorkspace};
use crate::learn::experience::demonstrations::{Demonstrations, Episodes};
use crate::learn::experience::endings::Behind;
use crate::learn::experience::replay::{Lived, Replay};
use crate::learn::experience::rollout::Rollout;
use crate::learn::metrics::Metrics;
use crate::learn::network::adam::Adam;
use crate::learn::network::mlp::{Mlp, Tape};
use crate::learn::normaliser::Normaliser;
use crate::learn::policy::{CheckpointError, Contract, Policy};
use crate::learn::{Decision, Experience, Learner, LearnerState, Needs, Rows};
use crate::signal::Outcome;
use crate::stream::{Purpose, Stream};
use serde::{Deserialize, Serialize};

/// The learner. See the module's documentation.
pub struct SacLearner {
    settings: Sac,
    contract: Contract,
    state: State,
    workspace: Workspace,
}

/// All that the future depends on, beside the demonstrations.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct State {
    actor: Direct,
    actor_adam: Adam,
    critic: Twin,
    log_temperature: [f32; 1],
    temperature_adam: Adam,
    normaliser: Option<Normaliser>,
    replay: Replay,
    exploration: Stream,
    minibatches: Stream,
    /// Whether it went to school, where it is to.
    schooled: bool,
    /// Rows for which somebody told what they would have done.
    labelled: u64,
}

/// Memory that is used again; nothing depends on what it holds.
#[derive(Default)]
struct Workspace {
    tape: Tape,
    gradient: Vec<f32>,
    critic: CriticWorkspace,
}

/// Rows that one step of the optimiser learns from, normalised.
struct Minibatch {
    observations: Batch,
    /// `[n, A]`
    actions: Vec<f32>,
    /// `[n]`
    rewards: Vec<f32>,
    /// What follows each row: an observation (else zeros), and what it is worth where it is not looked at.
    next: Batch,
    ends: Vec<Option<f32>>,
}

/// What a step of the optimiser says about itself.
#[derive(Default)]
struct Step {
    critic_loss: f32,
    value: f32,
    entropy: f32,
}

impl SacLearner {
    /// A learner at its beginning.
    pub fn new(settings: Sac, contract: Contract, seed: u64) -> Self {
        let (inputs, channels) = (contract.observation.width(), contract.action.width());
        let sizes = |inputs: usize, outputs: usize| [&[inputs], &settings.hidden[..], &[outputs]].concat();
        let mut weights = Stream::new(seed, Purpose::Weights, 0, 0);
        let mut network = Mlp::new(&sizes(inputs, 2 * channels), settings.activation, 0.01, &mut weights);
        // (A standard deviation of 0.5 at the beginning: a uniform draw has 0.58.)
        network.add_to_biases(channels..2 * channels, libm::logf(0.5));
        let actor = Direct { network, log_std: Vec::new(), family: Family::Squashed };
        let mut normaliser = settings.normalise_observations.then(|| Normaliser::new(inputs));
        if let Some(normaliser) = &mut normaliser {
            let ignored = |index: &usize| !settings.looks_at(&contract.observation.0[*index].name);
            (0..inputs).filter(ignored).for_each(|index| normaliser.ignore(index));
        }
        let state = State {
            actor_adam: Adam::new(&[actor.network.parameters().len()]),
            actor,
            critic: Twin::new(&sizes(inputs + channels, 1), settings.activation, &mut weights),
            log_temperature: [libm::logf(settings.temperature)],
            temperature_adam: Adam::new(&[1]),
            normaliser,
            replay: Replay::new(settings.replay, inputs, channels),
            exploration: Stream::new(seed, Purpose::Exploration, 0, 0),
            minibatches: Stream::new(seed, Purpose::Minibatches, 0, 0),
            schooled: settings.school == 0,
            labelled: 0,
        };
        Self { settings, contract, state, workspace: Workspace::default() }
    }

    fn normalise(&self, observations: &Batch) -> Batch {
        self.state.normaliser.as_ref().map_or_else(|| observations.clone(), |normaliser| normaliser.normalise(observations))
    }

    /// Draws a minibatch: so much of it from the demonstrations as is asked for, the rest from the replay. None where there is nothing.
    fn gather(&mut self, demonstrations: Option<&Episodes>) -> Option<Minibatch> {
        let [seen, done] = self.state.replay.widths();
        let (mut observations, mut next) = (Batch::zeros(0, seen), Batch::zeros(0, seen));
        let (mut actions, mut rewards, mut ends) = (Vec::with_capacity(self.settings.minibatch * done), Vec::new(), Vec::new());
        let prior = demonstrations.map_or(0, |_| (self.settings.prior * self.settings.minibatch as f32).round() as usize);
        let State { replay, minibatches, .. } = &mut self.state;
        for index in 0..self.settings.minibatch {
            let lived = match demonstrations {
                Some(episodes) if index < prior => drawn(episodes, self.settings.paid, minibatches)?,
                _ => replay.draw(minibatches)?,
            };
            observations.push(lived.observation);
            actions.extend_from_slice(lived.action);
            let (reward, behind) = match self.settings.paid {
                Paid::Task => (lived.reward, lived.behind),
                Paid::Interventions if lived.taken_over => (0.0, Behind::Worth(0.0)),
                Paid::Interventions => (1.0, lived.behind),
            };
            rewards.push(reward);
            match behind {
                Behind::Seen(observation) => next.push(observation),
                Behind::Worth(_) => next.push(&vec![0.0; seen]),
            }
            ends.push(match behind {
                Behind::Seen(_) => None,
                Behind::Worth(worth) => Some(worth),
            });
        }
        Some(Minibatch { observations: self.normalise(&observations), actions, rewards, next: self.normalise(&next), ends })
    }

    /// One step of the optimiser for the critics, the actor and the temperature.
    fn step(&mut self, minibatch: &Minibatch) -> Step {
        let Self { settings, state, workspace, .. } = self;
        let State { actor, critic, minibatches, .. } = state;
        let (rows, channels) = (minibatch.rewards.len(), actor.channels());
        let temperature = libm::expf(state.log_temperature[0]);

        // The critics: towards r + γ (min Q'(o', a') − α ln π(a'|o')), with a' drawn from the policy of now.
        let drawn = Sample::draw(actor, actor.network.forward(&minibatch.next).values(), minibatches);
        let behind = critic.believed(&Batch::new(minibatch.next.width() + channels, beside(&minibatch.next, &drawn.actions)));
        let wanted: Vec<f32> = (0..rows)
            .map(|row| {
                let entropy = if settings.soft_values { temperature * drawn.log_probs[row] } else { 0.0 };
                let worth = minibatch.ends[row].unwrap_or(behind[row] - entropy);
                let wanted = (1.0 - settings.discount) * minibatch.rewards[row] + settings.discount * worth;
                if settings.soft_values { wanted } else { wanted.clamp(0.0, 1.0) }
            })
            .collect();
        let inputs = beside(&minibatch.observations, &minibatch.actions);
        let critic_loss = critic.step(&inputs, &wanted, settings.rate, &mut workspace.critic);
        critic.follow(settings.follow);

        // The actor: towards what the critics believe in, and entropy.
        let outputs = actor.network.forward_kept(minibatch.observations.values(), &mut workspace.tape);
        let sample = Sample::draw(actor, &outputs, minibatches);
        let inputs = beside(&minibatch.observations, &sample.actions);
        let (values, by_actions) = critic.slopes(&inputs, channels, &mut workspace.critic);
        let log_prob = sample.log_probs.iter().sum::<f32>() / rows as f32;
        let loss = by_hand(actor, temperature, &outputs, &sample, &by_actions);
        descend(actor, &mut state.actor_adam, workspace, minibatch.observations.values(), &loss.by_outputs, settings.rate);

        // The temperature: d/d ln α of −ln α (ln π + H), H the entropy wanted.
        if settings.temperature_rate > 0.0 && log_prob.is_finite() {
            let slope = -(log_prob + settings.entropy * channels as f32);
            state.temperature_adam.step([&mut state.log_temperature], [&[slope]], settings.temperature_rate);
        }
        Step { critic_loss, value: values.iter().sum::<f32>() / rows as f32, entropy: -log_prob }
    }

    /// Makes the actor likely to do what the demonstrations do.
    fn go_to_school(&mut self, episodes: &Episodes) -> f32 {
        /// An action of exactly -1 or 1 would be the squashed end of no sample.
        const EDGE: f32 = 0.99;
        if let Some(normaliser) = &mut self.state.normaliser {
            normaliser.absorb((0..episodes.rows()).map(|row| episodes.observations().row(row)));
        }
        let seen = self.normalise(episodes.observations());
        let Self { settings, state: State { actor, actor_adam, minibatches, .. }, workspace, .. } = self;
        let mut loss = 0.0;
        for _ in 0..settings.school {
            let rows: Vec<usize> = (0..settings.minibatch).map(|_| minibatches.below(episodes.rows())).collect();
            let inputs: Vec<f32> = rows.iter().flat_map(|row| seen.row(*row)).copied().collect();
            let outputs = actor.network.forward_kept(&inputs, &mut workspace.tape);
            let (channels, share) = (actor.channels(), 1.0 / rows.len() as f32);
            let mut slopes = vec![0.0; outputs.len()];
            loss = 0.0;
            for ((row, outputs), slopes) in rows.iter().zip(outputs.chunks_exact(2 * channels)).zip(slopes.chunks_exact_mut(2 * channels)) {
                let (mean, log_std) = actor.parameters(outputs);
                let drawn: Vec<f32> = episodes.actions().row(*row).iter().map(|action| libm::atanhf(action.clamp(-EDGE, EDGE))).collect();
                loss -= share * actor.log_prob(&drawn, &mean, &log_std);
                for channel in 0..channels {
                    // With z = (u − μ) / σ: d ln π / dμ = z / σ, d ln π / d ln σ = z² − 1.
                    let inverse = libm::expf(-log_std[channel]);
                    let z = (drawn[channel] - mean[channel]) * inverse;
                    slopes[channel] = -share * z * inverse;
                    slopes[channels + channel] = -share * (z * z - 1.0);
                }
            }
            descend(actor, actor_adam, workspace, &inputs, &slopes, settings.rate);
        }
        loss
    }

    fn learn(&mut self, rollout: &Rollout, demonstrations: Option<&Demonstrations>) -> Metrics {
        let mut metrics = Metrics::default();
        let episodes = demonstrations.map(|demonstrations| &demonstrations.training).filter(|episodes| episodes.rows() > 0);
        if !self.state.schooled {
            self.state.schooled = true;
            if let Some(episodes) = episodes {
                metrics.set("school_loss", self.go_to_school(episodes));
            }
            return metrics;
        }
        self.state.replay.take(rollout);
        self.state.labelled += rollout.labels().len() as u64;
        if let Some(normaliser) = &mut self.state.normaliser {
            let good = |row: &usize| rollout.outcomes()[*row] != Outcome::Diverged;
            normaliser.absorb((0..rollout.rows()).filter(good).map(|row| rollout.observation(row)));
        }
        let steps = if self.state.replay.rows() >= self.settings.warmup { self.settings.steps } else { 0 };
        let mut sums = [0.0_f64; 3];
        for _ in 0..steps {
            let Some(minibatch) = self.gather(episodes) else { break };
            let Step { critic_loss, value, entropy } = self.step(&minibatch);
            sums.iter_mut().zip([critic_loss, value, entropy]).for_each(|(sum, value)| *sum += f64::from(value));
        }
        let names = ["critic_loss", "value", "entropy"];
        names.iter().zip(sums).for_each(|(name, sum)| metrics.set(name, sum / steps.max(1) as f64));
        metrics.set("temperature", libm::expf(self.state.log_temperature[0]));
        metrics.set("remembered", self.state.replay.rows() as f64);
        rollout.tell_corrections(self.state.labelled, &mut metrics);
        metrics
    }
}

/// One step of the actor's optimiser, unless the gradient is no number.
fn descend(actor: &mut Direct, adam: &mut Adam, workspace: &mut Workspace, inputs: &[f32], by_outputs: &[f32], rate: f32) {
    let Workspace { tape, gradient, .. } = workspace;
    gradient.resize(actor.network.parameters().len(), 0.0);
    actor.network.backward(inputs, tape, by_outputs, gradient);
    if gradient.iter().all(|slope| slope.is_finite()) {
        adam.step([actor.network.parameters_mut()], [gradient], rate);
    }
}

/// Observations and actions side by side, `[n, O + A]`.
fn beside(observations: &Batch, actions: &[f32]) -> Vec<f32> {
    let channels = actions.len() / observations.rows().max(1);
    let mut inputs = Vec::with_capacity(observations.values().len() + actions.len());
    for (row, action) in actions.chunks_exact(channels).enumerate() {
        inputs.extend_from_slice(observations.row(row));
        inputs.extend_from_slice(action);
    }
    inputs
}

/// A row of the demonstrations, drawn at random: every one alike of which it is known what follows, and what it was paid. None where there is
/// hardly any.
fn drawn<'a>(episodes: &'a Episodes, paid: Paid, stream: &mut Stream) -> Option<Lived<'a>> {
    (0..64).find_map(|_| {
        let row = stream.below(episodes.rows());
        let reward = match paid {
            Paid::Task => *episodes.rewards().get(row)?,
            Paid::Interventions => 1.0,
        };
        // (Nobody wrote down what was seen after the last row: it is learnt from where that does not matter.)
        let behind = match episodes.next(row) {
            Some(next) => Behind::Seen(episodes.observations().row(next)),
            None if episodes.successes().get(row) == Some(&true) => Behind::Worth(1.0),
            None => return None,
        };
        let (observation, action) = (episodes.observations().row(row), episodes.actions().row(row));
        Some(Lived { observation, action, reward, behind, taken_over: false })
    })
}

impl Learner for SacLearner {
    fn needs(&self) -> Needs {
        if self.state.schooled { Needs::Rows(self.settings.horizon) } else { Needs::Nothing }
    }

    fn act(&mut self, rows: Rows<'_>) -> Decision {
        let State { actor, exploration, replay, .. } = &mut self.state;
        if self.settings.school == 0 && replay.rows() < self.settings.warmup {
            let mut actions = Batch::zeros(rows.observations.rows(), actor.channels());
            actions.values_mut().iter_mut().for_each(|channel| *channel = exploration.between(-1.0, 1.0));
            return Decision { actions, ..Decision::default() };
        }
        let inputs = self.normalise(rows.observations);
        let draw = self.state.actor.draw(&inputs, &mut self.state.exploration);
        Decision { actions: draw.actions, ..Decision::default() }
    }

    fn update(&mut self, experience: Experience<'_>) -> Metrics {
        let Some(rollout) = experience.rollout else { return Metrics::default() };
        // On one of the pool's own threads: handing work to the pool from outside costs more than a small minibatch.
        rayon::scope(|_| self.learn(rollout, experience.demonstrations))
    }

    fn policy(&self) -> Policy {
        Policy {
            contract: self.contract.clone(),
            normaliser: self.state.normaliser.clone(),
            history: 1,
            encoder: None,
            chunk: Chunk::default(),
            actor: self.state.actor.clone().into(),
            residuals: Vec::new(),
        }
    }

    fn state(&self) -> LearnerState {
        LearnerState::of("Sac", &self.state)
    }

    fn restore(&mut self, state: LearnerState) -> Result<(), CheckpointError> {
        let state: State = state.read("Sac")?;
        let shape = |state: &State| {
            let network = &state.actor.network;
            let actor = (network.sizes().to_vec(), network.activation(), network.parameters().len(), state.actor.family);
            (actor, state.critic.shape(), state.normaliser.as_ref().map(Normaliser::width), state.replay.widths())
        };
        if shape(&state) != shape(&self.state) {
            let sizes = [&state, &self.state].map(|state| state.actor.network.sizes());
            let problem = format!("its network is {:?}, the recipe's {:?}, or their parts differ", sizes[0], sizes[1]);
            return Err(CheckpointError::Learner(problem));
        }
        self.state = state;
        Ok(())
    }
}
