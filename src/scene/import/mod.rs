//! Robots from files: `body: Mjcf("ant.xml")`, `body: Urdf("panda.urdf")`.
//!
//! [`Import`] is what a scene says of one. When the scene is loaded, the file becomes a [`Robot`], which stays with the scene: hashes cover
//! it, a data set's own copy of the scene holds it, and a plan needs no other file. [`report`] tells what was left out.

mod draft;
mod mesh;
mod mjcf;
mod report;
mod robot;
mod solid;
mod urdf;
mod xml;

pub use report::report;
pub use robot::{Actuator, Coupling, Dropped, Form, JointKind, Link, Point, Robot, RobotJoint, Shape};

use super::number::Number;
use super::schema::{Body, Joints, Scene};
use crate::ron::{Document, MOST_BYTES, Problem, Problems};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::path::Path;

/// A robot's file, and how the robot stands in the scene. `Mjcf("ant.xml")` is short for `Mjcf(file: "ant.xml")`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Import {
    /// The description, relative to the scene's file.
    pub file: String,
    /// Where it stands: x, y and the height of its lowest point, m. (Of a robot that is fixed or hinged to the world: of the file's floor,
    /// or of its origin where it has none.)
    pub at: (Number, Number, Number),
    /// How far it is turned from the file's pose, rad.
    pub heading: Number,
    /// How links are joined. Default: [`Joints::Multibody`].
    pub joints: Joints,
    /// How the root stands. Default: as the file says (MJCF), or free unless the root is called `world` (URDF). (A root with joints of its
    /// own to the world stands on these: there it is refused.)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<Root>,
    /// What the file says. Read from it unless it is given here, as it is in what is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub robot: Option<Box<Robot>>,
}

/// How a robot's root stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Root {
    /// It never moves.
    Fixed,
    /// It flies freely.
    Free,
}

impl Import {
    /// The robot of a file, at the origin.
    pub fn of(file: impl Into<String>) -> Self {
        let zero = || Number::Fixed(0.0);
        Self { file: file.into(), at: (zero(), zero(), zero()), heading: zero(), joints: Joints::Multibody, root: None, robot: None }
    }
}

impl<'de> Deserialize<'de> for Import {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Fields {
            file: String,
            #[serde(default)]
            at: Option<(Number, Number, Number)>,
            #[serde(default)]
            heading: Option<Number>,
            #[serde(default)]
            joints: Option<Joints>,
            #[serde(default)]
            root: Option<Root>,
            #[serde(default)]
            robot: Option<Box<Robot>>,
        }
        struct ImportVisitor;
        impl<'de> Visitor<'de> for ImportVisitor {
            type Value = Import;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a file in quotes, or fields: `file`, `at`, `heading`, `joints`, `root`")
            }
            fn visit_str<E: Error>(self, file: &str) -> Result<Import, E> {
                Ok(Import::of(file))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Import, A::Error> {
                let Fields { file, at, heading, joints, root, robot } = Fields::deserialize(MapAccessDeserializer::new(map))?;
                let plain = Import::of(file);
                let (at, heading) = (at.unwrap_or(plain.at), heading.unwrap_or(plain.heading));
                Ok(Import { file: plain.file, at, heading, joints: joints.unwrap_or(plain.joints), root, robot })
            }
        }
        deserializer.deserialize_any(ImportVisitor)
    }
}

/// Reads an MJCF model.
pub fn mjcf(path: &Path, root: Option<Root>) -> Result<Robot, Problems> {
    finish(mjcf::read(path, root)?, path)
}

/// Reads a URDF description.
pub fn urdf(path: &Path, root: Option<Root>) -> Result<Robot, Problems> {
    finish(urdf::read(path, root)?, path)
}

fn finish(draft: draft::Draft, path: &Path) -> Result<Robot, Problems> {
    let robot = draft.finish();
    match problem(&robot) {
        Some(mut problem) => {
            // What would have driven it is perhaps what was left out.
            if robot.actuators.is_empty() && !robot.dropped.is_empty() {
                problem += &format!(" (left out: {})", report(&robot.dropped).join("; "));
            }
            Err(Problem::of_file(path.display().to_string(), problem).into())
        }
        None => Ok(robot),
    }
}

/// Why a scene could be recorded and never read again: written out with its robot, it is too large.
fn excess(scene: &Scene) -> Option<String> {
    let bytes = super::load::written(scene).len();
    let message = || {
        format!(
            "written out with its robot, the scene has {bytes} bytes, and what is recorded may have {MOST_BYTES} (1 MiB): fewer shapes \
            help, and meshes with fewer corners"
        )
    };
    (bytes > MOST_BYTES).then(message)
}

/// What makes no sense in a robot, numbers that are not finite included.
fn problem(robot: &Robot) -> Option<String> {
    let mut numbers = Vec::new();
    for link in &robot.links {
        numbers.extend(link.at.iter().chain(&link.centre).chain(&link.inertia).chain([&link.mass]));
        let joints = link.joints.iter();
        numbers.extend(joints.flat_map(|joint| [joint.stiffness, joint.damping, joint.armature, joint.rest, joint.start]));
    }
    let driven = robot.actuators.iter();
    numbers.extend(
        driven.flat_map(|a| [a.push.0, a.push.1, a.goal.0, a.goal.1, a.rate.0, a.rate.1, a.stiffness, a.damping, a.most.unwrap_or(0.0)]),
    );
    if numbers.iter().any(|number| number.is_nan() || number.abs() > xml::MOST as f32) {
        return Some("a number that follows from what it says is not finite, or above a million in size".into());
    }
    robot.problem()
}

impl Scene {
    /// Whether its body is a robot from a file.
    pub fn imports(&self) -> bool {
        matches!(self.body, Body::Mjcf(_) | Body::Urdf(_))
    }

    /// What was left out of the file of the body's robot, if it has one.
    pub fn dropped(&self) -> &[Dropped] {
        let (Body::Mjcf(import) | Body::Urdf(import)) = &self.body else { return &[] };
        import.robot.as_ref().map_or(&[], |robot| &robot.dropped)
    }

    /// Reads the robot of the scene's body, if it has one and it is not there yet: `folder` is where the scene's file is.
    pub fn import(&mut self, folder: &Path) -> Result<(), Problems> {
        let (Body::Mjcf(import) | Body::Urdf(import)) = &self.body else { return Ok(()) };
        if import.robot.is_some() || import.file.is_empty() {
            return Ok(());
        }
        let path = folder.join(&import.file);
        let robot = match &self.body {
            Body::Urdf(_) => urdf(&path, import.root)?,
            _ => mjcf(&path, import.root)?,
        };
        if let Body::Mjcf(import) | Body::Urdf(import) = &mut self.body {
            import.robot = Some(Box::new(robot));
        }
        match excess(self) {
            Some(message) => Err(Problem::of_file(path.display().to_string(), message).into()),
            None => Ok(()),
        }
    }
}

/// As [`Scene::import`], while a scene is read: what is wrong is told with its place. A file that is not there is a mistake of the scene.
pub(super) fn import(scene: &mut Scene, document: &Document, folder: &Path) -> Problems {
    let spot = document.root().step("body");
    let (Body::Mjcf(import) | Body::Urdf(import)) = &scene.body else { return Problems::default() };
    if spot.is_doubtful() {
        return Problems::default();
    }
    if let Some(robot) = &import.robot {
        let message = problem(robot).or_else(|| excess(scene));
        return message.map_or_else(Problems::default, |message| spot.problem(format!("in its robot: {message}")).into());
    }
    let path = folder.join(&import.file);
    if import.file.is_empty() || !path.is_file() {
        let message = format!("there is no file `{}`", path.display());
        return spot.problem(message).expecting("the robot's file, relative to the scene's").into();
    }
    scene.import(folder).err().unwrap_or_default()
}
