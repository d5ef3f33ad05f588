//! [`InverseModel`]: what was done between two observations.
//!
//! Baker et al., "Video PreTraining (VPT): Learning to Act by Watching Unlabeled Online Videos", 2022, section 2: a model that sees what
//! came of an action, p(a_t | o_1 .. o_T), is far easier to learn than a policy, which has to foretell what its demonstrator wants. Here it
//! sees a row's observation and those around it, each as its difference from the row's.
//!
//! It is a clone that sees the future, so [`CloningLearner`] learns it: the mean of what was done, by the squared error. A row behind which
//! nothing was observed tells nothing. It never looks at a channel that says what was done last (`last_action`): one observation later
//! that is the answer itself, and nobody who only watched has it.

use super::algorithm::cloning::{Cloning, CloningLearner};
use super::algorithm::range;
use super::backend::Place;
use super::batch::Batch;
use super::experience::demonstrations::{Demonstrations, Episodes, Watched};
use super::metrics::Metrics;
use super::policy::{CheckpointError, Contract};
use super::{Experience, Learner, LearnerState, Rows};
use crate::signal::Channels;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The channels that say what was done last begin with this.
const LAST_ACTION: &str = "last_action";

/// Steps of the optimiser between two looks at the schedule of the rate.
const PIECE: usize = 100;

/// Settings of the model. The defaults suit a few hundred rows and many thousands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Inverse {
    /// How many observations before the row it sees, 0 to 16.
    pub before: usize,
    /// How many behind it, 1 to 16.
    pub after: usize,
    /// Channels that it does not look at, as [`Cloning::ignore`]. Few labelled rows of one who always does the same in the same place have
    /// two explanations, what was wanted and what came of it: without the channels that say what is wanted only the second one is left.
    pub ignore: Vec<String>,
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Step of the optimiser (Adam), in (0, 1); it falls to 0 as half a cosine does.
    pub rate: f32,
    /// Steps of the optimiser.
    pub steps: usize,
    /// Rows that one of them learns from.
    pub minibatch: usize,
    /// Share of every weight that a step takes away, in steps of the rate, in [0, 1).
    pub weight_decay: f32,
}

impl Default for Inverse {
    fn default() -> Self {
        Self {
            before: 1,
            after: 1,
            ignore: Vec::new(),
            hidden: vec![128, 128],
            rate: 1e-3,
            steps: 4000,
            minibatch: 256,
            weight_decay: 0.01,
        }
    }
}

impl Inverse {
    /// Everything wrong with the settings, a sentence each, which begins with the field's name in backticks.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.as_cloning(&Channels::default()).problems();
        // (Its steps come in pieces.)
        problems.retain(|problem| !problem.starts_with("`steps`"));
        problems.extend(range::whole("steps", self.steps, 10_000_000));
        problems.extend(range::whole("after", self.after, 16));
        if self.before > 16 {
            problems.push(format!("`before` is {} and must be 0 to 16", self.before));
        }
        problems
    }

    /// What in them does not go with a scene's channels, a sentence each, which begins with the field's name in backticks.
    pub fn unfit(&self, observation: &Channels) -> Vec<String> {
        self.as_cloning(observation).unfit(observation)
    }

    fn as_cloning(&self, observation: &Channels) -> Cloning {
        let mut ignore = self.ignore.clone();
        ignore.extend(says_what_was_done(observation).map(|_| LAST_ACTION.to_owned()));
        Cloning {
            ignore,
            hidden: self.hidden.clone(),
            rate: self.rate,
            steps: PIECE,
            minibatch: self.minibatch,
            weight_decay: self.weight_decay,
            ..Cloning::default()
        }
    }

    /// How many numbers it sees where an observation has so many.
    pub fn width(&self, observation: usize) -> usize {
        observation * (1 + self.before + self.after)
    }

    /// What it sees of each of these `rows` but the last, which lie in one episode: their observation, and how far those before and behind
    /// it are from it. In place of what lies outside of `rows` stands the nearest that does not.
    ///
    /// # Shapes
    /// - observations: `[.., O]`
    /// - output: `[rows − 1, O (1 + before + after)]`
    pub fn windows(&self, observations: &Batch, rows: Range<usize>) -> Batch {
        let mut seen = Batch::zeros(0, self.width(observations.width()));
        let mut window = Vec::new();
        for row in rows.start..rows.end.saturating_sub(1) {
            let here = observations.row(row);
            window.clear();
            window.extend_from_slice(here);
            let before = (1..=self.before).map(|back| row.saturating_sub(back).max(rows.start));
            let after = (1..=self.after).map(|ahead| (row + ahead).min(rows.end - 1));
            for other in before.chain(after) {
                window.extend(observations.row(other).iter().zip(here).map(|(there, here)| there - here));
            }
            seen.push(&window);
        }
        seen
    }

    /// The windows of recorded episodes, with what was done in their rows.
    pub fn lessons(&self, episodes: &Episodes) -> Episodes {
        let mut lessons = Episodes::new(self.width(episodes.observations().width()), episodes.actions().width());
        for (rows, _) in episodes.each() {
            let seen = self.windows(episodes.observations(), rows.clone());
            lessons.push(&seen, &part(episodes.actions(), rows.start..rows.start + seen.rows()));
        }
        lessons
    }
}

/// The first channel that says what was done last, if there is one.
fn says_what_was_done(observation: &Channels) -> Option<&str> {
    observation.0.iter().map(|channel| &channel.name[..]).find(|name| name.split('.').any(|part| part == LAST_ACTION))
}

/// Refuses a clone that looks at what nobody knows who only watched.
pub fn unfit_for_watching(clone: &Cloning, observation: &Channels) -> Vec<String> {
    let mut problems = clone.unfit(observation);
    if let Some(channel) = says_what_was_done(observation).filter(|channel| clone.looks_at(channel)) {
        problems.push(format!("`ignore` lets the policy look at `{channel}`, which says what was done: who only watched does not know it"));
    }
    problems
}

/// Some rows of a batch.
fn part(batch: &Batch, rows: Range<usize>) -> Batch {
    Batch::new(batch.width(), batch.values()[rows.start * batch.width()..rows.end * batch.width()].to_vec())
}

/// The model. See the module's documentation.
pub struct InverseModel {
    settings: Inverse,
    learner: CloningLearner,
}

impl InverseModel {
    /// One that knows nothing yet, for policies with this `contract`.
    pub fn new(settings: Inverse, contract: &Contract, seed: u64) -> Self {
        let mut observation = Channels::default();
        for _ in 0..1 + settings.before + settings.after {
            observation.0.extend(contract.observation.0.iter().cloned());
        }
        let cloning = settings.as_cloning(&contract.observation);
        // (Other streams than those of the clone that learns by it.)
        let contract = Contract { observation, ..contract.clone() };
        // (A perceptron learns without tensors: where these would be is all the same.)
        let learner = CloningLearner::new(cloning, contract, seed ^ 1 << 48, Place::cpu());
        Self { settings, learner }
    }

    /// Learns from [`Inverse::lessons`]; those for `validation` only judge. Gives `inverse.loss`, and `inverse.error`: the root of the mean
    /// squared distance of what it says from what was done, where there is something to judge by.
    pub fn learn(&mut self, training: Episodes, validation: Episodes) -> Metrics {
        let lessons = Demonstrations { training, validation, ..Demonstrations::default() };
        let pieces = self.settings.steps.div_ceil(PIECE);
        let mut last = Metrics::default();
        for piece in 0..pieces {
            let progress = piece as f32 / pieces as f32;
            last = self.learner.update(Experience { rollout: None, demonstrations: Some(&lessons), progress });
        }
        let mut metrics = Metrics::default();
        for (name, of) in [("inverse.loss", "loss"), ("inverse.error", "validation.error")] {
            last.get(of).into_iter().for_each(|value| metrics.set(name, value));
        }
        metrics
    }

    /// What was done in the rows of such windows, `[n, A]` in [-1, 1].
    pub fn tell(&self, windows: &Batch) -> Batch {
        let (begins, seeds) = (vec![true; windows.rows()], vec![0; windows.rows()]);
        let rows = Rows { observations: windows, begins: &begins, seeds: &seeds, memory: &mut Batch::zeros(windows.rows(), 0) };
        self.learner.policy().act(rows)
    }

    /// Watched episodes with what the model says was done in them; without each one's last row, behind which nothing was seen.
    pub fn label(&self, watched: &Watched, into: &mut Episodes) {
        for (rows, _) in watched.each().filter(|(rows, _)| rows.len() > 1) {
            let done = self.tell(&self.settings.windows(watched.observations(), rows.clone()));
            into.push(&part(watched.observations(), rows.start..rows.end - 1), &done);
        }
    }

    /// Everything needed to go on exactly.
    pub fn state(&self) -> LearnerState {
        self.learner.state()
    }

    /// Goes on from a state that a model of the same settings left.
    ///
    /// # Errors
    /// Where another one left it.
    pub fn restore(&mut self, state: LearnerState) -> Result<(), CheckpointError> {
        self.learner.restore(state)
    }
}
