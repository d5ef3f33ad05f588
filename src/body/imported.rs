//! A robot from a file ([`crate::scene::import`]): MJCF or URDF.
//!
//! - **Links**, **joints** and **points** are those of the file; what the file welds to a link is a point of it. Masses, centres and inertias are the file's.
//!   Positions of joints are measured from the pose in which the file draws the robot. A link collides with the world and, where the file says so, with other
//!   links, but never with the one that it hangs on.
//! - **Action**: one channel for each actuator, in the file's order; its unit tells the full scale.
//! - **Start**: the file's pose (its key `home`, where there is one), joints within their ranges. A robot that may fall (its root flies, or slides upwards)
//!   stands with its lowest point at the height that the scene says; one that is fixed or hinged to the world keeps its height above the file's floor
//!   (where the file has none: above its origin, and is raised if it would stand in our floor).
//! - **Joint kind**: reduced coordinates by default. They keep the file's numbers as they are: several joints between two links, inertia of motors (armature),
//!   springs and dampers, and joints that follow others. With impulse joints, what turns between two joints of a link takes a share of its mass, armature
//!   is added to the link itself, joints follow no others, and ranges of hinges beyond ±π are not held.

use super::look::{Finish, Form as Drawn, Framing, Look, Piece};
use super::{BODY_GROUP, Embodiment, Joint, Names, Parts, WORLD_GROUP, standing};
use crate::physics::Physics;
use crate::physics::rapier::dynamics::MultibodyDofCoupling;
use crate::physics::rapier::prelude::*;
use crate::pilot::hand::{Bindings, Input};
use crate::scene::import::{Actuator, Form, Import, JointKind, Link, Robot, RobotJoint, Shape};
use crate::scene::plan::{Quantities, Quantity};
use crate::scene::schema::Joints;
use crate::signal::Channels;
use bevy::math::{Mat3, Quat, Vec3};
use std::collections::BTreeSet;
use std::f32::consts::PI;

/// With impulse joints: the share of a link's mass that each body between two of its joints takes. (Rapier solves free bodies, and they must weigh something.)
const SHARE: f32 = 0.1;
/// A force that depends on nothing is made of a spring so soft that a radian, or a metre, changes it by this share of the full force.
const SOFT: f32 = 1e-4;
/// The same of a damper, for a radian or metre per second.
const SLACK: f32 = 1e-4;

/// The robot.
pub struct Imported {
    robot: Robot,
    at: [Quantity; 3],
    heading: Quantity,
    joints: Joints,
    /// What hands call it.
    name: String,
    /// Where each link starts, in the file's frame, raised so that the lowest point lies at 0.
    poses: Vec<Pose>,
    /// How far the file's origin was raised, m.
    raised: f32,
    /// Radius around the root that it fills, m.
    clearance: f32,
}

/// The names of its parts.
pub fn names(robot: &Robot) -> Names<'_> {
    Names {
        links: robot.links.iter().map(|link| link.name.as_str()).collect(),
        joints: robot.joints().map(|(_, joint)| joint.name.as_str()).collect(),
        points: robot.points.iter().map(|point| (point.name.as_str(), point.link, Vec3::from(point.at))).collect(),
    }
}

/// Whether it falls where there is no floor.
pub fn falls(import: &Import) -> bool {
    import.robot.as_ref().is_some_and(|robot| robot.links.iter().any(|link| link.free))
}

fn pose(at: [f32; 3], turn: [f32; 4]) -> Pose {
    Pose::from_parts(Vec3::from(at), Quat::from_array(turn).normalize())
}

/// How a joint moves what is beyond it, in its link's frame.
fn moved(joint: &RobotJoint, by: f32) -> Pose {
    let (at, axis) = (Vec3::from(joint.at), Vec3::from(joint.axis));
    match joint.kind {
        JointKind::Slide => Pose::from_translation(axis * by),
        JointKind::Hinge => {
            let (sine, cosine) = libm::sincosf(by / 2.0);
            let turn = Quat::from_xyzw(axis.x * sine, axis.y * sine, axis.z * sine, cosine);
            Pose::from_parts(at - turn * at, turn)
        }
        JointKind::Ball => Pose::IDENTITY,
    }
}

/// What acts on a joint: push - stiffness position - damping velocity, N m or N.
#[derive(Clone, Copy, Default)]
struct Drive {
    stiffness: f32,
    damping: f32,
    push: f32,
    /// The strongest plain force that its actuators give, N m or N.
    full: f32,
}

impl Drive {
    /// What an actuator adds. One that would push harder than it can is weakened as a whole, for this control step: it begins with its strongest push, gives
    /// less on the way, and stays as stable as a spring and a damper are.
    fn add(&mut self, actuator: &Actuator, action: f32, joint: &Joint, physics: &Physics<'_>) {
        let at = |(middle, reach): (f32, f32)| middle + action * reach;
        let push = at(actuator.push) + actuator.stiffness * at(actuator.goal) + actuator.damping * at(actuator.rate);
        let mut share = 1.0;
        if let Some(most) = actuator.most {
            let yields = actuator.stiffness * joint.position(physics.view()) + actuator.damping * joint.velocity(physics.view());
            share = (most / (push - yields).abs().max(1e-9)).min(1.0);
        }
        self.push += share * push;
        self.stiffness += share * actuator.stiffness;
        self.damping += share * actuator.damping;
        self.full +=
            share * (actuator.push.0.abs() + actuator.push.1.abs() + actuator.damping * (actuator.rate.0.abs() + actuator.rate.1.abs()));
    }

    /// In reduced coordinates: the joint's own spring, far away where it is to be a plain force, and its damper. (Rapier's motors would do for
    /// stiff goals alone: of multibodies, 0.35 solves them without the softness in the divisor, and weak ones fly apart.)
    fn reduced(mut self, joint: &Joint, physics: &mut Physics<'_>) {
        self.stiffness = self.stiffness.max(SOFT * self.full);
        let rest = if self.stiffness > 0.0 { self.push / self.stiffness } else { 0.0 };
        joint.set_spring(physics, self.stiffness, rest, self.damping);
    }

    /// Of an impulse joint: its motor, which knows a spring and a damper. A plain force is a spring with a far goal; of a hinge, whose goal Rapier takes to be
    /// within a turn, a damper with a fast one.
    fn motor(mut self, joint: &Joint, physics: &mut Physics<'_>) {
        let (goal, rate);
        if joint.turns {
            self.damping = self.damping.max(SLACK * self.full).max(1e-6);
            // The spring's own part stays a goal.
            goal = if self.stiffness > 0.0 { (self.push / self.stiffness).clamp(-PI, PI) } else { 0.0 };
            rate = (self.push - self.stiffness * goal) / self.damping;
        } else {
            self.stiffness = self.stiffness.max(SOFT * self.full);
            goal = if self.stiffness > 0.0 { self.push / self.stiffness } else { 0.0 };
            rate = 0.0;
        }
        let axis = if joint.turns { JointAxis::AngX } else { JointAxis::LinX };
        joint.set_motor(physics, |data| {
            data.set_motor_model(axis, MotorModel::ForceBased);
            data.set_motor(axis, goal, rate, self.stiffness, self.damping);
        });
    }
}

/// Where each joint starts: those that follow others, where these tell them.
fn starts(robot: &Robot) -> Vec<Vec<f32>> {
    let mut starts: Vec<f32> = robot.joints().map(|(_, joint)| joint.start).collect();
    for coupling in &robot.couplings {
        starts[coupling.joint] = coupling.ratio * starts[coupling.leader] + coupling.offset;
    }
    let mut starts = starts.into_iter();
    let mut start = |joint: &RobotJoint| if joint.kind == JointKind::Ball { 0.0 } else { starts.next().unwrap_or(0.0) };
    robot.links.iter().map(|link| link.joints.iter().map(&mut start).collect()).collect()
}

/// The shape of a form, and how it is turned: Rapier's cylinders and capsules stand along y.
fn form(form: &Form) -> Option<(SharedShape, Rotation)> {
    let upright = Rotation::from_xyzw(std::f32::consts::FRAC_1_SQRT_2, 0.0, 0.0, std::f32::consts::FRAC_1_SQRT_2);
    Some(match form {
        Form::Ball(radius) => (SharedShape::ball(*radius), Rotation::IDENTITY),
        Form::Box(x, y, z) => (SharedShape::cuboid(*x, *y, *z), Rotation::IDENTITY),
        Form::Cylinder(radius, half) => (SharedShape::cylinder(*half, *radius), upright),
        Form::Capsule(radius, half) => (SharedShape::capsule_y(*half, *radius), upright),
        Form::Hull(points) => {
            let points: Vec<Vector> = points.iter().map(|point| Vec3::from(*point)).collect();
            (SharedShape::convex_hull(&points)?, Rotation::IDENTITY)
        }
    })
}

fn placed(shape: &Shape) -> Option<(SharedShape, Pose)> {
    let (form, turn) = form(&shape.form)?;
    Some((form, pose(shape.at, shape.turn) * Pose::from_rotation(turn)))
}

impl Imported {
    pub(super) fn new(import: &Import, quantities: &Quantities) -> Self {
        let robot = import.robot.as_deref().cloned().unwrap_or_default();
        let starts = starts(&robot);
        let mut poses: Vec<Pose> = Vec::new();
        for (link, starts) in robot.links.iter().zip(&starts) {
            let parent = link.parent.map_or(Pose::IDENTITY, |parent| poses[parent]);
            let joints = link.joints.iter().zip(starts).fold(Pose::IDENTITY, |pose, (joint, start)| pose * moved(joint, *start));
            poses.push(parent * pose(link.at, link.turn) * joints);
        }
        // What may fall stands on its lowest point; what is fixed to the world, or turns about a place in it, is where the file has it.
        let falls = robot.links.first().is_some_and(|link| {
            let upwards =
                |joint: &RobotJoint| joint.kind == JointKind::Slide && (Quat::from_array(link.turn) * Vec3::from(joint.axis)).z.abs() > 0.5;
            link.free || link.joints.iter().any(upwards)
        });
        let solid = robot.links.iter().zip(&poses).flat_map(|(link, pose)| link.shapes.iter().map(move |shape| (shape, pose)));
        let lowest = solid.filter(|(shape, _)| shape.world).filter_map(|(shape, pose)| {
            let (shape, at) = placed(shape)?;
            Some(shape.as_support_map()?.support_point(&(*pose * at), -Vector::Z).z)
        });
        let lowest = lowest.fold(f32::INFINITY, f32::min);
        let raised = match robot.floor {
            _ if falls && lowest.is_finite() => -lowest,
            Some(floor) => -floor,
            None => -lowest.min(0.0),
        };
        poses.iter_mut().for_each(|pose| pose.translation.z += raised);
        let root = poses.first().map_or(Vec3::ZERO, |pose| pose.translation);
        let mut clearance: f32 = 0.05;
        for (link, pose) in robot.links.iter().zip(&poses) {
            for (shape, at) in link.shapes.iter().filter(|shape| shape.world).filter_map(placed) {
                let bounds = shape.compute_aabb(&(*pose * at));
                let far = |low: f32, high: f32, middle: f32| (high - middle).abs().max((low - middle).abs());
                let (x, y) = (far(bounds.mins.x, bounds.maxs.x, root.x), far(bounds.mins.y, bounds.maxs.y, root.y));
                clearance = clearance.max(libm::sqrtf(x * x + y * y));
            }
        }
        Self {
            at: [&import.at.0, &import.at.1, &import.at.2].map(|number| quantities.resolve(number)),
            heading: quantities.resolve(&import.heading),
            joints: import.joints,
            name: format!("Robot({})", robot.name),
            poses,
            raised,
            clearance,
            robot,
        }
    }

    /// The groups of shapes, `still` or of links, so that those collide that the file lets collide.
    fn groups(&self) -> impl Fn(&Shape, bool) -> InteractionGroups {
        let kinds: BTreeSet<(u32, u32)> = self.shapes().map(|shape| (shape.shows, shape.meets)).collect();
        let kinds: Vec<(u32, u32)> = kinds.into_iter().collect();
        move |shape, still| {
            let (mut own, mut others) = match (still, shape.world) {
                (true, _) => (WORLD_GROUP, WORLD_GROUP),
                (false, true) => (BODY_GROUP, WORLD_GROUP),
                (false, false) => (BODY_GROUP, Group::NONE),
            };
            // The first two groups are those of the body and the world.
            for (group, kind) in kinds.iter().enumerate().map(|(index, kind)| (Group::from_bits_truncate(4 << index), kind)) {
                if *kind == (shape.shows, shape.meets) {
                    own |= group;
                }
                if kind.0 & shape.meets != 0 || shape.shows & kind.1 != 0 {
                    others |= group;
                }
            }
            InteractionGroups::new(own, others, InteractionTestMode::And)
        }
    }

    /// All shapes.
    fn shapes(&self) -> impl Iterator<Item = &Shape> {
        self.robot.links.iter().flat_map(|link| &link.shapes).chain(&self.robot.still)
    }

    /// Whether any two shapes may collide.
    fn touches_itself(&self) -> bool {
        self.shapes().any(|one| self.shapes().any(|other| one.shows & other.meets != 0))
    }

    /// What a link, or with impulse joints a body between two of its joints, weighs.
    fn matter(&self, link: &Link, between: Option<&RobotJoint>) -> MassProperties {
        let [xx, yy, zz, xy, xz, yz] = link.inertia;
        let mut inertia = Mat3::from_cols(Vec3::new(xx, xy, xz), Vec3::new(xy, yy, yz), Vec3::new(xz, yz, zz));
        let mut mass = link.mass;
        if self.joints == Joints::Impulse {
            let share = match between {
                Some(_) => SHARE,
                None => 1.0 - SHARE * link.joints.len().saturating_sub(1) as f32,
            };
            (mass, inertia) = (mass.max(1e-3) * share, inertia * share + Mat3::from_diagonal(Vec3::splat(1e-7)));
            if let Some(joint) = between.or(link.joints.last()) {
                let axis = Vec3::from(joint.axis);
                let outer = Mat3::from_cols(axis * axis.x, axis * axis.y, axis * axis.z);
                inertia +=
                    if joint.kind == JointKind::Ball { Mat3::from_diagonal(Vec3::splat(joint.armature)) } else { outer * joint.armature };
            }
        }
        MassProperties::with_inertia_matrix(Vec3::from(link.centre), mass, inertia)
    }

    fn cover(&self, shape: &Shape, groups: InteractionGroups, body: RigidBodyHandle, physics: &mut Physics<'_>) {
        if let Some((form, at)) = placed(shape) {
            let collider = ColliderBuilder::new(form).position(at).density(0.0).friction(shape.friction).collision_groups(groups);
            physics.colliders.insert_with_parent(collider, body, physics.bodies);
        }
    }
}

/// The frame of a joint in its link: its x axis is the free one.
fn frame(joint: &RobotJoint) -> Pose {
    let turn = match joint.kind {
        JointKind::Ball => Quat::IDENTITY,
        _ => Quat::from_rotation_arc(Vec3::X, Vec3::from(joint.axis)),
    };
    Pose::from_parts(Vec3::from(joint.at), turn)
}

impl Embodiment for Imported {
    fn action(&self) -> Channels {
        let mut channels = Channels::default();
        self.robot.actuators.iter().for_each(|actuator| channels.push(&actuator.name, &actuator.unit, -1.0, 1.0));
        channels
    }

    fn level(&self) -> bool {
        false
    }

    fn clearance(&self) -> f32 {
        self.clearance
    }

    fn start(&self, values: &[f32]) -> (Vec3, f32) {
        let [x, y, z] = [0, 1, 2].map(|axis| self.at[axis].of(values));
        (Vec3::new(x, y, z), self.heading.of(values))
    }

    fn build(&self, physics: &mut Physics<'_>) -> Parts {
        let robot = &self.robot;
        let groups = self.groups();
        let mut links = Vec::new();
        for (link, at) in robot.links.iter().zip(&self.poses) {
            let fixed = link.parent.is_none() && !link.free && link.joints.is_empty();
            let builder = if fixed { RigidBodyBuilder::fixed() } else { RigidBodyBuilder::dynamic() };
            let body = physics.bodies.insert(builder.pose(*at).can_sleep(false));
            for shape in &link.shapes {
                self.cover(shape, groups(shape, false), body, physics);
            }
            physics.bodies[body].set_additional_mass_properties(self.matter(link, None), false);
            physics.bodies[body].recompute_mass_properties_from_colliders(physics.colliders);
            links.push(body);
        }
        // The world, to which robots are joined that neither fly nor stand fixed, and what stands in it.
        let anchor = physics.bodies.insert(RigidBodyBuilder::fixed().translation(Vec3::Z * self.raised));
        for shape in &robot.still {
            self.cover(shape, groups(shape, true), anchor, physics);
        }
        let mut extra = vec![anchor];
        let mut joints = Vec::new();
        for (index, link) in robot.links.iter().enumerate() {
            let (mut on, mut rest) = (link.parent.map_or(anchor, |parent| links[parent]), pose(link.at, link.turn));
            for (number, joint) in link.joints.iter().enumerate() {
                let last = number + 1 == link.joints.len();
                let body = if last {
                    links[index]
                } else {
                    physics.bodies.insert(RigidBodyBuilder::dynamic().pose(self.poses[index]).can_sleep(false))
                };
                if !last {
                    extra.push(body);
                    if self.joints == Joints::Impulse {
                        physics.bodies[body].set_additional_mass_properties(self.matter(link, Some(joint)), false);
                        physics.bodies[body].recompute_mass_properties_from_colliders(physics.colliders);
                    }
                }
                let free = match joint.kind {
                    JointKind::Hinge => JointAxesMask::LOCKED_REVOLUTE_AXES,
                    JointKind::Slide => JointAxesMask::LOCKED_PRISMATIC_AXES,
                    JointKind::Ball => JointAxesMask::LOCKED_SPHERICAL_AXES,
                };
                let frame = frame(joint);
                let data = GenericJointBuilder::new(free).local_frame1(rest * frame).local_frame2(frame).contacts_enabled(false);
                let mut data = data.build();
                let axis = if joint.kind == JointKind::Hinge { JointAxis::AngX } else { JointAxis::LinX };
                let beyond = |angle: f32| joint.kind == JointKind::Hinge && self.joints == Joints::Impulse && angle.abs() > PI;
                if let Some((low, high)) =
                    joint.range.filter(|(low, high)| joint.kind != JointKind::Ball && !beyond(*low) && !beyond(*high))
                {
                    data.set_limits(axis, [low, high]);
                }
                let connected = Joint::connect(self.joints, physics, on, body, data);
                if joint.kind != JointKind::Ball {
                    joints.push(connected);
                }
                (on, rest) = (body, Pose::IDENTITY);
            }
            // Links with bodies between them are neighbours all the same.
            if let Some(parent) = link.parent.filter(|_| link.joints.len() > 1 && self.touches_itself()) {
                part(links[parent], links[index], physics);
            }
        }
        for (one, other) in &robot.apart {
            part(links[*one], links[*other], physics);
        }
        if self.joints == Joints::Multibody {
            self.reduce(&links, physics);
        }
        links.extend(extra);
        Parts { links, joints }
    }

    fn set(&self, values: &[f32], parts: &Parts, physics: &mut Physics<'_>) {
        let (at, heading) = self.start(values);
        let base = standing(at, heading);
        for body in &parts.links {
            let position = base * *physics.bodies[*body].position();
            physics.bodies[*body].set_position(position, true);
        }
        for multibody in multibodies(&parts.links, physics) {
            if let Some(multibody) = physics.multibody_joints.get_multibody_mut(multibody) {
                multibody.forward_kinematics(physics.bodies, true);
                multibody.update_rigid_bodies(physics.bodies, true);
            }
        }
    }

    fn act(&self, _values: &[f32], parts: &Parts, action: &[f32], physics: &mut Physics<'_>) {
        for (index, ((_, spec), joint)) in self.robot.joints().zip(&parts.joints).enumerate() {
            let mut wanted =
                Drive { stiffness: spec.stiffness, damping: spec.damping, push: spec.stiffness * spec.rest, ..Drive::default() };
            let mut driven = false;
            for (actuator, action) in self.robot.actuators.iter().zip(action).filter(|(actuator, _)| actuator.joint == index) {
                wanted.add(actuator, *action, joint, physics);
                driven = true;
            }
            match self.joints {
                Joints::Multibody if driven => wanted.reduced(joint, physics),
                Joints::Impulse if driven || wanted.stiffness > 0.0 || wanted.damping > 0.0 => wanted.motor(joint, physics),
                _ => {}
            }
        }
    }

    fn bindings(&self) -> Bindings {
        // The sticks take the first four channels, pairs of keys the first eight.
        const STICKS: [Input; 4] = [Input::LeftStickX, Input::LeftStickY, Input::RightStickX, Input::RightStickY];
        const KEYS: [(&str, &str); 8] = [
            ("KeyD", "KeyA"),
            ("KeyW", "KeyS"),
            ("KeyL", "KeyJ"),
            ("KeyI", "KeyK"),
            ("KeyT", "KeyG"),
            ("KeyY", "KeyH"),
            ("KeyE", "KeyF"),
            ("KeyX", "KeyZ"),
        ];
        let mut bindings = Bindings::of(self.name.clone());
        for (index, (actuator, (plus, minus))) in self.robot.actuators.iter().zip(KEYS).enumerate() {
            let moves = [(actuator.name.as_str(), 1.0)];
            if let Some(stick) = STICKS.get(index) {
                bindings = bindings.with(&actuator.name, stick.clone(), &moves);
            }
            bindings = bindings.keys(&actuator.name, plus, minus, &moves);
        }
        bindings
    }

    fn look(&self, _values: &[f32]) -> Look {
        const COLOURS: [[f32; 3]; 2] = [[0.86, 0.55, 0.24], [0.30, 0.34, 0.42]];
        let piece = |shape: &Shape, colour: [f32; 3]| {
            let (drawn, middle) = match &shape.form {
                Form::Ball(radius) => (Drawn::Ball { radius: *radius }, Vec3::ZERO),
                Form::Box(x, y, z) => (Drawn::Box { half: Vec3::new(*x, *y, *z), chamfer: 0.0 }, Vec3::ZERO),
                Form::Cylinder(radius, half) => (Drawn::Cylinder { radius: *radius, half: *half }, Vec3::ZERO),
                Form::Capsule(radius, half) => (Drawn::Capsule { radius: *radius, half: *half }, Vec3::ZERO),
                // Of a hull the box around it is drawn.
                Form::Hull(points) => {
                    let corners = || points.iter().map(|point| Vec3::from(*point));
                    let (low, high) = (corners().fold(Vec3::INFINITY, Vec3::min), corners().fold(Vec3::NEG_INFINITY, Vec3::max));
                    (Drawn::Box { half: (high - low) / 2.0, chamfer: 0.0 }, (low + high) / 2.0)
                }
            };
            let (at, turn) = (Vec3::from(shape.at), Quat::from_array(shape.turn));
            let middle = at + turn * middle;
            Piece::new(drawn).at(middle.x, middle.y, middle.z).turned(turn).painted(colour, Finish::Gloss)
        };
        let links = self.robot.links.iter().enumerate();
        let links = links.map(|(index, link)| link.shapes.iter().map(|shape| piece(shape, COLOURS[index % 2])).collect());
        let height = self.poses.first().map_or(0.0, |pose| pose.translation.z);
        let reach = 3.0 * self.clearance.max(height).max(0.3);
        let framing = Framing {
            target: Vec3::new(0.0, 0.0, height * 0.7),
            reach,
            bearing: -0.85,
            elevation: 0.45,
            behind: (reach, reach * 0.5),
            ground: 0.0,
        };
        Look { links: links.collect(), still: Vec::new(), framing }
    }
}

impl Imported {
    /// Gives multibodies what only they know: where their joints start, what turns with a motor, dampers, springs, and joints that follow others.
    fn reduce(&self, links: &[RigidBodyHandle], physics: &mut Physics<'_>) {
        for index in multibodies(links, physics) {
            let Some(multibody) = physics.multibody_joints.get_multibody_mut(index) else { continue };
            // Lets the multibody notice whether its root is fixed.
            multibody.forward_kinematics(physics.bodies, true);
            multibody.damping_mut().fill(0.0);
        }
        let starts = starts(&self.robot);
        // Of each joint that has a number: its multibody's index, its link in that, and its degree of freedom.
        let mut places = Vec::new();
        for ((link, starts), handle) in self.robot.links.iter().zip(&starts).zip(links) {
            let Some(id) = physics.multibody_joints.rigid_body_link(*handle).copied() else { continue };
            let Some(multibody) = physics.multibody_joints.get_multibody_mut(id.multibody) else { continue };
            // The bodies between its joints lie on the way up to its parent.
            let mut chain = vec![multibody.links().position(|link| link.rigid_body_handle() == *handle)];
            while chain.len() < link.joints.len() {
                let above = chain.last().and_then(|link| multibody.link((*link)?)).and_then(MultibodyLink::parent_id);
                chain.push(above);
            }
            let mut displacements = vec![0.0; multibody.ndofs()];
            for ((joint, start), place) in link.joints.iter().zip(starts).zip(chain.iter().rev()) {
                let Some(place) = *place else { continue };
                let first: usize = multibody.links().take(place).map(|link| link.joint().ndofs()).sum();
                for dof in first..first + if joint.kind == JointKind::Ball { 3 } else { 1 } {
                    multibody.damping_mut()[dof] = joint.damping;
                    multibody.armature_mut()[dof] = joint.armature;
                }
                let axis = if joint.kind == JointKind::Slide { 0 } else { 3 };
                if joint.kind != JointKind::Ball {
                    displacements[first] = *start;
                    if let Some(link) = multibody.link_mut(place).filter(|_| joint.stiffness > 0.0) {
                        link.joint.set_spring(axis, joint.stiffness, joint.rest);
                    }
                    places.push((id.multibody, place, axis));
                }
            }
            multibody.apply_displacements(&displacements);
        }
        for coupling in &self.robot.couplings {
            let (Some(leader), Some(follower)) = (places.get(coupling.leader), places.get(coupling.joint)) else { continue };
            if let Some(multibody) = physics.multibody_joints.get_multibody_mut(leader.0).filter(|_| leader.0 == follower.0) {
                multibody.add_dof_coupling(MultibodyDofCoupling {
                    link1: leader.1,
                    dof1: 0,
                    axis1: leader.2,
                    link2: follower.1,
                    dof2: 0,
                    axis2: follower.2,
                    coeff: coupling.ratio,
                    offset: coupling.offset,
                });
            }
        }
        for index in multibodies(links, physics) {
            if let Some(multibody) = physics.multibody_joints.get_multibody_mut(index) {
                multibody.forward_kinematics(physics.bodies, true);
                multibody.update_rigid_bodies(physics.bodies, true);
            }
        }
    }
}

/// Lets two bodies pass through each other: a joint that holds nothing, and forbids contacts.
fn part(one: RigidBodyHandle, other: RigidBodyHandle, physics: &mut Physics<'_>) {
    physics.impulse_joints.insert(one, other, GenericJointBuilder::new(JointAxesMask::empty()).contacts_enabled(false), false);
}

/// The multibodies that these bodies are in, each once, in the bodies' order.
fn multibodies(bodies: &[RigidBodyHandle], physics: &Physics<'_>) -> Vec<MultibodyIndex> {
    let mut indices = Vec::new();
    for link in bodies.iter().filter_map(|body| physics.multibody_joints.rigid_body_link(*body)) {
        if !indices.contains(&link.multibody) {
            indices.push(link.multibody);
        }
    }
    indices
}
