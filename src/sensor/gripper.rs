//! How far the body's gripper is open, and how strongly it presses.

use super::Sense;
use crate::scene::plan::{Plan, Situation};
use crate::signal::Channels;

/// The sensor.
pub struct Gripper;

impl Sense for Gripper {
    fn channels(&self, _plan: &Plan, channels: &mut Channels) {
        channels.push("gripper.opening", "m", -0.01, 0.2);
        channels.push("gripper.press", "N", 0.0, 100.0);
    }

    fn sense(&self, situation: &Situation<'_>, out: &mut [f32]) {
        if let Some(grip) = situation.plan.body.grip(&situation.plan.parts, situation.world) {
            out.copy_from_slice(&[grip.opening, grip.press]);
        }
    }
}
