//! Panels: what stands around the picture. They read the world and write [`Request`](super::request::Request)s, and change nothing themselves.
//!
//! Each panel is a system that takes its piece of what [`Layout`] still has free, so that a panel more is a file more.

mod layout;
mod level;
mod notices;
mod pilot;
mod plots;
mod recording;
mod scenes;
mod time;
mod top;

pub use layout::{Layout, PanelSystems, plugin};
