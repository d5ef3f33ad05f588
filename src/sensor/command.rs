//! How the body is told to move, in its own frame: the goal of a body that walks.

use super::Sense;
use crate::body::{heading, turned};
use crate::scene::plan::{Plan, Situation};
use crate::signal::Channels;

/// The sensor.
pub struct Command;

impl Sense for Command {
    fn channels(&self, _plan: &Plan, channels: &mut Channels) {
        for axis in ["forward", "left"] {
            channels.push(format!("command.{axis}"), "m/s", -5.0, 5.0);
        }
    }

    fn sense(&self, situation: &Situation<'_>, out: &mut [f32]) {
        let body = &situation.world.bodies[situation.plan.parts.root()];
        out.copy_from_slice(&turned(situation.command(), -heading(body.rotation())).to_array());
    }
}
