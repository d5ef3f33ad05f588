//! Generative adversarial imitation: a policy practises until nobody can tell it from its demonstrators.
//!
//! Ho and Ermon, "Generative Adversarial Imitation Learning", 2016, algorithm 1, with PPO for the policy's step ([`PpoLearner`] as it is:
//! its rollouts are paid otherwise) and the [`Discriminator`] held in bounds. What the world pays is never looked at.
//!
//! - **Reward.** The logit, ln D − ln(1 − D) (Fu, Luo and Levine, "Learning Robust Rewards with Adversarial Inverse Reinforcement
//!   Learning", 2018, section 6), from its bounds ± B brought to [0, 1]: ½ + logit / 2B.
//! - **Endings.** Such a reward is never negative, so going on would always pay more than an end, even one that every demonstrator comes
//!   to. And an end must not be worth what this house's tasks make of it (a success 1, a failure 0): that would tell the learner what
//!   it is to find out. So an episode that ended by itself goes on in thought: its last observation is held for ever, nothing is done
//!   any more, and a flag says so (the absorbing states of Kostrikov et al., "Discriminator-Actor-Critic", 2019, section 4.2, told apart
//!   by where they are). The discriminator learns of these as of other rows, each as often as its discounted stay is long, γ / (1 − γ);
//!   what it pays there for ever is what the end is worth. An episode that a clock cut off is worth what its final observation promises.
//! - **Observations alone.** With `states`, the discriminator sees an observation and its change, not what was done.

mod settings;

pub use settings::Gail;

use crate::learn::algorithm::ppo::PpoLearner;
use crate::learn::backend::Place;
use crate::learn::batch::Batch;
use crate::learn::discriminator::{Discriminator, Minibatch};
use crate::learn::experience::demonstrations::Demonstrations;
use crate::learn::experience::rollout::Rollout;
use crate::learn::metrics::Metrics;
use crate::learn::policy::{CheckpointError, Contract, Policy};
use crate::learn::{Decision, Experience, Learner, LearnerState, Needs, Rows, SettingsError};
use crate::signal::Outcome;
use crate::stream::{Purpose, Stream};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The learner. See the module's documentation.
pub struct GailLearner {
    settings: Gail,
    /// Channels of an observation that the discriminator looks at.
    channels: Vec<usize>,
    place: Place,
    practice: PpoLearner,
    state: State,
    /// The demonstrations as the discriminator sees them, raw: follows from them.
    demonstrated: Option<Sights>,
}

/// All that the future depends on, beside the policy's own learner and the demonstrations.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct State {
    discriminator: Discriminator,
    minibatches: Stream,
}

/// What the discriminator sees of rows.
#[derive(Default)]
struct Sights {
    /// `[rows, inputs]`
    rows: Batch,
    /// Indices into the rows, those of endings as often as they count.
    drawn: Vec<usize>,
}

impl Sights {
    fn push(&mut self, row: &[f32], times: usize) {
        self.drawn.extend(std::iter::repeat_n(self.rows.rows(), times));
        self.rows.push(row);
    }
}

impl GailLearner {
    /// A learner at its beginning.
    pub fn new(settings: Gail, contract: Contract, seed: u64, place: Place, before: Option<&Policy>) -> Result<Self, SettingsError> {
        let channels = settings.looks_at(&contract.observation);
        let rest = if settings.states { channels.len() } else { contract.action.width() };
        let mut weights = Stream::new(seed, Purpose::Weights, 1, 0);
        let discriminator = Discriminator::new(channels.len() + rest + 1, &settings.hidden, settings.bound, &mut weights);
        let state = State { discriminator, minibatches: Stream::new(seed, Purpose::Minibatches, 1, 0) };
        let practice = PpoLearner::new(settings.practice.clone(), contract, seed, place.clone(), before)?;
        Ok(Self { settings, channels, place, practice, state, demonstrated: None })
    }

    /// How often the end of an episode counts among its rows.
    fn stay(&self) -> f32 {
        self.settings.practice.discount / (1.0 - self.settings.practice.discount)
    }

    /// What the discriminator sees of a row: what was observed; what was done, or how what was observed changed; and 0. Of an ending, where
    /// nothing follows: what was observed last, zeros, and 1.
    fn sight(&self, seen: &[f32], followed: Option<(&[f32], &[f32])>) -> Vec<f32> {
        let mut sight: Vec<f32> = self.channels.iter().map(|channel| seen[*channel]).collect();
        match followed {
            Some((_, after)) if self.settings.states => sight.extend(self.channels.iter().map(|channel| after[*channel] - seen[*channel])),
            Some((done, _)) => sight.extend(done),
            None => sight.resize(self.state.discriminator.network.inputs() - 1, 0.0),
        }
        sight.push(f32::from(u8::from(followed.is_none())));
        sight
    }

    fn demonstrated(&self, demonstrations: &Demonstrations) -> Sights {
        let mut sights = Sights { rows: Batch::zeros(0, self.state.discriminator.network.inputs()), ..Sights::default() };
        let stay = self.stay().round().max(1.0) as usize;
        let mut episode = |observations: &Batch, actions: Option<&Batch>, rows: Range<usize>, cut_off: bool| {
            // What followed the last row is not recorded.
            for row in rows.start..rows.end - usize::from(self.settings.states) {
                let (done, after) = (actions.map_or(&[][..], |actions| actions.row(row)), (row + 1).min(rows.end - 1));
                sights.push(&self.sight(observations.row(row), Some((done, observations.row(after)))), 1);
            }
            if !cut_off && !rows.is_empty() {
                sights.push(&self.sight(observations.row(rows.end - 1), None), stay);
            }
        };
        if self.settings.states {
            let watched = demonstrations.all_watched();
            watched.each().for_each(|(rows, cut_off)| episode(watched.observations(), None, rows, cut_off));
        } else {
            let training = &demonstrations.training;
            training.each().for_each(|(rows, cut_off)| episode(training.observations(), Some(training.actions()), rows, cut_off));
        }
        sights
    }

    /// What the discriminator sees of a rollout; and for each sight the row that it is of, and whether it is of its ending.
    fn practised(&self, rollout: &Rollout) -> (Sights, Vec<(usize, bool)>) {
        let mut sights = Sights { rows: Batch::zeros(0, self.state.discriminator.network.inputs()), ..Sights::default() };
        let mut of = Vec::new();
        let stay = self.stay().round().max(1.0) as usize;
        for (rows, seen) in rollout.stretches() {
            // (What follows the last row before one that diverged is that one's observation.)
            for (index, row) in rows.iter().enumerate() {
                sights.push(&self.sight(seen.row(index), Some((rollout.action(*row), seen.row(index + 1)))), 1);
                of.push((*row, false));
            }
            if let Some((index, row)) = rows.iter().enumerate().next_back().filter(|(_, row)| ends_by_itself(rollout.outcomes()[**row])) {
                sights.push(&self.sight(seen.row(index), None), stay);
                of.push((*row, true));
            }
        }
        (sights, of)
    }

    /// The discriminator's steps; gives what they say of themselves.
    fn judge(&mut self, demonstrated: &Sights, practised: &Sights, metrics: &mut Metrics) {
        let State { discriminator, minibatches } = &mut self.state;
        if discriminator.normaliser.count() == 0.0 {
            for sights in [demonstrated, practised] {
                discriminator.normaliser.absorb(sights.drawn.iter().map(|index| sights.rows.row(*index)));
            }
        }
        let sets = [demonstrated, practised].map(|sights| (discriminator.normaliser.normalise(&sights.rows), &sights.drawn));
        let mut sums = [0.0_f64; 4];
        for _ in 0..self.settings.steps {
            let mut minibatch = Minibatch::default();
            for _ in 0..self.settings.minibatch {
                let [one, other] = sets.each_ref().map(|(rows, drawn)| rows.row(drawn[minibatches.below(drawn.len())]));
                let share = minibatches.unit();
                minibatch.demonstrated.extend_from_slice(one);
                minibatch.practised.extend_from_slice(other);
                minibatch.between.extend(one.iter().zip(other).map(|(one, other)| share * one + (1.0 - share) * other));
            }
            let loss = discriminator.step(&self.place, &minibatch, self.settings.gradient_penalty, self.settings.rate);
            let figures = [loss.value, loss.logits[0], loss.logits[1], loss.slope];
            sums.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += f64::from(figure) / self.settings.steps as f64);
        }
        for (name, sum) in ["loss", "demonstrated", "practised", "slope"].into_iter().zip(sums) {
            metrics.set(&format!("discriminator.{name}"), sum);
        }
    }

    /// The rollout as the discriminator pays it.
    fn repaid(&self, rollout: &Rollout, of: &[(usize, bool)], trust: &[f32]) -> Rollout {
        let (mut rewards, mut outcomes) = (vec![0.0; rollout.rows()], rollout.outcomes().to_vec());
        for ((row, ending), trust) in of.iter().zip(trust) {
            // A row's reward counts (1 − γ), what follows it γ: with γ / (1 − γ) of it added to the last row's, an end is worth its own.
            rewards[*row] += if *ending { self.stay() * trust } else { *trust };
            if *ending {
                outcomes[*row] = Outcome::Failed;
            }
        }
        rollout.repaid(rewards, outcomes)
    }
}

/// Whether nothing comes after such a row.
fn ends_by_itself(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Succeeded | Outcome::Failed)
}

impl Learner for GailLearner {
    fn needs(&self) -> Needs {
        self.practice.needs()
    }

    fn act(&mut self, rows: Rows<'_>) -> Decision {
        self.practice.act(rows)
    }

    fn update(&mut self, experience: Experience<'_>) -> Metrics {
        let (Some(rollout), Some(demonstrations)) = (experience.rollout, experience.demonstrations) else { return Metrics::default() };
        let demonstrated = self.demonstrated.take().unwrap_or_else(|| self.demonstrated(demonstrations));
        let (practised, of) = self.practised(rollout);
        let mut said = Metrics::default();
        if !demonstrated.drawn.is_empty() && !practised.drawn.is_empty() {
            self.judge(&demonstrated, &practised, &mut said);
        }
        self.demonstrated = Some(demonstrated);
        let trust = self.state.discriminator.trust(&practised.rows);
        let repaid = self.repaid(rollout, &of, &trust);
        let mut metrics = self.practice.update(Experience { rollout: Some(&repaid), ..experience });
        said.iter().for_each(|(name, value)| metrics.set(name, value));
        let paid: Vec<f64> = of.iter().zip(&trust).filter(|((_, ending), _)| !ending).map(|(_, trust)| f64::from(*trust)).collect();
        metrics.set("paid", paid.iter().sum::<f64>() / paid.len().max(1) as f64);
        metrics
    }

    fn policy(&self) -> Policy {
        self.practice.policy()
    }

    fn state(&self) -> LearnerState {
        LearnerState::of("Gail", &(&self.state, self.practice.state()))
    }

    fn restore(&mut self, state: LearnerState) -> Result<(), CheckpointError> {
        let (state, practice): (State, LearnerState) = state.read("Gail")?;
        if state.discriminator.shape() != self.state.discriminator.shape() {
            let sizes = [&state, &self.state].map(|state| state.discriminator.network.sizes());
            return Err(CheckpointError::Learner(format!("its discriminator is {:?}, the recipe's {:?}", sizes[0], sizes[1])));
        }
        self.practice.restore(practice)?;
        self.state = state;
        Ok(())
    }
}
