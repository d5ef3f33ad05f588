//! What to practise next: levels, lessons, and the teachers that choose them.

mod classroom;
pub mod grid;
pub mod level;
mod uniform;

pub use classroom::Classroom;
pub use level::{Level, LevelForm, LevelId, held_out, held_out_level};

use crate::signal::Outcome;
use crate::stream::Stream;
use serde::{Deserialize, Serialize};
pub use uniform::Uniform;

/// One lesson: a level, where in it to start, and whether to learn from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lesson {
    /// The draw of what may vary.
    pub level: Level,
    /// A frame of a demonstration to start from, in place of the beginning.
    pub start: Option<Moment>,
    /// False: only to be graded (robust replay).
    pub learn: bool,
    /// The level that this one was mutated from.
    pub parent: Option<LevelId>,
}

impl From<Level> for Lesson {
    fn from(level: Level) -> Self {
        Self { level, start: None, learn: true, parent: None }
    }
}

/// A frame of a demonstration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Which demonstration of the data set.
    pub episode: usize,
    /// Which frame of it.
    pub frame: usize,
}

/// How an episode went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpisodeReport {
    /// The arena it was in.
    pub arena: usize,
    /// Which agent of a team, from 0.
    pub agent: usize,
    /// What was to be practised.
    pub lesson: Lesson,
    /// Mean dense reward over the time limit, with 1 for steps that a success saved and 0 for those that a failure lost: in [0, 1].
    pub score: f32,
    /// Whether success held in the last row.
    pub success: bool,
    /// Whether success held in any row.
    pub success_once: bool,
    /// Rows.
    pub length: usize,
    /// How it ended.
    pub outcome: Outcome,
    /// Reward of each row, as the learner is paid.
    pub rewards: Vec<f32>,
    /// Mean of each reward term over the rows, unweighted, in the task's order.
    pub terms: Vec<f32>,
    /// The learner's value estimate of each row; empty where there is none.
    pub values: Vec<f32>,
}

/// Turns episode reports into the next lesson.
pub trait Teach: Send + Sync {
    /// The next lesson of an arena.
    fn propose(&mut self, rng: &mut Stream) -> Lesson;
    /// Learns how an episode went.
    fn grade(&mut self, report: &EpisodeReport);
    /// Everything needed to go on exactly.
    fn state(&self) -> TeacherState;
    /// Goes on from `state`.
    ///
    /// # Errors
    /// Where the state is another teacher's.
    fn restore(&mut self, state: TeacherState) -> Result<(), TeacherStateError>;
}

/// A teacher's state, as it stands in a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeacherState(pub Vec<u8>);

/// A state that is another teacher's.
#[derive(Debug, thiserror::Error)]
#[error("the checkpoint's teacher state does not fit the recipe's teacher: resume with the recipe that the run was started with")]
pub struct TeacherStateError;

/// The teachers there are: the field `teacher` of a recipe.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Teacher {
    /// Every level alike (domain randomisation).
    #[default]
    Uniform,
    /// Always this level.
    Fixed(Level),
}

impl Teacher {
    /// The teacher for a scene with `varies` varied numbers.
    pub fn build(&self, varies: usize) -> Box<dyn Teach> {
        match self {
            Self::Uniform => Box::new(Uniform { varies }),
            Self::Fixed(level) => Box::new(uniform::Fixed { level: level.clone() }),
        }
    }
}
