//! Predicates, with their names looked up and their memory assigned.

use super::{centre, member_centre, present, way_out};
use crate::physics::rapier::prelude::*;
use crate::scene::plan::{Plan, Quantity, Situation, ThingId, ThingKind};
use crate::scene::schema::Predicate;
use bevy::math::Vec2;

/// Slower than this, m/s, is at rest.
const REST_SPEED: f32 = 0.05;
/// Turning slower than this, rad/s, is at rest.
const REST_TURN: f32 = 0.3;
/// What is lower than this, m, fell below the floor.
const BELOW: f32 = -0.05;

/// A [`Predicate`] made ready to run. `slot` is where it remembers.
pub(super) enum Condition {
    Inside(ThingId, ThingId),
    Outside(ThingId, ThingId),
    On(ThingId, ThingId),
    Touching(ThingId, ThingId),
    Near(ThingId, ThingId, Quantity),
    AtRest(ThingId),
    Follows { forward: Quantity, sideways: Quantity, tolerance: Quantity },
    Upright(ThingId, Quantity),
    Above(ThingId, Quantity),
    Open(usize, Quantity),
    Held(ThingId),
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Then { steps: Vec<Self>, slot: usize },
    For { steps: f32, slot: usize, of: Box<Self> },
    Share(f32, Box<Self>),
}

impl Condition {
    pub(super) fn new(predicate: &Predicate, plan: &Plan, memory: &mut usize) -> Self {
        let thing = |name: &str| plan.thing(name);
        let q = |number| plan.quantities.resolve(number);
        let mut slot = || {
            *memory += 1;
            *memory - 1
        };
        match predicate {
            Predicate::Inside(a, b) => Self::Inside(thing(a), thing(b)),
            Predicate::Outside(a, b) => Self::Outside(thing(a), thing(b)),
            Predicate::On(a, b) => Self::On(thing(a), thing(b)),
            Predicate::Touching(a, b) => Self::Touching(thing(a), thing(b)),
            Predicate::Near(a, b, distance) => Self::Near(thing(a), thing(b), q(distance)),
            Predicate::AtRest(a) => Self::AtRest(thing(a)),
            Predicate::Follows { forward, sideways, tolerance } => {
                Self::Follows { forward: q(forward), sideways: q(sideways), tolerance: q(tolerance) }
            }
            Predicate::Upright(a, angle) => Self::Upright(thing(a), q(angle)),
            Predicate::Above(a, height) => Self::Above(thing(a), q(height)),
            Predicate::Open(joint, share) => Self::Open(plan.joint(joint), q(share)),
            Predicate::Held(a) => Self::Held(thing(a)),
            Predicate::All(of) => Self::All(of.iter().map(|part| Self::new(part, plan, memory)).collect()),
            Predicate::Any(of) => Self::Any(of.iter().map(|part| Self::new(part, plan, memory)).collect()),
            Predicate::Not(of) => Self::Not(Box::new(Self::new(of, plan, memory))),
            Predicate::Then(of) => {
                let slot = slot();
                Self::Then { steps: of.iter().map(|part| Self::new(part, plan, memory)).collect(), slot }
            }
            Predicate::For(seconds, of) => {
                let slot = slot();
                let steps = (seconds * plan.timing.control_hz as f32).round().max(1.0);
                Self::For { steps, slot, of: Box::new(Self::new(of, plan, memory)) }
            }
            Predicate::Share(share, of) => Self::Share(*share, Box::new(Self::new(of, plan, memory))),
        }
    }

    /// Whether it holds now: of a group, for all of it.
    pub(super) fn holds(&self, situation: &Situation<'_>, memory: &mut [f32]) -> bool {
        self.share(situation, memory) >= 1.0
    }

    /// The share of the group for which it holds: 0 or 1 where no group is meant. Every part is asked in every step, because some
    /// remember.
    fn share(&self, situation: &Situation<'_>, memory: &mut [f32]) -> f32 {
        let yes = |holds: bool| if holds { 1.0 } else { 0.0 };
        let values = &situation.setting.values;
        let bodies = situation.world.bodies;
        match self {
            Self::Inside(a, zone) => share_of(situation, *a, |at, _| way_out(situation, at.truncate(), *zone) <= 1.0),
            Self::Outside(a, b) if situation.plan.things[b.0].kind == ThingKind::Floor => share_of(situation, *a, |at, _| at.z < BELOW),
            Self::Outside(a, zone) => share_of(situation, *a, |at, _| way_out(situation, at.truncate(), *zone) > 1.0),
            Self::Near(a, b, distance) => {
                let to = centre(situation, *b);
                share_of(situation, *a, |at, _| at.distance(to) <= distance.of(values))
            }
            Self::Above(a, height) => share_of(situation, *a, |at, _| at.z > height.of(values)),
            Self::On(a, b) => {
                let below = centre(situation, *b).z;
                share_of(situation, *a, |at, member| at.z > below && member.is_some_and(|member| touches(situation, member, *b)))
            }
            Self::Touching(a, b) => share_of(situation, *a, |_, member| member.is_some_and(|member| touches(situation, member, *b))),
            Self::AtRest(a) => share_of(situation, *a, |_, member| {
                member.is_none_or(|member| bodies[member].linvel().length() < REST_SPEED && bodies[member].angvel().length() < REST_TURN)
            }),
            Self::Upright(a, angle) => share_of(situation, *a, |_, member| {
                member.is_none_or(|member| (bodies[member].rotation() * Vector::Z).z >= libm::cosf(angle.of(values)))
            }),
            Self::Held(a) => share_of(situation, *a, |_, member| member.is_some_and(|member| is_held(situation, member))),
            Self::Follows { forward, sideways, tolerance } => yes(command_error(situation, *forward, *sideways) <= tolerance.of(values)),
            Self::Open(joint, share) => {
                let joint = &situation.plan.parts.joints[*joint];
                let opened = joint.limits(situation.world).map(|[low, high]| (joint.position(situation.world) - low) / (high - low));
                yes(opened.is_some_and(|opened| opened >= share.of(values)))
            }
            Self::All(of) => of.iter().map(|part| part.share(situation, memory)).fold(1.0, f32::min),
            Self::Any(of) => of.iter().map(|part| part.share(situation, memory)).fold(0.0, f32::max),
            Self::Not(of) => 1.0 - of.share(situation, memory),
            Self::Then { steps, slot } => {
                let next = memory[*slot] as usize;
                let mut held = next;
                for (index, step) in steps.iter().enumerate() {
                    if step.holds(situation, memory) && index == next {
                        held = next + 1;
                    }
                }
                memory[*slot] = held as f32;
                yes(held >= steps.len())
            }
            Self::For { steps, slot, of } => {
                let held = if of.holds(situation, memory) { memory[*slot] + 1.0 } else { 0.0 };
                memory[*slot] = held;
                yes(held >= *steps)
            }
            Self::Share(share, of) => yes(of.share(situation, memory) >= *share),
        }
    }
}

/// The share of a thing's present members for which `test` holds. A thing without bodies is tested once, at its centre.
fn share_of(situation: &Situation<'_>, thing: ThingId, test: impl Fn(Vector, Option<RigidBodyHandle>) -> bool) -> f32 {
    if situation.plan.things[thing.0].members.is_empty() {
        return if test(centre(situation, thing), None) { 1.0 } else { 0.0 };
    }
    let (mut held, mut count) = (0, 0);
    for member in present(situation, thing) {
        held += usize::from(test(member_centre(situation, member), Some(member)));
        count += 1;
    }
    held as f32 / count.max(1) as f32
}

/// Whether the rigid body touches any part of `thing`. (`body` means the whole body.)
fn touches(situation: &Situation<'_>, member: RigidBodyHandle, thing: ThingId) -> bool {
    let world = situation.world;
    let whole = situation.plan.things[thing.0].name == "body";
    world.bodies[member].colliders().iter().flat_map(|collider| world.touched_by(*collider)).any(|touched| {
        let Some(parent) = world.colliders.get(touched).and_then(Collider::parent) else { return false };
        if whole { situation.plan.parts.links.contains(&parent) } else { situation.plan.things[thing.0].members.contains(&parent) }
    })
}

/// Whether the rigid body touches the body, and nothing else.
fn is_held(situation: &Situation<'_>, member: RigidBodyHandle) -> bool {
    let world = situation.world;
    let mut touched = world.bodies[member].colliders().iter().flat_map(|collider| world.touched_by(*collider)).peekable();
    touched.peek().is_some()
        && touched.all(|touched| {
            world.colliders.get(touched).and_then(Collider::parent).is_some_and(|parent| situation.plan.parts.links.contains(&parent))
        })
}

/// How far the body's level velocity, in its own frame, is from the command, m/s.
pub(super) fn command_error(situation: &Situation<'_>, forward: Quantity, sideways: Quantity) -> f32 {
    let values = &situation.setting.values;
    let body = &situation.world.bodies[situation.plan.parts.root()];
    let velocity = crate::body::turned(body.linvel().truncate(), -crate::body::heading(body.rotation()));
    velocity.distance(Vec2::new(forward.of(values), sideways.of(values)))
}
