//! The body's velocity and turning rate in its own frame, and which way is up in it: what an inertial unit and odometry give.

use super::Sense;
use crate::physics::rapier::prelude::*;
use crate::scene::plan::{Plan, Situation};
use crate::signal::Channels;

/// The sensor.
pub struct Motion;

impl Sense for Motion {
    fn channels(&self, _plan: &Plan, channels: &mut Channels) {
        for axis in ["forward", "left", "up"] {
            channels.push(format!("motion.{axis}"), "m/s", -5.0, 5.0);
        }
        for axis in ["roll", "pitch", "yaw"] {
            channels.push(format!("motion.{axis}"), "rad/s", -10.0, 10.0);
        }
        for axis in ["x", "y", "z"] {
            channels.push(format!("motion.upright.{axis}"), "", -1.0, 1.0);
        }
    }

    fn sense(&self, situation: &Situation<'_>, out: &mut [f32]) {
        let body = &situation.world.bodies[situation.plan.parts.root()];
        let to_body = body.rotation().inverse();
        for (slot, vector) in out.chunks_exact_mut(3).zip([body.linvel(), body.angvel(), Vector::Z]) {
            slot.copy_from_slice(&(to_body * vector).to_array());
        }
    }
}
