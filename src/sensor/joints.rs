//! Position and velocity of each joint: an angle as its sine and cosine, so that no reading jumps.

use super::Sense;
use crate::scene::plan::{Plan, Situation};
use crate::signal::Channels;

/// The sensor.
pub struct Joints;

impl Sense for Joints {
    fn channels(&self, plan: &Plan, channels: &mut Channels) {
        for (name, joint) in crate::body::names(&plan.scene.body).joints.iter().zip(&plan.parts.joints) {
            if joint.turns {
                channels.push(format!("joint.{name}.sin"), "", -1.0, 1.0);
                channels.push(format!("joint.{name}.cos"), "", -1.0, 1.0);
                channels.push(format!("joint.{name}.speed"), "rad/s", -30.0, 30.0);
            } else {
                channels.push(format!("joint.{name}.position"), "m", -5.0, 5.0);
                channels.push(format!("joint.{name}.speed"), "m/s", -10.0, 10.0);
            }
        }
    }

    fn sense(&self, situation: &Situation<'_>, out: &mut [f32]) {
        let mut out = out.iter_mut();
        let mut write = |value| {
            if let Some(slot) = out.next() {
                *slot = value;
            }
        };
        for joint in &situation.plan.parts.joints {
            if joint.turns {
                let (sine, cosine) = joint.sine_cosine(situation.world);
                write(sine);
                write(cosine);
            } else {
                write(joint.position(situation.world));
            }
            write(joint.velocity(situation.world));
        }
    }
}
