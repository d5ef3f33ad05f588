//! Film: pictures in, a video that plays in a browser out, without any system library.
//!
//! - [`video`] — an MP4 that is being written: AV1 by rav1e, on a thread of its own.
//! - [`shoot`] — an episode, drawn offscreen, into a film.
//! - [`reel`] — the last episode that the window has seen, filmed while it goes on.
//! - [`colour`] — from red, green and blue to what a video holds.

pub mod colour;
pub mod reel;
pub mod shoot;
pub mod video;
