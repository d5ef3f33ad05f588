//! Why demonstrations cannot be learnt from.

use crate::imitation::data_set::DataSetError;
use std::path::PathBuf;

/// What is wrong with demonstrations, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ReadingError {
    /// A set cannot be read.
    #[error(transparent)]
    DataSet(#[from] DataSetError),
    /// There is nothing in it.
    #[error("the data set `{}` is empty: record into it first, with `apprentice record`", .0.display())]
    Empty(PathBuf),
    /// It is of another body, or other sensors.
    #[error("the data set `{}` does not fit the scene: {message}", path.display())]
    Channels {
        /// Which set.
        path: PathBuf,
        /// The first difference.
        message: String,
    },
    /// It was recorded at another rate.
    #[error(
        "the data set `{}` has {fps} rows a second, the scene decides {control_hz} times: set the scene's `control_hz` to {fps}, or record anew",
        path.display()
    )]
    Rate {
        /// Which set.
        path: PathBuf,
        /// Of the set, Hz.
        fps: u32,
        /// Of the scene, Hz.
        control_hz: u32,
    },
    /// A value is no number.
    #[error(
        "the data set `{}` has {value} in episode {episode}, row {row}, channel `{channel}`: `apprentice data drop` leaves out an episode",
        path.display()
    )]
    NotFinite {
        /// Which set.
        path: PathBuf,
        /// Which episode, from 0.
        episode: usize,
        /// Which of its rows, from 0.
        row: usize,
        /// Which channel.
        channel: String,
        /// NaN or an infinity.
        value: f32,
    },
    /// A filter asks for what a set does not say.
    #[error("the data set `{}` does not say {what}, which `selection` asks for: another tool recorded it", path.display())]
    Unsaid {
        /// Which set.
        path: PathBuf,
        /// What it does not say.
        what: &'static str,
    },
    /// A learner needs to know what was done, and nobody says it.
    #[error("none of the demonstrations says what was done, and `{learner}` learns from actions: `Bco` does without any, `Vpt` with a few")]
    NoActions {
        /// Which learner.
        learner: &'static str,
    },
    /// A learner wants to know what a set does not say.
    #[error("the data set `{}` does not say {what}, which the learner goes by: another tool recorded it", path.display())]
    NotTold {
        /// Which set.
        path: PathBuf,
        /// What it does not say.
        what: &'static str,
    },
    /// The filters leave nothing.
    #[error("no demonstration is left to learn from: of {episodes}, {}", .dropped.join(", "))]
    NothingLeft {
        /// How many there were.
        episodes: usize,
        /// How many each filter dropped, in words.
        dropped: Vec<String>,
    },
}
