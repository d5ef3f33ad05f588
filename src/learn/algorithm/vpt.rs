//! Inverse dynamics: a few labelled episodes label many that only show what was seen, and a clone learns from all of them.
//!
//! Baker et al., "Video PreTraining (VPT): Learning to Act by Watching Unlabeled Online Videos", 2022, figure 2. The model that says what
//! was done is [`InverseModel`]; it learns in the first update, with all of its steps, and stands still from then on. The clone is
//! [`CloningLearner`], with whatever actor it is given: of labelled episodes it learns what was done, of watched ones what the model says.

use crate::learn::algorithm::cloning::{Cloning, CloningLearner};
use crate::learn::algorithm::range;
use crate::learn::backend::Place;
use crate::learn::experience::demonstrations::{Demonstrations, Watched};
use crate::learn::inverse::{Inverse, InverseModel, unfit_for_watching};
use crate::learn::metrics::Metrics;
use crate::learn::policy::{CheckpointError, Contract, Policy};
use crate::learn::{Decision, Experience, Learner, LearnerState, Needs, Rows};
use crate::signal::Channels;
use serde::{Deserialize, Serialize};

/// Settings of cloning with inverse dynamics.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Vpt {
    /// The model that says what was done where nobody recorded it.
    pub inverse: Inverse,
    /// The policy that learns from all.
    pub clone: Cloning,
}

impl Vpt {
    /// Everything wrong with the settings, a sentence each, which begins with the field's name in backticks.
    pub fn problems(&self) -> Vec<String> {
        [range::within("inverse", self.inverse.problems()), range::within("clone", self.clone.problems())].concat()
    }

    /// What in them does not go with a scene's channels.
    pub fn unfit(&self, observation: &Channels) -> Vec<String> {
        let clone = range::within("clone", unfit_for_watching(&self.clone, observation));
        [range::within("inverse", self.inverse.unfit(observation)), clone].concat()
    }
}

/// The learner. See the module's documentation.
pub struct VptLearner {
    settings: Vpt,
    contract: Contract,
    seed: u64,
    clone: CloningLearner,
    /// Once it has learnt.
    model: Option<InverseModel>,
    /// What the clone learns from: follows from the model and the demonstrations.
    lessons: Option<Demonstrations>,
}

/// All that the future depends on, beside the demonstrations.
#[derive(Serialize, Deserialize)]
struct State {
    model: Option<LearnerState>,
    clone: LearnerState,
}

impl VptLearner {
    /// A learner at its beginning.
    pub fn new(settings: Vpt, contract: Contract, seed: u64, place: Place) -> Self {
        let clone = CloningLearner::new(settings.clone.clone(), contract.clone(), seed, place);
        Self { settings, contract, seed, clone, model: None, lessons: None }
    }

    fn fresh_model(&self) -> InverseModel {
        InverseModel::new(self.settings.inverse.clone(), &self.contract, self.seed)
    }
}

impl Learner for VptLearner {
    fn needs(&self) -> Needs {
        Needs::Nothing
    }

    fn act(&mut self, rows: Rows<'_>) -> Decision {
        self.clone.act(rows)
    }

    fn update(&mut self, experience: Experience<'_>) -> Metrics {
        let demonstrations = experience.demonstrations.filter(|demonstrations| demonstrations.training.rows() > 0);
        let Some(demonstrations) = demonstrations else { return Metrics::default() };
        let mut said = Metrics::default();
        let model = self.model.take().unwrap_or_else(|| {
            let (mut model, inverse) = (self.fresh_model(), &self.settings.inverse);
            said = model.learn(inverse.lessons(&demonstrations.training), inverse.lessons(&demonstrations.validation));
            model
        });
        let lessons = self.lessons.get_or_insert_with(|| {
            let mut training = demonstrations.training.clone();
            model.label(&demonstrations.watched, &mut training);
            Demonstrations { training, validation: demonstrations.validation.clone(), watched: Watched::default() }
        });
        self.model = Some(model);
        let mut metrics = self.clone.update(Experience { demonstrations: Some(lessons), ..experience });
        said.iter().for_each(|(name, value)| metrics.set(name, value));
        metrics
    }

    fn policy(&self) -> Policy {
        self.clone.policy()
    }

    fn state(&self) -> LearnerState {
        LearnerState::of("Vpt", &State { model: self.model.as_ref().map(InverseModel::state), clone: self.clone.state() })
    }

    fn restore(&mut self, state: LearnerState) -> Result<(), CheckpointError> {
        let State { model, clone } = state.read("Vpt")?;
        let model = model.map(|state| {
            let mut model = self.fresh_model();
            model.restore(state).map(|()| model)
        });
        let model = model.transpose()?;
        self.clone.restore(clone)?;
        (self.model, self.lessons) = (model, None);
        Ok(())
    }
}
