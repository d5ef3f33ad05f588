//! From Bevy's messages to [`Hands`].
//!
//! [`gather`] runs in two places with one set of cursors: once per frame, right after Bevy has taken the input in, so that nothing piles
//! up while the arenas stand still; and once per control step, right before the latch. Each message is taken once, by whichever comes
//! first. So a message counts in the control step that follows it, also where a stalled frame runs several steps: a pad that is scripted
//! per control step is felt the same at any frame rate.
//!
//! Of pads the *raw* messages are read. Bevy's own processing runs once per frame, so that what it makes of a message that was written
//! within a fixed step would be felt a frame later; and its dead zone is square, one axis at a time, where ours is round. What it knows
//! better is taken from it: which pads there are, their names, and from which pressure on a button counts as pressed
//! ([`GamepadSettings`]). Bevy's [`Gamepad`] components stay right for whoever else reads them.

use super::naming;
use super::pads::Pads;
use crate::pilot::hand::hands::PRESSED;
use crate::pilot::hand::{Hands, Input};
use bevy::ecs::message::{MessageCursor, Messages};
use bevy::ecs::system::SystemParam;
use bevy::input::gamepad::{GamepadConnectionEvent, RawGamepadEvent};
use bevy::input::keyboard::{KeyboardFocusLost, KeyboardInput};
use bevy::input::mouse::MouseMotion;
use bevy::prelude::*;
use bevy_egui::input::EguiWantsInput;

/// How far the messages are read.
#[derive(Resource, Default)]
pub struct Seen {
    connections: MessageCursor<GamepadConnectionEvent>,
    pads: MessageCursor<RawGamepadEvent>,
    keys: MessageCursor<KeyboardInput>,
    focus: MessageCursor<KeyboardFocusLost>,
    motion: MessageCursor<MouseMotion>,
}

/// What came.
#[derive(SystemParam)]
pub struct Arrivals<'w> {
    connections: Res<'w, Messages<GamepadConnectionEvent>>,
    pads: Res<'w, Messages<RawGamepadEvent>>,
    keys: Res<'w, Messages<KeyboardInput>>,
    focus: Res<'w, Messages<KeyboardFocusLost>>,
    motion: Res<'w, Messages<MouseMotion>>,
    buttons: Res<'w, ButtonInput<MouseButton>>,
    panels: Option<Res<'w, EguiWantsInput>>,
}

impl Arrivals<'_> {
    /// Whether keys go elsewhere: into a panel's text, or to the camera that flies while the right mouse button is held.
    fn keys_are_taken(&self) -> bool {
        self.buttons.pressed(MouseButton::Right) || self.panels.as_ref().is_some_and(|panels| panels.wants_keyboard_input())
    }
}

/// Feeds what came to the hands.
pub fn gather(
    arrivals: Arrivals,
    settings: Query<&GamepadSettings>,
    mut seen: ResMut<Seen>,
    mut pads: ResMut<Pads>,
    mut hands: ResMut<Hands>,
) {
    let seen = &mut *seen;
    for event in seen.connections.read(&arrivals.connections) {
        pads.connect(event, &mut hands);
    }
    for event in seen.pads.read(&arrivals.pads) {
        match event {
            RawGamepadEvent::Connection(event) => pads.connect(event, &mut hands),
            RawGamepadEvent::Axis(event) => {
                if let Some(input) = naming::axis(event.axis) {
                    pads.feed(event.gamepad, input, event.value, &mut hands);
                }
            }
            RawGamepadEvent::Button(event) => {
                let Some(input) = naming::button(event.button) else { continue };
                let before = pads.value(event.gamepad, &input);
                let value = if input.is_trigger() {
                    event.value
                } else {
                    pressure(settings.get(event.gamepad).ok(), event.button, event.value, before)
                };
                pads.feed(event.gamepad, input, value, &mut hands);
            }
        }
    }
    let is_key = |input: &Input| matches!(input, Input::Key(_));
    let taken = arrivals.keys_are_taken();
    for event in seen.keys.read(&arrivals.keys) {
        let key = Input::Key(naming::key(event.key_code));
        let pressed = event.state.is_pressed();
        let is_new = pressed != (hands.raw(&key) >= PRESSED);
        if is_new && !event.repeat && !(pressed && taken) {
            hands.feed(key, f32::from(pressed));
        }
    }
    if taken || seen.focus.read(&arrivals.focus).count() > 0 {
        hands.release(is_key);
    }
    let mouse = [Input::MouseX, Input::MouseY];
    let drives = hands.settings.mouse.iter().any(|key| hands.raw(key) >= PRESSED);
    let (mut x, mut y) = (0.0, 0.0);
    for event in seen.motion.read(&arrivals.motion) {
        x += event.delta.x;
        y -= event.delta.y; // down is positive on a screen
    }
    if drives {
        let reach = hands.settings.mouse_reach.max(1.0);
        for (input, way) in mouse.into_iter().zip([x / reach, y / reach]) {
            if way != 0.0 {
                hands.feed(input, way);
            }
        }
    } else {
        hands.release(|input| mouse.contains(input));
    }
}

/// 0 or 1: whether a button counts as pressed, which hangs on whether it did before.
fn pressure(settings: Option<&GamepadSettings>, button: GamepadButton, value: f32, before: f32) -> f32 {
    let standard = GamepadSettings::default();
    let settings = settings.unwrap_or(&standard).get_button_settings(button);
    if settings.is_pressed(value) {
        1.0
    } else if settings.is_released(value) {
        0.0
    } else {
        before
    }
}
