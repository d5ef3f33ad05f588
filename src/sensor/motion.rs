//! The body's velocity and turning rate in its own frame, and which way is up in it: what an inertial unit and odometry give. Of a body
//! that keeps level, only how it moves on the floor: forward, left and yaw.

use super::Sense;
use crate::scene::plan::{Plan, Situation};
use crate::signal::Channels;

/// The sensor.
pub struct Motion;

impl Sense for Motion {
    fn channels(&self, plan: &Plan, channels: &mut Channels) {
        let level = plan.body.level();
        for axis in if level { &["forward", "left"][..] } else { &["forward", "left", "up"] } {
            channels.push(format!("motion.{axis}"), "m/s", -5.0, 5.0);
        }
        for axis in if level { &["yaw"][..] } else { &["roll", "pitch", "yaw"] } {
            channels.push(format!("motion.{axis}"), "rad/s", -30.0, 30.0);
        }
        for axis in if level { &[][..] } else { &["x", "y", "z"] } {
            channels.push(format!("motion.upright.{axis}"), "", -1.0, 1.0);
        }
    }

    fn sense(&self, situation: &Situation<'_>, out: &mut [f32]) {
        let body = &situation.world.bodies[situation.plan.parts.root()];
        let to_body = body.rotation().inverse();
        let [velocity, turn, up] =
            [body.linvel(), body.angvel(), -situation.plan.down(&situation.setting.values)].map(|vector| to_body * vector);
        if situation.plan.body.level() {
            out.copy_from_slice(&[velocity.x, velocity.y, turn.z]);
        } else {
            out.copy_from_slice([velocity, turn, up].map(|vector| vector.to_array()).as_flattened());
        }
    }
}
