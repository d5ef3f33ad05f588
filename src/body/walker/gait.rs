//! A trot: diagonal legs swing together, the others carry. Each foot's path makes goals of its leg's joints by inverse kinematics.
//!
//! Where a foot is put down follows Raibert (Legged Robots That Balance, 1986): half of the way that the trunk goes while it stands, and more
//! where the trunk is faster than it should be.

use super::{OUT, SHIN, STANCE, SWAY, THIGH, corner, side, stands};
use crate::body::{Parts, heading, turned};
use crate::physics::PhysicsView;
use bevy::math::{Vec2, Vec3};
use std::f32::consts::PI;

/// Steps of each leg per second.
const CADENCE: f32 = 3.0;
/// Share of a step for which a foot stands.
const STANDS: f32 = 0.5;
/// How high a foot is lifted, m.
const LIFT: f32 = 0.08;
/// How far a foot is put ahead for each m/s that the trunk is too fast, s.
const CATCH: f32 = 0.04;
/// How much more it turns for each rad/s that it turns too slowly.
const STEADY: f32 = 0.5;
/// Told to go slower than this (m/s, and rad/s as many), it stands,
const IDLE: f32 = 0.02;
/// once it is slower than this, m/s.
const STOPPED: f32 = 0.3;

/// How the trunk moves: what the gait answers to.
pub struct Gait {
    /// In the trunk's heading: forward and left, m/s.
    velocity: Vec2,
    /// rad/s
    spin: f32,
}

impl Gait {
    /// As the trunk moves now.
    pub fn of(parts: &Parts, world: PhysicsView<'_>) -> Self {
        let trunk = &world.bodies[parts.root()];
        Self { velocity: turned(trunk.linvel().truncate(), -heading(trunk.rotation())), spin: trunk.angvel().z }
    }

    /// Writes the action at `seconds` since the start that moves the trunk with `velocity` (forward and left, m/s) and `turn` (rad/s).
    pub fn step(&self, seconds: f32, velocity: Vec2, turn: f32, action: &mut [f32]) {
        if velocity.length() < IDLE && turn.abs() < IDLE && self.velocity.length() < STOPPED {
            return action.fill(0.0);
        }
        let turn = turn + STEADY * (turn - self.spin);
        for leg in 0..4 {
            let diagonal = if side(leg).x == side(leg).y { 0.0 } else { 0.5 };
            let phase = (seconds * CADENCE + diagonal).fract();
            let under = corner(leg) + Vec3::Y * OUT * side(leg).y;
            // What the floor under the foot does, as seen from the trunk.
            let floor = -(velocity + turn * Vec2::new(-under.y, under.x));
            let stroke = floor * STANDS / CADENCE;
            let caught = CATCH * (self.velocity - velocity);
            let (along, lift) = if phase < STANDS {
                (phase / STANDS - 0.5, 0.0)
            } else {
                let swing = (phase - STANDS) / (1.0 - STANDS);
                (0.5 * libm::cosf(PI * swing), LIFT * libm::sinf(PI * swing))
            };
            let foot = (stroke * along + caught).extend(lift - stands()) + Vec3::Y * OUT * side(leg).y;
            for (joint, angle) in bent(foot, side(leg).y).into_iter().enumerate() {
                action[3 * leg + joint] = ((angle - STANCE[joint]) / SWAY[joint]).clamp(-1.0, 1.0);
            }
        }
    }
}

/// The angles of abduction, hip and knee at which a leg's foot is at `foot`, m from its abduction in the trunk's frame; `side` is 1 on the
/// left. Out of reach, the leg stretches that way.
pub fn bent(foot: Vec3, side: f32) -> [f32; 3] {
    let out = OUT * side;
    let down = libm::sqrtf((foot.y * foot.y + foot.z * foot.z - out * out).max(1e-6));
    let abduction = libm::atan2f(foot.z, foot.y) - libm::atan2f(-down, out);
    let reach = libm::sqrtf(foot.x * foot.x + down * down).clamp((THIGH - SHIN).abs() + 0.02, THIGH + SHIN - 1e-3);
    let knee = PI - libm::acosf(((THIGH * THIGH + SHIN * SHIN - reach * reach) / (2.0 * THIGH * SHIN)).clamp(-1.0, 1.0));
    let inner = libm::acosf(((THIGH * THIGH + reach * reach - SHIN * SHIN) / (2.0 * THIGH * reach)).clamp(-1.0, 1.0));
    [abduction, libm::atan2f(-foot.x, down) + inner, -knee]
}
