//! Where a thing is and how it is turned, as seen from the body or a part of it.

use super::Sense;
use crate::physics::rapier::prelude::*;
use crate::scene::plan::{Plan, Situation, ThingId, ThingKind};
use crate::signal::Channels;
use crate::task::centre;

/// The sensor.
pub struct Pose {
    /// What is seen.
    pub of: ThingId,
    /// The link or point from which it is seen.
    pub from: ThingId,
}

impl Pose {
    /// Whether it has directions: a single thing with a shape does.
    fn turns(&self, plan: &Plan) -> bool {
        plan.things[self.of.0].kind == ThingKind::Single
    }
}

impl Sense for Pose {
    fn channels(&self, plan: &Plan, channels: &mut Channels) {
        let (name, from) = (&plan.things[self.of.0].name, plan.things[self.from.0].name.trim_start_matches("body."));
        for axis in ["ahead", "left", "up"] {
            channels.push(format!("pose.{name}.from.{from}.{axis}"), "m", -10.0, 10.0);
        }
        if self.turns(plan) {
            for direction in ["x_ahead", "x_left", "x_up", "z_ahead", "z_left", "z_up"] {
                channels.push(format!("pose.{name}.from.{from}.{direction}"), "", -1.0, 1.0);
            }
        }
    }

    fn sense(&self, situation: &Situation<'_>, out: &mut [f32]) {
        let bodies = situation.world.bodies;
        let thing = &situation.plan.things[self.from.0];
        let link = match thing.kind {
            ThingKind::Spot(link, _) => link,
            _ => thing.members.first().copied().unwrap_or(situation.plan.parts.root()),
        };
        let turn = bodies[link].rotation().inverse();
        let eye = if let ThingKind::Spot(..) = thing.kind { centre(situation, self.from) } else { bodies[link].translation() };
        let (place, directions) = out.split_at_mut(3);
        place.copy_from_slice(&(turn * (centre(situation, self.of) - eye)).to_array());
        if !directions.is_empty() {
            let seen = turn * bodies[situation.plan.things[self.of.0].members[0]].rotation();
            directions[..3].copy_from_slice(&(seen * Vector::X).to_array());
            directions[3..].copy_from_slice(&(seen * Vector::Z).to_array());
        }
    }
}
