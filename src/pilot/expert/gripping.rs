//! How an arm is brought to a point, and how its gripper takes a thing there: by the kinematics of the fingertip, whatever the control mode.

use super::{ExpertMemory, Phase};
use crate::body::arm::{FINGER_SPEED, PITCH_SPEED, RATES, TIP_SPEED, angles, fingertip, rates};
use crate::body::heading;
use crate::physics::rapier::prelude::*;
use crate::scene::plan::{Situation, ThingId};
use crate::scene::schema::{ArmControl, Body};
use crate::task::centre;
use bevy::math::{Vec2, Vec3};
use std::f32::consts::{FRAC_PI_2, FRAC_PI_4, PI};

/// How fast what is wrong is mended, 1/s.
const GAIN: f32 = 4.0;
/// From a thing's middle up to where the fingers begin to go down, m.
const ABOVE: f32 = 0.10;
/// From the floor to the fingertip at least, m: the fingers reach 12 mm further.
const LOWEST: f32 = 0.016;
/// Farther from the fingertip than this, m, a thing is not held.
const LOST: f32 = 0.04;

/// The hand as it is.
pub struct Hand {
    /// The fingertip, m.
    pub at: Vec3,
    /// How far it leans forwards from pointing up, rad: π points down.
    lean: f32,
    /// The arm's yaw, rad.
    yaw: f32,
    /// rad
    roll: f32,
    angles: [f32; 5],
}

/// What the hand is to do.
#[derive(Clone, Copy, Default)]
pub struct Motion {
    /// Of the fingertip, m/s.
    pub velocity: Vec3,
    /// rad/s
    pub pitch: f32,
    /// rad/s
    pub roll: f32,
    /// Each finger inwards, m/s.
    pub grip: f32,
}

impl Hand {
    /// The hand as it is.
    pub fn of(situation: &Situation<'_>) -> Self {
        let angles = angles(&situation.plan.parts, situation.world);
        let (at, lean) = fingertip(angles);
        Self { at, lean, yaw: angles[0], roll: angles[4], angles }
    }

    /// Towards `goal`, around the pedestal and not through it, fingers down.
    pub fn towards(&self, goal: Vec3) -> Motion {
        let (here, there) = (self.at.truncate(), goal.truncate());
        let out = here.normalize_or(Vec2::X);
        let aside = libm::atan2f(there.y, there.x) - libm::atan2f(here.y, here.x);
        let level = GAIN * (out * (there.length() - here.length()) + out.perp() * (here.length() * aside));
        let velocity = level.extend(GAIN * (goal.z - self.at.z));
        Motion { velocity: velocity.clamp_length_max(TIP_SPEED), pitch: GAIN * (PI - self.lean), ..Motion::default() }
    }

    /// The rate of roll that turns the fingers to two sides of a thing that looks along `heading`, rad/s.
    pub fn aligned(&self, heading: f32) -> f32 {
        GAIN * (self.facing(heading) - self.roll)
    }

    /// The smallest roll at which the fingers stand at two sides of a thing that looks along `heading`, rad.
    fn facing(&self, heading: f32) -> f32 {
        let off = (self.yaw - heading + FRAC_PI_4).rem_euclid(FRAC_PI_2);
        off - FRAC_PI_4
    }
}

/// Writes the action that does it.
pub fn drive(situation: &Situation<'_>, hand: &Hand, motion: Motion, action: &mut [f32]) {
    let Body::Arm { control, .. } = &situation.plan.scene.body else { return action.fill(0.0) };
    let Motion { velocity, pitch, roll, grip } = motion;
    let row = match control {
        ArmControl::Tip => {
            let tip = velocity / TIP_SPEED;
            [tip.x, tip.y, tip.z, pitch / PITCH_SPEED, roll / RATES[4]]
        }
        ArmControl::Joints => {
            let turn = rates(hand.angles, velocity, pitch, roll);
            std::array::from_fn(|joint| turn[joint] / RATES[joint])
        }
    };
    for (channel, value) in action.iter_mut().zip(row.into_iter().chain([grip / FINGER_SPEED])) {
        *channel = value.clamp(-1.0, 1.0);
    }
}

/// Half of the height of a thing that stands upright, m.
pub fn half_height(situation: &Situation<'_>, thing: ThingId) -> f32 {
    let world = situation.world;
    let member = situation.plan.things[thing.0].members.first().map(|member| &world.bodies[*member]);
    let collider = member.and_then(|body| body.colliders().first()).and_then(|collider| world.colliders.get(*collider));
    collider.map_or(0.0, |collider| match collider.shape().as_typed_shape() {
        TypedShape::Cuboid(cuboid) => cuboid.half_extents.z,
        TypedShape::Ball(ball) => ball.radius,
        TypedShape::Cylinder(cylinder) => cylinder.half_height,
        _ => 0.0,
    })
}

/// Takes `thing` and puts it down with its middle at `goal`. True where that is done and the hand is clear of it.
pub fn put(memory: &mut ExpertMemory, situation: &Situation<'_>, thing: ThingId, goal: Vec3, action: &mut [f32]) -> bool {
    let hand = Hand::of(situation);
    let at = centre(situation, thing);
    let member = situation.plan.things[thing.0].members[0];
    let carried = at.distance(hand.at) < LOST;
    // High enough to pass over everything that matters, with what is held below the hand.
    let clear = goal.z.max(at.z.min(0.1)) + ABOVE;
    let grasp = Vec3::new(at.x, at.y, at.z.max(LOWEST));
    let level = |goal: Vec3| (goal - hand.at).truncate().length();
    let mut motion;
    match memory.phase {
        Phase::Approach => {
            let over = grasp + Vec3::Z * ABOVE;
            // Up first, then across.
            let across = level(over) > 0.05;
            let goal = if across && hand.at.z < clear - 0.02 {
                hand.at.with_z(clear + 0.02)
            } else {
                over.with_z(if across { clear } else { over.z })
            };
            motion = hand.towards(goal);
            motion.roll = hand.aligned(heading(situation.world.bodies[member].rotation()));
            motion.grip = -FINGER_SPEED;
            if level(over) < 0.006
                && (hand.at.z - over.z).abs() < 0.02
                && motion.roll.abs() < 0.2
                && motion.pitch.abs() < 0.3
                && memory.steps > 8
            {
                memory.enter(Phase::Work);
            }
        }
        Phase::Work => {
            motion = hand.towards(grasp);
            motion.velocity = motion.velocity.clamp_length_max(0.25);
            motion.roll = hand.aligned(heading(situation.world.bodies[member].rotation()));
            motion.grip = -FINGER_SPEED;
            if hand.at.distance(grasp) < 0.006 || (memory.steps > 20 && hand.at.distance(grasp) < 0.015) {
                memory.enter(Phase::Grasp);
            } else if memory.steps > 60 {
                memory.enter(Phase::Approach);
            }
        }
        Phase::Grasp => {
            // The fingers' way and their squeeze take three quarters of a second.
            motion = Motion { grip: FINGER_SPEED, ..Motion::default() };
            if memory.steps > 18 {
                memory.enter(Phase::Raise);
            }
        }
        Phase::Raise => {
            motion = hand.towards(hand.at.with_z(hand.at.z + 0.2));
            motion.velocity = motion.velocity.clamp_length_max(0.3);
            motion.grip = FINGER_SPEED;
            if at.z > clear {
                memory.enter(Phase::Carry);
            }
        }
        Phase::Carry => {
            // It is the thing that is to be there, not the fingertip.
            let off = (goal - at).truncate();
            motion = hand.towards((hand.at + off.extend(0.0)).with_z(clear + 0.02));
            motion.grip = FINGER_SPEED;
            if off.length() < 0.004 && motion.velocity.length() < 0.1 {
                memory.enter(Phase::Lower);
            }
        }
        Phase::Lower => {
            let off = goal - at;
            motion = hand.towards(hand.at + off - Vec3::Z * 0.01);
            motion.velocity = motion.velocity.clamp_length_max(0.12);
            motion.grip = FINGER_SPEED;
            if at.z < goal.z + 0.002 || memory.steps > 60 {
                memory.enter(Phase::Release);
            }
        }
        Phase::Release => {
            motion = Motion { grip: -FINGER_SPEED, ..Motion::default() };
            if memory.steps > 14 {
                memory.enter(Phase::Retreat);
            }
        }
        Phase::Retreat => {
            motion = hand.towards(hand.at.with_z(hand.at.z + 0.1));
            motion.grip = -FINGER_SPEED;
            if memory.steps > 12 {
                drive(situation, &hand, motion, action);
                memory.enter(Phase::Approach);
                return true;
            }
        }
    }
    if matches!(memory.phase, Phase::Raise | Phase::Carry | Phase::Lower) && !carried {
        memory.enter(Phase::Approach);
    }
    drive(situation, &hand, motion, action);
    false
}
