//! Bevy's names for what a hand can move, and ours.

use crate::pilot::hand::Input;
use bevy::prelude::{GamepadAxis, GamepadButton, KeyCode};

/// An axis of a pad; none for one that few pads have.
pub fn axis(axis: GamepadAxis) -> Option<Input> {
    Some(match axis {
        GamepadAxis::LeftStickX => Input::LeftStickX,
        GamepadAxis::LeftStickY => Input::LeftStickY,
        GamepadAxis::RightStickX => Input::RightStickX,
        GamepadAxis::RightStickY => Input::RightStickY,
        // Triggers of pads that send them as axes.
        GamepadAxis::LeftZ => Input::LeftTrigger,
        GamepadAxis::RightZ => Input::RightTrigger,
        GamepadAxis::Other(_) => return None,
    })
}

/// A button of a pad; none for one that few pads have.
pub fn button(button: GamepadButton) -> Option<Input> {
    Some(match button {
        GamepadButton::South => Input::South,
        GamepadButton::East => Input::East,
        GamepadButton::North => Input::North,
        GamepadButton::West => Input::West,
        GamepadButton::LeftTrigger => Input::LeftBumper,
        GamepadButton::RightTrigger => Input::RightBumper,
        GamepadButton::LeftTrigger2 => Input::LeftTrigger,
        GamepadButton::RightTrigger2 => Input::RightTrigger,
        GamepadButton::Select => Input::Select,
        GamepadButton::Start => Input::Start,
        GamepadButton::LeftThumb => Input::LeftThumb,
        GamepadButton::RightThumb => Input::RightThumb,
        GamepadButton::DPadUp => Input::DPadUp,
        GamepadButton::DPadDown => Input::DPadDown,
        GamepadButton::DPadLeft => Input::DPadLeft,
        GamepadButton::DPadRight => Input::DPadRight,
        GamepadButton::Mode | GamepadButton::C | GamepadButton::Z | GamepadButton::Other(_) => return None,
    })
}

/// A key's name: that of its place on a US keyboard, as Bevy and the web call it.
pub fn key(code: KeyCode) -> String {
    format!("{code:?}")
}
