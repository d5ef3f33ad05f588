//! A shot becomes a film: drawn offscreen, picture by picture, and encoded meanwhile.

use super::video::{Film, FilmError, FilmFormat, FilmReport};
use crate::physics::Threads;
use crate::window::app::DrawError;
use crate::window::offscreen::{Shot, frames};
use std::path::Path;

/// Why there is no film of a shot.
#[derive(Debug, thiserror::Error)]
pub enum ShootError {
    /// Nothing to draw with.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// No video.
    #[error(transparent)]
    Film(#[from] FilmError),
}

/// Films a shot into `path`: the whole episode, or its first `most` pictures. `added` is told after each picture how many there are.
///
/// # Errors
/// A size that cannot be, nothing to draw with, a file that cannot be written. There is no film then, or the one from before.
pub fn shoot(shot: Shot, threads: Threads, most: Option<usize>, path: &Path, mut added: impl FnMut(u64)) -> Result<FilmReport, ShootError> {
    let format = FilmFormat::new(shot.size.0, shot.size.1, shot.frames_per_second);
    // (Looked at before drawing begins, which takes a moment.)
    let mut film = Film::begin(path, format)?;
    let mut pictures = frames(shot, threads)?;
    for frame in pictures.by_ref().take(most.unwrap_or(usize::MAX)) {
        film.add(&frame.rgba)?;
        added(film.pictures());
    }
    // What was drawn beyond the last picture is on its way still; without these Bevy would complain that nobody takes it.
    (0..3).for_each(|_| pictures.app().update());
    Ok(film.finish()?)
}
