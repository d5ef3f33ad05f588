//! A cart on a rail with a pole that swings freely.
//!
//! - **Links** `cart` (the root, 1 kg) and `pole`. The rail lies along x, 1 m above the origin, 3.6 m long.
//! - **Joints** `slider` (m) and `hinge` (rad; 0 is upright). The hinge has no motor.
//! - **Action** one channel: `force`, ±15 N along the rail.
//! - **Joint kind**: multibody by default. Beside the pendulum of the book (`tests/it/body.rs`, 120 Hz) both have its period to 0.1 %; in
//!   10 s of large swings reduced coordinates keep the energy within 2.2 %, impulse joints lose 30 %, and their hinge gives by up to 12 mm
//!   when the cart hits the rail's end. With two degrees of freedom the exact kind is also the faster one (`cargo bench --bench joints`).

use super::look::{Finish, Form, Framing, Look, Piece};
use super::{Embodiment, Joint, Parts};
use crate::physics::rapier::prelude::*;
use crate::physics::{Physics, multibody_of};
use crate::pilot::hand::{Bindings, Input};
use crate::scene::plan::{Quantities, Quantity};
use crate::scene::schema::{Body, Joints};
use crate::signal::Channels;
use bevy::math::Vec3;

/// Links, root first.
pub const LINKS: [&str; 2] = ["cart", "pole"];
/// Joints.
pub const JOINTS: [&str; 2] = ["slider", "hinge"];

/// N at full action.
pub const FORCE: f32 = 15.0;
/// Half of the rail, m.
const REACH: f32 = 1.8;
/// Of the rail above the origin, m.
const HEIGHT: f32 = 1.0;
/// Height of the ground beneath, as it is drawn: below the tip of a hanging pole, m.
const GROUND: f32 = -0.6;
/// kg
const CART_MASS: f32 = 1.0;
/// Half edges of the cart, m.
const CART: Vec3 = Vec3::new(0.15, 0.1, 0.06);
/// Half width of the pole, m.
const POLE: f32 = 0.02;

/// The cart and its pole.
pub struct CartPole {
    pole_length: Quantity,
    pole_mass: Quantity,
    cart_friction: Quantity,
    angle: Quantity,
    joints: Joints,
}

impl CartPole {
    pub(super) fn new(body: &Body, quantities: &Quantities) -> Self {
        let Body::CartPole { pole_length, pole_mass, cart_friction, angle, joints } = body else {
            unreachable!("only called for a cart and pole");
        };
        Self {
            pole_length: quantities.resolve(pole_length),
            pole_mass: quantities.resolve(pole_mass),
            cart_friction: quantities.resolve(cart_friction),
            angle: quantities.resolve(angle),
            joints: *joints,
        }
    }
}

/// A block of half edges `half` that weighs `mass` kg, with its middle at `middle`.
fn block(half: Vec3, mass: f32, middle: Vec3) -> MassProperties {
    let mut properties = MassProperties::from_cuboid(1.0, half);
    properties.set_mass(mass, true);
    properties.local_com = middle;
    properties
}

impl Embodiment for CartPole {
    fn action(&self) -> Channels {
        let mut channels = Channels::default();
        channels.push("force", "15 N", -1.0, 1.0);
        channels
    }

    fn level(&self) -> bool {
        false
    }

    fn clearance(&self) -> f32 {
        0.0
    }

    fn start(&self, _values: &[f32]) -> (Vec3, f32) {
        (Vec3::new(0.0, 0.0, HEIGHT), 0.0)
    }

    fn build(&self, physics: &mut Physics<'_>) -> Parts {
        let pose = Vector::new(0.0, 0.0, HEIGHT);
        let rail = physics.bodies.insert(RigidBodyBuilder::fixed().translation(pose));
        let moving = || RigidBodyBuilder::dynamic().translation(pose).can_sleep(false).allow_fast_rotation(true);
        let (cart, pole) = (physics.bodies.insert(moving()), physics.bodies.insert(moving()));
        physics.bodies[cart].set_additional_mass_properties(block(CART, CART_MASS, Vec3::ZERO), false);
        physics.bodies[cart].recompute_mass_properties_from_colliders(physics.colliders);
        let slider = PrismaticJointBuilder::new(Vector::X).limits([-REACH, REACH]);
        let hinge = RevoluteJointBuilder::new(Vector::Y);
        let slider = Joint::connect(self.joints, physics, rail, cart, slider.build());
        let hinge = Joint::connect(self.joints, physics, cart, pole, hinge.build());
        if let Some(multibody) = multibody_of(physics.multibody_joints, pole) {
            // Lets the multibody notice that its root is fixed: only then has it no more degrees of freedom than slider and hinge.
            multibody.forward_kinematics(physics.bodies, true);
        }
        Parts { links: vec![cart, pole], joints: vec![slider, hinge] }
    }

    fn set(&self, values: &[f32], parts: &Parts, physics: &mut Physics<'_>) {
        let (length, mass) = (self.pole_length.of(values), self.pole_mass.of(values));
        let pole = parts.links[1];
        let middle = Vec3::new(0.0, 0.0, length / 2.0);
        physics.bodies[pole].set_additional_mass_properties(block(Vec3::new(POLE, POLE, length / 2.0), mass, middle), false);
        physics.bodies[pole].recompute_mass_properties_from_colliders(physics.colliders);
        let friction = self.cart_friction.of(values);
        match multibody_of(physics.multibody_joints, pole) {
            // Slider and hinge are the only degrees of freedom, in this order. (Rapier's default would slow the hinge.)
            Some(multibody) => multibody.damping_mut().copy_from_slice(&[friction, 0.0]),
            // (A motor without any gain would hold the cart instead of leaving it alone.)
            None if friction > 0.0 => parts.joints[0].set_motor(physics, |joint| {
                joint.set_motor_model(JointAxis::LinX, MotorModel::ForceBased);
                joint.set_motor(JointAxis::LinX, 0.0, 0.0, 0.0, friction);
            }),
            None => {}
        }
        parts.joints[1].displace(physics, self.angle.of(values));
    }

    fn act(&self, _values: &[f32], parts: &Parts, action: &[f32], physics: &mut Physics<'_>) {
        let cart = &mut physics.bodies[parts.root()];
        cart.reset_forces(false);
        cart.add_force(Vector::new(FORCE * action[0], 0.0, 0.0), true);
    }

    fn bindings(&self) -> Bindings {
        let along = [("force", 1.0)];
        Bindings::of("CartPole")
            .with("push the cart", Input::LeftStickX, &along)
            .with("push the cart", Input::RightStickX, &along)
            .keys("push the cart", "KeyD", "KeyA", &along)
            .with("push the cart", Input::MouseX, &along)
    }

    fn look(&self, values: &[f32]) -> Look {
        const STEEL: [f32; 3] = [0.62, 0.65, 0.69];
        const DARK: [f32; 3] = [0.13, 0.14, 0.16];
        const BLUE: [f32; 3] = [0.13, 0.36, 0.68];
        const ORANGE: [f32; 3] = [0.95, 0.45, 0.10];
        let (length, mass) = (self.pole_length.of(values), self.pole_mass.of(values));
        // Two rods below the cart, so that the pole swings past them.
        let end = REACH + CART.x;
        let mut still = Vec::new();
        for y in [-0.06, 0.06] {
            still.push(Piece::cylinder(0.012, end + 0.06).along_x().at(0.0, y, HEIGHT - CART.z).painted(STEEL, Finish::Metal));
        }
        for side in [-1.0, 1.0] {
            let x = side * (end + 0.05);
            still.push(Piece::block(Vec3::new(0.03, 0.11, 0.06)).at(x, 0.0, HEIGHT - CART.z).painted(ORANGE, Finish::Matt));
            // A post at each end, behind the plane in which the pole swings.
            let foot = GROUND + 0.02;
            let middle = (HEIGHT - CART.z + foot) / 2.0;
            still.push(Piece::block(Vec3::new(0.03, 0.03, (HEIGHT - CART.z - foot) / 2.0)).at(x, 0.0, middle).painted(DARK, Finish::Gloss));
            still.push(Piece::block(Vec3::new(0.12, 0.22, 0.02)).at(x, 0.0, foot).painted(DARK, Finish::Gloss));
        }
        let tick = Vec3::new(0.004, 0.075, 0.004);
        for metre in -3..=3 {
            still.push(Piece::block(tick).at(0.5 * metre as f32, 0.0, HEIGHT - CART.z - 0.014).painted(DARK, Finish::Matt));
        }
        let mut cart = vec![
            Piece::block(CART).painted(BLUE, Finish::Gloss),
            Piece::block(Vec3::new(CART.x * 0.7, CART.y + 0.004, CART.z * 0.35)).painted([0.92, 0.94, 0.96], Finish::Matt),
            Piece::cylinder(0.035, CART.y + 0.025).along_y().painted(STEEL, Finish::Metal),
        ];
        for (x, y) in [(-0.1, -0.06), (-0.1, 0.06), (0.1, -0.06), (0.1, 0.06)] {
            cart.push(Piece::cylinder(0.026, 0.02).along_x().at(x, y, -CART.z).painted(DARK, Finish::Rubber));
        }
        // The pole swings in front of the cart, as heavy at its tip as it weighs.
        let front = -(CART.y + 0.03);
        let bob = 0.022 + 0.09 * libm::cbrtf(mass / 4.0);
        let pole = vec![
            Piece::cylinder(POLE * 0.7, length / 2.0).at(0.0, front, length / 2.0).painted([0.96, 0.72, 0.28], Finish::Gloss),
            Piece::cylinder(0.032, 0.022).along_y().at(0.0, front, 0.0).painted(ORANGE, Finish::Gloss),
            Piece::new(Form::Ball { radius: bob }).at(0.0, front, length).painted(ORANGE, Finish::Gloss),
        ];
        let framing =
            Framing { target: Vec3::new(0.0, 0.0, HEIGHT), reach: 1.9, bearing: -1.35, elevation: 0.2, behind: (3.4, 0.4), ground: GROUND };
        Look { links: vec![cart, pole], still, framing, hull: BLUE }
    }
}
