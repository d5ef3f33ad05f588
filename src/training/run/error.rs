//! What can keep a run from going on.

use crate::curriculum::TeacherStateError;
use crate::durable::LogError;
use crate::imitation::reading::ReadingError;
use crate::learn::SettingsError;
use crate::learn::policy::CheckpointError;
use crate::ron::Problems;
use std::io;
use std::path::PathBuf;

/// Why a run cannot be.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is a run already.
    #[error("`{}` holds a run already: `--resume` goes on with it, another `--out` starts a new one", .0.display())]
    Exists(PathBuf),
    /// The folder is somebody else's.
    #[error("`{}` {by}: choose a folder that is empty or not there yet", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
        /// What is in it.
        by: String,
    },
    /// Two processes cannot write one run.
    #[error("`{}` is being trained by another process: wait for its end, or stop it first", .0.display())]
    Held(PathBuf),
    /// The run was started with another recipe.
    #[error("`{}` was started with another recipe: {difference}; resume it with that one, or start a new run", path.display())]
    OtherRecipe {
        /// The run.
        path: PathBuf,
        /// What differs first.
        difference: String,
    },
    /// A file refuses.
    #[error("`{}`: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A checkpoint refuses.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A log refuses.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The teacher's state is another one's.
    #[error(transparent)]
    Teacher(#[from] TeacherStateError),
    /// Nothing can be learnt like this.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The demonstrations cannot be learnt from.
    #[error(transparent)]
    Reading(#[from] ReadingError),
    /// The policy before could not demonstrate.
    #[error("the policy that was learnt before succeeds too seldom to demonstrate; with `rollouts: (success: false)` failures count too")]
    Hopeless,
    /// The recipe in the run folder is broken.
    #[error("{}", .0.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Recipe(#[from] Problems),
}
