//! Which pads there are, and which one is in use: the one that was touched last.

use crate::pilot::hand::{Hands, Input};
use bevy::input::gamepad::{GamepadConnection, GamepadConnectionEvent};
use bevy::prelude::*;
use std::collections::BTreeMap;

/// From here on an axis counts as touched: above what a worn stick does by itself.
const TOUCHED: f32 = 0.3;

/// The pads.
#[derive(Resource, Default)]
pub struct Pads {
    known: BTreeMap<Entity, Pad>,
    in_use: Option<Entity>,
}

#[derive(Default)]
struct Pad {
    name: String,
    values: BTreeMap<Input, f32>,
}

impl Pads {
    /// The name of the pad in use, as its maker calls it.
    pub fn name(&self) -> Option<&str> {
        self.in_use.and_then(|pad| self.known.get(&pad)).map(|pad| pad.name.as_str())
    }

    /// How many are plugged in.
    pub fn count(&self) -> usize {
        self.known.len()
    }

    /// Takes in that a pad came or went.
    pub(super) fn connect(&mut self, event: &GamepadConnectionEvent, hands: &mut Hands) {
        match &event.connection {
            GamepadConnection::Connected { name, .. } => {
                self.known.entry(event.gamepad).or_default().name.clone_from(name);
                if self.in_use.is_none() {
                    self.use_it(event.gamepad, hands);
                }
            }
            GamepadConnection::Disconnected => {
                self.known.remove(&event.gamepad);
                if self.in_use == Some(event.gamepad) {
                    self.in_use = None;
                    hands.lose_pad();
                }
            }
        }
    }

    /// The last value of an input of a pad.
    pub(super) fn value(&self, pad: Entity, input: &Input) -> f32 {
        self.known.get(&pad).and_then(|pad| pad.values.get(input)).copied().unwrap_or(0.0)
    }

    /// Takes in that something was moved on a pad.
    pub(super) fn feed(&mut self, pad: Entity, input: Input, value: f32, hands: &mut Hands) {
        // (What a pad says before it is announced, or after it is gone, is not heard.)
        let Some(known) = self.known.get_mut(&pad) else { return };
        if !value.is_finite() {
            return;
        }
        known.values.insert(input.clone(), value);
        if self.in_use == Some(pad) {
            hands.feed(input, value);
        } else if value.abs() >= TOUCHED {
            self.use_it(pad, hands);
        }
    }

    /// Another pad takes over, as it stands.
    fn use_it(&mut self, pad: Entity, hands: &mut Hands) {
        hands.release(Input::is_of_pad);
        hands.lost = false;
        self.in_use = Some(pad);
        for (input, value) in self.known.get(&pad).into_iter().flat_map(|pad| &pad.values) {
            hands.feed(input.clone(), *value);
        }
    }
}
