//! What is learnt: burn, never the world.
//!
//! A [`Learner`] turns [`Experience`] into a better [`Policy`]. Rows of numbers cross the border ([`batch::Batch`]), never tensors and
//! never entities. Every draw comes from a named [`crate::stream::Stream`] that is part of the learner's state.
//!
//! In reading order: [`batch`] the seam; [`experience`] what was lived through and what its endings are worth; [`network`], [`actor`] and
//! [`critic`] the parts, [`inverse`] and [`discriminator`] what imitation learns beside a policy; [`policy`] what is saved and flown,
//! [`history`] what it sees of the past, [`chunk`] what it decides ahead; [`algorithm`] one readable file each;
//! [`backend`] where the arithmetic runs.
//!
//! Acting has the same bits on every processor, for any number of rows and threads ([`network::kernel`] says how). Learning has them for
//! any number of threads; what PPO derives by hand was also seen to agree between AVX2 and AVX-512, but tensors do not promise that.
//!
//! A new algorithm is a file in `algorithm/` with its settings struct, a variant of [`LearnerSettings`], and the arms that the compiler
//! then asks for.

pub mod actor;
pub mod algorithm;
pub mod backend;
pub mod batch;
pub mod chunk;
pub mod critic;
pub mod discriminator;
pub mod experience;
pub mod history;
pub mod inverse;
pub mod metrics;
pub mod network;
pub mod normaliser;
pub mod policy;
pub mod residual;

use algorithm::bco::{Bco, BcoLearner};
use algorithm::cloning::{Cloning, CloningLearner};
use algorithm::dagger::{Dagger, DaggerLearner};
use algorithm::gail::{Gail, GailLearner};
use algorithm::ppo::{Ppo, PpoLearner};
use algorithm::sac::{Paid, Sac, SacLearner};
use algorithm::vpt::{Vpt, VptLearner};
use backend::{Device, NoSuchDevice};
use batch::Batch;
use experience::demonstrations::Demonstrations;
use experience::rollout::Rollout;
use metrics::Metrics;
use policy::{CheckpointError, Contract, Policy};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Turns experience into a better policy.
pub trait Learner: Send + Sync {
    /// What is to be gathered before the next update.
    fn needs(&self) -> Needs;

    /// How many numbers of memory a row has.
    fn memory(&self) -> usize {
        0
    }

    /// One decision, with the exploration that learning wants, for every row of a group.
    fn act(&mut self, rows: Rows<'_>) -> Decision;

    /// Learns from what [`Learner::needs`] asked for.
    fn update(&mut self, experience: Experience<'_>) -> Metrics;

    /// A frozen copy, to save, evaluate or hand to a pilot.
    fn policy(&self) -> Policy;

    /// Everything needed to go on exactly: networks, optimiser moments, normaliser, streams, counters.
    fn state(&self) -> LearnerState;

    /// Goes on from a state that a learner of the same settings and contract left. Changes nothing where it refuses.
    fn restore(&mut self, state: LearnerState) -> Result<(), CheckpointError>;
}

/// What a learner wants before its next update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// A rollout of this many steps of every arena.
    Rows(usize),
    /// Nothing new: it learns from recorded data alone.
    Nothing,
}

/// The rows of a group that a decision is asked for.
pub struct Rows<'a> {
    /// `[N, O]`, in the units of the contract's channels.
    pub observations: &'a Batch,
    /// `[N]`: this row starts an episode; what was remembered of the one before is to be forgotten.
    pub begins: &'a [bool],
    /// `[N]`: a random seed of the row's episode, for policies that draw.
    pub seeds: &'a [u64],
    /// `[N, M]`: recurrent state, pending actions. M = 0 for policies without memory.
    pub memory: &'a mut Batch,
}

/// What was decided for every row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// `[N, A]`, each in [-1, 1].
    pub actions: Batch,
    /// `[N]`: estimates of the rows' values in [0, 1], where the learner makes any.
    pub values: Option<Vec<f32>>,
    /// `[N, K]`: what the update wants back.
    pub kept: Batch,
}

/// What a learner learns from.
#[derive(Clone, Copy)]
pub struct Experience<'a> {
    /// A full rollout with its fresh observation, for a learner that needs one.
    pub rollout: Option<&'a Rollout>,
    /// What others did, for a learner that learns from it: the same at every update of a run.
    pub demonstrations: Option<&'a Demonstrations>,
    /// How much of the run's budget is spent, in [0, 1]: what schedules go by.
    pub progress: f32,
}

/// Everything a learner needs to go on exactly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LearnerState {
    /// The variant of [`LearnerSettings`] that left it.
    pub algorithm: String,
    /// Its own encoding.
    pub bytes: Vec<u8>,
}

impl LearnerState {
    /// The state of an algorithm, which [`LearnerState::read`] gives back.
    pub fn of(algorithm: &str, state: &impl Serialize) -> Self {
        let bytes = postcard::to_stdvec(state).expect("plain vectors and numbers always encode");
        Self { algorithm: algorithm.into(), bytes }
    }

    /// The state that it is of, for the same algorithm.
    ///
    /// # Errors
    /// Where another one left it, or its bytes hold something else.
    pub fn read<S: DeserializeOwned>(&self, algorithm: &str) -> Result<S, CheckpointError> {
        if self.algorithm != algorithm {
            return Err(CheckpointError::Learner(format!("it was left by `{}` and is given to `{algorithm}`", self.algorithm)));
        }
        postcard::from_bytes(&self.bytes).map_err(|problem| CheckpointError::Learner(format!("its bytes cannot be read: {problem}")))
    }
}

/// Which algorithm learns, and how: the `learner` of a recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename = "Learner")]
pub enum LearnerSettings {
    /// Proximal policy optimisation.
    Ppo(Ppo),
    /// Behavioural cloning.
    Cloning(Cloning),
    /// Cloning, where only some demonstrations say what was done: a model of what lies between two observations says it of the others.
    Vpt(Vpt),
    /// Cloning of demonstrations that do not say what was done: practice teaches what lies between two observations.
    Bco(Bco),
    /// Practice that is paid for what cannot be told from the demonstrations.
    Gail(Gail),
    /// Cloning that drives and is corrected: DAgger, and takeover.
    Dagger(Dagger),
    /// Soft actor-critic.
    Sac(Sac),
}

/// Whether a learner makes use of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It has no use for it.
    None,
    /// It does, where there is any.
    Welcome,
    /// It cannot do without.
    Needed,
}

/// Settings that nothing can be learnt with.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// Everything wrong with the numbers, a sentence each.
    #[error("the learner cannot work like this: {}", .0.join("; "))]
    Impossible(Vec<String>),
    /// The device is not there.
    #[error(transparent)]
    Device(#[from] NoSuchDevice),
    /// The policy that was learnt before is none that these settings go on from.
    #[error("the learner cannot go on from the policy that was learnt before: {0}")]
    Before(String),
}

impl LearnerSettings {
    /// The algorithm's name: that of the variant.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ppo(_) => "Ppo",
            Self::Cloning(_) => "Cloning",
            Self::Vpt(_) => "Vpt",
            Self::Bco(_) => "Bco",
            Self::Gail(_) => "Gail",
            Self::Dagger(_) => "Dagger",
            Self::Sac(_) => "Sac",
        }
    }

    /// Everything wrong with the settings for `arenas` rows a step, a sentence each, which begins with the field's name in
    /// backticks; empty where they can work.
    pub fn problems(&self, arenas: usize) -> Vec<String> {
        match self {
            Self::Ppo(settings) => settings.problems(arenas),
            Self::Cloning(settings) => settings.problems(),
            Self::Vpt(settings) => settings.problems(),
            Self::Bco(settings) => settings.problems(),
            Self::Gail(settings) => settings.problems(arenas),
            Self::Dagger(settings) => settings.problems(),
            Self::Sac(settings) => settings.problems(arenas),
        }
    }

    /// Which of the settings need a policy that was learnt before, by the field's name; none where they can do without.
    pub fn builds_upon(&self) -> Option<&'static str> {
        match self {
            Self::Ppo(settings) => settings.builds_upon(),
            Self::Gail(settings) => settings.practice.builds_upon(),
            Self::Cloning(_) | Self::Vpt(_) | Self::Bco(_) | Self::Dagger(_) | Self::Sac(_) => None,
        }
    }

    /// Whether it learns from recorded data alone, and takes no step in any world.
    pub fn studies(&self) -> bool {
        match self {
            Self::Ppo(_) | Self::Bco(_) | Self::Gail(_) | Self::Dagger(_) | Self::Sac(_) => false,
            Self::Cloning(_) | Self::Vpt(_) => true,
        }
    }

    /// What use it has for demonstrations.
    pub fn demonstrations(&self) -> Use {
        match self {
            Self::Ppo(_) => Use::None,
            Self::Cloning(_) | Self::Vpt(_) | Self::Bco(_) | Self::Gail(_) => Use::Needed,
            Self::Dagger(settings) if settings.school > 0 => Use::Needed,
            Self::Sac(settings) if settings.school > 0 => Use::Needed,
            Self::Dagger(_) | Self::Sac(_) => Use::Welcome,
        }
    }

    /// Whether demonstrations have to say what was done.
    pub fn wants_actions(&self) -> bool {
        match self {
            Self::Gail(settings) => !settings.states,
            Self::Bco(_) => false,
            Self::Ppo(_) | Self::Cloning(_) | Self::Vpt(_) | Self::Dagger(_) | Self::Sac(_) => true,
        }
    }

    /// What use it has for somebody who corrects it while it drives.
    pub fn corrections(&self) -> Use {
        match self {
            Self::Ppo(_) | Self::Cloning(_) | Self::Vpt(_) | Self::Bco(_) | Self::Gail(_) => Use::None,
            Self::Dagger(_) => Use::Needed,
            Self::Sac(settings) if settings.paid == Paid::Interventions => Use::Needed,
            Self::Sac(_) => Use::Welcome,
        }
    }

    /// What in the settings does not go with such observations and actions, as [`LearnerSettings::problems`] says it.
    pub fn unfit(&self, contract: &Contract) -> Vec<String> {
        match self {
            Self::Ppo(_) => Vec::new(),
            Self::Sac(settings) => settings.unfit(&contract.observation),
            Self::Cloning(settings) => settings.unfit(&contract.observation),
            Self::Vpt(settings) => settings.unfit(&contract.observation),
            Self::Bco(settings) => settings.unfit(&contract.observation),
            Self::Gail(settings) => settings.unfit(&contract.observation),
            Self::Dagger(settings) => settings.unfit(&contract.observation),
        }
    }

    /// A learner at its beginning, every random stream of it named by `seed`. It may build upon the policy that was learnt `before`, by another
    /// stage or another run. Refuses what cannot work with any number of arenas; ask [`LearnerSettings::problems`] first where their number
    /// is known.
    pub fn build(&self, contract: Contract, seed: u64, device: Device, before: Option<&Policy>) -> Result<Box<dyn Learner>, SettingsError> {
        let place = device.place()?;
        let problems = self.problems(usize::MAX);
        if !problems.is_empty() {
            return Err(SettingsError::Impossible(problems));
        }
        Ok(match self {
            Self::Ppo(settings) => Box::new(PpoLearner::new(settings.clone(), contract, seed, place, before)?),
            Self::Cloning(settings) => Box::new(CloningLearner::new(settings.clone(), contract, seed, place)),
            Self::Vpt(settings) => Box::new(VptLearner::new(settings.clone(), contract, seed, place)),
            Self::Bco(settings) => Box::new(BcoLearner::new(settings.clone(), contract, seed, place)),
            Self::Gail(settings) => Box::new(GailLearner::new(settings.clone(), contract, seed, place, before)?),
            Self::Dagger(settings) => Box::new(DaggerLearner::new(settings.clone(), contract, seed, place)),
            Self::Sac(settings) => Box::new(SacLearner::new(settings.clone(), contract, seed)),
        })
    }
}
