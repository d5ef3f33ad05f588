//! A rover that rolls on four driven wheels and pushes with a wide bumper in front.
//!
//! - **Links** `chassis` (the root, 8 kg, 0.44 m long, 0.30 m wide) and `wheel_0` to `wheel_3` (front left, front right, rear left,
//!   rear right; 0.4 kg, radius 0.08 m). The wheels touch the floor as balls do, in a point, so that the rover can turn on the spot
//!   by driving its sides against each other. The bumper is 0.44 m wide.
//! - **Joints** `wheel_0` to `wheel_3` (rad), each with a speed-controlled motor of at most 4 N m.
//! - **Action** in the mode `Wheels`: `left` and `right`, the speed of each side's wheels, ±12.5 rad/s (1 m/s). In the mode `Heading`:
//!   `forward`, ±1 m/s, and `turn`, ±3 rad/s.
//! - **Joint kind**: impulse by default. `cargo bench --bench joints` runs both: the wheels' axles give by less than a millimetre,
//!   and reduced coordinates cost more than twice the time for a loop-free tree that is mostly in contact. Impulse joints also turn as
//!   Coulomb's law tells (`tests/it/body.rs`: within 1 %; straight ahead the wheels slip by 0.8 %); with reduced coordinates the same
//!   wheel speeds turn the rover less than half as fast, and the wheels slip by 1.5 %: friction is solved less exactly there.

use super::look::{Finish, Form, Framing, Look, Piece};
use super::{Embodiment, Joint, Parts, link_groups, standing};
use crate::physics::Physics;
use crate::physics::rapier::prelude::*;
use crate::pilot::hand::{Bindings, Input};
use crate::scene::plan::{Quantities, Quantity};
use crate::scene::schema::{Body, Joints, RoverControl};
use crate::signal::Channels;
use bevy::math::{Quat, Vec3};
use std::f32::consts::TAU;

/// Links, root first.
pub const LINKS: [&str; 5] = ["chassis", "wheel_0", "wheel_1", "wheel_2", "wheel_3"];
/// Joints.
pub const JOINTS: [&str; 4] = ["wheel_0", "wheel_1", "wheel_2", "wheel_3"];

/// Of a wheel, m.
pub const WHEEL_RADIUS: f32 = 0.08;
/// rad/s at full speed: 1 m/s.
pub const WHEEL_SPEED: f32 = 12.5;
/// rad/s at full turn.
pub const TURN_SPEED: f32 = 3.0;
/// What a turning rate times this gives, is the speed of each side's wheels, m: half the track, divided by how much of the turn skid
/// steering leaves (measured).
pub const SLIP_TRACK: f32 = TRACK / 0.6;
/// Radius of the circle in which it turns on the spot, m.
pub const CLEARANCE: f32 = 0.35;
/// Half the distance between left and right wheels, m.
const TRACK: f32 = 0.17;
/// Half the distance between front and rear wheels, m.
const BASE: f32 = 0.13;
/// Strongest torque of a wheel's motor, N m.
const TORQUE: f32 = 4.0;
/// How strongly a motor holds its speed, N m s/rad.
const GRIP: f32 = 20.0;
/// kg
const CHASSIS_MASS: f32 = 8.0;
/// kg
const WHEEL_MASS: f32 = 0.4;
/// Half edges of the chassis, m.
const CHASSIS: Vec3 = Vec3::new(0.20, 0.13, 0.05);
/// Half edges of the bumper, m.
const BUMPER: Vec3 = Vec3::new(0.02, 0.22, 0.07);

/// The rover.
pub struct Rover {
    at: [Quantity; 3],
    heading: Quantity,
    control: RoverControl,
    joints: Joints,
}

impl Rover {
    pub(super) fn new(body: &Body, quantities: &Quantities) -> Self {
        let Body::Rover { at, heading, control, joints } = body else {
            unreachable!("only called for a rover");
        };
        Self {
            at: [&at.0, &at.1, &at.2].map(|number| quantities.resolve(number)),
            heading: quantities.resolve(heading),
            control: *control,
            joints: *joints,
        }
    }
}

/// Where wheel `index` sits on the chassis.
fn axle(index: usize) -> Vec3 {
    let (front, left) = (index < 2, index.is_multiple_of(2));
    Vec3::new(if front { BASE } else { -BASE }, if left { TRACK } else { -TRACK }, 0.0)
}

impl Embodiment for Rover {
    fn action(&self) -> Channels {
        let mut channels = Channels::default();
        let (first, second) = match self.control {
            RoverControl::Wheels => (("left", "12.5 rad/s"), ("right", "12.5 rad/s")),
            RoverControl::Heading => (("forward", "m/s"), ("turn", "3 rad/s")),
        };
        channels.push(first.0, first.1, -1.0, 1.0);
        channels.push(second.0, second.1, -1.0, 1.0);
        channels
    }

    fn level(&self) -> bool {
        true
    }

    fn clearance(&self) -> f32 {
        CLEARANCE
    }

    fn start(&self, values: &[f32]) -> (Vec3, f32) {
        let [x, y, z] = [0, 1, 2].map(|axis| self.at[axis].of(values));
        (Vec3::new(x, y, z), self.heading.of(values))
    }

    fn build(&self, physics: &mut Physics<'_>) -> Parts {
        let dynamic = |at: Vec3| RigidBodyBuilder::dynamic().translation(at).can_sleep(false);
        let origin = Vec3::new(0.0, 0.0, WHEEL_RADIUS);
        let chassis = physics.bodies.insert(dynamic(origin));
        let groups = link_groups();
        // Smooth sides: a box is pushed along, not climbed or dragged up.
        let hull = ColliderBuilder::cuboid(CHASSIS.x, CHASSIS.y, CHASSIS.z).mass(CHASSIS_MASS).friction(0.2).collision_groups(groups);
        physics.colliders.insert_with_parent(hull.translation(Vector::new(0.0, 0.0, 0.03)), chassis, physics.bodies);
        let bumper = ColliderBuilder::cuboid(BUMPER.x, BUMPER.y, BUMPER.z).mass(0.0).friction(0.3).collision_groups(groups);
        let ahead = Vector::new(CHASSIS.x + BUMPER.x + 0.01, 0.0, 0.02);
        physics.colliders.insert_with_parent(bumper.translation(ahead), chassis, physics.bodies);
        let mut parts = Parts { links: vec![chassis], joints: Vec::new() };
        for index in 0..4 {
            let wheel = physics.bodies.insert(dynamic(origin + axle(index)));
            let tyre = ColliderBuilder::ball(WHEEL_RADIUS)
                .mass(WHEEL_MASS)
                .friction(1.0)
                .friction_combine_rule(CoefficientCombineRule::Max)
                .collision_groups(groups);
            physics.colliders.insert_with_parent(tyre, wheel, physics.bodies);
            let joint = RevoluteJointBuilder::new(Vector::Y)
                .local_anchor1(axle(index))
                .contacts_enabled(false)
                .motor_model(MotorModel::ForceBased)
                .motor_velocity(0.0, GRIP)
                .motor_max_force(TORQUE);
            parts.links.push(wheel);
            parts.joints.push(Joint::connect(self.joints, physics, chassis, wheel, joint.build()));
        }
        parts
    }

    fn set(&self, values: &[f32], parts: &Parts, physics: &mut Physics<'_>) {
        let (at, heading) = self.start(values);
        let chassis = standing(at + Vec3::Z * WHEEL_RADIUS, heading);
        physics.bodies[parts.root()].set_position(chassis, true);
        for (index, wheel) in parts.links[1..].iter().enumerate() {
            physics.bodies[*wheel].set_position(chassis * Pose::from_translation(axle(index)), true);
        }
    }

    fn act(&self, _values: &[f32], parts: &Parts, action: &[f32], physics: &mut Physics<'_>) {
        let (left, right) = match self.control {
            RoverControl::Wheels => (action[0] * WHEEL_SPEED, action[1] * WHEEL_SPEED),
            RoverControl::Heading => {
                let (forward, turn) = (action[0] / WHEEL_RADIUS, action[1] * TURN_SPEED * SLIP_TRACK / WHEEL_RADIUS);
                (forward - turn, forward + turn)
            }
        };
        for (index, joint) in parts.joints.iter().enumerate() {
            let speed = if index.is_multiple_of(2) { left } else { right };
            joint.set_motor(physics, |data| {
                data.set_motor_velocity(JointAxis::AngX, speed, GRIP);
            });
        }
    }

    fn bindings(&self) -> Bindings {
        match self.control {
            RoverControl::Wheels => {
                let (both, apart) = ([("left", 1.0), ("right", 1.0)], [("left", -0.6), ("right", 0.6)]);
                Bindings::of("Rover(Wheels)")
                    .with("left wheels", Input::LeftStickY, &[("left", 1.0)])
                    .with("right wheels", Input::RightStickY, &[("right", 1.0)])
                    .keys("drive", "KeyW", "KeyS", &both)
                    .with("drive", Input::MouseY, &both)
                    .keys("turn", "KeyA", "KeyD", &apart)
                    .with("turn", Input::MouseX, &[("left", 0.6), ("right", -0.6)])
            }
            // To the right is clockwise: a negative turn.
            RoverControl::Heading => Bindings::of("Rover(Heading)")
                .with("drive", Input::LeftStickY, &[("forward", 1.0)])
                .keys("drive", "KeyW", "KeyS", &[("forward", 1.0)])
                .with("drive", Input::MouseY, &[("forward", 1.0)])
                .with("turn", Input::LeftStickX, &[("turn", -1.0)])
                .with("turn", Input::RightStickX, &[("turn", -1.0)])
                .keys("turn", "KeyA", "KeyD", &[("turn", 1.0)])
                .with("turn", Input::MouseX, &[("turn", -1.0)]),
        }
    }

    fn look(&self, _values: &[f32]) -> Look {
        const YELLOW: [f32; 3] = [0.96, 0.68, 0.10];
        const WHITE: [f32; 3] = [0.90, 0.91, 0.92];
        const DARK: [f32; 3] = [0.10, 0.11, 0.13];
        const STEEL: [f32; 3] = [0.66, 0.68, 0.71];
        let (x, z) = (CHASSIS.x, CHASSIS.z);
        let mut chassis = vec![
            Piece::block(CHASSIS).at(0.0, 0.0, 0.03).painted(YELLOW, Finish::Gloss),
            Piece::block(Vec3::new(x * 0.98, CHASSIS.y * 1.01, 0.010)).at(0.0, 0.0, 0.008).painted(DARK, Finish::Matt),
            // A cabin with a window that looks ahead, and a load bed behind it.
            Piece::block(Vec3::new(0.075, 0.10, 0.045)).at(0.035, 0.0, 0.03 + z + 0.04).painted(WHITE, Finish::Gloss),
            Piece::block(Vec3::new(0.012, 0.085, 0.028)).at(0.102, 0.0, 0.03 + z + 0.045).painted([0.12, 0.28, 0.40], Finish::Gloss),
            Piece::block(Vec3::new(0.065, 0.105, 0.012)).at(-0.125, 0.0, 0.03 + z + 0.008).painted(DARK, Finish::Matt),
            // A mast with a turning head: the eye of its rays.
            Piece::cylinder(0.008, 0.045).at(-0.04, 0.0, 0.03 + z + 0.11).painted(STEEL, Finish::Metal),
            Piece::cylinder(0.026, 0.016).at(-0.04, 0.0, 0.03 + z + 0.16).painted(DARK, Finish::Gloss),
            // The bumper, and the arms that hold it.
            Piece::block(BUMPER).at(x + BUMPER.x + 0.01, 0.0, 0.02).painted(STEEL, Finish::Metal),
            Piece::block(Vec3::new(0.004, BUMPER.y * 0.96, 0.012))
                .at(x + 2.0 * BUMPER.x + 0.011, 0.0, 0.03)
                .painted([0.85, 0.15, 0.10], Finish::Matt),
        ];
        for side in [-1.0, 1.0] {
            chassis.push(Piece::block(Vec3::new(0.03, 0.018, 0.018)).at(x, side * 0.09, 0.02).painted(DARK, Finish::Matt));
            chassis
                .push(Piece::cylinder(0.02, 0.006).along_x().at(x + 0.003, side * 0.095, 0.055).painted([1.0, 0.95, 0.75], Finish::Lamp));
            chassis.push(
                Piece::block(Vec3::new(0.005, 0.022, 0.012)).at(-x - 0.003, side * 0.09, 0.045).painted([0.9, 0.08, 0.06], Finish::Lamp),
            );
            for end in [-1.0, 1.0] {
                chassis
                    .push(Piece::cylinder(0.012, 0.03).along_y().at(end * BASE, side * (TRACK - 0.04), 0.0).painted(STEEL, Finish::Metal));
            }
        }
        let mut wheel = vec![
            Piece::cylinder(WHEEL_RADIUS - 0.006, 0.032).along_y().painted(DARK, Finish::Rubber),
            Piece::cylinder(0.05, 0.034).along_y().painted([0.22, 0.23, 0.25], Finish::Matt),
            Piece::new(Form::Ring { radius: 0.051, tube: 0.006 }).along_y().at(0.0, 0.033, 0.0).painted(STEEL, Finish::Metal),
            Piece::new(Form::Ring { radius: 0.051, tube: 0.006 }).along_y().at(0.0, -0.033, 0.0).painted(STEEL, Finish::Metal),
            Piece::cylinder(0.016, 0.039).along_y().painted(YELLOW, Finish::Gloss),
        ];
        // Five spokes, one of them coloured, and a tread: one sees it turn.
        for spoke in 0..5 {
            let turn = Quat::from_axis_angle(Vec3::Y, TAU * spoke as f32 / 5.0);
            let at = turn * Vec3::new(0.0, 0.0, 0.031);
            let colour = if spoke == 0 { YELLOW } else { STEEL };
            wheel.push(Piece::block(Vec3::new(0.007, 0.037, 0.02)).at(at.x, at.y, at.z).turned(turn).painted(colour, Finish::Metal));
        }
        for lug in 0..14 {
            let turn = Quat::from_axis_angle(Vec3::Y, TAU * lug as f32 / 14.0);
            let at = turn * Vec3::new(0.0, 0.0, WHEEL_RADIUS - 0.006);
            let lug = Piece::new(Form::Box { half: Vec3::new(0.008, 0.034, 0.007), chamfer: 0.002 });
            wheel.push(lug.at(at.x, at.y, at.z).turned(turn).painted([0.05, 0.05, 0.06], Finish::Rubber));
        }
        let framing =
            Framing { target: Vec3::new(0.0, 0.0, 0.1), reach: 2.2, bearing: -2.2, elevation: 0.62, behind: (1.7, 0.95), ground: 0.0 };
        Look { links: [vec![chassis], vec![wheel; 4]].concat(), still: Vec::new(), framing, hull: YELLOW }
    }
}
