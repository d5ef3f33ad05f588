//! What a user may change about flying by hand. Plain data: the window keeps it in a RON file.

use super::shaping::Shaping;
use super::{Bindings, Drive, HandCommand, Input};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a user may change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HandSettings {
    /// Dead zone and response curve of sticks and triggers.
    pub shaping: Shaping,
    /// How keys, which know only on and off, go up and down.
    pub keys: Ramp,
    /// While one of these is held, keys go only part of the way (see [`Ramp::gentle`]).
    pub gentle: Vec<Input>,
    /// While one of these is held, the mouse drives.
    pub mouse: Vec<Input>,
    /// How far the mouse goes from the middle to full deflection, in pixels.
    pub mouse_reach: f32,
    /// While one of these is held, the hand takes over from the pilot.
    pub intervene: Vec<Input>,
    /// Which inputs ask for what.
    pub commands: BTreeMap<HandCommand, Vec<Input>>,
    /// Bindings in the place of a body's own, by [`Bindings::body`].
    pub bodies: BTreeMap<String, Vec<Drive>>,
}

/// How a key goes up and down. Counted in control steps, never by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ramp {
    /// From nothing to full, s.
    pub rise: f32,
    /// From full to nothing, s.
    pub fall: f32,
    /// What full is while the gentle key is held, in (0, 1].
    pub gentle: f32,
}

impl Default for Ramp {
    fn default() -> Self {
        Self { rise: 0.3, fall: 0.15, gentle: 0.4 }
    }
}

impl Ramp {
    /// The next value of a key, `dt` s later.
    pub fn step(&self, value: f32, pressed: bool, gentle: bool, dt: f32) -> f32 {
        let target = match (pressed, gentle) {
            (false, _) => 0.0,
            (true, false) => 1.0,
            (true, true) => self.gentle.clamp(0.0, 1.0),
        };
        // (A ramp of no length is a step.)
        let most = |seconds: f32| if seconds > dt { dt / seconds } else { 1.0 };
        value + (target - value).clamp(-most(self.fall), most(self.rise))
    }
}

impl Default for HandSettings {
    fn default() -> Self {
        Self {
            shaping: Shaping::default(),
            keys: Ramp::default(),
            gentle: vec![Input::key("ShiftLeft")],
            mouse: vec![Input::key("AltLeft")],
            mouse_reach: 200.0,
            intervene: vec![Input::RightBumper, Input::key("KeyI")],
            commands: HandCommand::defaults(),
            bodies: BTreeMap::new(),
        }
    }
}

impl HandSettings {
    /// The drives that hold for a body: the user's, or the body's own.
    pub fn drives<'a>(&'a self, body: &'a Bindings) -> &'a [Drive] {
        self.bodies.get(&body.body).unwrap_or(&body.drives)
    }

    /// What `input` asks for; none where it asks for nothing.
    pub fn asks(&self, input: &Input) -> Option<HandCommand> {
        self.commands.iter().find(|(_, inputs)| inputs.contains(input)).map(|(command, _)| *command)
    }
}
