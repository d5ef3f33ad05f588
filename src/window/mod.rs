//! The window: `apprentice explore`. Only with the feature `window`; it watches and steers the same control step that headless runs.

pub mod film;
pub mod hands;
