//! An arm on a pedestal, with five joints and a gripper of two fingers that hold by friction: nothing is ever glued.
//!
//! - **Links** `base` (the root, which never moves), `turret`, `upper_arm` (0.30 m), `forearm` (0.28 m), `wrist`, `hand`, `finger_left`
//!   and `finger_right`; 6.1 kg that move. **Point** `tip`, between the ends of the fingers, 0.16 m from the wrist. The shoulder is 0.20 m above
//!   the floor, and the tip reaches 0.74 m from it.
//! - **Joints** `yaw`, `shoulder`, `elbow`, `wrist` and `roll` (rad), and the fingers' slides `finger_left` and `finger_right` (m, 0 is closed).
//!   At 0 the arm stands upright; shoulder, elbow and wrist bend it forwards. Motors are springs with dampers that hold a goal, with at most the
//!   torques of a real arm of that size (a UR3e's: 54, 54, 28, 9 and 9 N m; gripper 60 N). The arm's own weight is held by the motors in
//!   advance, as the controllers of real arms do; a load is not.
//! - **Action**: rates, so that a hand that lets go holds. In the mode `Joints`: `yaw`, `shoulder`, `elbow` (±1.5 rad/s), `wrist` (±2 rad/s)
//!   and `roll` (±3 rad/s). In the mode `Tip`: `x`, `y`, `z` (±0.5 m/s), `pitch` (±2 rad/s) and `roll` (±3 rad/s) of the fingertip, by
//!   damped least squares (Wampler 1986; Nakamura and Hanafusa 1986). In both `grip`: the fingers close with ±0.1 m/s each; closed beyond what they hold, they press.
//! - **Joint kind**: impulse by default. `cargo bench --bench joints`: 9 us a tick beside 16 with reduced coordinates; its joints give by
//!   1 mm at most under random actions, and a free swing keeps its energy to 4.5 % with both. With reduced coordinates (Rapier 0.35) the
//!   arm that is told nothing rises by 17 mm, what is pinched sinks into the fingers, and a finger of a real gripper's inertia does not
//!   follow its motor: their motors diverge where what they move is above dt (dt k + d) of the solver's step (see [`super::walker`]), for
//!   a finger 0.026 kg. With impulse joints a block of 0.05 to 0.5 kg is held for 10 s at 240 ticks a second, once motors and gears have
//!   the inertia that real ones have (0.02 to 0.08 kg m² at the joints) and friction is solved as [`crate::physics::holding`] does:
//!   without the one or the other a light block creeps out within seconds.

use super::look::{Finish, Form, Framing, Look, Piece};
use super::{Embodiment, Grip, Joint, Parts, link_groups};
use crate::physics::rapier::prelude::*;
use crate::physics::{Physics, PhysicsView, multibody_of};
use crate::pilot::hand::{Bindings, Input};
use crate::scene::plan::{Quantities, Quantity};
use crate::scene::schema::{ArmControl, Body, Joints, Scene};
use crate::signal::Channels;
use bevy::math::{Mat3, Vec3};
use std::f32::consts::PI;

/// Links, root first.
pub const LINKS: [&str; 8] = ["base", "turret", "upper_arm", "forearm", "wrist", "hand", "finger_left", "finger_right"];
/// Joints.
pub const JOINTS: [&str; 7] = ["yaw", "shoulder", "elbow", "wrist", "roll", "finger_left", "finger_right"];
/// Points of links that have a name: which link, and where in its frame, m.
pub const POINTS: [(&str, usize, Vec3); 1] = [("tip", HAND, Vec3::ZERO)];

/// The hand among the links. Its frame lies at the fingertips and looks along z where the fingers point.
const HAND: usize = 5;
/// Of the shoulder above the floor, m.
pub const SHOULDER: f32 = 0.20;
/// From shoulder to elbow, m.
pub const UPPER: f32 = 0.30;
/// From elbow to wrist, m.
pub const FORE: f32 = 0.28;
/// From wrist to fingertip, m.
pub const REACH: f32 = 0.16;
/// Fastest rates of the joints, rad/s.
pub const RATES: [f32; 5] = [1.5, 1.5, 1.5, 2.0, 3.0];
/// Fastest rates of the fingertip along each axis, m/s.
pub const TIP_SPEED: f32 = 0.5;
/// Fastest pitch of the hand, rad/s.
pub const PITCH_SPEED: f32 = 2.0;
/// Fastest rate of each finger, m/s.
pub const FINGER_SPEED: f32 = 0.1;
/// Each finger's way, m.
pub const OPEN: f32 = 0.045;
/// How far beyond closed a finger's goal may lie, m: what presses.
const SQUEEZE: f32 = 0.03;
/// The ends of the joints' ranges, rad.
const LIMITS: [[f32; 2]; 5] = [[-2.9, 2.9], [-1.6, 2.2], [0.05, 2.65], [-2.0, 2.4], [-3.0, 3.0]];
/// Strongest torques, N m.
const TORQUES: [f32; 5] = [54.0, 54.0, 28.0, 9.0, 9.0];
/// What a motor does against an error of its goal, N m/rad.
const STIFFNESS: [f32; 5] = [1500.0, 1500.0, 800.0, 150.0, 40.0];
/// What a motor does against an error of its speed, N m s/rad.
const DAMPING: [f32; 5] = [75.0, 75.0, 40.0, 7.5, 2.0];
/// The fingers' springs, N/m, dampers, N s/m, and strongest force, N.
const FINGER: (f32, f32, f32) = (250.0, 12.0, 60.0);
/// A goal runs ahead of its joint by at most this, rad: where the arm is held up, it does not gather force.
const AHEAD: f32 = 0.25;
/// Weight of turret, upper arm, forearm, wrist, hand and a finger, kg.
const MASSES: [f32; 6] = [1.6, 2.0, 1.3, 0.5, 0.5, 0.1];
/// What the motors' turning parts add to the links that they drive, through their gears, kg m².
const GEARS: [f32; 5] = [0.08, 0.08, 0.08, 0.02, 0.02];
/// Of a finger with its carriage and gears, about any axis, kg m².
const CARRIAGE: f32 = 5e-4;
/// The damping of the inverse kinematics, m: near a stretched arm it yields before the joints race.
const DAMPED: f32 = 0.05;
/// How much a radian of pitch weighs beside a metre of the fingertip in it.
const PITCH_WEIGHT: f32 = 0.15;
/// Where an episode begins: the fingertip 0.36 m ahead, 0.25 m high, fingers down.
const HOME: [f32; 3] = [0.36, 0.25, PI];

/// The arm.
pub struct Arm {
    control: ArmControl,
    payload: Quantity,
    joints: Joints,
    /// Of a control step, s.
    dt: f32,
    /// m/s²
    gravity: f32,
}

/// Angles of yaw, shoulder, elbow, wrist and roll, rad.
pub type Angles = [f32; 5];

/// Where the fingertip is at these angles, m, and how far the hand leans forwards from pointing up, rad.
pub fn fingertip(angles: Angles) -> (Vec3, f32) {
    let [yaw, shoulder, elbow, wrist, _] = angles;
    let leans = [shoulder, shoulder + elbow, shoulder + elbow + wrist];
    let (mut out, mut up) = (0.0, SHOULDER);
    for (lean, length) in leans.into_iter().zip([UPPER, FORE, REACH]) {
        let (sine, cosine) = libm::sincosf(lean);
        out += length * sine;
        up += length * cosine;
    }
    let (sine, cosine) = libm::sincosf(yaw);
    (Vec3::new(out * cosine, out * sine, up), leans[2])
}

/// The rates of the joints, rad/s, that move the fingertip by `velocity` (m/s), the hand's lean by `pitch` and its roll by `roll` (rad/s): damped
/// least squares, so that they stay bounded where the arm is stretched or the tip is above the pedestal.
pub fn rates(angles: Angles, velocity: Vec3, pitch: f32, roll: f32) -> Angles {
    let [yaw, shoulder, elbow, wrist, _] = angles;
    let (sine, cosine) = libm::sincosf(yaw);
    let out = velocity.x * cosine + velocity.y * sine;
    let aside = velocity.y * cosine - velocity.x * sine;
    let leans = [shoulder, shoulder + elbow, shoulder + elbow + wrist];
    // What each joint moves: all that is beyond it.
    let (mut columns, mut reach, mut height) = ([Vec3::ZERO; 3], 0.0, 0.0);
    for (index, length) in [(2, REACH), (1, FORE), (0, UPPER)] {
        let (sine, cosine) = libm::sincosf(leans[index]);
        reach += length * sine;
        height += length * cosine;
        columns[index] = Vec3::new(height, -reach, PITCH_WEIGHT);
    }
    let jacobian = Mat3::from_cols(columns[0], columns[1], columns[2]);
    let squared = jacobian * jacobian.transpose() + Mat3::from_diagonal(Vec3::splat(DAMPED * DAMPED));
    let bent = jacobian.transpose() * (squared.inverse() * Vec3::new(out, velocity.z, PITCH_WEIGHT * pitch));
    [aside * reach / (reach * reach + DAMPED * DAMPED), bent.x, bent.y, bent.z, roll]
}

/// The angles at which the fingertip is `out` m away from the pedestal's axis and `up` m high, leaning by `lean`, elbow up: shoulder, elbow
/// and wrist. Out of reach, the arm stretches that way.
pub fn bent(out: f32, up: f32, lean: f32) -> [f32; 3] {
    let (sine, cosine) = libm::sincosf(lean);
    let (r, z) = (out - REACH * sine, up - SHOULDER - REACH * cosine);
    let distance = libm::sqrtf(r * r + z * z).clamp(UPPER - FORE + 0.01, UPPER + FORE - 1e-3);
    let elbow = PI - libm::acosf(((UPPER * UPPER + FORE * FORE - distance * distance) / (2.0 * UPPER * FORE)).clamp(-1.0, 1.0));
    let inner = libm::acosf(((UPPER * UPPER + distance * distance - FORE * FORE) / (2.0 * UPPER * distance)).clamp(-1.0, 1.0));
    let shoulder = libm::atan2f(r, z) - inner;
    [shoulder, elbow, lean - shoulder - elbow]
}

/// The angles of an arm in the world.
pub fn angles(parts: &Parts, world: PhysicsView<'_>) -> Angles {
    std::array::from_fn(|joint| parts.joints[joint].position(world))
}

/// The torques that hold the arm's own weight, N m, without its load.
fn weights(angles: Angles, gravity: f32) -> Angles {
    let [_, shoulder, elbow, wrist, _] = angles;
    let leans = [shoulder, shoulder + elbow, shoulder + elbow + wrist];
    let hand = MASSES[3] + MASSES[4] + 2.0 * MASSES[5];
    let moments = [MASSES[1] * UPPER / 2.0 + (MASSES[2] + hand) * UPPER, MASSES[2] * FORE / 2.0 + hand * FORE, hand * REACH / 2.0];
    let [upper, fore, tip] = std::array::from_fn(|link| gravity * moments[link] * libm::sinf(leans[link]));
    [0.0, upper + fore + tip, fore + tip, tip, 0.0]
}

impl Arm {
    pub(super) fn new(scene: &Scene, quantities: &Quantities) -> Self {
        let Body::Arm { control, payload, joints } = &scene.body else {
            unreachable!("only called for an arm");
        };
        let (dt, gravity) = (1.0 / scene.timing.control_hz.max(1) as f32, scene.gravity);
        Self { control: *control, payload: quantities.resolve(payload), joints: *joints, dt, gravity }
    }
}

impl Embodiment for Arm {
    fn action(&self) -> Channels {
        let mut channels = Channels::default();
        let driven: [(&str, &str); 5] = match self.control {
            ArmControl::Joints => {
                [("yaw", "1.5 rad/s"), ("shoulder", "1.5 rad/s"), ("elbow", "1.5 rad/s"), ("wrist", "2 rad/s"), ("roll", "3 rad/s")]
            }
            ArmControl::Tip => [("x", "0.5 m/s"), ("y", "0.5 m/s"), ("z", "0.5 m/s"), ("pitch", "2 rad/s"), ("roll", "3 rad/s")],
        };
        driven.into_iter().for_each(|(name, unit)| channels.push(name, unit, -1.0, 1.0));
        channels.push("grip", "0.1 m/s", -1.0, 1.0);
        channels
    }

    fn grip(&self, parts: &Parts, world: PhysicsView<'_>) -> Option<Grip> {
        let fingers = &parts.joints[5..];
        let press = |joint: &Joint| (FINGER.0 * (joint.position(world) - joint.goal(world))).clamp(0.0, FINGER.2);
        let opening = fingers.iter().map(|joint| joint.position(world)).sum();
        Some(Grip { opening, press: fingers.iter().map(press).sum::<f32>() / 2.0 })
    }

    fn level(&self) -> bool {
        false
    }

    fn holds(&self) -> bool {
        true
    }

    fn clearance(&self) -> f32 {
        0.14
    }

    fn start(&self, _values: &[f32]) -> (Vec3, f32) {
        (Vec3::ZERO, 0.0)
    }

    fn build(&self, physics: &mut Physics<'_>) -> Parts {
        let at = |height: f32| Vector::new(0.0, 0.0, height);
        let heights = [SHOULDER, SHOULDER, SHOULDER + UPPER, SHOULDER + UPPER + FORE];
        let tip = SHOULDER + UPPER + FORE + REACH;
        let base = physics.bodies.insert(RigidBodyBuilder::fixed());
        let mut links = vec![base];
        for height in heights.into_iter().chain([tip; 3]) {
            links.push(physics.bodies.insert(RigidBodyBuilder::dynamic().translation(at(height)).can_sleep(false)));
        }
        let groups = link_groups();
        let mut cover = |link: usize, collider: ColliderBuilder| {
            physics.colliders.insert_with_parent(collider.collision_groups(groups), links[link], physics.bodies);
        };
        let upright = |radius: f32, half: f32| ColliderBuilder::cylinder(half, radius).rotation(Vector::new(PI / 2.0, 0.0, 0.0));
        let along = |radius: f32, length: f32| ColliderBuilder::capsule_z(length / 2.0, radius).translation(at(length / 2.0)).friction(0.5);
        cover(0, upright(0.07, 0.07).translation(at(0.07)));
        cover(1, upright(0.055, 0.05).translation(at(-0.02)).mass(MASSES[0]));
        cover(2, along(0.04, UPPER).mass(MASSES[1]));
        cover(3, along(0.035, FORE).mass(MASSES[2]));
        cover(4, ColliderBuilder::capsule_z(0.02, 0.03).translation(at(0.03)).mass(MASSES[3]));
        cover(HAND, ColliderBuilder::cuboid(0.022, 0.06, 0.015).translation(at(-0.075)).mass(MASSES[4]).friction(0.5));
        for (link, side) in [(6, 1.0), (7, -1.0)] {
            // Rubber: what they hold says how slick it is.
            let pad = ColliderBuilder::cuboid(0.014, 0.006, 0.036).translation(Vector::new(0.0, side * 0.006, -0.024));
            cover(link, pad.mass(0.0).friction(1.0).friction_combine_rule(CoefficientCombineRule::Multiply));
        }
        for finger in [6, 7] {
            // With the carriage and the motor's turning parts, which a thin pad alone would be too light for: contacts off the slide's middle
            // would tip it, and what is held would creep out.
            let carriage = MassProperties::new(Vector::ZERO, MASSES[5], Vector::splat(CARRIAGE));
            physics.bodies[links[finger]].set_additional_mass_properties(carriage, false);
        }
        for (link, inertia) in (1..).zip(GEARS) {
            physics.bodies[links[link]]
                .set_additional_mass_properties(MassProperties::new(Vector::ZERO, 0.0, Vector::splat(inertia)), false);
        }
        let turning = |axis: Vector, joint: usize, on: Vector| {
            RevoluteJointBuilder::new(axis)
                .local_anchor1(on)
                .contacts_enabled(false)
                .limits(LIMITS[joint])
                .motor_model(MotorModel::ForceBased)
                .motor_max_force(TORQUES[joint])
                .build()
        };
        let sliding = |side: f32| {
            PrismaticJointBuilder::new(Vector::new(0.0, side, 0.0))
                .contacts_enabled(false)
                .limits([0.0, OPEN])
                .motor_model(MotorModel::ForceBased)
                .motor_max_force(FINGER.2)
                .build()
        };
        let data: [(usize, usize, GenericJoint); 7] = [
            (0, 1, turning(Vector::Z, 0, at(SHOULDER)).into()),
            (1, 2, turning(Vector::Y, 1, at(0.0)).into()),
            (2, 3, turning(Vector::Y, 2, at(UPPER)).into()),
            (3, 4, turning(Vector::Y, 3, at(FORE)).into()),
            (4, 5, turning(Vector::Z, 4, at(REACH)).into()),
            (5, 6, sliding(1.0).into()),
            (5, 7, sliding(-1.0).into()),
        ];
        let joints = data.map(|(parent, child, data)| Joint::connect(self.joints, physics, links[parent], links[child], data));
        if let Some(multibody) = multibody_of(physics.multibody_joints, links[HAND]) {
            // Lets the multibody notice that its root is fixed.
            multibody.forward_kinematics(physics.bodies, true);
            multibody.damping_mut().fill(0.0);
        }
        Parts { links, joints: joints.to_vec() }
    }

    fn set(&self, values: &[f32], parts: &Parts, physics: &mut Physics<'_>) {
        let payload = self.payload.of(values);
        let hand = parts.links[HAND];
        if payload > 0.0 {
            // A ball of steel between the fingers.
            let mut ball = MassProperties::from_ball(7800.0, 0.02);
            ball.set_mass(payload, true);
            let ball = ball + MassProperties::new(Vector::ZERO, 0.0, Vector::splat(GEARS[4]));
            physics.bodies[hand].set_additional_mass_properties(ball, false);
            physics.bodies[hand].recompute_mass_properties_from_colliders(physics.colliders);
        }
        let [shoulder, elbow, wrist] = bent(HOME[0], HOME[1], HOME[2]);
        let home = [0.0, shoulder, elbow, wrist, 0.0, OPEN, OPEN];
        for (joint, goal) in parts.joints.iter().zip(home) {
            joint.displace(physics, goal);
            joint.set_goal(physics, goal);
        }
    }

    fn act(&self, _values: &[f32], parts: &Parts, action: &[f32], physics: &mut Physics<'_>) {
        let world = physics.view();
        let are = angles(parts, world);
        let goals: Angles = std::array::from_fn(|joint| parts.joints[joint].goal(world));
        let turn = match self.control {
            ArmControl::Joints => std::array::from_fn(|joint| action[joint] * RATES[joint]),
            ArmControl::Tip => {
                let wanted =
                    rates(goals, TIP_SPEED * Vec3::new(action[0], action[1], action[2]), PITCH_SPEED * action[3], RATES[4] * action[4]);
                // All of them slower, so that the fingertip keeps its direction.
                let excess = wanted.iter().zip(RATES).map(|(rate, most)| rate.abs() / most).fold(1.0, f32::max);
                wanted.map(|rate| rate / excess)
            }
        };
        let held = weights(are, self.gravity);
        for joint in 0..5 {
            let [low, high] = LIMITS[joint];
            let ahead = goals[joint] + turn[joint] * self.dt;
            let goal = ahead.clamp(are[joint] - AHEAD, are[joint] + AHEAD).clamp(low, high);
            let rate = if goal == ahead { turn[joint] } else { 0.0 };
            parts.joints[joint].set_goal(physics, goal);
            parts.joints[joint].set_motor(physics, |data| {
                data.set_motor(JointAxis::AngX, goal - held[joint] / STIFFNESS[joint], rate, STIFFNESS[joint], DAMPING[joint]);
            });
        }
        for joint in &parts.joints[5..] {
            let goal = (joint.goal(physics.view()) - action[5] * FINGER_SPEED * self.dt).clamp(-SQUEEZE, OPEN);
            joint.set_goal(physics, goal);
            joint.set_motor(physics, |data| {
                data.set_motor(JointAxis::LinX, goal, 0.0, FINGER.0, FINGER.1);
            });
        }
    }

    fn bindings(&self) -> Bindings {
        let bindings = match self.control {
            ArmControl::Joints => Bindings::of("Arm(Joints)")
                .with("turn", Input::LeftStickX, &[("yaw", -1.0)])
                .keys("turn", "KeyA", "KeyD", &[("yaw", 1.0)])
                .with("shoulder", Input::LeftStickY, &[("shoulder", 1.0)])
                .keys("shoulder", "KeyW", "KeyS", &[("shoulder", 1.0)])
                .with("elbow", Input::RightStickY, &[("elbow", -1.0)])
                .keys("elbow", "KeyK", "KeyI", &[("elbow", 1.0)])
                .with("wrist", Input::DPadUp, &[("wrist", -1.0)])
                .with("wrist", Input::DPadDown, &[("wrist", 1.0)])
                .keys("wrist", "KeyG", "KeyT", &[("wrist", 1.0)])
                .with("turn", Input::MouseX, &[("yaw", -1.0)])
                .with("shoulder", Input::MouseY, &[("shoulder", 1.0)]),
            // As seen from behind the arm: away is ahead, to the right is -y.
            ArmControl::Tip => Bindings::of("Arm(Tip)")
                .with("move ahead", Input::LeftStickY, &[("x", 1.0)])
                .keys("move ahead", "KeyW", "KeyS", &[("x", 1.0)])
                .with("move aside", Input::LeftStickX, &[("y", -1.0)])
                .keys("move aside", "KeyA", "KeyD", &[("y", 1.0)])
                .with("move up", Input::RightStickY, &[("z", 1.0)])
                .keys("move up", "KeyE", "KeyF", &[("z", 1.0)])
                .with("tilt", Input::DPadUp, &[("pitch", -1.0)])
                .with("tilt", Input::DPadDown, &[("pitch", 1.0)])
                .keys("tilt", "KeyG", "KeyT", &[("pitch", 1.0)])
                .with("move ahead", Input::MouseY, &[("x", 1.0)])
                .with("move aside", Input::MouseX, &[("y", -1.0)]),
        };
        bindings
            .with("roll", Input::RightStickX, &[("roll", 1.0)])
            .keys("roll", "KeyX", "KeyZ", &[("roll", 1.0)])
            .with("close", Input::RightTrigger, &[("grip", 1.0)])
            .with("open", Input::LeftTrigger, &[("grip", -1.0)])
            .keys("close / open", "KeyC", "KeyV", &[("grip", 1.0)])
    }

    fn look(&self, values: &[f32]) -> Look {
        const WHITE: [f32; 3] = [0.90, 0.91, 0.93];
        const BLUE: [f32; 3] = [0.16, 0.42, 0.72];
        const DARK: [f32; 3] = [0.12, 0.13, 0.15];
        const STEEL: [f32; 3] = [0.66, 0.68, 0.71];
        let across = |radius: f32, half: f32| Piece::cylinder(radius, half).along_y();
        // A limb: a tube with a joint's drum at its near end.
        let limb = |radius: f32, length: f32, drum: f32| {
            vec![
                Piece::new(Form::Capsule { radius, half: length / 2.0 - radius }).at(0.0, 0.0, length / 2.0).painted(WHITE, Finish::Gloss),
                across(drum, drum * 1.15).painted(DARK, Finish::Matt),
                across(drum * 0.82, drum * 1.22).painted(BLUE, Finish::Gloss),
            ]
        };
        let base = vec![
            Piece::cylinder(0.10, 0.012).at(0.0, 0.0, 0.012).painted(DARK, Finish::Matt),
            Piece::cylinder(0.07, 0.065).at(0.0, 0.0, 0.075).painted(WHITE, Finish::Gloss),
            Piece::new(Form::Ring { radius: 0.07, tube: 0.006 }).at(0.0, 0.0, 0.135).painted(BLUE, Finish::Gloss),
        ];
        let turret = vec![
            Piece::cylinder(0.062, 0.03).at(0.0, 0.0, -0.03).painted(WHITE, Finish::Gloss),
            Piece::block(Vec3::new(0.045, 0.062, 0.045)).painted(WHITE, Finish::Gloss),
        ];
        let mut wrist = limb(0.026, 0.075, 0.033);
        wrist.push(Piece::cylinder(0.03, 0.012).at(0.0, 0.0, 0.062).painted(DARK, Finish::Matt));
        let mut hand = vec![
            Piece::block(Vec3::new(0.022, 0.062, 0.015)).at(0.0, 0.0, -0.075).painted(DARK, Finish::Gloss),
            Piece::block(Vec3::new(0.014, 0.056, 0.004)).at(0.0, 0.0, -0.057).painted(STEEL, Finish::Metal),
            // It shows which way it is rolled.
            Piece::cylinder(0.006, 0.005).along_x().at(0.023, 0.0, -0.075).painted([0.95, 0.45, 0.10], Finish::Lamp),
        ];
        let payload = self.payload.of(values);
        if payload > 0.0 {
            let radius = libm::cbrtf(payload / (7800.0 * 4.19));
            hand.push(Piece::new(Form::Ball { radius }).painted(STEEL, Finish::Metal));
        }
        let finger = |side: f32| {
            vec![
                Piece::block(Vec3::new(0.011, 0.005, 0.034)).at(0.0, side * 0.007, -0.024).painted(STEEL, Finish::Metal),
                Piece::block(Vec3::new(0.0112, 0.0015, 0.016)).at(0.0, side * 0.0015, -0.004).painted(DARK, Finish::Rubber),
            ]
        };
        let links = vec![base, turret, limb(0.04, UPPER, 0.05), limb(0.034, FORE, 0.042), wrist, hand, finger(1.0), finger(-1.0)];
        let framing =
            Framing { target: Vec3::new(0.25, 0.0, 0.12), reach: 0.55, bearing: -0.85, elevation: 0.55, behind: (1.1, 0.7), ground: 0.0 };
        Look { links, still: Vec::new(), framing, hull: WHITE }
    }
}
