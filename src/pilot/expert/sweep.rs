//! Clearing a zone: push the thing that is easiest to reach outwards, over the edge; back off; next.

use super::driving::{Rover, drive, drive_to};
use super::{ExpertMemory, Phase, Preference};
use crate::scene::plan::{Situation, ThingId, ThingKind};
use crate::task::{member_centre, present};
use bevy::math::Vec2;

pub(super) fn decide(
    memory: &mut ExpertMemory,
    preference: Preference,
    situation: &Situation<'_>,
    things: ThingId,
    zone: ThingId,
    action: &mut [f32],
) {
    let ThingKind::Zone(zone) = situation.plan.things[zone.0].kind else { return action.fill(0.0) };
    let zone = situation.setting.zones[zone];
    let rover = Rover::of(situation);
    let inside: Vec<Vec2> = present(situation, things)
        .map(|member| member_centre(situation, member).truncate())
        .filter(|at| at.distance(zone.centre) <= zone.radius + 0.05)
        .collect();
    if inside.is_empty() {
        return drive(situation, 0.0, 0.0, action);
    }
    // A stroke is a straight line through the zone; the bumper carries along what lies on it.
    match memory.phase {
        Phase::Approach => {
            if memory.target.is_none() || memory.steps > 160 {
                memory.target = Some(0);
                memory.goal = best_stroke(&inside, zone.centre, zone.radius, &rover, preference.rank);
                memory.steps = 0;
            }
            let start = zone.centre - memory.goal * (zone.radius + 0.45);
            let start = start + offset(&inside, zone.centre, memory.goal) * memory.goal.perp();
            let off_course = rover.bearing(rover.at + memory.goal);
            if rover.at.distance(start) < 0.15 {
                drive(situation, 0.0, (4.0 * off_course).clamp(-2.5, 2.5), action);
                if off_course.abs() < 0.08 {
                    memory.enter(Phase::Work);
                }
            } else {
                drive_to(situation, &rover, around(&rover, start, zone.centre, zone.radius + 0.35), action);
            }
        }
        Phase::Work => {
            let from = rover.at - zone.centre;
            let (along, aside) = (from.dot(memory.goal), from.dot(memory.goal.perp()));
            let lane = offset(&inside, zone.centre, memory.goal);
            let off_course = rover.bearing(rover.at + memory.goal);
            let steer = libm::atan2f(-1.5 * (aside - lane.clamp(aside - 0.15, aside + 0.15)), 0.6) + off_course;
            drive(situation, 0.9, (3.0 * steer).clamp(-2.0, 2.0), action);
            if along > zone.radius + 0.05 || memory.steps > 120 {
                memory.enter(Phase::Retreat);
            }
        }
        _ => {
            drive(situation, -0.6, 0.0, action);
            if memory.steps > 8 {
                memory.target = None;
                memory.enter(Phase::Approach);
            }
        }
    }
}

/// How far aside of the zone's centre the lane with the most things is, for strokes along `ahead`, m.
fn offset(inside: &[Vec2], centre: Vec2, ahead: Vec2) -> f32 {
    lane(inside, centre, ahead).1
}

/// The number of things that a stroke along `ahead` would carry, and how far aside of the centre it runs, m.
fn lane(inside: &[Vec2], centre: Vec2, ahead: Vec2) -> (usize, f32) {
    const HALF: f32 = 0.18;
    let side = ahead.perp();
    let lanes: Vec<f32> = inside.iter().map(|at| (*at - centre).dot(side)).collect();
    let count = |lane: f32| lanes.iter().filter(|other| (**other - lane).abs() <= HALF).count();
    lanes.iter().map(|lane| (count(*lane), *lane)).max_by(|a, b| a.0.cmp(&b.0).then(b.1.abs().total_cmp(&a.1.abs()))).unwrap_or((0, 0.0))
}

/// The direction whose stroke carries most, and whose start is not far; or, at a `rank`, another one whose stroke carries half as much.
fn best_stroke(inside: &[Vec2], centre: Vec2, radius: f32, rover: &Rover, rank: Option<f32>) -> Vec2 {
    let worth = |ahead: Vec2| {
        let (carried, aside) = lane(inside, centre, ahead);
        let start = centre - ahead * (radius + 0.45) + ahead.perp() * aside;
        carried.min(8) as f32 - 0.8 * rover.at.distance(start)
    };
    let strokes = (0..24).map(|index| crate::body::turned(Vec2::X, std::f32::consts::TAU * index as f32 / 24.0));
    let Some(rank) = rank else { return strokes.max_by(|a, b| worth(*a).total_cmp(&worth(*b))).unwrap_or(Vec2::X) };
    let most = strokes.clone().map(|ahead| lane(inside, centre, ahead).0).max().unwrap_or(0);
    let mut worthwhile: Vec<Vec2> = strokes.filter(|ahead| 2 * lane(inside, centre, *ahead).0 >= most).collect();
    worthwhile.sort_by(|a, b| worth(*b).total_cmp(&worth(*a)));
    worthwhile[(rank * worthwhile.len() as f32) as usize % worthwhile.len()]
}

/// `goal`, or a point on the way around the circle where the straight way would cross it.
fn around(rover: &Rover, goal: Vec2, centre: Vec2, clear: f32) -> Vec2 {
    let way = goal - rover.at;
    let share = ((centre - rover.at).dot(way) / way.length_squared().max(1e-6)).clamp(0.0, 1.0);
    let nearest = rover.at + way * share;
    if nearest.distance(centre) >= clear {
        return goal;
    }
    let out = (rover.at - centre).normalize_or_zero();
    let turn = if out.perp_dot(goal - centre) >= 0.0 { 0.6 } else { -0.6 };
    centre + crate::body::turned(out, turn) * (clear + 0.15)
}
