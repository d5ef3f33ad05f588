//! From the body to a thing, in the body's frame: ahead, left and up.

use super::Sense;
use crate::scene::plan::{Plan, Situation, ThingId};
use crate::signal::Channels;
use crate::task::centre;

/// The sensor.
pub struct Offset {
    /// The thing; of a group: the mean of those that are present.
    pub to: ThingId,
}

impl Sense for Offset {
    fn channels(&self, plan: &Plan, channels: &mut Channels) {
        let name = &plan.things[self.to.0].name;
        for axis in ["ahead", "left", "up"] {
            channels.push(format!("offset.{name}.{axis}"), "m", -10.0, 10.0);
        }
    }

    fn sense(&self, situation: &Situation<'_>, out: &mut [f32]) {
        let body = situation.world.bodies[situation.plan.parts.root()].position();
        out.copy_from_slice(&body.inverse_transform_point(centre(situation, self.to)).to_array());
    }
}
