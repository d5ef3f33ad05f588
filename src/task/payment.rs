//! Reward terms, with their names looked up: each a number in [0, 1].

use super::condition::Condition;
use super::{centre, member_centre, present, way_out};
use crate::physics::rapier::prelude::*;
use crate::scene::plan::{Plan, Situation, ThingId, ThingKind};
use crate::scene::schema::Term;

/// A [`Term`] made ready to run.
pub(super) enum Payment {
    Near(ThingId, ThingId, f32),
    Way(ThingId, ThingId),
    Behind(ThingId, ThingId, ThingId),
    Upright(ThingId),
    Slow(ThingId, f32),
    Still(usize, f32),
    Outside(ThingId, ThingId),
    Inside(ThingId, ThingId),
    Away(ThingId, ThingId),
    Above(ThingId, f32),
    Follows(f32),
    Gentle,
    While(Condition),
    Product(Vec<Self>),
}

/// 1 at 0, half at `margin`: 1 / (1 + (x / margin)²).
fn falling(x: f32, margin: f32) -> f32 {
    let share = x / margin;
    1.0 / (1.0 + share * share)
}

impl Payment {
    pub(super) fn new(term: &Term, plan: &Plan, memory: &mut usize) -> Self {
        let thing = |name: &str| plan.thing(name);
        match term {
            Term::Near(a, b, margin) => Self::Near(thing(a), thing(b), *margin),
            Term::Way(a, b) => Self::Way(thing(a), thing(b)),
            Term::Behind(a, b, c) => Self::Behind(thing(a), thing(b), thing(c)),
            Term::Upright(a) => Self::Upright(thing(a)),
            Term::Slow(a, margin) => Self::Slow(thing(a), *margin),
            Term::Still(joint, margin) => Self::Still(plan.joint(joint), *margin),
            Term::Outside(a, zone) => Self::Outside(thing(a), thing(zone)),
            Term::Inside(a, zone) => Self::Inside(thing(a), thing(zone)),
            Term::Away(a, zone) => Self::Away(thing(a), thing(zone)),
            Term::Above(a, height) => Self::Above(thing(a), *height),
            Term::Follows(margin) => Self::Follows(*margin),
            Term::Gentle => Self::Gentle,
            Term::While(predicate) => Self::While(Condition::new(predicate, plan, memory)),
            Term::Product(of) => Self::Product(of.iter().map(|part| Self::new(part, plan, memory)).collect()),
        }
    }

    /// What is paid now, in [0, 1]. Called once per step: predicates may remember.
    pub(super) fn value(&self, situation: &Situation<'_>, memory: &mut [f32]) -> f32 {
        let bodies = situation.world.bodies;
        match self {
            Self::Near(a, b, margin) => {
                let to = centre(situation, *b);
                let level = matches!(situation.plan.things[b.0].kind, ThingKind::Zone(_));
                let near = |at: Vector| {
                    let way = at - to;
                    falling(if level { way.truncate().length() } else { way.length() }, *margin)
                };
                // A point has no members.
                match situation.plan.things[a.0].kind {
                    ThingKind::Spot(..) => near(centre(situation, *a)),
                    _ => mean(situation, *a, |member| near(member_centre(situation, member))),
                }
            }
            Self::Way(a, b) => {
                let Some(maze) = &situation.setting.maze else { return 0.0 };
                let way = maze.way(centre(situation, *b).truncate());
                let longest = way.longest().max(maze.cell);
                let near = |at: Vector| 1.0 - (way.from(at.truncate()) / longest).min(1.0);
                match situation.plan.things[a.0].kind {
                    ThingKind::Group => mean(situation, *a, |member| near(member_centre(situation, member))),
                    _ => near(centre(situation, *a)),
                }
            }
            Self::Behind(a, b, c) => {
                let [a, b, c] = [a, b, c].map(|thing| centre(situation, *thing).truncate());
                let cosine = (b - a).normalize_or_zero().dot((c - b).normalize_or_zero());
                (1.0 + cosine) / 2.0
            }
            Self::Upright(a) => mean(situation, *a, |member| (1.0 + (bodies[member].rotation() * Vector::Z).z) / 2.0),
            Self::Slow(a, margin) => mean(situation, *a, |member| falling(bodies[member].linvel().length(), *margin)),
            Self::Still(joint, margin) => falling(situation.plan.parts.joints[*joint].velocity(situation.world), *margin),
            Self::Outside(a, zone) => mean(situation, *a, |member| if outside(situation, member, *zone) > 1.0 { 1.0 } else { 0.0 }),
            Self::Inside(a, zone) => mean(situation, *a, |member| if outside(situation, member, *zone) > 1.0 { 0.0 } else { 1.0 }),
            Self::Away(a, zone) => mean(situation, *a, |member| outside(situation, member, *zone).min(1.0)),
            Self::Above(a, height) => mean(situation, *a, |member| (member_centre(situation, member).z / height).clamp(0.0, 1.0)),
            Self::Follows(margin) => falling(situation.command_error(), *margin),
            Self::Gentle => {
                let squares: f32 = situation.action.iter().map(|channel| channel * channel).sum();
                1.0 - squares / situation.action.len().max(1) as f32
            }
            Self::While(condition) => {
                if condition.holds(situation, memory) {
                    1.0
                } else {
                    0.0
                }
            }
            Self::Product(of) => of.iter().map(|part| part.value(situation, memory)).product(),
        }
    }
}

fn outside(situation: &Situation<'_>, member: RigidBodyHandle, zone: ThingId) -> f32 {
    way_out(situation, member_centre(situation, member).truncate(), zone)
}

/// The mean of `value` over a thing's present members.
fn mean(situation: &Situation<'_>, thing: ThingId, value: impl Fn(RigidBodyHandle) -> f32) -> f32 {
    let (mut sum, mut count) = (0.0, 0);
    for member in present(situation, thing) {
        sum += value(member);
        count += 1;
    }
    sum / count.max(1) as f32
}
