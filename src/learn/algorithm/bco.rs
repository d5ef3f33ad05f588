//! Behavioural cloning from observation: practice teaches what lies between two observations, and with that others are cloned who were
//! only watched.
//!
//! Torabi, Warnell and Stone, "Behavioral Cloning from Observation", 2018, algorithm 1. The first rollouts are of random actions; from
//! them [`InverseModel`] learns, says what was done in the demonstrations, and a clone learns it: BCO(0), where the budget ends with the
//! last of these rollouts. Each update after that is a round of BCO(α): the clone practises, the model learns anew from all that was
//! practised so far, and the clone goes on with what it says now. α, the practice of a round as a share of that before the first, is
//! 1 / `random`.
//!
//! Recorded actions are never looked at, also where there are some: all demonstrations are watched.

use crate::learn::algorithm::cloning::{Cloning, CloningLearner};
use crate::learn::algorithm::range;
use crate::learn::backend::Place;
use crate::learn::batch::Batch;
use crate::learn::experience::demonstrations::{Demonstrations, Episodes, Watched};
use crate::learn::experience::rollout::Rollout;
use crate::learn::inverse::{Inverse, InverseModel, unfit_for_watching};
use crate::learn::metrics::Metrics;
use crate::learn::policy::{CheckpointError, Contract, Policy};
use crate::learn::{Decision, Experience, Learner, LearnerState, Needs, Rows};
use crate::signal::Channels;
use crate::stream::{Purpose, Stream};
use serde::{Deserialize, Serialize};

/// Settings of cloning from observation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bco {
    /// The model that says what was done.
    pub inverse: Inverse,
    /// The policy that learns it.
    pub clone: Cloning,
    /// Steps of every arena between two updates.
    pub horizon: usize,
    /// So many rollouts are of random actions, before anything is learnt from them.
    pub random: usize,
    /// Updates of the clone in a round, each of its `steps`. Its rate goes through its schedule once in every round.
    pub updates: usize,
    /// Standard deviation of what is added to the clone's actions while it practises, in half ranges of an action.
    pub noise: f32,
    /// Rows of practice that the model learns from, the newest.
    pub kept: usize,
}

impl Default for Bco {
    fn default() -> Self {
        Self { inverse: Inverse::default(), clone: Cloning::default(), horizon: 128, random: 1, updates: 20, noise: 0.2, kept: 100_000 }
    }
}

impl Bco {
    /// Everything wrong with the settings, a sentence each, which begins with the field's name in backticks.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = [range::within("inverse", self.inverse.problems()), range::within("clone", self.clone.problems())].concat();
        let counts = [("horizon", self.horizon, 1 << 20), ("random", self.random, 1 << 20), ("updates", self.updates, 1 << 20)];
        problems.extend(
            counts.into_iter().chain([("kept", self.kept, 1 << 24)]).filter_map(|(name, value, most)| range::whole(name, value, most)),
        );
        if !(0.0..=2.0).contains(&self.noise) {
            problems.push(format!("`noise` is {} and must lie in [0, 2]", self.noise));
        }
        problems
    }

    /// What in them does not go with a scene's channels.
    pub fn unfit(&self, observation: &Channels) -> Vec<String> {
        let clone = range::within("clone", unfit_for_watching(&self.clone, observation));
        [range::within("inverse", self.inverse.unfit(observation)), clone].concat()
    }
}

/// The learner. See the module's documentation.
pub struct BcoLearner {
    settings: Bco,
    contract: Contract,
    seed: u64,
    clone: CloningLearner,
    state: State,
}

/// All that the future depends on, beside the clone and the demonstrations.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct State {
    /// Rollouts that were practised.
    rollouts: usize,
    /// `[rows, ..]`: what the model sees of them, see [`Inverse::windows`].
    windows: Batch,
    /// `[rows, A]`: what was done.
    actions: Batch,
    /// `[N, M]`: what the clone remembers of the running episodes.
    memory: Batch,
    exploration: Stream,
}

impl BcoLearner {
    /// A learner at its beginning.
    pub fn new(settings: Bco, contract: Contract, seed: u64, place: Place) -> Self {
        let clone = CloningLearner::new(settings.clone.clone(), contract.clone(), seed, place);
        let state = State {
            rollouts: 0,
            windows: Batch::zeros(0, settings.inverse.width(contract.observation.width())),
            actions: Batch::zeros(0, contract.action.width()),
            memory: Batch::default(),
            exploration: Stream::new(seed, Purpose::Exploration, 0, 0),
        };
        Self { settings, contract, seed, clone, state }
    }

    fn is_random(&self) -> bool {
        self.state.rollouts < self.settings.random
    }

    /// Adds what a rollout tells, and forgets the oldest.
    fn absorb(&mut self, rollout: &Rollout) {
        let State { windows, actions, .. } = &mut self.state;
        for (rows, seen) in rollout.stretches() {
            let seen = self.settings.inverse.windows(&seen, 0..seen.rows());
            // (As many windows as rows, but for the last before one that diverged.)
            for (index, row) in rows.into_iter().enumerate().take(seen.rows()) {
                windows.push(seen.row(index));
                actions.push(rollout.action(row));
            }
        }
        let old = actions.rows().saturating_sub(self.settings.kept);
        for kept in [windows, actions] {
            *kept = Batch::new(kept.width(), kept.values()[old * kept.width()..].to_vec());
        }
    }

    /// A round: a model of all practice, and a clone of what it says.
    fn learn(&mut self, demonstrations: &Demonstrations) -> Metrics {
        let mut practice = Episodes::new(self.state.windows.width(), self.state.actions.width());
        practice.push(&self.state.windows, &self.state.actions);
        // Another one for each round: what it puts on one scale is what was practised.
        let mut model = InverseModel::new(self.settings.inverse.clone(), &self.contract, self.seed ^ (self.state.rollouts as u64) << 49);
        let said = model.learn(practice, self.settings.inverse.lessons(&demonstrations.validation));

        let mut training = Episodes::new(self.contract.observation.width(), self.contract.action.width());
        model.label(&demonstrations.all_watched(), &mut training);
        let lessons = Demonstrations { training, validation: demonstrations.validation.clone(), watched: Watched::default() };
        let mut metrics = Metrics::default();
        for update in 0..self.settings.updates {
            let progress = update as f32 / self.settings.updates as f32;
            metrics = self.clone.update(Experience { rollout: None, demonstrations: Some(&lessons), progress });
        }
        said.iter().for_each(|(name, value)| metrics.set(name, value));
        metrics
    }
}

impl Learner for BcoLearner {
    fn needs(&self) -> Needs {
        Needs::Rows(self.settings.horizon)
    }

    fn act(&mut self, rows: Rows<'_>) -> Decision {
        let count = rows.begins.len();
        if self.is_random() {
            let exploration = &mut self.state.exploration;
            let actions = (0..count * self.contract.action.width()).map(|_| exploration.between(-1.0, 1.0)).collect();
            return Decision { actions: Batch::new(self.contract.action.width(), actions), ..Decision::default() };
        }
        let policy = self.clone.policy();
        let State { memory, exploration, .. } = &mut self.state;
        if memory.values().len() != count * policy.memory() {
            *memory = Batch::zeros(count, policy.memory());
        }
        let mut actions = policy.act(Rows { memory, ..rows });
        actions
            .values_mut()
            .iter_mut()
            .for_each(|action| *action = (*action + self.settings.noise * exploration.normal()).clamp(-1.0, 1.0));
        Decision { actions, ..Decision::default() }
    }

    fn update(&mut self, experience: Experience<'_>) -> Metrics {
        let (Some(rollout), Some(demonstrations)) = (experience.rollout, experience.demonstrations) else { return Metrics::default() };
        self.absorb(rollout);
        self.state.rollouts += 1;
        let mut metrics = if self.is_random() || self.state.actions.rows() == 0 { Metrics::default() } else { self.learn(demonstrations) };
        metrics.set("practised", self.state.actions.rows() as f64);
        metrics
    }

    fn policy(&self) -> Policy {
        self.clone.policy()
    }

    fn state(&self) -> LearnerState {
        LearnerState::of("Bco", &(&self.state, self.clone.state()))
    }

    fn restore(&mut self, state: LearnerState) -> Result<(), CheckpointError> {
        let (state, clone): (State, LearnerState) = state.read("Bco")?;
        let widths = |state: &State| (state.windows.width(), state.actions.width());
        if widths(&state) != widths(&self.state) {
            let problem = format!("its model sees {} numbers, the recipe's {}", state.windows.width(), self.state.windows.width());
            return Err(CheckpointError::Learner(problem));
        }
        self.clone.restore(clone)?;
        self.state = state;
        Ok(())
    }
}
