//! MJCF: models as MuJoCo describes them (its XML reference, version 3).
//!
//! Bodies without joints are welded: they become a part of the link that they hang on, and a named point, as sites do. Nested defaults, the
//! compiler's settings that matter, included files, and every joint of a body are read; what is not is told.

mod actuator;
mod compiler;
mod defaults;
mod geom;
mod section;

use self::compiler::Compiler;
use self::defaults::{Defaults, Settings};
use super::Root;
use super::draft::{Draft, DraftLink, joint};
use super::robot::{JointKind, RobotJoint};
use super::solid::{Matter, Pose};
use super::xml::{self, Element, Found};
use crate::ron::Problems;
use bevy::math::{DMat3, DVec3};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Files that include each other at most.
const DEEPEST: usize = 10;
/// Included files at most, each counted as often as it is included.
const FILES: usize = 200;

/// Reads a model.
pub(super) fn read(path: &Path, stands: Option<Root>) -> Found<Draft> {
    let mut root = xml::read(path)?;
    if root.tag != "mujoco" {
        let hint = if root.tag == "robot" { ": this is a URDF, `body: Urdf(..)`" } else { "" };
        return Err(root.problem(format!("found `{}` and expected `mujoco`{hint}", root.tag)).into());
    }
    let folder = root.folder().to_owned();
    include(&mut root, &folder, 0, &mut 0)?;
    let compiler = Compiler::read(&root)?;
    let defaults = Rc::new(Defaults::read(&root)?);
    let draft = Draft { name: root.text("model").unwrap_or("robot").to_owned(), ..Draft::default() };
    let mut model = Model {
        draft,
        compiler,
        defaults,
        meshes: BTreeMap::new(),
        floors: Vec::new(),
        slippery: true,
        bodies: BTreeMap::new(),
        free: Vec::new(),
        caps: BTreeMap::new(),
        stands,
        otherwise: false,
    };
    model.assets(&root)?;
    model.floors(&root)?;
    for world in root.all("worldbody") {
        model.around(world, Pose::ORIGIN, None)?;
    }
    if model.draft.links.is_empty() {
        return Err(root.problem("there is no body in the `worldbody`").into());
    }
    model.weigh()?;
    for section in &root.children {
        model.section(section)?;
    }
    model.cap();
    Ok(model.draft)
}

/// Puts the children of included files where they are included; `files` counts these.
fn include(element: &mut Element, folder: &Path, depth: usize, files: &mut usize) -> Found<()> {
    let mut children = Vec::new();
    for mut child in std::mem::take(&mut element.children) {
        if child.tag != "include" {
            include(&mut child, folder, depth, files)?;
            children.push(child);
            continue;
        }
        let file = child.need("file")?;
        if depth >= DEEPEST {
            return Err(file.problem(format!("more than {DEEPEST} files include each other")).into());
        }
        *files += 1;
        if *files > FILES {
            return Err(file.problem(format!("more than {FILES} files are included")).into());
        }
        // MuJoCo looks beside the model's own file; beside the including file is what people mean.
        let path = [folder, child.folder()].map(|folder| folder.join(&file.value)).into_iter().find(|path| path.is_file());
        let Some(path) = path else {
            return Err(file.problem(format!("there is no file `{}`", folder.join(&file.value).display())).into());
        };
        let mut included = xml::read(&path)?;
        include(&mut included, folder, depth + 1, files)?;
        children.append(&mut included.children);
    }
    element.children = children;
    Ok(())
}

/// A mesh asset.
struct Mesh {
    element: Element,
    path: PathBuf,
    scale: DVec3,
}

struct Model {
    draft: Draft,
    compiler: Compiler,
    defaults: Rc<Defaults>,
    meshes: BTreeMap<String, Mesh>,
    /// `contype` and `conaffinity` of the file's floors.
    floors: Vec<(u32, u32)>,
    /// Whether none of these has friction of its own.
    slippery: bool,
    /// Of each named body, the link that it is a part of.
    bodies: BTreeMap<String, usize>,
    /// Names of free joints.
    free: Vec<String>,
    /// The strongest push that all actuators together have on a joint, by its name, N m or N.
    caps: BTreeMap<String, f64>,
    /// How the scene lets the root stand.
    stands: Option<Root>,
    /// Whether that is otherwise than the file says.
    otherwise: bool,
}

impl Model {
    fn assets(&mut self, root: &Element) -> Found<()> {
        for asset in root.all("asset").flat_map(|assets| &assets.children) {
            if asset.tag != "mesh" {
                continue;
            }
            let settings = self.defaults.settings(asset, None)?;
            let Some(file) = asset.get("file") else {
                self.draft.drop("mesh", asset.name(), "a mesh whose corners stand in the file itself");
                continue;
            };
            let stem = Path::new(&file.value).file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let beside = |folder: &Path| folder.join(&self.compiler.meshes).join(&file.value);
            let path = [beside(root.folder()), beside(asset.folder())].into_iter().find(|path| path.is_file());
            let path = path.unwrap_or_else(|| beside(root.folder()));
            let scale = settings.vector("scale")?.unwrap_or(DVec3::ONE);
            let name = asset.text("name").map_or(stem, str::to_owned);
            self.meshes.insert(name, Mesh { element: asset.clone(), path, scale });
        }
        Ok(())
    }

    /// What stands in the world itself: bodies, floors, geoms that never move.
    fn around(&mut self, element: &Element, frame: Pose, class: Option<&str>) -> Found<()> {
        for child in &element.children {
            match child.tag.as_str() {
                "body" => self.body(child, None, frame, class)?,
                "frame" => {
                    let inner = frame.then(self.compiler.pose(&self.defaults.settings(child, class)?)?);
                    self.around(child, inner, child.text("childclass").or(class))?;
                }
                "geom" => self.still(child, frame, class)?,
                "site" => {}
                other => self.leave_out(other, child),
            }
        }
        Ok(())
    }

    /// A body, given at `frame` on the link `on` (none: in the world), and all that hangs on it.
    fn body(&mut self, body: &Element, on: Option<usize>, frame: Pose, class: Option<&str>) -> Found<()> {
        let class = body.text("childclass").or(class);
        let pose = frame.then(self.compiler.pose(&Settings::of(body))?);
        let (mut joints, mut free) = (Vec::new(), false);
        for child in body.children.iter().filter(|child| matches!(child.tag.as_str(), "joint" | "freejoint")) {
            let defaults = self.defaults.clone();
            let settings = defaults.settings(child, class)?;
            if child.tag == "freejoint" || settings.text("type") == Some("free") {
                if on.is_some() {
                    return Err(child.problem("only a body of the world can be free").into());
                }
                free = true;
                self.free.extend(child.text("name").map(str::to_owned));
                if child.tag == "joint" && settings.number("damping")?.is_some_and(|damping| damping != 0.0) {
                    self.draft.drop("joint", child.name(), "the damping of a free joint");
                }
            } else {
                let name = child.text("name").map_or_else(|| format!("joint_{}", self.draft.joint_count() + joints.len()), str::to_owned);
                joints.push(self.joint(child, &settings, name)?);
            }
        }
        if free && !joints.is_empty() {
            return Err(body.problem("a free body has no other joints").into());
        }
        if let Some(stands) = self.stands.filter(|_| on.is_none() && self.draft.links.is_empty()) {
            if !joints.is_empty() {
                let message = "joints of its own hold this body on the world: `root` of the scene cannot say how it stands; leave it out";
                return Err(body.problem(message).into());
            }
            self.otherwise = free != (stands == Root::Free);
            free = stands == Root::Free;
        }
        for (attribute, reason) in [("gravcomp", "gravity is not compensated"), ("mocap", "it stands still")] {
            if body.get(attribute).is_some_and(|value| !matches!(value.value.trim(), "0" | "false")) {
                self.draft.drop(attribute, body.name(), reason);
            }
        }
        let welded = on.filter(|_| joints.is_empty());
        let (link, frame) = match welded {
            Some(link) => {
                if let Some(name) = body.text("name") {
                    self.draft.points.push((name.to_owned(), link, pose.at));
                }
                (link, pose)
            }
            None => {
                let name = body.text("name").map_or_else(|| format!("link_{}", self.draft.links.len()), str::to_owned);
                self.draft.links.push(DraftLink { name, parent: on, free, pose, joints, matter: Matter::default(), shapes: Vec::new() });
                (self.draft.links.len() - 1, Pose::ORIGIN)
            }
        };
        if let Some(name) = body.get("name")
            && self.bodies.insert(name.value.clone(), link).is_some()
        {
            return Err(name.problem(format!("there are two bodies called `{}`", name.value)).into());
        }
        self.inertial(body, link, frame, class)?;
        self.within(body, link, frame, class)
    }

    /// What hangs on a link: sites, further bodies, and frames with such in them.
    fn within(&mut self, element: &Element, link: usize, frame: Pose, class: Option<&str>) -> Found<()> {
        for child in &element.children {
            match child.tag.as_str() {
                "body" => self.body(child, Some(link), frame, class)?,
                "frame" => {
                    let inner = frame.then(self.compiler.pose(&self.defaults.settings(child, class)?)?);
                    let class = child.text("childclass").or(class);
                    self.geoms(child, link, inner, class, true)?;
                    self.within(child, link, inner, class)?;
                }
                "site" => {
                    if let Some(name) = child.text("name") {
                        let at = frame.then(self.compiler.pose(&self.defaults.settings(child, class)?)?).at;
                        self.draft.points.push((name.to_owned(), link, at));
                    }
                }
                "geom" | "joint" | "freejoint" | "inertial" => {}
                other => self.leave_out(other, child),
            }
        }
        Ok(())
    }

    fn leave_out(&mut self, tag: &str, element: &Element) {
        let reason = match tag {
            "camera" | "light" => "cameras and lights are the scene's own",
            "replicate" | "composite" | "flexcomp" | "attach" | "plugin" => "it builds parts that are not built here",
            _ => "not read",
        };
        self.draft.drop(tag, element.name(), reason);
    }

    /// The mass of a body: what it says, or what its geoms weigh; and the geoms themselves.
    fn inertial(&mut self, body: &Element, link: usize, frame: Pose, class: Option<&str>) -> Found<()> {
        let given = body.child("inertial");
        let from_geoms = self.compiler.from_geoms.unwrap_or(given.is_none());
        self.geoms(body, link, frame, class, from_geoms)?;
        let Some(inertial) = given.filter(|_| !from_geoms) else { return Ok(()) };
        let mass = inertial.need("mass")?.number()?;
        let inertia = if let Some(full) = inertial.get("fullinertia") {
            let m = full.numbers(6, 6)?;
            DMat3::from_cols(DVec3::new(m[0], m[3], m[4]), DVec3::new(m[3], m[1], m[5]), DVec3::new(m[4], m[5], m[2]))
        } else {
            DMat3::from_diagonal(inertial.vector("diaginertia")?.unwrap_or(DVec3::ZERO))
        };
        if mass < 0.0 || [inertia.x_axis.x, inertia.y_axis.y, inertia.z_axis.z].iter().any(|moment| *moment < 0.0) {
            return Err(inertial.problem("a mass or inertia is below 0").into());
        }
        let mass = mass.max(self.compiler.least_mass);
        let matter = Matter { mass, centre: DVec3::ZERO, inertia }.placed(frame.then(self.compiler.pose(&Settings::of(inertial))?));
        self.draft.links[link].matter = self.draft.links[link].matter.with(matter);
        Ok(())
    }

    /// Applies the bounds and the total that the compiler is told.
    fn weigh(&mut self) -> Found<()> {
        let Compiler { least_mass, least_inertia, total_mass, .. } = self.compiler;
        for matter in self.draft.links.iter_mut().map(|link| &mut link.matter) {
            matter.mass = matter.mass.max(least_mass);
            let mut inertia = matter.inertia;
            inertia.x_axis.x = inertia.x_axis.x.max(least_inertia);
            inertia.y_axis.y = inertia.y_axis.y.max(least_inertia);
            inertia.z_axis.z = inertia.z_axis.z.max(least_inertia);
            matter.inertia = inertia;
        }
        let mass: f64 = self.draft.links.iter().map(|link| link.matter.mass).sum();
        if let Some(total) = total_mass.filter(|_| mass > 0.0) {
            self.draft.links.iter_mut().for_each(|link| link.matter = link.matter.scaled(total / mass));
        }
        Ok(())
    }

    fn joint(&mut self, element: &Element, settings: &Settings<'_>, name: String) -> Found<RobotJoint> {
        let kind = match settings.text("type").unwrap_or("hinge") {
            "hinge" => JointKind::Hinge,
            "slide" => JointKind::Slide,
            "ball" => JointKind::Ball,
            other => {
                return Err(element.problem(format!("a joint cannot be `{other}`; expected `free`, `ball`, `slide` or `hinge`")).into());
            }
        };
        let at = settings.vector("pos")?.unwrap_or(DVec3::ZERO);
        let axis = settings.get("axis").map(xml::Attribute::direction).transpose()?.unwrap_or(DVec3::Z);
        let mut joint = joint(name, kind, at, axis);
        let unit = |value: f64| if kind == JointKind::Slide { value } else { self.compiler.angle(value) };
        let (reference, rest) = (settings.number("ref")?.map_or(0.0, unit), settings.number("springref")?.map_or(0.0, unit));
        let least = |name: &str| {
            // Newer versions allow polynomials here: their first number is the linear one.
            let Some(given) = settings.get(name) else { return Ok(0.0) };
            // Some lock a joint by a damping of 1e11; a million will do.
            let value = given.bounded(1, 10, 1e15)?[0];
            if value < 0.0 { Err(Problems::from(given.problem(format!("`{name}` is {value}")))) } else { Ok(value.min(xml::MOST) as f32) }
        };
        (joint.stiffness, joint.damping, joint.armature) = (least("stiffness")?, least("damping")?, least("armature")?);
        joint.rest = (rest - reference) as f32;
        if reference != 0.0 {
            self.draft.references.insert(joint.name.clone(), reference);
        }
        let range = settings.get("range");
        let limited = match settings.get("limited").map(xml::Attribute::switch).transpose()?.flatten() {
            Some(limited) => limited,
            None => range.is_some() && self.compiler.auto_limits,
        };
        if limited && kind != JointKind::Ball {
            let Some(range) = range else {
                return Err(element.problem(format!("the joint `{}` is limited and has no `range`", joint.name)).into());
            };
            let ends = range.numbers(2, 2)?;
            if ends[0] > ends[1] {
                return Err(range.problem(format!("the range ends at {} and begins at {}", ends[1], ends[0])).into());
            }
            let (low, high) = (unit(ends[0]) - reference, unit(ends[1]) - reference);
            joint.range = Some((low as f32, high as f32));
            // Some files draw a robot in a pose that its joints do not allow: gymnasium's ant.
            joint.start = 0.0_f64.clamp(low, high) as f32;
        } else if limited {
            self.draft.drop("joint", joint.name.clone(), "the range of a ball joint");
        }
        let capped = settings.get("actuatorfrclimited").map(xml::Attribute::switch).transpose()?.flatten();
        if let Some(cap) =
            settings.get("actuatorfrcrange").filter(|_| kind != JointKind::Ball && capped.unwrap_or(self.compiler.auto_limits))
        {
            let most = self.symmetric(cap, "joint", &joint.name)?;
            self.caps.insert(joint.name.clone(), most);
        }
        if least("frictionloss")? != 0.0 {
            self.draft.drop("frictionloss", joint.name.clone(), "dry friction of a joint");
        }
        Ok(joint)
    }
}
