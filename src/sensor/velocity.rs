//! How a thing moves over the floor, in the body's frame: ahead, left and up. (Not up for a body that keeps level, as a rover does.)

use super::Sense;
use crate::scene::plan::{Plan, Situation, ThingId};
use crate::signal::Channels;
use crate::task::present;
use bevy::math::Vec3;

/// The sensor.
pub struct Velocity {
    /// The thing; of a group: the mean of those that are present.
    pub of: ThingId,
}

impl Sense for Velocity {
    fn channels(&self, plan: &Plan, channels: &mut Channels) {
        for axis in if plan.body.level() { &["ahead", "left"][..] } else { &["ahead", "left", "up"] } {
            channels.push(format!("velocity.{}.{axis}", plan.things[self.of.0].name), "m/s", -10.0, 10.0);
        }
    }

    fn sense(&self, situation: &Situation<'_>, out: &mut [f32]) {
        let bodies = situation.world.bodies;
        let (mut sum, mut count) = (Vec3::ZERO, 0.0_f32);
        for member in present(situation, self.of) {
            sum += bodies[member].linvel();
            count += 1.0;
        }
        let seen = bodies[situation.plan.parts.root()].rotation().inverse() * (sum / count.max(1.0));
        out.copy_from_slice(&seen.to_array()[..out.len()]);
    }
}
