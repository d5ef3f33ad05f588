//! A pad that a script moves: Bevy's own raw messages, as a real pad's driver writes them.

use super::naming;
use crate::pilot::hand::Input;
use bevy::input::gamepad::{
    GamepadConnection, GamepadConnectionEvent, RawGamepadAxisChangedEvent, RawGamepadButtonChangedEvent, RawGamepadEvent,
};
use bevy::prelude::*;

/// The scripted pad, once it was moved.
#[derive(Resource)]
struct Scripted(Entity);

/// Moves an input of the scripted pad, which is plugged in with the first one. False where a pad has no such input.
pub fn feed(world: &mut World, input: &Input, value: f32) -> bool {
    let axis = GamepadAxis::all().into_iter().find(|axis| naming::axis(*axis).as_ref() == Some(input) && !input.is_trigger());
    let button = GamepadButton::all().into_iter().find(|button| naming::button(*button).as_ref() == Some(input));
    let pad = match world.get_resource::<Scripted>() {
        Some(Scripted(pad)) => *pad,
        None => {
            let pad = world.spawn_empty().id();
            world.insert_resource(Scripted(pad));
            plug(world, pad, GamepadConnection::Connected { name: "scripted pad".into(), vendor_id: None, product_id: None });
            pad
        }
    };
    let event = match (axis, button) {
        (Some(axis), _) => RawGamepadEvent::Axis(RawGamepadAxisChangedEvent::new(pad, axis, value)),
        (None, Some(button)) => RawGamepadEvent::Button(RawGamepadButtonChangedEvent::new(pad, button, value)),
        (None, None) => return false,
    };
    world.write_message(event);
    true
}

/// Unplugs the scripted pad.
pub fn unplug(world: &mut World) {
    if let Some(Scripted(pad)) = world.remove_resource::<Scripted>() {
        plug(world, pad, GamepadConnection::Disconnected);
    }
}

fn plug(world: &mut World, pad: Entity, connection: GamepadConnection) {
    let event = GamepadConnectionEvent::new(pad, connection);
    world.write_message(event.clone());
    world.write_message(RawGamepadEvent::Connection(event));
}
