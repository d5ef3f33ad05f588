//! URDF: links and joints as ROS describes them.
//!
//! What is fixed to a link becomes a part of it, and a named point. Revolute and prismatic joints are driven to positions over their range,
//! continuous ones to speeds, each with at most its effort. Of a mesh the convex hull collides.

use super::Root;
use super::draft::{Draft, DraftLink, joint, scale, shape};
use super::mesh::{self, Fault};
use super::robot::{Actuator, Coupling, Form, JointKind};
use super::solid::{Matter, Pose, spin};
use super::xml::{self, Element, Found};
use crate::ron::Problems;
use bevy::math::{DMat3, DVec3};
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

/// Coulomb's coefficient, which URDF has no word for.
const FRICTION: f64 = 0.8;
/// The effort of a joint that says none, N m or N. (Tools that export from drawings write 0.)
const EFFORT: f64 = 10.0;
/// A position's motor reaches its effort at this error, rad.
const ERROR: f64 = 0.1;
/// The same of a slide, as a share of its range.
const SHARE: f64 = 0.1;
/// A speed's motor reaches its effort at this share of the full speed as its error.
const LAG: f64 = 0.1;

/// Reads a description.
pub(super) fn read(path: &Path, stands: Option<Root>) -> Found<Draft> {
    let root = xml::read(path)?;
    if root.tag != "robot" {
        let hint = if root.tag == "mujoco" { ": this is MJCF, `body: Mjcf(..)`" } else { "" };
        return Err(root.problem(format!("found `{}` and expected `robot`{hint}", root.tag)).into());
    }
    let mut links = BTreeMap::new();
    for link in root.all("link") {
        let name = link.need("name")?;
        if links.insert(name.value.as_str(), link).is_some() {
            return Err(name.problem(format!("there are two links called `{}`", name.value)).into());
        }
    }
    let mut children: BTreeMap<&str, Vec<&Element>> = BTreeMap::new();
    let mut parents: BTreeMap<&str, &Element> = BTreeMap::new();
    let mut names = BTreeMap::new();
    for joint in root.all("joint") {
        let name = joint.need("name")?;
        if names.insert(name.value.as_str(), ()).is_some() {
            return Err(name.problem(format!("there are two joints called `{}`", name.value)).into());
        }
        let end = |tag: &str| {
            let end = joint.child(tag).ok_or_else(|| joint.problem(format!("the joint `{}` has no `{tag}`", name.value)))?;
            let link = end.need("link")?;
            let known = links.get_key_value(link.value.as_str()).map(|(name, _)| *name);
            known.ok_or_else(|| Problems::from(link.problem(format!("there is no link called `{}`", link.value))))
        };
        let (parent, child) = (end("parent")?, end("child")?);
        if let Some(other) = parents.insert(child, joint) {
            let other = other.name();
            return Err(joint.problem(format!("the link `{child}` hangs on two joints, `{other}` and `{}`", name.value)).into());
        }
        children.entry(parent).or_default().push(joint);
    }
    let roots: Vec<&Element> = root.all("link").filter(|link| !parents.contains_key(link.text("name").unwrap_or_default())).collect();
    let first = match roots[..] {
        [first] => first,
        [] if links.is_empty() => return Err(root.problem("there is no link").into()),
        [] => return Err(root.problem("the joints form a ring: every link hangs on another one").into()),
        [_, second, ..] => {
            let message = format!("`{}` and `{}` hang on nothing: there must be one root", roots[0].name(), second.name());
            return Err(second.problem(message).into());
        }
    };
    let draft = Draft { name: root.name(), ..Draft::default() };
    let branches = children.get(first.text("name").unwrap_or_default()).map_or(0, Vec::len);
    let mut urdf = Urdf { draft, placed: BTreeMap::new(), mimics: Vec::new(), stands, bare: false, branches };
    // A joint of its own (floating) or the name `world` says how the root stands.
    let free = stands.map_or(first.text("name") != Some("world"), |stands| stands == Root::Free);
    urdf.link(first, None, free, Pose::ORIGIN, Vec::new())?;
    urdf.bare = urdf.draft.links[0].matter.mass == 0.0 && urdf.draft.links[0].shapes.is_empty();
    let mut queue = VecDeque::from([first.name()]);
    while let Some(parent) = queue.pop_front() {
        for joint in children.get(parent.as_str()).into_iter().flatten() {
            let child = joint.child("child").and_then(|child| child.text("link")).unwrap_or_default();
            if let Some(link) = links.get(child) {
                urdf.joint(joint, &parent, link)?;
                queue.push_back(child.to_owned());
            }
        }
    }
    if let Some((name, link)) = links.iter().find(|(name, _)| !urdf.placed.contains_key(**name)) {
        return Err(link.problem(format!("the link `{name}` hangs on itself: its joints form a ring")).into());
    }
    urdf.follow()?;
    for child in root.children.iter().filter(|child| matches!(child.tag.as_str(), "transmission" | "gazebo" | "ros2_control")) {
        urdf.draft.drop(&child.tag, child.name(), "not a part of the robot's body");
    }
    Ok(urdf.draft)
}

struct Urdf<'a> {
    draft: Draft,
    /// Of each link of the file, the link that it is a part of, and where on it.
    placed: BTreeMap<String, (usize, Pose)>,
    /// Joints that follow others.
    mimics: Vec<(&'a Element, String)>,
    /// How the scene lets the root stand.
    stands: Option<Root>,
    /// Whether the root has neither mass nor shape of its own.
    bare: bool,
    /// How many joints hang on the root.
    branches: usize,
}

/// An `origin` (or none).
fn origin(element: &Element) -> Found<Pose> {
    let Some(origin) = element.child("origin") else { return Ok(Pose::ORIGIN) };
    let at = origin.vector("xyz")?.unwrap_or(DVec3::ZERO);
    let angles = origin.vector("rpy")?.unwrap_or(DVec3::ZERO);
    // Roll, pitch and yaw about axes that stand still.
    Ok(Pose { at, turn: spin(DVec3::Z, angles.z) * spin(DVec3::Y, angles.y) * spin(DVec3::X, angles.x) })
}

impl<'a> Urdf<'a> {
    /// A link of its own.
    fn link(&mut self, link: &Element, parent: Option<usize>, free: bool, pose: Pose, joints: Vec<super::robot::RobotJoint>) -> Found<()> {
        let name = link.name();
        self.placed.insert(name.clone(), (self.draft.links.len(), Pose::ORIGIN));
        self.draft.links.push(DraftLink { name, parent, free, pose, joints, matter: Matter::default(), shapes: Vec::new() });
        self.fill(link, self.draft.links.len() - 1, Pose::ORIGIN)
    }

    /// Gives a link the mass and the shapes of a link of the file, which lies at `pose` on it.
    fn fill(&mut self, link: &Element, to: usize, pose: Pose) -> Found<()> {
        if let Some(inertial) = link.child("inertial") {
            let mass = match inertial.child("mass") {
                Some(mass) => mass.need("value")?.number()?,
                None => 0.0,
            };
            if mass < 0.0 {
                return Err(inertial.problem(format!("the mass of `{}` is {mass}", link.name())).into());
            }
            let mut inertia = DMat3::ZERO;
            if let Some(given) = inertial.child("inertia") {
                let get = |name: &str| Ok::<f64, Problems>(given.number(name)?.unwrap_or(0.0));
                let (xx, yy, zz, xy, xz, yz) = (get("ixx")?, get("iyy")?, get("izz")?, get("ixy")?, get("ixz")?, get("iyz")?);
                if xx < 0.0 || yy < 0.0 || zz < 0.0 {
                    return Err(given.problem(format!("an inertia of `{}` is below 0", link.name())).into());
                }
                inertia = DMat3::from_cols(DVec3::new(xx, xy, xz), DVec3::new(xy, yy, yz), DVec3::new(xz, yz, zz));
            }
            let matter = Matter { mass, centre: DVec3::ZERO, inertia }.placed(pose.then(origin(inertial)?));
            self.draft.links[to].matter = self.draft.links[to].matter.with(matter);
        }
        for collision in link.all("collision") {
            let geometry = collision.child("geometry").and_then(|geometry| geometry.children.first());
            let Some(geometry) = geometry else { return Err(collision.problem("this `collision` has no `geometry`").into()) };
            if let Some(form) = self.form(geometry, &link.name())? {
                let shape = shape(form, pose.then(origin(collision)?), FRICTION);
                self.draft.links[to].shapes.push(shape);
            }
        }
        Ok(())
    }

    fn form(&mut self, geometry: &Element, link: &str) -> Found<Option<Form>> {
        let size = |name: &str| {
            let attribute = geometry.need(name)?;
            let number = attribute.number()?;
            if number > 0.0 {
                Ok(number)
            } else {
                Err(Problems::from(attribute.problem(format!("`{name}` is {number} and must be above 0"))))
            }
        };
        Ok(Some(match geometry.tag.as_str() {
            "sphere" => Form::Ball(size("radius")? as f32),
            "cylinder" => Form::Cylinder(size("radius")? as f32, size("length")? as f32 / 2.0),
            "capsule" => Form::Capsule(size("radius")? as f32, size("length")? as f32 / 2.0),
            "box" => {
                let edges = geometry.need("size")?;
                let half = edges.vector()? / 2.0;
                if half.min_element() <= 0.0 {
                    return Err(edges.problem("`size` has an edge of 0 or less").into());
                }
                Form::Box(half.x as f32, half.y as f32, half.z as f32)
            }
            "mesh" => {
                let file = geometry.need("filename")?;
                let scale = geometry.vector("scale")?.unwrap_or(DVec3::ONE);
                let reason: String = match mesh::read(&mesh::locate(&file.value, geometry.folder()), scale) {
                    Ok(triangles) => match mesh::hull(&triangles.into_iter().flatten().collect::<Vec<_>>()) {
                        Some(form) => return Ok(Some(form)),
                        None => "it is flat: nothing collides in its place".into(),
                    },
                    Err(Fault::Missing) => "there is no such file: nothing collides in its place".into(),
                    Err(Fault::Unread(reason)) => format!("{reason}: nothing collides in its place"),
                };
                self.draft.drop("mesh", file.value.clone(), reason);
                return Ok(None);
            }
            other => {
                self.draft.drop(other, link, "a geometry that is not read");
                return Ok(None);
            }
        }))
    }

    /// A joint, and the link beyond it.
    fn joint(&mut self, element: &'a Element, parent: &str, link: &Element) -> Found<()> {
        let name = element.name();
        let Some((on, place)) = self.placed.get(parent).copied() else { return Ok(()) };
        let pose = place.then(origin(element)?);
        let kind = element.need("type")?;
        // (Of joints that are fixed, tools write an axis without a direction.)
        let axis = match element.child("axis").filter(|_| !matches!(kind.value.as_str(), "fixed" | "floating")) {
            Some(axis) => axis.need("xyz")?.direction()?,
            None => DVec3::X,
        };
        let single = |kind: JointKind| joint(name.clone(), kind, DVec3::ZERO, axis);
        let mut joints = match kind.value.as_str() {
            "fixed" => {
                self.placed.insert(link.name(), (on, pose));
                self.draft.points.push((link.name(), on, pose.at));
                return self.fill(link, on, pose);
            }
            "floating" => {
                // Only the root may fly: what stands before it is dropped as the world.
                if self.bare && on == 0 {
                    if self.branches > 1 || parent != self.draft.links[0].name {
                        let message = "beside what floats, more hangs on the root: only a root that bears nothing else is left out";
                        return Err(kind.problem(message).into());
                    }
                    self.draft.links.clear();
                    return self.link(link, None, self.stands != Some(Root::Fixed), pose, Vec::new());
                }
                self.draft.drop("joint", name.clone(), "a floating joint within a robot: its link flies by itself");
                let mut world = pose;
                let mut above = Some(on);
                while let Some(link) = above {
                    world = self.draft.links[link].pose.then(world);
                    above = self.draft.links[link].parent;
                }
                return self.link(link, None, true, world, Vec::new());
            }
            "revolute" | "continuous" => vec![single(JointKind::Hinge)],
            "prismatic" => vec![single(JointKind::Slide)],
            "planar" => {
                let (one, other) = axis.any_orthonormal_pair();
                let slide = |suffix: &str, along: DVec3| joint(format!("{name}_{suffix}"), JointKind::Slide, DVec3::ZERO, along);
                self.draft.drop("joint", name.clone(), "a planar joint: it moves and turns freely, and nothing drives it");
                vec![slide("x", one), slide("y", other), single(JointKind::Hinge)]
            }
            other => {
                let expected = "expected `revolute`, `continuous`, `prismatic`, `fixed`, `floating` or `planar`";
                return Err(kind.problem(format!("a joint cannot be `{other}`; {expected}")).into());
            }
        };
        if let Some(dynamics) = element.child("dynamics") {
            let damping = dynamics.number("damping")?.unwrap_or(0.0);
            if damping < 0.0 {
                return Err(dynamics.problem(format!("the damping of `{name}` is {damping}")).into());
            }
            joints.iter_mut().for_each(|joint| joint.damping = damping as f32);
            if dynamics.number("friction")?.unwrap_or(0.0) != 0.0 {
                self.draft.drop("dynamics", name.clone(), "dry friction of a joint");
            }
        }
        let limit = element.child("limit");
        let number = |name: &str| limit.map_or(Ok(None), |limit| limit.number(name));
        let (low, high) = (number("lower")?.unwrap_or(0.0), number("upper")?.unwrap_or(0.0));
        let bounded = matches!(kind.value.as_str(), "revolute" | "prismatic");
        if let Some(limit) = limit.filter(|_| bounded && low > high) {
            return Err(limit.problem(format!("the joint `{name}` ends at {high} and begins at {low}")).into());
        }
        let (effort, speed) = (number("effort")?.unwrap_or(0.0).abs(), number("velocity")?.unwrap_or(0.0).abs());
        if let (Some(joint), true, Some(_)) = (joints.first_mut(), bounded, limit) {
            joint.range = Some((low as f32, high as f32));
            joint.start = 0.0_f64.clamp(low, high) as f32;
        }
        let follows = element.child("mimic").is_some();
        let drive =
            (joints.len() == 1 && !follows).then(|| (kind.value == "prismatic", bounded && limit.is_some(), low, high, effort, speed));
        self.link(link, Some(on), false, pose, joints)?;
        if follows {
            self.mimics.push((element, name));
        } else if let Some((slides, bounded, low, high, effort, speed)) = drive {
            self.drive(name, slides, bounded.then_some((low, high)), effort, speed);
        }
        Ok(())
    }

    /// A motor for a joint: to positions within `range`, or to speeds.
    fn drive(&mut self, name: String, slides: bool, range: Option<(f64, f64)>, mut effort: f64, speed: f64) {
        let Some((joint, _)) = self.draft.joint(&name) else { return };
        if range.is_some_and(|(low, high)| high - low < 1e-9) {
            self.draft.drop("joint", name, "its range is empty: it is not driven");
            return;
        }
        if range.is_none() && (effort == 0.0 || speed == 0.0) {
            self.draft.drop("joint", name, "it turns for ever, and no effort or velocity is given: it is not driven");
            return;
        }
        if effort == 0.0 {
            self.draft.drop("joint", name.clone(), format!("no effort is given: {EFFORT} N m (or N) is taken"));
            effort = EFFORT;
        }
        let mut actuator = Actuator {
            name: self.draft.channel(&name),
            unit: String::new(),
            joint,
            push: (0.0, 0.0),
            goal: (0.0, 0.0),
            rate: (0.0, 0.0),
            stiffness: 0.0,
            damping: 0.0,
            most: Some(effort as f32),
        };
        match range {
            Some((low, high)) => {
                let (middle, reach) = ((low + high) / 2.0, (high - low) / 2.0);
                let stiffness = effort / if slides { SHARE * (high - low) } else { ERROR };
                actuator.unit = scale(middle, reach, if slides { "m" } else { "rad" });
                actuator.goal = (middle as f32, reach as f32);
                actuator.stiffness = stiffness.min(xml::MOST) as f32;
                // At its full speed a motor has no force left.
                actuator.damping = (if speed > 0.0 { effort / speed } else { 0.1 * stiffness }).min(xml::MOST) as f32;
            }
            None => {
                actuator.unit = scale(0.0, speed, if slides { "m/s" } else { "rad/s" });
                actuator.rate = (0.0, speed as f32);
                actuator.damping = (effort / (LAG * speed)).min(xml::MOST) as f32;
            }
        }
        self.draft.actuators.push(actuator);
    }

    /// Joints that follow others.
    fn follow(&mut self) -> Found<()> {
        for (element, name) in std::mem::take(&mut self.mimics) {
            let Some(mimic) = element.child("mimic") else { continue };
            let leader = mimic.need("joint")?;
            let (Some((joint, _)), Some((leads, _))) = (self.draft.joint(&name), self.draft.joint(&leader.value)) else {
                return Err(leader.problem(format!("there is no moving joint called `{}`", leader.value)).into());
            };
            let (ratio, offset) = (mimic.number("multiplier")?.unwrap_or(1.0) as f32, mimic.number("offset")?.unwrap_or(0.0) as f32);
            self.draft.couplings.push(Coupling { joint, leader: leads, ratio, offset });
        }
        Ok(())
    }
}
