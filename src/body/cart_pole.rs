//! A cart on a rail with a pole that swings freely.
//!
//! - **Links** `cart` (the root, 1 kg) and `pole`. The rail lies along x, 1 m above the origin, 3.6 m long.
//! - **Joints** `slider` (m) and `hinge` (rad; 0 is upright). The hinge has no motor.
//! - **Action** one channel: `force`, ±15 N along the rail.
//! - **Joint kind**: multibody by default. Beside the pendulum of the book (`tests/it/body.rs`, 120 Hz) both have its period to 0.1 %; in
//!   10 s of large swings reduced coordinates keep the energy within 2.2 %, impulse joints lose 30 %, and their hinge gives by up to 12 mm
//!   when the cart hits the rail's end. With two degrees of freedom the exact kind is also the faster one (`cargo bench --bench joints`).

use super::{Embodiment, Joint, Parts};
use crate::physics::Physics;
use crate::physics::rapier::prelude::*;
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

    fn links(&self) -> &'static [&'static str] {
        &LINKS
    }

    fn joints(&self) -> &'static [&'static str] {
        &JOINTS
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
        if let Some(link) = physics.multibody_joints.rigid_body_link(pole).copied()
            && let Some(multibody) = physics.multibody_joints.get_multibody_mut(link.multibody)
        {
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
        let multibody = physics.multibody_joints.rigid_body_link(pole).copied();
        match multibody.and_then(|link| physics.multibody_joints.get_multibody_mut(link.multibody)) {
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
}
