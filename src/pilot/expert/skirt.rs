//! Driving to a thing around another one that is in the way, on one of its two sides: both are good, and what lies between them is not.

use super::driving::{Rover, drive_to};
use super::{ExpertMemory, Preference, Side};
use crate::body::turned;
use crate::scene::plan::{Situation, ThingId};
use crate::task::centre;
use bevy::math::Vec2;

/// Kept free between what is in the way and the rover's middle, m: its bumper's corners are 0.32 m from there, whichever way it turns.
const CLEAR: f32 = 0.42;

pub(super) fn decide(
    memory: &mut ExpertMemory,
    preference: Preference,
    situation: &Situation<'_>,
    thing: ThingId,
    obstacle: ThingId,
    action: &mut [f32],
) {
    let rover = Rover::of(situation);
    let [goal, middle] = [thing, obstacle].map(|thing| centre(situation, thing).truncate() - rover.at);
    // Once chosen, a side is kept to.
    let nearer = if goal.perp_dot(middle) <= 0.0 { Side::Left } else { Side::Right };
    let left = *memory.target.get_or_insert(usize::from(preference.side.unwrap_or(nearer) == Side::Left)) == 1;
    let radius = half_width(situation, obstacle) + CLEAR;
    let share = (middle.dot(goal) / goal.length_squared().max(1e-6)).clamp(0.0, 1.0);
    let way = if middle.distance(goal * share) >= radius {
        goal
    } else {
        // Along the tangent of the circle around it; within that, out of it as much as around it.
        let within = (radius / middle.length().max(1e-6)).min(1.2);
        let aside = libm::asinf(within.min(1.0)) + 2.0 * (within - 1.0).max(0.0);
        turned(middle.normalize_or(Vec2::X), if left { aside } else { -aside })
    };
    drive_to(situation, &rover, rover.at + way, action);
}

/// Radius of the circle on the floor that holds a thing, m.
fn half_width(situation: &Situation<'_>, thing: ThingId) -> f32 {
    let world = situation.world;
    let member = situation.plan.things[thing.0].members.first().map(|member| &world.bodies[*member]);
    let collider = member.and_then(|body| body.colliders().first()).and_then(|collider| world.colliders.get(*collider));
    collider.map_or(0.0, |collider| collider.shape().compute_local_aabb().half_extents().truncate().length())
}
