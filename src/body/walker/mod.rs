//! A dog on four legs of three driven joints each.
//!
//! - **Links** `trunk` (the root, 6 kg), then for each leg (`front_left`, `front_right`, `rear_left`, `rear_right`) its `hip` (0.5 kg), `thigh`
//!   (0.2 m, 0.9 kg) and `shin` (0.2 m, 0.25 kg), as `front_left_shin`; 12.6 kg, as a Unitree A1. **Points** `front_left_foot` and its kin, the
//!   middle of the ball that a shin ends in.
//! - **Joints** of each leg: `abduction` (positive to the left), `hip` and `knee` (both positive when what hangs there swings backwards), as
//!   `front_left_knee`, rad; 0 is a leg that hangs straight down. Motors are springs with dampers that hold a goal (150 N m/rad, 4 N m s/rad) with at
//!   most 33.5 N m, an A1's; each drives its rotor's inertia through its gear too (0.01 kg m²).
//! - **Action**: the goal of each joint's motor, away from the stance in which it stands 0.28 m high: ±0.5 rad of abduction, ±0.8 rad of hip and
//!   knee. No action is to stand.
//! - **By hand**: `forward` and `left` (1 m/s) and `turn` (1.5 rad/s); a gait generator ([`gait`]) makes goals of the joints of them.
//! - **Joint kind**: impulse by default. `cargo bench --bench joints`: 15 us a tick beside 63 with reduced coordinates. Told nothing it
//!   stands for 10 s, 11 mm off its start and 7 mm lower (MuJoCo's does, too: 11 and 6 mm); its joints give by 12 mm at most under goals
//!   drawn at random in every control step, by 0.3 mm in a free swing, whose energy both kinds keep to 2 %. With reduced coordinates it
//!   wanders off by 0.9 m in 10 s: Rapier 0.35 solves their motors as if they were stiff, which diverges where the inertia that a motor
//!   moves is above dt (dt k + d), with dt the solver's step of 2.5 ms: 0.011 kg m², and the rotor alone has 0.01
//!   (`tests/it/mechanics.rs`). With springs and dampers twice as strong it stands with them too, within 11 mm.

pub mod gait;
mod look;

use super::look::Look;
use super::{Embodiment, Joint, Parts, link_groups, standing};
use crate::physics::rapier::prelude::*;
use crate::physics::{Physics, PhysicsView, multibody_of};
use crate::pilot::hand::{Bindings, Input};
use crate::scene::plan::{Quantities, Quantity};
use crate::scene::schema::{Body, Joints};
use crate::signal::Channels;
use bevy::math::{Vec2, Vec3};

/// Links, root first.
pub const LINKS: [&str; 13] = [
    "trunk",
    "front_left_hip",
    "front_left_thigh",
    "front_left_shin",
    "front_right_hip",
    "front_right_thigh",
    "front_right_shin",
    "rear_left_hip",
    "rear_left_thigh",
    "rear_left_shin",
    "rear_right_hip",
    "rear_right_thigh",
    "rear_right_shin",
];
/// Joints.
pub const JOINTS: [&str; 12] = [
    "front_left_abduction",
    "front_left_hip",
    "front_left_knee",
    "front_right_abduction",
    "front_right_hip",
    "front_right_knee",
    "rear_left_abduction",
    "rear_left_hip",
    "rear_left_knee",
    "rear_right_abduction",
    "rear_right_hip",
    "rear_right_knee",
];
/// Points of links that have a name: which link, and where in its frame, m.
pub const POINTS: [(&str, usize, Vec3); 4] =
    [("front_left_foot", 3, FOOT), ("front_right_foot", 6, FOOT), ("rear_left_foot", 9, FOOT), ("rear_right_foot", 12, FOOT)];

/// From the knee.
const FOOT: Vec3 = Vec3::new(0.0, 0.0, -SHIN);
/// Half edges of the trunk, m.
const TRUNK: Vec3 = Vec3::new(0.19, 0.085, 0.05);
/// From the trunk's middle to a leg's abduction: ahead and aside, m.
const CORNER: Vec2 = Vec2::new(0.183, 0.047);
/// From a leg's abduction out to its hip, m.
pub const OUT: f32 = 0.085;
/// From hip to knee, m.
pub const THIGH: f32 = 0.2;
/// From knee to foot, m.
pub const SHIN: f32 = 0.2;
/// Of a foot, m.
pub const FOOT_RADIUS: f32 = 0.02;
/// Weight of trunk, hip, thigh and shin, kg.
const MASSES: [f32; 4] = [6.0, 0.5, 0.9, 0.25];
/// Strongest torque of every motor, N m.
const TORQUE: f32 = 33.5;
/// What a motor does against an error of its goal, N m/rad.
const STIFFNESS: f32 = 150.0;
/// What a motor does against its joint's speed, N m s/rad.
const DAMPING: f32 = 4.0;
/// What a rotor adds to the link that it drives, through its gear, kg m².
const ROTOR: f32 = 0.01;
/// The ends of the ranges of abduction, hip and knee, rad.
const LIMITS: [[f32; 2]; 3] = [[-0.8, 0.8], [-1.0, 2.6], [-2.7, -0.2]];
/// Goals without an action: abduction, hip and knee, rad.
pub const STANCE: [f32; 3] = [0.0, 0.8, -1.6];
/// How far from the stance an action's channel moves the goal, rad.
pub const SWAY: [f32; 3] = [0.5, 0.8, 0.8];
/// Fastest ahead and aside (m/s) and round (rad/s) by hand.
pub const BY_HAND: [f32; 3] = [1.0, 1.0, 1.5];
/// Half height of what it carries, m.
const LOAD: f32 = 0.04;

/// The walker.
pub struct Walker {
    at: [Quantity; 3],
    heading: Quantity,
    payload: Quantity,
    joints: Joints,
}

/// Of a leg: 1 in front and -1 behind, 1 on the left and -1 on the right.
pub fn side(leg: usize) -> Vec2 {
    Vec2::new(if leg < 2 { 1.0 } else { -1.0 }, if leg.is_multiple_of(2) { 1.0 } else { -1.0 })
}

/// Where a leg's abduction sits on the trunk, m.
pub fn corner(leg: usize) -> Vec3 {
    (CORNER * side(leg)).extend(0.0)
}

/// From a foot in the stance up to the trunk's middle, m.
pub fn stands() -> f32 {
    THIGH * libm::cosf(STANCE[1]) + SHIN * libm::cosf(STANCE[1] + STANCE[2])
}

impl Walker {
    pub(super) fn new(body: &Body, quantities: &Quantities) -> Self {
        let Body::Walker { at, heading, payload, joints } = body else {
            unreachable!("only called for a walker");
        };
        Self {
            at: [&at.0, &at.1, &at.2].map(|number| quantities.resolve(number)),
            heading: quantities.resolve(heading),
            payload: quantities.resolve(payload),
            joints: *joints,
        }
    }
}

impl Embodiment for Walker {
    fn action(&self) -> Channels {
        let mut channels = Channels::default();
        for (index, joint) in JOINTS.iter().enumerate() {
            channels.push(*joint, if index.is_multiple_of(3) { "0.5 rad" } else { "0.8 rad" }, -1.0, 1.0);
        }
        channels
    }

    fn level(&self) -> bool {
        false
    }

    fn holds(&self) -> bool {
        true
    }

    fn clearance(&self) -> f32 {
        0.4
    }

    fn start(&self, values: &[f32]) -> (Vec3, f32) {
        let [x, y, z] = [0, 1, 2].map(|axis| self.at[axis].of(values));
        (Vec3::new(x, y, z), self.heading.of(values))
    }

    fn build(&self, physics: &mut Physics<'_>) -> Parts {
        let at = |point: Vec3| RigidBodyBuilder::dynamic().translation(point).can_sleep(false);
        let groups = link_groups();
        let trunk = physics.bodies.insert(at(Vec3::ZERO));
        let shell = ColliderBuilder::cuboid(TRUNK.x, TRUNK.y, TRUNK.z).mass(MASSES[0]).friction(0.4).collision_groups(groups);
        physics.colliders.insert_with_parent(shell, trunk, physics.bodies);
        let mut parts = Parts { links: vec![trunk], joints: Vec::new() };
        for leg in 0..4 {
            let hip_at = corner(leg);
            let out = Vec3::Y * OUT * side(leg).y;
            let (thigh_at, shin_at) = (hip_at + out, hip_at + out - Vec3::Z * THIGH);
            let [hip, thigh, shin] = [hip_at, thigh_at, shin_at].map(|point| physics.bodies.insert(at(point)));
            parts.links.extend([hip, thigh, shin]);
            let rotor = Vector::splat(ROTOR);
            // The hip's motors fill what lies between trunk and thigh: nothing touches them.
            let inner = MassProperties::new(out / 2.0, MASSES[1], Vector::splat(0.0005) + rotor);
            physics.bodies[hip].set_additional_mass_properties(inner, false);
            let bone = ColliderBuilder::capsule_z(THIGH / 2.0 - 0.03, 0.03).translation(Vector::new(0.0, 0.0, -THIGH / 2.0 + 0.01));
            physics.colliders.insert_with_parent(bone.mass(MASSES[2]).friction(0.4).collision_groups(groups), thigh, physics.bodies);
            // The shin ends in the foot, a ball of rubber.
            let half = (SHIN - 0.02) / 2.0;
            let bone = ColliderBuilder::capsule_z(half, FOOT_RADIUS).translation(Vector::new(0.0, 0.0, half - SHIN));
            physics.colliders.insert_with_parent(bone.mass(MASSES[3]).friction(1.0).collision_groups(groups), shin, physics.bodies);
            for link in [thigh, shin] {
                physics.bodies[link].set_additional_mass_properties(MassProperties::new(Vector::ZERO, 0.0, rotor), false);
            }
            let turning = |axis: Vector, joint: usize, on: Vec3| {
                RevoluteJointBuilder::new(axis)
                    .local_anchor1(on)
                    .contacts_enabled(false)
                    .limits(LIMITS[joint])
                    .motor_model(MotorModel::ForceBased)
                    .motor_max_force(TORQUE)
                    .build()
                    .data
            };
            let below = Vec3::NEG_Z * THIGH;
            for (joint, parent, child, axis, on) in
                [(0, trunk, hip, Vector::X, hip_at), (1, hip, thigh, Vector::Y, out), (2, thigh, shin, Vector::Y, below)]
            {
                parts.joints.push(Joint::connect(self.joints, physics, parent, child, turning(axis, joint, on)));
            }
        }
        if let Some(multibody) = multibody_of(physics.multibody_joints, trunk) {
            multibody.damping_mut().fill(0.0);
        }
        parts
    }

    fn set(&self, values: &[f32], parts: &Parts, physics: &mut Physics<'_>) {
        let (at, heading) = self.start(values);
        let payload = self.payload.of(values);
        let trunk = parts.root();
        if payload > 0.0 {
            // A box on its back.
            let half = Vector::new(0.1, 0.07, LOAD);
            let load = MassProperties::from_cuboid(payload / (8.0 * half.x * half.y * half.z), half);
            let on_its_back = MassProperties { local_com: Vector::new(0.0, 0.0, TRUNK.z + LOAD), ..load };
            physics.bodies[trunk].set_additional_mass_properties(on_its_back, false);
            physics.bodies[trunk].recompute_mass_properties_from_colliders(physics.colliders);
        }
        let stands = standing(at + Vec3::Z * (stands() + FOOT_RADIUS), heading);
        stand(stands, parts, physics);
        for (index, joint) in parts.joints.iter().enumerate() {
            joint.displace(physics, STANCE[index % 3]);
        }
        self.act(values, parts, &[0.0; 12], physics);
    }

    fn act(&self, _values: &[f32], parts: &Parts, action: &[f32], physics: &mut Physics<'_>) {
        for (index, joint) in parts.joints.iter().enumerate() {
            let [low, high] = LIMITS[index % 3];
            let goal = (STANCE[index % 3] + SWAY[index % 3] * action[index]).clamp(low, high);
            joint.set_motor(physics, |data| {
                data.set_motor(JointAxis::AngX, goal, 0.0, STIFFNESS, DAMPING);
            });
        }
    }

    fn steering(&self) -> Option<Channels> {
        let mut channels = Channels::default();
        for (name, unit) in [("forward", "1 m/s"), ("left", "1 m/s"), ("turn", "1.5 rad/s")] {
            channels.push(name, unit, -1.0, 1.0);
        }
        Some(channels)
    }

    fn steer(&self, parts: &Parts, world: PhysicsView<'_>, seconds: f32, wanted: &[f32], action: &mut [f32]) {
        let [forward, left, turn] = [0, 1, 2].map(|channel| BY_HAND[channel] * wanted[channel]);
        gait::Gait::of(parts, world).step(seconds, Vec2::new(forward, left), turn, action);
    }

    fn bindings(&self) -> Bindings {
        // As seen from behind: away is ahead, to the right is -y, and clockwise is a negative turn.
        Bindings::of("Walker")
            .with("walk ahead", Input::LeftStickY, &[("forward", 1.0)])
            .keys("walk ahead", "KeyW", "KeyS", &[("forward", 1.0)])
            .with("walk ahead", Input::MouseY, &[("forward", 1.0)])
            .with("walk aside", Input::LeftStickX, &[("left", -1.0)])
            .keys("walk aside", "KeyZ", "KeyX", &[("left", 1.0)])
            .with("turn", Input::RightStickX, &[("turn", -1.0)])
            .keys("turn", "KeyA", "KeyD", &[("turn", 1.0)])
            .with("turn", Input::MouseX, &[("turn", -1.0)])
    }

    fn look(&self, values: &[f32]) -> Look {
        look::look(self.payload.of(values))
    }
}

/// Moves a body that has not moved yet to where its trunk is at `pose`, its legs hanging.
fn stand(pose: Pose, parts: &Parts, physics: &mut Physics<'_>) {
    for link in &parts.links {
        let at = pose * *physics.bodies[*link].position();
        physics.bodies[*link].set_position(at, true);
    }
    if let Some(multibody) = multibody_of(physics.multibody_joints, parts.root()) {
        multibody.forward_kinematics(physics.bodies, true);
        multibody.update_rigid_bodies(physics.bodies, true);
    }
}
