//! From the body to a thing, in the body's frame: ahead, left and up. (Not up where both stay on the floor: from a body that keeps level
//! to a zone, the origin or another agent that keeps level.)

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
        let thing = &plan.things[self.to.0];
        let flat = plan.body.level() && thing.level;
        for axis in if flat { &["ahead", "left"][..] } else { &["ahead", "left", "up"] } {
            channels.push(format!("offset.{}.{axis}", thing.name), "m", -10.0, 10.0);
        }
    }

    fn sense(&self, situation: &Situation<'_>, out: &mut [f32]) {
        let body = situation.world.bodies[situation.plan.parts.root()].position();
        let offset = body.inverse_transform_point(centre(situation, self.to)).to_array();
        out.copy_from_slice(&offset[..out.len()]);
    }
}
