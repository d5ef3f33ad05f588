//! Proximal policy optimisation.
//!
//! Schulman et al., "Proximal Policy Optimization Algorithms", 2017, with the details of Huang et al., "The 37 Implementation Details
//! of Proximal Policy Optimization", 2022: clipped policy and value losses, generalised advantages over final observations, advantages
//! normalised per minibatch, orthogonal first weights, Adam with ε = 1e-5, and the norm of the whole gradient clipped. Actor and critic
//! have networks of their own.
//!
//! It may build upon a policy that was learnt before, such as a clone: go on from it, refine it by a residual, or be held near it (`before`).

mod before;
pub mod loss;
mod settings;

pub use settings::{Anchor, Before, Ppo, Schedule};

use self::before::{Beginning, Sight};
use self::loss::{Loss, Minibatch, Weights, loss};
use crate::learn::actor::direct::{Direct, Draw, Family, Kept};
use crate::learn::actor::gaussian;
use crate::learn::backend::Place;
use crate::learn::batch::Batch;
use crate::learn::critic::value::Value;
use crate::learn::experience::endings::{Advantages, advantages};
use crate::learn::experience::rollout::Rollout;
use crate::learn::metrics::Metrics;
use crate::learn::network::adam::{Adam, clip_norm};
use crate::learn::network::mlp::{Mlp, Tape};
use crate::learn::normaliser::Normaliser;
use crate::learn::policy::{CheckpointError, Contract, Policy};
use crate::learn::residual;
use crate::learn::{Decision, Experience, Learner, LearnerState, Needs, Rows, SettingsError};
use crate::stream::{Purpose, Stream};
use serde::{Deserialize, Serialize};

/// The learner. See the module's documentation.
pub struct PpoLearner {
    settings: Ppo,
    contract: Contract,
    place: Place,
    /// The policy that was learnt before, where every decision asks it.
    before: Option<Policy>,
    /// The logarithms of its standard deviations, where the policy is held to it.
    anchor_log_std: Vec<f32>,
    state: State,
    workspace: Workspace,
}

/// All that the future depends on.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct State {
    actor: Direct,
    critic: Value,
    /// What the critic sees through.
    normaliser: Option<Normaliser>,
    /// What the actor sees.
    sight: Sight,
    adam: Adam,
    rate: f32,
    /// Updates done.
    updates: u64,
    exploration: Stream,
    minibatches: Stream,
}

/// Memory that is used again by every minibatch; nothing depends on what it holds.
#[derive(Default)]
struct Workspace {
    actor_tape: Tape,
    critic_tape: Tape,
    actor_gradient: Vec<f32>,
    critic_gradient: Vec<f32>,
}

impl PpoLearner {
    /// A learner at its beginning.
    ///
    /// # Errors
    /// Where the settings cannot build upon the policy that was learnt `before`, or there is none and they have to.
    pub fn new(settings: Ppo, contract: Contract, seed: u64, place: Place, before: Option<&Policy>) -> Result<Self, SettingsError> {
        let inputs = contract.observation.width();
        let mut weights = Stream::new(seed, Purpose::Weights, 0, 0);
        let Beginning { actor, sight, before, anchor_log_std } = before::begin(&settings, &contract, before, &mut weights)?;
        let sizes = [&[inputs], &settings.hidden[..], &[1]].concat();
        let critic = Value { network: Mlp::new(&sizes, settings.activation, 1.0, &mut weights) };
        let state = State {
            normaliser: settings.normalise_observations.then(|| Normaliser::new(inputs)),
            sight,
            updates: 0,
            adam: Adam::new(&[actor.network.parameters().len(), actor.log_std.len(), critic.network.parameters().len()]),
            rate: settings.rate,
            exploration: Stream::new(seed, Purpose::Exploration, 0, 0),
            minibatches: Stream::new(seed, Purpose::Minibatches, 0, 0),
            actor,
            critic,
        };
        Ok(Self { settings, contract, place, before, anchor_log_std, state, workspace: Workspace::default() })
    }

    fn normalise(&self, observations: &Batch) -> Batch {
        self.state.normaliser.as_ref().map_or_else(|| observations.clone(), |normaliser| normaliser.normalise(observations))
    }

    /// What the actor sees of `observations`, of which the critic sees `watched`; `told` is what the policy learnt before decided on them.
    fn sight(&self, observations: &Batch, watched: &Batch, told: Option<&Batch>) -> Batch {
        match (&self.state.sight, told) {
            (Sight::Shared, _) => watched.clone(),
            (Sight::Own(normaliser), _) => {
                normaliser.as_ref().map_or_else(|| observations.clone(), |normaliser| normaliser.normalise(observations))
            }
            (Sight::Beside, told) => {
                let seen = residual::beside(observations, told.unwrap_or(&Batch::default()));
                before::widened(self.state.normaliser.as_ref(), self.contract.action.width())
                    .map_or_else(|| seen.clone(), |normaliser| normaliser.normalise(&seen))
            }
        }
    }

    /// What was kept of a rollout's row: of the draw, and what the policy learnt before decided (nothing where it is not asked).
    fn kept<'a>(&self, rollout: &'a Rollout, row: usize) -> (Kept<'a>, &'a [f32]) {
        let (drawn, told) = rollout.kept(row).split_at(1 + 3 * self.contract.action.width());
        (Kept::new(drawn), told)
    }

    /// Advantages of a rollout's rows under the critic that decided them.
    fn advantages(&self, rollout: &Rollout) -> Advantages {
        let worth = |observations: &Batch| self.state.critic.values(&self.normalise(observations));
        let finals: Vec<f32> = rollout.finals().iter().flat_map(|(_, observation)| observation).copied().collect();
        let finals = worth(&Batch::new(self.contract.observation.width(), finals));
        let fresh = worth(rollout.fresh());
        advantages(rollout, rollout.values(), &finals, &fresh, self.settings.discount, self.settings.lambda)
    }

    fn gather(&self, rollout: &Rollout, inputs: &Batch, watched: &Batch, estimates: &Advantages, rows: &[usize]) -> Minibatch {
        let mut minibatch = Minibatch { anchor_log_std: self.anchor_log_std.clone(), ..Minibatch::default() };
        for &row in rows {
            let (kept, told) = self.kept(rollout, row);
            minibatch.inputs.extend_from_slice(inputs.row(row));
            if self.state.sight != Sight::Shared {
                minibatch.watched.extend_from_slice(watched.row(row));
            }
            if self.settings.anchor.is_some() {
                minibatch.anchors.extend_from_slice(told);
            }
            minibatch.samples.extend_from_slice(kept.sample);
            if self.needs_noise() {
                let scores = kept.sample.iter().zip(kept.mean).zip(kept.log_std);
                minibatch.noise.extend(scores.map(|((sample, mean), log_std)| (sample - mean) * libm::expf(-log_std)));
            }
            minibatch.log_probs.push(kept.log_prob + self.state.actor.correction(kept.sample));
            minibatch.advantages.push(estimates.advantages[row]);
            minibatch.returns.push(estimates.returns[row]);
            minibatch.values.push(rollout.values()[row]);
        }
        normalise(&mut minibatch.advantages);
        minibatch
    }

    fn needs_noise(&self) -> bool {
        self.state.actor.family == Family::Squashed
    }

    /// One step of the optimiser; `None`, and no step, where the policy has gone further than `stop_kl`.
    fn step(&mut self, minibatch: &Minibatch, rollout: &Rollout, rows: &[usize], weights: Weights) -> Option<Step> {
        let Self { settings, contract, place, state, workspace, .. } = self;
        let State { actor, critic, .. } = state;
        let Workspace { actor_tape, critic_tape, actor_gradient, critic_gradient } = workspace;
        let outputs = actor.network.forward_kept(&minibatch.inputs, actor_tape);
        let watched = if minibatch.watched.is_empty() { &minibatch.inputs } else { &minibatch.watched };
        let values = critic.network.forward_kept(watched, critic_tape);
        if let Schedule::AdaptiveKl(target) = settings.schedule {
            state.rate = adapted(state.rate, divergence(actor, &outputs, rollout, rows, contract.action.width()), target);
        }

        let mut loss = loss(settings, weights, actor, place, minibatch, outputs, values);
        let share = |of: &dyn Fn(f32) -> f32| loss.ratios.iter().map(|ratio| of(*ratio)).sum::<f32>() / loss.ratios.len() as f32;
        // Schulman's estimator k3: unbiased and never negative.
        let approximate_kl = share(&|ratio| ratio - 1.0 - libm::logf(ratio));
        let clip_fraction = share(&|ratio| f32::from((ratio - 1.0).abs() > settings.clip));
        if settings.stop_kl.is_some_and(|limit| approximate_kl > limit) {
            return None;
        }

        if state.updates < settings.warm_up {
            loss.by_outputs.fill(0.0);
            loss.by_log_std.fill(0.0);
        }
        actor_gradient.resize(actor.network.parameters().len(), 0.0);
        critic_gradient.resize(critic.network.parameters().len(), 0.0);
        actor.network.backward(&minibatch.inputs, actor_tape, &loss.by_outputs, actor_gradient);
        critic.network.backward(watched, critic_tape, &loss.by_values, critic_gradient);
        let gradient_norm = clip_norm([actor_gradient, &mut loss.by_log_std, critic_gradient], settings.max_gradient_norm);
        // A gradient that is no number would poison every weight for good.
        if gradient_norm.is_finite() {
            let parameters = [actor.network.parameters_mut(), &mut actor.log_std, critic.network.parameters_mut()];
            state.adam.step(parameters, [actor_gradient, &loss.by_log_std, critic_gradient], state.rate);
            actor.keep_in_range();
        }
        let Loss { policy, value, entropy, anchor, .. } = loss;
        Some(Step { policy_loss: policy, value_loss: value, entropy, anchor, approximate_kl, clip_fraction, gradient_norm })
    }

    fn learn(&mut self, rollout: &Rollout, progress: f32) -> Metrics {
        if self.settings.schedule == Schedule::Linear {
            self.state.rate = self.settings.rate * (1.0 - progress);
        }
        let entropy = self.settings.entropy;
        let weights = Weights {
            entropy: entropy + (self.settings.final_entropy.unwrap_or(entropy) - entropy) * progress,
            anchor: self.settings.anchor.map_or(0.0, |anchor| anchor.weight(progress)),
        };

        let observations = rollout.observations();
        let watched = self.normalise(&observations);
        let told = self.before.is_some().then(|| {
            let told = (0..rollout.rows()).flat_map(|row| self.kept(rollout, row).1).copied();
            Batch::new(self.contract.action.width(), told.collect())
        });
        let inputs = self.sight(&observations, &watched, told.as_ref());
        let estimates = self.advantages(rollout);
        let mut rows = estimates.rows.clone();
        let mut steps = Vec::new();
        'epochs: for _ in 0..self.settings.epochs {
            self.state.minibatches.shuffle(&mut rows);
            for rows in pieces(&rows, self.settings.minibatch) {
                let minibatch = self.gather(rollout, &inputs, &watched, &estimates, rows);
                match self.step(&minibatch, rollout, rows, weights) {
                    Some(step) => steps.push(step),
                    None => break 'epochs,
                }
            }
        }
        self.state.updates += 1;
        if let Some(normaliser) = &mut self.state.normaliser {
            normaliser.absorb(estimates.rows.iter().map(|row| rollout.observation(*row)));
        }

        let mean = |of: &dyn Fn(&Step) -> f32| steps.iter().map(|step| f64::from(of(step))).sum::<f64>() / steps.len().max(1) as f64;
        let mut metrics = Metrics::default();
        metrics.set("policy_loss", mean(&|step| step.policy_loss));
        metrics.set("value_loss", mean(&|step| step.value_loss));
        metrics.set("entropy", mean(&|step| step.entropy));
        if self.settings.anchor.is_some() {
            metrics.set("anchor_kl", mean(&|step| step.anchor));
        }
        metrics.set("approximate_kl", mean(&|step| step.approximate_kl));
        metrics.set("clip_fraction", mean(&|step| step.clip_fraction));
        metrics.set("gradient_norm", mean(&|step| step.gradient_norm));
        metrics.set("explained_variance", explained_variance(&estimates, rollout.values()));
        metrics.set("std", mean_std(&estimates, rollout, self.contract.action.width()));
        metrics.set("rate", self.state.rate);
        metrics.set("minibatches", steps.len() as f64);
        metrics
    }
}

impl Learner for PpoLearner {
    fn needs(&self) -> Needs {
        Needs::Rows(self.settings.horizon)
    }

    fn memory(&self) -> usize {
        self.before.as_ref().map_or(0, Policy::memory)
    }

    fn act(&mut self, rows: Rows<'_>) -> Decision {
        let observations = rows.observations;
        let watched = self.normalise(observations);
        let told = self.before.as_ref().map(|policy| before::ask(policy, self.settings.before, rows));
        let inputs = self.sight(observations, &watched, told.as_ref());
        let Draw { mut actions, mut kept } = self.state.actor.draw(&inputs, &mut self.state.exploration);
        if let Some(told) = told {
            kept = residual::beside(&kept, &told);
            if let Before::Residual(scale) = self.settings.before {
                let added = std::mem::replace(&mut actions, told);
                residual::add(&mut actions, &added, scale);
            }
        }
        Decision { actions, values: Some(self.state.critic.values(&watched)), kept }
    }

    fn update(&mut self, experience: Experience<'_>) -> Metrics {
        let Some(rollout) = experience.rollout else { return Metrics::default() };
        // On one of the pool's own threads: handing work to the pool from outside costs more than a small minibatch.
        rayon::scope(|_| self.learn(rollout, experience.progress.clamp(0.0, 1.0)))
    }

    fn policy(&self) -> Policy {
        before::policy(self)
    }

    fn state(&self) -> LearnerState {
        LearnerState::of("Ppo", &self.state)
    }

    fn restore(&mut self, state: LearnerState) -> Result<(), CheckpointError> {
        let state: State = state.read("Ppo")?;
        let shape = |state: &State| {
            let networks = [&state.actor.network, &state.critic.network];
            let sizes = networks.map(|network| (network.sizes().to_vec(), network.activation(), network.parameters().len()));
            (sizes, state.actor.family, state.sight.clone(), state.actor.log_std.len(), state.adam.lengths().collect::<Vec<_>>())
        };
        let normalised = |state: &State| state.normaliser.as_ref().map(Normaliser::width);
        if shape(&state) != shape(&self.state) || normalised(&state) != normalised(&self.state) {
            return Err(CheckpointError::Learner(format!(
                "its networks are {:?} and {:?}, the recipe's {:?} and {:?}, or their parts differ",
                state.actor.network.sizes(),
                state.critic.network.sizes(),
                self.state.actor.network.sizes(),
                self.state.critic.network.sizes()
            )));
        }
        self.state = state;
        Ok(())
    }
}

/// What a step of the optimiser says about itself.
struct Step {
    policy_loss: f32,
    value_loss: f32,
    entropy: f32,
    anchor: f32,
    approximate_kl: f32,
    clip_fraction: f32,
    gradient_norm: f32,
}

/// The mean KL divergence of the policy from the one that decided `rows`.
fn divergence(actor: &Direct, outputs: &[f32], rollout: &Rollout, rows: &[usize], channels: usize) -> f32 {
    let each = rows.iter().zip(outputs.chunks_exact(actor.network.outputs())).map(|(row, outputs)| {
        let (old, (mean, log_std)) = (Kept::new(&rollout.kept(*row)[..1 + 3 * channels]), actor.parameters(outputs));
        gaussian::kl((old.mean, old.log_std), (&mean, &log_std))
    });
    each.sum::<f32>() / rows.len() as f32
}

/// The rate that holds the divergence near its target: see [`Schedule::AdaptiveKl`].
fn adapted(rate: f32, divergence: f32, target: f32) -> f32 {
    if divergence > 2.0 * target {
        (rate / 1.5).max(1e-5)
    } else if divergence > 0.0 && divergence < 0.5 * target {
        (rate * 1.5).min(1e-2)
    } else {
        rate
    }
}

/// `rows` cut into pieces of about `size`, none more than one row longer than another: a few rows left over would be a noisy step.
fn pieces(rows: &[usize], size: usize) -> impl Iterator<Item = &[usize]> {
    let count = ((rows.len() + size / 2) / size).clamp(1, rows.len().max(1));
    (0..count).map(move |piece| &rows[piece * rows.len() / count..(piece + 1) * rows.len() / count]).filter(|rows| !rows.is_empty())
}

/// Mean 0 and standard deviation 1, for all of `values` together.
fn normalise(values: &mut [f32]) {
    let count = values.len() as f32;
    let mean = values.iter().sum::<f32>() / count;
    let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f32>() / count;
    let scale = 1.0 / (variance.sqrt() + 1e-8);
    values.iter_mut().for_each(|value| *value = (*value - mean) * scale);
}

/// How much of the returns' variance the values foretold: 1 all, 0 none.
fn explained_variance(estimates: &Advantages, values: &[f32]) -> f64 {
    let variance = |of: &dyn Fn(usize) -> f32| {
        let count = estimates.rows.len().max(1) as f64;
        let mean = estimates.rows.iter().map(|row| f64::from(of(*row))).sum::<f64>() / count;
        estimates.rows.iter().map(|row| (f64::from(of(*row)) - mean).powi(2)).sum::<f64>() / count
    };
    let total = variance(&|row| estimates.returns[row]);
    if total > 0.0 { 1.0 - variance(&|row| estimates.returns[row] - values[row]) / total } else { 0.0 }
}

/// The mean standard deviation that the rollout's actions were drawn with.
fn mean_std(estimates: &Advantages, rollout: &Rollout, channels: usize) -> f64 {
    let of = |row: &usize| Kept::new(&rollout.kept(*row)[..1 + 3 * channels]).log_std;
    let stds = estimates.rows.iter().flat_map(of).map(|log_std| f64::from(libm::expf(*log_std)));
    let (sum, count) = stds.fold((0.0, 0.0), |(sum, count), std| (sum + std, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}
