//! [`Robot`]: what a description says, whatever its format. Links, joints, shapes and actuators as plain data, which a scene keeps: what
//! is recorded depends on no other file.
//!
//! Lengths are metres, masses kilograms, angles radians. A link's frame is that of the file. Positions of joints are measured from the pose
//! in which the file draws the robot.

use serde::{Deserialize, Serialize};

/// Links at most.
const MOST_LINKS: usize = 256;
/// Shapes at most.
const MOST_SHAPES: usize = 1000;
/// Corners of all hulls together at most.
const MOST_CORNERS: usize = 8000;
/// Degrees of freedom at most: each tick solves for all of a body's together.
const MOST_FREEDOM: usize = 256;
/// Actuators at most.
const MOST_ACTUATORS: usize = 256;
/// Joints that follow others at most.
const MOST_COUPLINGS: usize = 256;
/// Named points at most.
const MOST_POINTS: usize = 1000;
/// Pairs of links that pass through each other at most.
const MOST_APART: usize = 1000;
/// Different pairs of `shows` and `meets` at most: Rapier tells 32 groups apart, and the world and the body take two.
pub const MOST_GROUPS: usize = 30;

/// A robot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Robot {
    /// What the file calls it.
    pub name: String,
    /// Its links; a parent comes before its children. The first one is what `body` means.
    pub links: Vec<Link>,
    /// Named points of links: of what is welded to them, or marked on them.
    pub points: Vec<Point>,
    /// What moves its joints: one channel of the action for each.
    pub actuators: Vec<Actuator>,
    /// Joints that follow others.
    pub couplings: Vec<Coupling>,
    /// Pairs of links that pass through each other, by index, beside parents and their children.
    pub apart: Vec<(usize, usize)>,
    /// What stands still around it, in the file's own frame.
    pub still: Vec<Shape>,
    /// Height of the floor in the file's own frame, m; none where it has none.
    pub floor: Option<f32>,
    /// What of the file is not in here. (It is told when the file is read, and not kept with a scene.)
    #[serde(skip)]
    pub dropped: Vec<Dropped>,
}

/// A thing of a file that was left out, or taken otherwise than it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// The element: `tendon`, `mesh`, `joint`.
    pub element: String,
    /// Its name; empty where it has none.
    pub name: String,
    /// Why, or what is done instead.
    pub reason: String,
}

/// A rigid part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// The link that it hangs on; none: the world.
    pub parent: Option<usize>,
    /// Whether it flies freely. (A link of the world without joints stands still.)
    pub free: bool,
    /// Where it is in its parent's frame while its joints are at 0, m.
    pub at: [f32; 3],
    /// How it is turned there, a quaternion x, y, z, w.
    pub turn: [f32; 4],
    /// What joins it to its parent, from the parent on.
    pub joints: Vec<RobotJoint>,
    /// kg
    pub mass: f32,
    /// Centre of mass, m.
    pub centre: [f32; 3],
    /// About the centre of mass, kg m²: xx, yy, zz, xy, xz, yz.
    pub inertia: [f32; 6],
    /// What it collides with.
    pub shapes: Vec<Shape>,
}

/// A joint, in its link's frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RobotJoint {
    /// Its name.
    pub name: String,
    /// What it lets free.
    pub kind: JointKind,
    /// Where it is, m.
    pub at: [f32; 3],
    /// Along which axis it slides or turns, of length 1.
    pub axis: [f32; 3],
    /// Its ends, rad or m.
    pub range: Option<(f32, f32)>,
    /// Where it starts, rad or m.
    pub start: f32,
    /// Of a spring, N m/rad or N/m.
    pub stiffness: f32,
    /// Where the spring is at rest, rad or m.
    pub rest: f32,
    /// Viscous friction, N m s/rad or N s/m.
    pub damping: f32,
    /// Inertia of what turns with it (a motor behind its gear), kg m² or kg.
    pub armature: f32,
}

/// What a joint lets free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JointKind {
    /// A turn about its axis.
    Hinge,
    /// A way along its axis.
    Slide,
    /// Every turn. (It has no number of its own: neither the sensor `Joints` nor an actuator knows it.)
    Ball,
}

/// A shape that collides, in its link's frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Its form.
    pub form: Form,
    /// m
    pub at: [f32; 3],
    /// A quaternion x, y, z, w.
    pub turn: [f32; 4],
    /// Coulomb's coefficient.
    pub friction: f32,
    /// Whether it collides with the world.
    pub world: bool,
    /// Two shapes of the robot collide where one's `shows` has a bit in common with the other's `meets`.
    pub shows: u32,
    /// See `shows`.
    pub meets: u32,
}

/// A form around its own origin. Lengths in m.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Form {
    /// Its radius.
    Ball(f32),
    /// Its half edges.
    Box(f32, f32, f32),
    /// Radius, and half the height along z.
    Cylinder(f32, f32),
    /// Radius, and half the height along z without the round ends.
    Capsule(f32, f32),
    /// The convex hull of these points.
    Hull(Vec<(f32, f32, f32)>),
}

/// A point of a link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Its name.
    pub name: String,
    /// On which link.
    pub link: usize,
    /// m
    pub at: (f32, f32, f32),
}

/// What moves a joint. Of an action `a` in [-1, 1] each of `push`, `goal` and `rate` is middle + `a` times reach; on the joint acts
/// push + stiffness (goal - position) + damping (rate - velocity), N m or N.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actuator {
    /// The channel's name.
    pub name: String,
    /// What the channel's full scale means.
    pub unit: String,
    /// Which joint, counted over all links, balls left out.
    pub joint: usize,
    /// Middle and reach, N m or N.
    pub push: (f32, f32),
    /// Middle and reach, rad or m.
    pub goal: (f32, f32),
    /// Middle and reach, rad/s or m/s.
    pub rate: (f32, f32),
    /// N m/rad or N/m.
    pub stiffness: f32,
    /// N m s/rad or N s/m.
    pub damping: f32,
    /// Its strongest push, N m or N.
    pub most: Option<f32>,
}

/// A joint that follows another one: its position is `ratio` times the other's, plus `offset`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coupling {
    /// Which one follows, counted as in [`Actuator::joint`].
    pub joint: usize,
    /// Which one leads.
    pub leader: usize,
    /// How far it follows.
    pub ratio: f32,
    /// rad or m
    pub offset: f32,
}

impl Robot {
    /// The joints that have a number, over all links: which link, and the joint.
    pub fn joints(&self) -> impl Iterator<Item = (usize, &RobotJoint)> {
        let all = self.links.iter().enumerate().flat_map(|(index, link)| link.joints.iter().map(move |joint| (index, joint)));
        all.filter(|(_, joint)| joint.kind != JointKind::Ball)
    }

    /// In how many ways it moves.
    fn freedom(&self) -> usize {
        let of = |joint: &RobotJoint| if joint.kind == JointKind::Ball { 3 } else { 1 };
        self.links.iter().map(|link| if link.free { 6 } else { link.joints.iter().map(of).sum() }).sum()
    }

    /// The couplings, each after that which its leader follows. None: they form a ring.
    pub fn led(&self) -> Option<Vec<Coupling>> {
        let (mut led, mut left) = (Vec::new(), self.couplings.clone());
        while !left.is_empty() {
            let waits = |coupling: &Coupling| left.iter().any(|other| other.joint == coupling.leader);
            let (later, now): (Vec<_>, Vec<_>) = left.iter().copied().partition(waits);
            if now.is_empty() {
                return None;
            }
            led.extend(now);
            left = later;
        }
        Some(led)
    }

    /// kg
    pub fn mass(&self) -> f32 {
        self.links.iter().map(|link| link.mass).sum()
    }

    /// The first thing that makes no sense: of a robot that was read from its file nothing does, one that stands in a scene may be written
    /// by hand.
    pub fn problem(&self) -> Option<String> {
        let (links, joints) = (self.links.len(), self.joints().count());
        let shapes = || self.links.iter().flat_map(|link| &link.shapes).chain(&self.still);
        let positive = |values: &[f32]| values.iter().all(|value| *value > 0.0);
        let least = |values: &[f32]| values.iter().all(|value| *value >= 0.0);
        let unit = |values: &[f32]| (values.iter().map(|value| value * value).sum::<f32>() - 1.0).abs() < 1e-3;
        if !(1..=MOST_LINKS).contains(&links) {
            return Some(format!("there are {links} links, and there may be 1 to {MOST_LINKS}"));
        }
        for (what, count, most) in [
            ("shapes", shapes().count(), MOST_SHAPES),
            ("degrees of freedom", self.freedom(), MOST_FREEDOM),
            ("actuators", self.actuators.len(), MOST_ACTUATORS),
            ("couplings of joints", self.couplings.len(), MOST_COUPLINGS),
            ("points", self.points.len(), MOST_POINTS),
            ("pairs of links that pass through each other", self.apart.len(), MOST_APART),
        ] {
            if count > most {
                return Some(format!("there are {count} {what}, and there may be {most}"));
            }
        }
        let corners: usize = shapes().map(|shape| if let Form::Hull(points) = &shape.form { points.len() } else { 0 }).sum();
        if corners > MOST_CORNERS {
            return Some(format!("the hulls have {corners} corners, and there may be {MOST_CORNERS}"));
        }
        let mut groups: Vec<_> = shapes().map(|shape| (shape.shows, shape.meets)).collect();
        groups.sort_unstable();
        groups.dedup();
        if groups.len() > MOST_GROUPS {
            return Some(format!("the shapes form {} groups that collide differently, and there may be {MOST_GROUPS}", groups.len()));
        }
        for names in [
            self.links.iter().map(|link| &link.name).chain(self.points.iter().map(|point| &point.name)).collect::<Vec<_>>(),
            self.joints().map(|(_, joint)| &joint.name).collect(),
            self.actuators.iter().map(|actuator| &actuator.name).collect(),
        ] {
            let mut sorted = names;
            sorted.sort_unstable();
            if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
                return Some(format!("the name `{}` is given twice", pair[0]));
            }
        }
        for (index, link) in self.links.iter().enumerate() {
            let name = &link.name;
            if link.parent.is_some_and(|parent| parent >= index) {
                return Some(format!("the link `{name}` comes before its parent"));
            }
            if link.parent.is_some() && (link.free || link.joints.is_empty()) {
                return Some(format!("the link `{name}` hangs on another one without a joint"));
            }
            if link.free && !link.joints.is_empty() {
                return Some(format!("the link `{name}` is free and has joints"));
            }
            if !unit(&link.turn) || link.joints.iter().any(|joint| !unit(&joint.axis)) {
                return Some(format!("the link `{name}` has a turn or an axis whose length is not 1"));
            }
            if !least(&[&[link.mass][..], &link.inertia[..3]].concat()) {
                return Some(format!("the mass or inertia of the link `{name}` is below 0"));
            }
            if (link.free || !link.joints.is_empty()) && !self.weighs(index) {
                return Some(format!("nothing that the link `{name}` moves has a mass"));
            }
            for joint in &link.joints {
                if joint.range.is_some_and(|(low, high)| low > high) || !least(&[joint.stiffness, joint.damping, joint.armature]) {
                    return Some(format!("the joint `{}` has an empty range, or a number below 0", joint.name));
                }
            }
        }
        for shape in shapes() {
            let right = match &shape.form {
                Form::Ball(radius) => positive(&[*radius]),
                Form::Box(x, y, z) => positive(&[*x, *y, *z]),
                Form::Cylinder(radius, half) => positive(&[*radius, *half]),
                Form::Capsule(radius, half) => positive(&[*radius]) && least(&[*half]),
                Form::Hull(points) => points.len() >= 4,
            };
            if !right || !unit(&shape.turn) || !least(&[shape.friction]) {
                return Some("a shape has a size of 0 or less, a turn whose length is not 1, or a friction below 0".into());
            }
        }
        let pairs = self.apart.iter().flat_map(|(one, other)| [*one, *other]);
        let coupled = self.couplings.iter().flat_map(|coupling| [coupling.joint, coupling.leader]);
        if pairs.chain(self.points.iter().map(|point| point.link)).any(|link| link >= links)
            || coupled.chain(self.actuators.iter().map(|actuator| actuator.joint)).any(|joint| joint >= joints)
        {
            return Some("a link or joint is named that is not there".into());
        }
        if self.led().is_none() {
            return Some("joints follow each other in a ring".into());
        }
        let negative = |actuator: &&Actuator| !least(&[actuator.stiffness, actuator.damping, actuator.most.unwrap_or(0.0)]);
        if let Some(actuator) = self.actuators.iter().find(negative) {
            return Some(format!("the actuator `{}` has a number below 0", actuator.name));
        }
        self.actuators.is_empty().then(|| "nothing in it is driven: no joint has an actuator".into())
    }

    /// Whether a link or anything that hangs on it has a mass. (Parents come before their children.)
    fn weighs(&self, link: usize) -> bool {
        let mut moved = vec![false; self.links.len()];
        moved[link] = true;
        for (index, other) in self.links.iter().enumerate().skip(link) {
            moved[index] |= other.parent.is_some_and(|parent| moved[parent]);
            if moved[index] && other.mass > 0.0 {
                return true;
            }
        }
        false
    }
}
