//! Bringing a thing onto a zone by pushing: drive around it to the far side, line up, push, stop where it lies inside.

use super::driving::{Rover, drive, drive_to};
use super::{ExpertMemory, Phase};
use crate::scene::plan::{Situation, ThingId};
use crate::task::centre;
use bevy::math::Vec2;

/// From the thing's centre to where the push begins, m.
const STANDOFF: f32 = 0.60;

pub(super) fn decide(memory: &mut ExpertMemory, situation: &Situation<'_>, thing: ThingId, onto: ThingId, action: &mut [f32]) {
    let rover = Rover::of(situation);
    let (cube, disc) = (centre(situation, thing).truncate(), centre(situation, onto).truncate());
    push_towards(memory, situation, &rover, cube, disc, 0.06, action);
}

/// Pushes what lies at `thing` to `goal`, until it is `near` metres away.
pub(super) fn push_towards(
    memory: &mut ExpertMemory,
    situation: &Situation<'_>,
    rover: &Rover,
    thing: Vec2,
    goal: Vec2,
    near: f32,
    action: &mut [f32],
) {
    let left = thing.distance(goal);
    if left < near {
        // It lies well inside: stand still, so that it comes to rest.
        return drive(situation, 0.0, 0.0, action);
    }
    let ahead = (goal - thing) / left;
    let side = ahead.perp();
    let from_thing = rover.at - thing;
    let (behind, aside) = (-from_thing.dot(ahead), from_thing.dot(side));
    let off_course = rover.bearing(rover.at + ahead);
    match memory.phase {
        Phase::Work => {
            if behind < 0.15 || aside.abs() > 0.22 || memory.steps > 400 {
                memory.enter(Phase::Approach);
            }
            // Steer for a point on the push line just behind the thing, more to the side than the thing has slipped, and slow down at the goal.
            let steer = libm::atan2f(-1.6 * aside, 0.5) + off_course;
            let forward = (1.2 * left + 0.15).min(0.8) * libm::cosf(off_course).max(0.2);
            drive(situation, forward, (3.0 * steer).clamp(-2.0, 2.0), action);
        }
        _ => {
            if behind > 0.42 && aside.abs() < 0.12 && off_course.abs() < 0.4 {
                memory.enter(Phase::Work);
            }
            let start = thing - ahead * STANDOFF;
            let goal = if behind > 0.35 || from_thing.length() > 1.2 {
                start
            } else {
                // Around the thing, on the side where the rover is.
                let around = if aside >= 0.0 { side } else { -side };
                thing + around * 0.75 - ahead * if behind > -0.2 { 0.6 } else { 0.0 }
            };
            if goal == start && rover.at.distance(start) < 0.10 {
                drive(situation, 0.0, (4.0 * off_course).clamp(-2.0, 2.0), action);
            } else {
                drive_to(situation, rover, goal, action);
            }
        }
    }
}
