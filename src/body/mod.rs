//! Bodies: links, joints, motors. One file per body; each says what its channels mean and which of Rapier's joint kinds it uses.

pub mod arm;
pub mod cart_pole;
pub mod imported;
pub mod look;
pub mod rover;
pub mod walker;

use crate::physics::rapier::prelude::*;
use crate::physics::{Physics, PhysicsView};
use crate::pilot::hand::Bindings;
use crate::scene::number::Number;
use crate::scene::plan::Quantities;
use crate::scene::schema::{Body, Joints, Scene};
use crate::signal::Channels;
use bevy::math::{Vec2, Vec3};
use look::Look;

/// What every body can do. Numbers that a level may set are looked up in `values` (see [`Quantities`]).
pub trait Embodiment: Send + Sync {
    /// What the action's channels mean.
    fn action(&self) -> Channels;
    /// How its gripper stands; none for a body without one.
    fn grip(&self, _parts: &Parts, _world: PhysicsView<'_>) -> Option<Grip> {
        None
    }
    /// Whether it keeps level on the floor: its sensors then leave out what hardly changes (height, roll, pitch), which a normaliser
    /// would blow up to noise.
    fn level(&self) -> bool;
    /// Whether it stands or holds by friction alone, without rolling: see [`crate::physics::holding`].
    fn holds(&self) -> bool {
        false
    }
    /// Radius of the circle around the root that is kept clear of props, m.
    fn clearance(&self) -> f32;
    /// Where the root starts: x, y and the height of its underside, m, and its heading, rad.
    fn start(&self, values: &[f32]) -> (Vec3, f32);
    /// Builds the links and joints, in the scene's order, for the canonical level.
    fn build(&self, physics: &mut Physics<'_>) -> Parts;
    /// Gives a pristine body the level's numbers and its starting pose.
    fn set(&self, values: &[f32], parts: &Parts, physics: &mut Physics<'_>);
    /// Turns an action into motor targets and forces, which hold for the whole control step.
    fn act(&self, values: &[f32], parts: &Parts, action: &[f32], physics: &mut Physics<'_>);
    /// What hands steer by, where that is not the action itself.
    fn steering(&self) -> Option<Channels> {
        None
    }
    /// Makes an action of what hands want (one number per channel of [`Embodiment::steering`], each in [-1, 1]), `seconds` after the start.
    fn steer(&self, _parts: &Parts, _world: PhysicsView<'_>, _seconds: f32, wanted: &[f32], action: &mut [f32]) {
        action.copy_from_slice(wanted);
    }
    /// What sticks, buttons and keys do to it, in its control mode: plain data, which a headless app leaves alone.
    fn bindings(&self) -> Bindings;
    /// What it looks like in a level. Where a body does not say, the window draws its colliders.
    fn look(&self, _values: &[f32]) -> Look {
        Look::default()
    }
}

/// The body of a scene.
pub fn embodiment(scene: &Scene, quantities: &Quantities) -> Box<dyn Embodiment> {
    let body = &scene.body;
    match body {
        Body::Arm { .. } => Box::new(arm::Arm::new(scene, quantities)),
        Body::CartPole { .. } => Box::new(cart_pole::CartPole::new(body, quantities)),
        Body::Rover { .. } => Box::new(rover::Rover::new(body, quantities)),
        Body::Walker { .. } => Box::new(walker::Walker::new(body, quantities)),
        Body::Mjcf(import) | Body::Urdf(import) => Box::new(imported::Imported::new(import, quantities)),
        Body::Team(_) => unreachable!("each of a team's bodies is built by itself"),
    }
}

/// What a scene may say after `body.`.
#[derive(Clone, Default)]
pub struct Names<'a> {
    /// Links, root first: `body` means the root.
    pub links: Vec<&'a str>,
    /// Joints.
    pub joints: Vec<&'a str>,
    /// Points of links: a name, the link's index, and where in its frame, m.
    pub points: Vec<(&'a str, usize, Vec3)>,
}

/// The names of a body's parts.
pub fn names(body: &Body) -> Names<'_> {
    let plain = |links: &[&'static str], joints: &[&'static str]| Names { links: links.into(), joints: joints.into(), points: Vec::new() };
    match body {
        Body::Arm { .. } => Names { points: arm::POINTS.into(), ..plain(&arm::LINKS, &arm::JOINTS) },
        Body::CartPole { .. } => plain(&cart_pole::LINKS, &cart_pole::JOINTS),
        Body::Rover { .. } => plain(&rover::LINKS, &rover::JOINTS),
        Body::Walker { .. } => Names { points: walker::POINTS.into(), ..plain(&walker::LINKS, &walker::JOINTS) },
        Body::Mjcf(import) | Body::Urdf(import) => import.robot.as_deref().map(imported::names).unwrap_or_default(),
        Body::Team(_) => Names::default(),
    }
}

/// Whether a body's parts are in a file that could not be read.
pub fn is_unread(body: &Body) -> bool {
    matches!(body, Body::Mjcf(import) | Body::Urdf(import) if import.robot.is_none())
}

/// How a gripper stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grip {
    /// Between its fingers, m.
    pub opening: f32,
    /// How strongly each of them presses, N.
    pub press: f32,
}

/// Radius of a disc around the body's start that it fills in any case, m.
pub fn core(body: &Body) -> f32 {
    match body {
        Body::Arm { .. } => 0.1,
        Body::CartPole { .. } => 0.05,
        Body::Rover { .. } => 0.13,
        Body::Walker { .. } => 0.15,
        Body::Mjcf(_) | Body::Urdf(_) | Body::Team(_) => 0.05,
    }
}

/// Where the body is put on the floor, m; none for one that needs no floor.
pub fn place(body: &Body) -> Option<&(Number, Number, Number)> {
    match body {
        Body::Arm { .. } | Body::CartPole { .. } | Body::Team(_) => None,
        Body::Rover { at, .. } | Body::Walker { at, .. } => Some(at),
        Body::Mjcf(import) | Body::Urdf(import) => imported::falls(import).then_some(&import.at),
    }
}

/// A body in an arena's world.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// One for each of [`Names::links`]; then what else it is made of.
    pub links: Vec<RigidBodyHandle>,
    /// One for each of [`Names::joints`].
    pub joints: Vec<Joint>,
}

impl Parts {
    /// The link that `body` means.
    pub fn root(&self) -> RigidBodyHandle {
        self.links[0]
    }
}

/// A joint with one degree of freedom, of either of Rapier's kinds.
#[derive(Clone, Copy, Debug)]
pub struct Joint {
    handle: JointHandle,
    /// Whether it turns (rad) or slides (m).
    pub turns: bool,
    /// The link that it hangs on.
    pub parent: RigidBodyHandle,
    /// The link that it moves.
    pub child: RigidBodyHandle,
}

#[derive(Clone, Copy, Debug)]
enum JointHandle {
    Impulse(ImpulseJointHandle),
    Multibody(MultibodyJointHandle),
}

impl Joint {
    /// Joins `child` to `parent`. The joint's frames have their x axis along the free degree of freedom.
    pub fn connect(
        kind: Joints,
        physics: &mut Physics<'_>,
        parent: RigidBodyHandle,
        child: RigidBodyHandle,
        data: impl Into<GenericJoint>,
    ) -> Self {
        let data = data.into();
        let turns = !data.locked_axes.contains(JointAxesMask::ANG_X);
        let handle = match kind {
            Joints::Impulse => JointHandle::Impulse(physics.impulse_joints.insert(parent, child, data, true)),
            Joints::Multibody => {
                let handle = physics.multibody_joints.insert(parent, child, data, true);
                JointHandle::Multibody(handle.expect("a body's links form a tree"))
            }
        };
        Self { handle, turns, parent, child }
    }

    /// The joint's settings: frames, limits, motors.
    pub fn data<'a>(&self, world: PhysicsView<'a>) -> Option<&'a GenericJoint> {
        match self.handle {
            JointHandle::Impulse(handle) => world.impulse_joints.get(handle).map(|joint| &joint.data),
            JointHandle::Multibody(handle) => {
                let (multibody, link) = world.multibody_joints.get(handle)?;
                multibody.link(link).map(|link| &link.joint().data)
            }
        }
    }

    /// Changes the joint's motor.
    pub fn set_motor(&self, physics: &mut Physics<'_>, set: impl FnOnce(&mut GenericJoint)) {
        match self.handle {
            JointHandle::Impulse(handle) => {
                if let Some(joint) = physics.impulse_joints.get_mut(handle, false) {
                    set(&mut joint.data);
                }
            }
            JointHandle::Multibody(handle) => {
                if let Some((multibody, link)) = physics.multibody_joints.get_mut(handle)
                    && let Some(link) = multibody.link_mut(link)
                {
                    set(&mut link.joint.data);
                }
            }
        }
    }

    /// Gives a joint in reduced coordinates a spring, which pulls by `stiffness` (N m/rad or N/m) towards `rest` (rad or m), and a damper
    /// (N m s/rad or N s/m). Of an impulse joint nothing changes: its motor is both.
    pub fn set_spring(&self, physics: &mut Physics<'_>, stiffness: f32, rest: f32, damping: f32) {
        if let JointHandle::Multibody(handle) = self.handle
            && let Some((multibody, link)) = physics.multibody_joints.get_mut(handle)
        {
            let first: usize = multibody.links().take(link).map(|link| link.joint().ndofs()).sum();
            multibody.damping_mut()[first] = damping;
            let Some(link) = multibody.link_mut(link) else { return };
            link.joint.set_spring(if self.turns { 3 } else { 0 }, stiffness, rest);
        }
    }

    /// What a body keeps with the joint: the goal of its motor, rad or m. (It is part of the world, and so of every snapshot.)
    pub fn goal(&self, world: PhysicsView<'_>) -> f32 {
        self.data(world).map_or(0.0, |data| f32::from_bits(data.user_data as u32))
    }

    /// Keeps a goal with the joint.
    pub fn set_goal(&self, physics: &mut Physics<'_>, goal: f32) {
        self.set_motor(physics, |data| data.user_data = u128::from(goal.to_bits()));
    }

    /// Moves a joint of a body that has not moved yet by `by` (rad or m), and its child with it.
    pub fn displace(&self, physics: &mut Physics<'_>, by: f32) {
        match self.handle {
            JointHandle::Impulse(handle) => {
                let Some(data) = physics.impulse_joints.get(handle).map(|joint| joint.data) else { return };
                let moved = if self.turns {
                    Pose::from_rotation(Rotation::from_rotation_x(by))
                } else {
                    Pose::from_translation(Vector::new(by, 0.0, 0.0))
                };
                let parent = *physics.bodies[self.parent].position();
                let child = parent * data.local_frame1 * moved * data.local_frame2.inverse();
                physics.bodies[self.child].set_position(child, true);
            }
            JointHandle::Multibody(handle) => {
                let Some((multibody, link)) = physics.multibody_joints.get_mut(handle) else { return };
                let first: usize = multibody.links().take(link).map(|link| link.joint().ndofs()).sum();
                let mut displacements = vec![0.0; multibody.ndofs()];
                displacements[first] = by;
                multibody.apply_displacements(&displacements);
                multibody.forward_kinematics(physics.bodies, false);
                multibody.update_rigid_bodies(physics.bodies, true);
            }
        }
    }

    /// Sine and cosine of a turning joint's angle.
    pub fn sine_cosine(&self, world: PhysicsView<'_>) -> (f32, f32) {
        let Some(data) = self.data(world) else { return (0.0, 1.0) };
        let frame = |body: RigidBodyHandle, local: &Pose| world.bodies[body].rotation() * local.rotation;
        let turn = frame(self.parent, &data.local_frame1).inverse() * frame(self.child, &data.local_frame2);
        (2.0 * turn.x * turn.w, turn.w * turn.w - turn.x * turn.x)
    }

    /// The joint's angle in [-π, π] (rad) or displacement (m).
    pub fn position(&self, world: PhysicsView<'_>) -> f32 {
        if self.turns {
            let (sine, cosine) = self.sine_cosine(world);
            return libm::atan2f(sine, cosine);
        }
        let Some(data) = self.data(world) else { return 0.0 };
        let frame = *world.bodies[self.parent].position() * data.local_frame1;
        let child = *world.bodies[self.child].position() * data.local_frame2;
        frame.inverse_transform_point(child.translation).x
    }

    /// The joint's velocity, rad/s or m/s.
    pub fn velocity(&self, world: PhysicsView<'_>) -> f32 {
        let Some(data) = self.data(world) else { return 0.0 };
        let (parent, child) = (&world.bodies[self.parent], &world.bodies[self.child]);
        let frame = *parent.position() * data.local_frame1;
        let axis = frame.rotation * Vector::X;
        if self.turns {
            (child.angvel() - parent.angvel()).dot(axis)
        } else {
            (child.linvel() - parent.velocity_at_point(child.translation())).dot(axis)
        }
    }

    /// How far the joint gives: how far the child is from where the joint would have it, m. (Joints of reduced coordinates give nothing.)
    pub fn gap(&self, world: PhysicsView<'_>) -> f32 {
        let Some(data) = self.data(world) else { return 0.0 };
        let frame = *world.bodies[self.parent].position() * data.local_frame1;
        let child = *world.bodies[self.child].position() * data.local_frame2;
        let away = frame.inverse_transform_point(child.translation);
        if self.turns { away.length() } else { libm::hypotf(away.y, away.z) }
    }

    /// Where the joint is, m, and the direction of its axis.
    pub fn axis(&self, world: PhysicsView<'_>) -> Option<(Vec3, Vec3)> {
        let frame = *world.bodies[self.parent].position() * self.data(world)?.local_frame1;
        Some((frame.translation, frame.rotation * Vector::X))
    }

    /// The ends of the joint's range, rad or m; none where it has none.
    pub fn limits(&self, world: PhysicsView<'_>) -> Option<[f32; 2]> {
        let axis = if self.turns { JointAxis::AngX } else { JointAxis::LinX };
        self.data(world)?.limits(axis).map(|limits| [limits.min, limits.max])
    }
}

/// Colliders of the first agent's body are members of this group, so that its rays do not see itself.
pub const BODY_GROUP: Group = Group::GROUP_1;
/// Colliders of surroundings and props are members of this group.
pub const WORLD_GROUP: Group = Group::GROUP_2;

/// Interaction groups of a body's link: it collides with the world, and not with the body's other links.
pub fn link_groups() -> InteractionGroups {
    InteractionGroups::new(BODY_GROUP, WORLD_GROUP, InteractionTestMode::And)
}

/// The group of an agent's body, by the agent's place in its team.
fn group(agent: usize) -> Group {
    if agent == 0 { BODY_GROUP } else { Group::from_bits_truncate(1 << (agent + 1)) }
}

/// The groups of all that is around an agent of a team: the world, and the other agents' bodies.
pub fn around(agent: usize, team: usize) -> Group {
    (0..team).filter(|other| *other != agent).fold(WORLD_GROUP, |groups, other| groups | group(other))
}

/// Makes one of a team's bodies collide with the others, and with itself no more than before.
pub fn join_team(agent: usize, team: usize, parts: &Parts, physics: &mut Physics<'_>) {
    for link in &parts.links {
        for collider in physics.bodies[*link].colliders().to_vec() {
            let collider = &mut physics.colliders[collider];
            if collider.collision_groups() == link_groups() {
                collider.set_collision_groups(InteractionGroups::new(group(agent), around(agent, team), InteractionTestMode::And));
            }
        }
    }
}

/// The pose of a body that stands upright at `at`, looking along `heading` (rad).
pub fn standing(at: Vec3, heading: f32) -> Pose {
    Pose::from_parts(at, Rotation::from_rotation_z(heading))
}

/// The heading of something upright: the direction of its x axis on the floor, rad.
pub fn heading(rotation: &Rotation) -> f32 {
    let ahead = rotation * Vector::X;
    libm::atan2f(ahead.y, ahead.x)
}

/// Turns a level vector by `angle`, rad.
pub fn turned(vector: Vec2, angle: f32) -> Vec2 {
    let (sine, cosine) = libm::sincosf(angle);
    Vec2::new(cosine * vector.x - sine * vector.y, sine * vector.x + cosine * vector.y)
}
