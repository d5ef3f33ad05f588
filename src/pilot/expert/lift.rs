//! Putting a thing onto another one, and things upon each other: grasp, raise, carry, lower, let go.

use super::ExpertMemory;
use super::gripping::{Hand, Motion, drive, half_height, put};
use crate::scene::plan::{Situation, ThingId, ThingKind};
use crate::task::centre;
use bevy::math::Vec3;

pub(super) fn decide(memory: &mut ExpertMemory, situation: &Situation<'_>, thing: ThingId, onto: ThingId, action: &mut [f32]) {
    let below = centre(situation, onto);
    let top = match situation.plan.things[onto.0].kind {
        ThingKind::Single | ThingKind::Group => below.z + half_height(situation, onto),
        _ => below.z,
    };
    let goal = below.with_z(top + half_height(situation, thing));
    settle(memory, situation, thing, goal, action);
}

/// A tower of `things`, the first one lowest.
pub(super) fn pile(memory: &mut ExpertMemory, situation: &Situation<'_>, things: &[ThingId], action: &mut [f32]) {
    let place = |upper: usize| {
        let below = things[upper - 1];
        centre(situation, below) + Vec3::Z * (half_height(situation, below) + half_height(situation, things[upper]))
    };
    let stands = |upper: usize| centre(situation, things[upper]).distance(place(upper)) < 0.012;
    let next = memory.target.or_else(|| (1..things.len()).find(|upper| !stands(*upper)));
    match next {
        Some(upper) => {
            memory.target = Some(upper);
            if put(memory, situation, things[upper], place(upper), action) {
                memory.target = None;
            }
        }
        None => rest(situation, action),
    }
}

/// Puts the thing there where it is not there yet.
fn settle(memory: &mut ExpertMemory, situation: &Situation<'_>, thing: ThingId, goal: Vec3, action: &mut [f32]) {
    let there = centre(situation, thing).distance(goal) < 0.01;
    if memory.target.is_none() && there {
        return rest(situation, action);
    }
    memory.target = Some(0);
    if put(memory, situation, thing, goal, action) {
        memory.target = None;
    }
}

fn rest(situation: &Situation<'_>, action: &mut [f32]) {
    drive(situation, &Hand::of(situation), Motion::default(), action);
}
