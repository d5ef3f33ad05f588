//! Learning from corrections: a clone that drives, and is told what somebody else would have done where it got to.
//!
//! Ross, Gordon and Bagnell, "A Reduction of Imitation Learning and Structured Prediction to No-Regret Online Learning", 2011, algorithm 3.1
//! (DAgger): rows that the oracle labelled are put to those there are, and cloning goes on with all of them. Who drives meanwhile is the
//! recipe's `corrections`: with chance β the oracle, or whoever takes over (HG-DAgger: Kelly et al., "HG-DAgger: Interactive Imitation
//! Learning with Human Experts", 2019, algorithm 1), in which case the rows that they steer are the labelled ones.

use crate::learn::algorithm::cloning::{Cloning, CloningLearner};
use crate::learn::backend::Place;
use crate::learn::batch::Batch;
use crate::learn::experience::demonstrations::{Demonstrations, Episodes};
use crate::learn::experience::rollout::Rollout;
use crate::learn::metrics::Metrics;
use crate::learn::policy::{CheckpointError, Contract, Policy};
use crate::learn::{Decision, Experience, Learner, LearnerState, Needs, Rows};
use crate::signal::{Channels, Outcome};
use serde::{Deserialize, Serialize};

/// Settings of learning from corrections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dagger {
    /// How it clones: its `steps` are those of one update. (With a `history` of 1 and a chunk of 1: a corrected row stands by itself.)
    pub cloning: Cloning,
    /// Steps of every arena between two updates.
    pub horizon: usize,
    /// Updates on the demonstrations alone, before it drives for the first time.
    pub school: usize,
}

impl Default for Dagger {
    fn default() -> Self {
        Self { cloning: Cloning::default(), horizon: 50, school: 0 }
    }
}

impl Dagger {
    /// Everything wrong with the settings, a sentence each, which begins with the field's name in backticks.
    pub fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self.cloning.problems().iter().map(|problem| format!("`cloning`: its {problem}")).collect();
        if self.cloning.history > 1 {
            problems.push(format!("`cloning`: its `history` is {} and must be 1: a corrected row stands by itself", self.cloning.history));
        }
        if self.cloning.chunk.length > 1 {
            problems.push(format!(
                "`cloning`: its `chunk` is {} long and must be 1: a corrected row stands by itself",
                self.cloning.chunk.length
            ));
        }
        if !(1..=100_000).contains(&self.horizon) {
            problems.push(format!("`horizon` is {} and must be 1 to 100000", self.horizon));
        }
        problems
    }

    /// What in them does not go with a scene's channels, as [`Dagger::problems`] says it.
    pub fn unfit(&self, observation: &Channels) -> Vec<String> {
        self.cloning.unfit(observation).iter().map(|problem| format!("`cloning`: its {problem}")).collect()
    }
}

/// The learner. See the module's documentation.
pub struct DaggerLearner {
    settings: Dagger,
    clone: CloningLearner,
    /// The rows that were labelled.
    labelled: Labelled,
    schooled: bool,
    /// The demonstrations and the labelled rows.
    all: Demonstrations,
}

/// Rows, and what was to be done in them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Labelled {
    observations: Batch,
    actions: Batch,
}

/// All that the future depends on, beside the demonstrations.
#[derive(Serialize, Deserialize)]
struct State {
    clone: LearnerState,
    labelled: Labelled,
    schooled: bool,
}

impl DaggerLearner {
    /// A learner at its beginning.
    pub fn new(settings: Dagger, contract: Contract, seed: u64, place: Place) -> Self {
        let labelled =
            Labelled { observations: Batch::zeros(0, contract.observation.width()), actions: Batch::zeros(0, contract.action.width()) };
        let schooled = settings.school == 0;
        let clone = CloningLearner::new(settings.cloning.clone(), contract, seed, place);
        Self { settings, clone, labelled, schooled, all: Demonstrations::default() }
    }

    /// Puts the labelled rows to the demonstrations, as far as they are not there yet.
    fn gather(&mut self, demonstrations: Option<&Demonstrations>) {
        let Labelled { observations, actions } = &self.labelled;
        if self.all == Demonstrations::default() {
            let none = || Episodes::new(observations.width(), actions.width());
            self.all = demonstrations.cloned().unwrap_or_else(|| Demonstrations {
                training: none(),
                validation: none(),
                ..Demonstrations::default()
            });
        }
        let known = demonstrations.map_or(0, |demonstrations| demonstrations.training.rows());
        for row in self.all.training.rows() - known..observations.rows() {
            let one = |batch: &Batch| Batch::new(batch.width(), batch.row(row).to_vec());
            self.all.training.push(&one(observations), &one(actions));
        }
    }

    fn learn(&mut self, rollout: &Rollout, demonstrations: Option<&Demonstrations>, progress: f32) -> Metrics {
        let lessons = if self.schooled { 1 } else { self.settings.school };
        self.schooled = true;
        let labels = rollout.labels().iter().filter(|(row, _)| rollout.outcomes()[*row] != Outcome::Diverged);
        let before = self.labelled.observations.rows();
        for (row, label) in labels {
            self.labelled.observations.push(rollout.observation(*row));
            self.labelled.actions.push(label);
        }
        self.gather(demonstrations);
        if self.labelled.observations.rows() > before {
            self.clone.begin_epoch();
        }
        let mut metrics = Metrics::default();
        for _ in 0..lessons {
            metrics = self.clone.update(Experience { rollout: None, demonstrations: Some(&self.all), progress });
        }
        rollout.tell_corrections(self.labelled.observations.rows() as u64, &mut metrics);
        metrics
    }
}

impl Learner for DaggerLearner {
    fn needs(&self) -> Needs {
        if self.schooled { Needs::Rows(self.settings.horizon) } else { Needs::Nothing }
    }

    fn act(&mut self, rows: Rows<'_>) -> Decision {
        self.clone.act(rows)
    }

    fn update(&mut self, experience: Experience<'_>) -> Metrics {
        let Some(rollout) = experience.rollout else { return Metrics::default() };
        self.learn(rollout, experience.demonstrations, experience.progress)
    }

    fn policy(&self) -> Policy {
        self.clone.policy()
    }

    fn state(&self) -> LearnerState {
        let state = State { clone: self.clone.state(), labelled: self.labelled.clone(), schooled: self.schooled };
        LearnerState::of("Dagger", &state)
    }

    fn restore(&mut self, state: LearnerState) -> Result<(), CheckpointError> {
        let state: State = state.read("Dagger")?;
        let widths = |labelled: &Labelled| [labelled.observations.width(), labelled.actions.width()];
        if widths(&state.labelled) != widths(&self.labelled) {
            return Err(CheckpointError::Learner("the rows that were labelled have other channels".into()));
        }
        self.clone.restore(state.clone)?;
        (self.labelled, self.schooled, self.all) = (state.labelled, state.schooled, Demonstrations::default());
        Ok(())
    }
}
