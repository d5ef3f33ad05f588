//! Predicates, with their names looked up and their memory assigned.

use super::{centre, member_centre, present, way_out};
use crate::physics::rapier::prelude::*;
use crate::scene::plan::{Plan, Quantity, Situation, ThingId, ThingKind};
use crate::scene::schema::Predicate;

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
    Follows(Quantity),
    Upright(ThingId, Quantity),
    Above(ThingId, Quantity),
    Open(usize, Quantity),
    Held(ThingId),
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Then { steps: Vec<Self>, slot: usize },
    For { steps: f32, slot: usize, of: Box<Self> },
    Share { share: f32, group: ThingId, of: Box<Self> },
}

/// One member of a group: the predicates inside of a `Share` are asked about one after the other.
#[derive(Clone, Copy)]
struct One {
    group: ThingId,
    member: usize,
}

impl Condition {
    /// Looks names up. Predicates that remember take numbers of the memory: one, or inside of a `Share` one for each member.
    pub(super) fn new(predicate: &Predicate, plan: &Plan, memory: &mut usize) -> Self {
        Self::resolve(predicate, plan, memory, 1)
    }

    fn resolve(predicate: &Predicate, plan: &Plan, memory: &mut usize, copies: usize) -> Self {
        let thing = |name: &str| plan.thing(name);
        let q = |number| plan.quantities.resolve(number);
        let mut slot = || {
            *memory += copies;
            *memory - copies
        };
        match predicate {
            Predicate::Inside(a, b) => Self::Inside(thing(a), thing(b)),
            Predicate::Outside(a, b) => Self::Outside(thing(a), thing(b)),
            Predicate::On(a, b) => Self::On(thing(a), thing(b)),
            Predicate::Touching(a, b) => Self::Touching(thing(a), thing(b)),
            Predicate::Near(a, b, distance) => Self::Near(thing(a), thing(b), q(distance)),
            Predicate::AtRest(a) => Self::AtRest(thing(a)),
            Predicate::Follows(tolerance) => Self::Follows(q(tolerance)),
            Predicate::Upright(a, angle) => Self::Upright(thing(a), q(angle)),
            Predicate::Above(a, height) => Self::Above(thing(a), q(height)),
            Predicate::Open(joint, share) => Self::Open(plan.joint(joint), q(share)),
            Predicate::Held(a) => Self::Held(thing(a)),
            Predicate::All(of) => Self::All(of.iter().map(|part| Self::resolve(part, plan, memory, copies)).collect()),
            Predicate::Any(of) => Self::Any(of.iter().map(|part| Self::resolve(part, plan, memory, copies)).collect()),
            Predicate::Not(of) => Self::Not(Box::new(Self::resolve(of, plan, memory, copies))),
            Predicate::Then(of) => {
                let slot = slot();
                Self::Then { steps: of.iter().map(|part| Self::resolve(part, plan, memory, copies)).collect(), slot }
            }
            Predicate::For(seconds, of) => {
                let slot = slot();
                let steps = (seconds * plan.timing.control_hz as f32).round().max(1.0);
                Self::For { steps, slot, of: Box::new(Self::resolve(of, plan, memory, copies)) }
            }
            Predicate::Share(share, of) => {
                // (The checks refuse a share without a group; the body, of one member, stands for one that slipped through.)
                let group = group(of, plan).unwrap_or(plan.thing("body"));
                let members = plan.things[group.0].members.len();
                Self::Share { share: *share, group, of: Box::new(Self::resolve(of, plan, memory, members)) }
            }
        }
    }

    /// Whether it holds now: of a group, for all of it.
    pub(super) fn holds(&self, situation: &Situation<'_>, memory: &mut [f32]) -> bool {
        self.ask(situation, memory, None)
    }

    /// Whether it holds, for all of a group or for `one` of its members. Every part is asked in every step, because some remember.
    fn ask(&self, situation: &Situation<'_>, memory: &mut [f32], one: Option<One>) -> bool {
        let values = &situation.setting.values;
        let bodies = situation.world.bodies;
        let own = one.map_or(0, |one| one.member);
        let all = |thing: ThingId, test: &dyn Fn(Vector, Option<RigidBodyHandle>) -> bool| all_of(situation, thing, one, test);
        match self {
            Self::Inside(a, zone) => all(*a, &|at, _| way_out(situation, at.truncate(), *zone) <= 1.0),
            Self::Outside(a, b) if situation.plan.things[b.0].kind == ThingKind::Floor => all(*a, &|at, _| at.z < BELOW),
            Self::Outside(a, zone) => all(*a, &|at, _| way_out(situation, at.truncate(), *zone) > 1.0),
            Self::Near(a, b, distance) => {
                let to = centre(situation, *b);
                all(*a, &|at, _| at.distance(to) <= distance.of(values))
            }
            Self::Above(a, height) => all(*a, &|at, _| at.z > height.of(values)),
            Self::On(a, b) => {
                let below = centre(situation, *b).z;
                all(*a, &|at, member| at.z > below && member.is_some_and(|member| touches(situation, member, *b)))
            }
            Self::Touching(a, b) => all(*a, &|_, member| member.is_some_and(|member| touches(situation, member, *b))),
            Self::AtRest(a) => all(*a, &|_, member| {
                member.is_none_or(|member| bodies[member].linvel().length() < REST_SPEED && bodies[member].angvel().length() < REST_TURN)
            }),
            Self::Upright(a, angle) => {
                all(*a, &|_, member| member.is_none_or(|member| (bodies[member].rotation() * Vector::Z).z >= libm::cosf(angle.of(values))))
            }
            Self::Held(a) => all(*a, &|_, member| member.is_some_and(|member| is_held(situation, member))),
            Self::Follows(tolerance) => situation.command_error() <= tolerance.of(values),
            Self::Open(joint, share) => {
                let joint = &situation.plan.parts.joints[*joint];
                let opened = joint.limits(situation.world).map(|[low, high]| (joint.position(situation.world) - low) / (high - low));
                opened.is_some_and(|opened| opened >= share.of(values))
            }
            Self::All(of) => of.iter().fold(true, |so_far, part| so_far & part.ask(situation, memory, one)),
            Self::Any(of) => of.iter().fold(false, |so_far, part| so_far | part.ask(situation, memory, one)),
            Self::Not(of) => !of.ask(situation, memory, one),
            Self::Then { steps, slot } => {
                let next = memory[slot + own] as usize;
                let mut held = next;
                for (index, step) in steps.iter().enumerate() {
                    if step.ask(situation, memory, one) && index == next {
                        held = next + 1;
                    }
                }
                memory[slot + own] = held as f32;
                held >= steps.len()
            }
            Self::For { steps, slot, of } => {
                let held = if of.ask(situation, memory, one) { memory[slot + own] + 1.0 } else { 0.0 };
                memory[slot + own] = held;
                held >= *steps
            }
            Self::Share { share, group, of } => {
                let (mut held, mut count) = (0, 0);
                for (member, handle) in situation.plan.things[group.0].members.iter().enumerate() {
                    if bodies[*handle].is_enabled() {
                        held += usize::from(of.ask(situation, memory, Some(One { group: *group, member })));
                        count += 1;
                    }
                }
                held as f32 / count.max(1) as f32 >= *share
            }
        }
    }
}

/// The first group that a predicate is about.
fn group(predicate: &Predicate, plan: &Plan) -> Option<ThingId> {
    let thing = match predicate {
        Predicate::Inside(a, _)
        | Predicate::Outside(a, _)
        | Predicate::On(a, _)
        | Predicate::Touching(a, _)
        | Predicate::Near(a, _, _)
        | Predicate::AtRest(a)
        | Predicate::Upright(a, _)
        | Predicate::Above(a, _)
        | Predicate::Held(a) => plan.thing(a),
        Predicate::Follows(_) | Predicate::Open(..) => return None,
        Predicate::All(of) | Predicate::Any(of) | Predicate::Then(of) => return of.iter().find_map(|part| group(part, plan)),
        Predicate::Not(of) | Predicate::For(_, of) | Predicate::Share(_, of) => return group(of, plan),
    };
    (plan.things[thing.0].kind == ThingKind::Group).then_some(thing)
}

/// Whether `test` holds for all present members of a thing (of which there must be one), or for the `one` that is asked about. A thing
/// without bodies is tested once, at its centre.
fn all_of(situation: &Situation<'_>, thing: ThingId, one: Option<One>, test: &dyn Fn(Vector, Option<RigidBodyHandle>) -> bool) -> bool {
    let members = &situation.plan.things[thing.0].members;
    if members.is_empty() {
        return test(centre(situation, thing), None);
    }
    let tested = |member: RigidBodyHandle| test(member_centre(situation, member), Some(member));
    if let Some(one) = one.filter(|one| one.group == thing) {
        return tested(members[one.member]);
    }
    let mut present = present(situation, thing).peekable();
    present.peek().is_some() && present.all(tested)
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
