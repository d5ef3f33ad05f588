//! What can be wrong with a data set.

use std::io;
use std::path::{Path, PathBuf};

/// Why a data set could not be read or written, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum DataSetError {
    /// The file system said no.
    #[error("{path}: {source}")]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// A file holds something else than it should.
    #[error("{path}: {message}")]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// Another process writes to it.
    #[error("{0} is being recorded to by another process: wait until it is done, or choose another data set")]
    Held(PathBuf),
    /// It does not fit what is to be added.
    #[error("{path} does not fit: {difference}. Choose another folder, and merge the two afterwards where that makes sense")]
    Other {
        /// Which data set.
        path: PathBuf,
        /// The first difference.
        difference: String,
    },
    /// An episode that is not there.
    #[error("{path} has {count} episodes, from 0; there is no episode {episode}")]
    NoEpisode {
        /// Which data set.
        path: PathBuf,
        /// The one asked for.
        episode: usize,
        /// How many there are.
        count: usize,
    },
    /// What was asked cannot be done.
    #[error("{0}")]
    Refused(String),
}

impl DataSetError {
    /// For `map_err` where the file system says no.
    pub(super) fn file(path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path: path.clone(), source }
    }

    /// For `map_err` where a file holds something else than it should.
    pub(super) fn content<E: ToString>(path: &Path) -> impl Fn(E) -> Self + use<E> {
        let path = path.to_owned();
        move |error| Self::Content { path: path.clone(), message: error.to_string() }
    }
}
