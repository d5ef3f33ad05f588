//! What is asked by a button.

use super::Input;
use bevy::prelude::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What a recording session is asked, by a button of the pad or a key. A message: read it with a `MessageReader`.
#[derive(Message, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HandCommand {
    /// Begin an episode, or go on after a pause.
    Start,
    /// End the episode, or the reset phase, early.
    Finish,
    /// Throw the episode away and record it again.
    Discard,
    /// The episode is a success: end it.
    Success,
    /// The episode is a failure: end it.
    Failure,
    /// Take back the episode that was saved last.
    Undo,
    /// Stop recording.
    Stop,
}

impl HandCommand {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Start, Self::Finish, Self::Discard, Self::Success, Self::Failure, Self::Undo, Self::Stop];

    /// The inputs that ask for each: the keys and buttons that LeRobot's users know, and more.
    pub fn defaults() -> BTreeMap<Self, Vec<Input>> {
        let inputs = |command| match command {
            Self::Start => vec![Input::Start, Input::key("KeyB")],
            Self::Finish => vec![Input::DPadRight, Input::key("ArrowRight"), Input::key("KeyN")],
            Self::Discard => vec![Input::West, Input::DPadLeft, Input::key("ArrowLeft"), Input::key("KeyR")],
            Self::Success => vec![Input::North, Input::key("Enter")],
            Self::Failure => vec![Input::South, Input::key("Backspace")],
            Self::Undo => vec![Input::Select, Input::key("KeyU")],
            Self::Stop => vec![Input::key("Escape"), Input::key("KeyQ")],
        };
        Self::ALL.into_iter().map(|command| (command, inputs(command))).collect()
    }
}

/// As a legend calls it.
impl fmt::Display for HandCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "start",
            Self::Finish => "finish",
            Self::Discard => "discard, again",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Undo => "undo the last",
            Self::Stop => "stop",
        })
    }
}
