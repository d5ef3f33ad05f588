//! What a hand can move, by name.

use serde::{Deserialize, Serialize};
use std::fmt;

/// One thing that a hand can move. Sticks and the mouse give values in [-1, 1], all others in [0, 1].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Input {
    /// Of the left stick: right is positive.
    LeftStickX,
    /// Of the left stick: up (away from the user) is positive.
    LeftStickY,
    /// Of the right stick: right is positive.
    RightStickX,
    /// Of the right stick: up (away from the user) is positive.
    RightStickY,
    /// The lower left shoulder, which can be pulled by degrees.
    LeftTrigger,
    /// The lower right shoulder, which can be pulled by degrees.
    RightTrigger,
    /// The upper left shoulder.
    LeftBumper,
    /// The upper right shoulder.
    RightBumper,
    /// The lower one of the four buttons: A, Cross.
    South,
    /// The right one of the four buttons: B, Circle.
    East,
    /// The upper one of the four buttons: Y, Triangle.
    North,
    /// The left one of the four buttons: X, Square.
    West,
    /// Up on the cross.
    DPadUp,
    /// Down on the cross.
    DPadDown,
    /// Left on the cross.
    DPadLeft,
    /// Right on the cross.
    DPadRight,
    /// The left one of the middle buttons: Back, Share.
    Select,
    /// The right one of the middle buttons: Menu, Options.
    Start,
    /// The left stick, pressed down.
    LeftThumb,
    /// The right stick, pressed down.
    RightThumb,
    /// The mouse sideways, while its key is held: right is positive.
    MouseX,
    /// The mouse up and down, while its key is held: up is positive.
    MouseY,
    /// A key, by its place on the keyboard (a US keyboard's name of it): `Key("KeyW")`, `Key("ArrowLeft")`, `Key("Enter")`.
    Key(String),
}

/// The inputs of a pad, in the order of the enum.
pub const PAD: [Input; 20] = [
    Input::LeftStickX,
    Input::LeftStickY,
    Input::RightStickX,
    Input::RightStickY,
    Input::LeftTrigger,
    Input::RightTrigger,
    Input::LeftBumper,
    Input::RightBumper,
    Input::South,
    Input::East,
    Input::North,
    Input::West,
    Input::DPadUp,
    Input::DPadDown,
    Input::DPadLeft,
    Input::DPadRight,
    Input::Select,
    Input::Start,
    Input::LeftThumb,
    Input::RightThumb,
];

/// The two directions of each stick.
pub const STICKS: [(Input, Input); 2] = [(Input::LeftStickX, Input::LeftStickY), (Input::RightStickX, Input::RightStickY)];

impl Input {
    /// The key of this name.
    pub fn key(name: impl Into<String>) -> Self {
        Self::Key(name.into())
    }

    /// Whether it is on a pad.
    pub fn is_of_pad(&self) -> bool {
        !matches!(self, Self::MouseX | Self::MouseY | Self::Key(_))
    }

    /// Whether it is one direction of a stick.
    pub fn is_of_stick(&self) -> bool {
        matches!(self, Self::LeftStickX | Self::LeftStickY | Self::RightStickX | Self::RightStickY)
    }

    /// Whether it goes by degrees and both ways.
    pub fn is_axis(&self) -> bool {
        self.is_of_stick() || matches!(self, Self::MouseX | Self::MouseY)
    }

    /// Whether it can be pulled by degrees, one way.
    pub fn is_trigger(&self) -> bool {
        matches!(self, Self::LeftTrigger | Self::RightTrigger)
    }
}

/// As a legend calls it.
impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LeftStickX => "Left stick ↔",
            Self::LeftStickY => "Left stick ↕",
            Self::RightStickX => "Right stick ↔",
            Self::RightStickY => "Right stick ↕",
            Self::LeftTrigger => "LT",
            Self::RightTrigger => "RT",
            Self::LeftBumper => "LB",
            Self::RightBumper => "RB",
            Self::South => "A",
            Self::East => "B",
            Self::North => "Y",
            Self::West => "X",
            Self::DPadUp => "D-pad up",
            Self::DPadDown => "D-pad down",
            Self::DPadLeft => "D-pad left",
            Self::DPadRight => "D-pad right",
            Self::Select => "Back",
            Self::Start => "Start",
            Self::LeftThumb => "Left stick press",
            Self::RightThumb => "Right stick press",
            Self::MouseX => "Mouse ↔",
            Self::MouseY => "Mouse ↕",
            Self::Key(name) => return f.write_str(key_label(name)),
        })
    }
}

/// What stands on a key.
fn key_label(name: &str) -> &str {
    match name {
        "ArrowLeft" => "Left",
        "ArrowRight" => "Right",
        "ArrowUp" => "Up",
        "ArrowDown" => "Down",
        "Escape" => "Esc",
        "ShiftLeft" => "Left Shift",
        "ShiftRight" => "Right Shift",
        "ControlLeft" => "Left Ctrl",
        "ControlRight" => "Right Ctrl",
        "AltLeft" => "Left Alt",
        "AltRight" => "Right Alt",
        _ => name.strip_prefix("Key").or(name.strip_prefix("Digit")).unwrap_or(name),
    }
}
