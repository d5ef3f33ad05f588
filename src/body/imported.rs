//! A robot from a file ([`crate::scene::import`]): MJCF or URDF.
//!
//! - **Links**, **joints** and **points** are those of the file; what the file welds to a link is a point of it. Masses, centres and
//!   inertias are the file's. Positions of joints are measured from the pose in which the file draws the robot. A link collides with the
//!   world and, where the file says so, with other links, but never with the one that it hangs on.
//! - **Action**: one channel for each actuator, in the file's order; its unit tells the full scale.
//! - **Start**: the file's pose (its key `home`, where there is one), joints within their ranges. A robot that may fall (its root flies, or
//!   slides upwards) stands with its lowest point at the height that the scene says; one that is fixed or hinged to the world keeps its
//!   height above the file's floor (where the file has none: above its origin, and is raised if it would stand in our floor).
//! - **Joint kind**: reduced coordinates by default. They keep the file's numbers as they are: several joints between two links, inertia of
//!   motors (armature), springs and dampers, and joints that follow others. With impulse joints, what turns between two joints of a link
//!   takes a share of its mass, armature is added to the link itself, joints follow no others, and ranges of hinges beyond ±π are not held.

mod drive;
mod inertia;
mod reduced;
mod shown;

use self::drive::Drive;
use self::inertia::principal;
use super::look::Look;
use super::{BODY_GROUP, Embodiment, Joint, Names, Parts, WORLD_GROUP, standing};
use crate::physics::Physics;
use crate::physics::rapier::prelude::*;
use crate::pilot::hand::Bindings;
use crate::scene::import::{Form, Import, JointKind, Link, Robot, RobotJoint, Shape};
use crate::scene::plan::{Quantities, Quantity};
use crate::scene::schema::Joints;
use crate::signal::Channels;
use bevy::math::{Quat, Vec3};
use std::collections::BTreeSet;
use std::f32::consts::PI;

/// With impulse joints: the share of a link's mass that each body between two of its joints takes. (Rapier solves free bodies, and they
/// must weigh something.)
const SHARE: f32 = 0.1;

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

/// Where each joint starts: those that follow others, where these tell them.
fn starts(robot: &Robot) -> Vec<Vec<f32>> {
    let mut starts: Vec<f32> = robot.joints().map(|(_, joint)| joint.start).collect();
    // (Of a ring, which no scene that was checked has, none.)
    for coupling in robot.led().unwrap_or_default() {
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
        let (mut mass, mut inertia) = (link.mass, link.inertia.map(f64::from));
        if self.joints == Joints::Impulse {
            let share = match between {
                Some(_) => SHARE,
                None => 1.0 - SHARE * link.joints.len().saturating_sub(1) as f32,
            };
            mass = mass.max(1e-3) * share;
            inertia = inertia.map(|moment| moment * f64::from(share));
            inertia[..3].iter_mut().for_each(|moment| *moment += 1e-7);
            if let Some(joint) = between.or(link.joints.last()) {
                let [x, y, z] = joint.axis.map(f64::from);
                let about =
                    if joint.kind == JointKind::Ball { [1.0, 1.0, 1.0, 0.0, 0.0, 0.0] } else { [x * x, y * y, z * z, x * y, x * z, y * z] };
                inertia = std::array::from_fn(|moment| inertia[moment] + about[moment] * f64::from(joint.armature));
            }
        }
        let (moments, frame) = principal(inertia);
        MassProperties::with_principal_inertia_frame(Vec3::from(link.centre), mass, moments, frame)
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
        shown::bindings(&self.name, &self.robot)
    }

    fn look(&self, _values: &[f32]) -> Look {
        let height = self.poses.first().map_or(0.0, |pose| pose.translation.z);
        shown::look(&self.robot, height, self.clearance)
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
