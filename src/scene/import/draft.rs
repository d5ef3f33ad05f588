//! [`Draft`]: a robot while it is read, in `f64`, whatever the format.

use super::robot::{Actuator, Coupling, Dropped, Form, JointKind, Link, Point, Robot, RobotJoint, Shape};
use super::solid::{Matter, Pose, Solid};
use bevy::math::{DMat3, DQuat, DVec3};
use std::collections::BTreeMap;

/// What a moving link without any mass is given, kg: its joints could not be simulated.
const GRAM: f64 = 1e-3;

/// A robot while it is read.
#[derive(Default)]
pub(super) struct Draft {
    pub name: String,
    pub links: Vec<DraftLink>,
    pub points: Vec<(String, usize, DVec3)>,
    pub actuators: Vec<Actuator>,
    pub couplings: Vec<Coupling>,
    pub apart: Vec<(usize, usize)>,
    pub still: Vec<Shape>,
    /// m
    pub floor: Option<f64>,
    pub dropped: Vec<Dropped>,
    /// What each joint's position is called in the file while the link is drawn there, rad or m; 0 where nothing is said.
    pub references: BTreeMap<String, f64>,
}

/// A link while it is read.
pub(super) struct DraftLink {
    pub name: String,
    pub parent: Option<usize>,
    pub free: bool,
    /// In the parent's frame while the joints are at 0.
    pub pose: Pose,
    pub joints: Vec<RobotJoint>,
    pub matter: Matter,
    pub shapes: Vec<Shape>,
}

impl Draft {
    /// Notes that something was left out, or taken otherwise than the file says.
    pub fn drop(&mut self, element: &str, name: impl Into<String>, reason: impl Into<String>) {
        self.dropped.push(Dropped { element: element.into(), name: name.into(), reason: reason.into() });
    }

    /// The joint of this name, and its index among those that have a number.
    pub fn joint(&self, name: &str) -> Option<(usize, &RobotJoint)> {
        let joints = self.links.iter().flat_map(|link| &link.joints).filter(|joint| joint.kind != JointKind::Ball);
        joints.enumerate().find(|(_, joint)| joint.name == name)
    }

    /// How many joints there are so far.
    pub fn joint_count(&self) -> usize {
        self.links.iter().map(|link| link.joints.len()).sum()
    }

    /// A name for a channel that no other has: `hip`, `hip_2`.
    pub fn channel(&self, name: &str) -> String {
        let taken = |name: &str| self.actuators.iter().any(|actuator| actuator.name == name);
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
    }

    /// The robot.
    pub fn finish(mut self) -> Robot {
        for index in (0..self.links.len()).rev() {
            // Children come after their parents: backwards, what a link moves is known when it is reached.
            let moves = self.links[index].free || !self.links[index].joints.is_empty();
            if moves && self.links[index].matter.mass <= 0.0 && !self.carries(index) {
                let matter = &mut self.links[index].matter;
                *matter = Matter { mass: GRAM, centre: DVec3::ZERO, inertia: DMat3::from_diagonal(DVec3::splat(GRAM * GRAM)) };
                let name = self.links[index].name.clone();
                self.drop("link", name, "it has no mass and is given one gram");
            }
            let link = &mut self.links[index];
            let inertia = link.matter.inertia;
            if moves && link.matter.mass > 0.0 && inertia.x_axis.x + inertia.y_axis.y + inertia.z_axis.z <= 0.0 {
                let half = extent(&link.shapes);
                let (_, box_of_a_kilogram) = Solid::Box(half).matter();
                link.matter.inertia = box_of_a_kilogram.inertia * link.matter.mass;
                let name = link.name.clone();
                self.drop("link", name, "it has no inertia and is given that of the box around its shapes");
            }
        }
        let mut names: Vec<String> = self.links.iter().map(|link| link.name.clone()).collect();
        let joints = self.links.iter().flat_map(|link| &link.joints).filter(|joint| joint.kind != JointKind::Ball);
        let joints: Vec<String> = joints.map(|joint| joint.name.clone()).collect();
        let mut points = Vec::new();
        for (name, link, at) in std::mem::take(&mut self.points) {
            if names.contains(&name) {
                if name == self.links[link].name {
                    continue;
                }
                self.drop("point", name, "another part has its name");
                continue;
            }
            // `body.NAME` would be the joint.
            if joints.contains(&name) {
                self.drop("point", name, "a joint has its name");
                continue;
            }
            names.push(name.clone());
            let [x, y, z] = at.as_vec3().to_array();
            points.push(Point { name, link, at: (x, y, z) });
        }
        let links = self.links.into_iter().map(|link| {
            let (at, turn) = link.pose.parts();
            let (mass, centre, inertia) = link.matter.parts();
            let DraftLink { name, parent, free, joints, shapes, .. } = link;
            Link { name, parent, free, at, turn, joints, mass, centre, inertia, shapes }
        });
        Robot {
            name: self.name,
            links: links.collect(),
            points,
            actuators: self.actuators,
            couplings: self.couplings,
            apart: self.apart,
            still: self.still,
            floor: self.floor.map(|height| height as f32),
            dropped: self.dropped,
        }
    }

    fn carries(&self, link: usize) -> bool {
        let children = self.links.iter().enumerate().filter(|(_, other)| other.parent == Some(link));
        children.into_iter().any(|(index, child)| child.matter.mass > 0.0 || self.carries(index))
    }
}

/// Half the edges of the box around shapes, m; of 5 cm where there are none.
fn extent(shapes: &[Shape]) -> DVec3 {
    let (mut low, mut high) = (DVec3::INFINITY, DVec3::NEG_INFINITY);
    for shape in shapes {
        let mut reach = |corner: DVec3| {
            let turn = DQuat::from_array(shape.turn.map(f64::from));
            let at = DVec3::from_array(shape.at.map(f64::from)) + turn * corner;
            (low, high) = (low.min(at), high.max(at));
        };
        let half = match &shape.form {
            Form::Ball(radius) => [*radius; 3],
            Form::Box(x, y, z) => [*x, *y, *z],
            Form::Cylinder(radius, half) => [*radius, *radius, *half],
            Form::Capsule(radius, half) => [*radius, *radius, half + radius],
            Form::Hull(points) => {
                points.iter().for_each(|(x, y, z)| reach(DVec3::new((*x).into(), (*y).into(), (*z).into())));
                continue;
            }
        };
        for corner in 0..8 {
            reach(DVec3::from_array(std::array::from_fn(|axis| {
                if corner >> axis & 1 == 0 { f64::from(half[axis]) } else { -f64::from(half[axis]) }
            })));
        }
    }
    if shapes.is_empty() { DVec3::splat(0.05) } else { (high - low) / 2.0 }
}

/// A shape of `form` at `pose`.
pub(super) fn shape(form: Form, pose: Pose, friction: f64) -> Shape {
    let (at, turn) = pose.parts();
    Shape { form, at, turn, friction: friction as f32, world: true, shows: 0, meets: 0 }
}

/// A joint at 0, with nothing but its place.
pub(super) fn joint(name: String, kind: JointKind, at: DVec3, axis: DVec3) -> RobotJoint {
    RobotJoint {
        name,
        kind,
        at: at.as_vec3().to_array(),
        axis: axis.as_vec3().normalize_or(bevy::math::Vec3::Z).to_array(),
        range: None,
        start: 0.0,
        stiffness: 0.0,
        rest: 0.0,
        damping: 0.0,
        armature: 0.0,
    }
}

/// A number of a channel's unit, without noise in its last digits.
pub(super) fn figure(value: f64) -> String {
    let rounded = (value * 1e3).round() / 1e3;
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}

/// What the full scale of a channel means: `150 N m`, or `-0.5 to 1 rad` where its middle is not 0.
pub(super) fn scale(middle: f64, reach: f64, unit: &str) -> String {
    if middle.abs() < 1e-9 {
        format!("{} {unit}", figure(reach.abs()))
    } else {
        format!("{} to {} {unit}", figure(middle - reach), figure(middle + reach))
    }
}
