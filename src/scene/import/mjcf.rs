//! MJCF: models as MuJoCo describes them (its XML reference, version 3).
//!
//! Bodies without joints are welded: they become a part of the link that they hang on, and a named point, as sites do. Nested defaults, the
//! compiler's settings that matter, included files, and every joint of a body are read; what is not is told.

mod actuator;
mod defaults;
mod geom;

use self::defaults::{Defaults, Settings};
use super::Base;
use super::draft::{Draft, DraftLink, joint};
use super::robot::{Coupling, JointKind, RobotJoint};
use super::solid::{Matter, Pose, spin};
use super::xml::{self, Element, Found};
use crate::ron::Problems;
use bevy::math::{DMat3, DQuat, DVec3};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Files that include each other at most.
const DEEPEST: usize = 10;

/// Reads a model.
pub(super) fn read(path: &Path, base: Option<Base>) -> Found<Draft> {
    let mut root = xml::read(path)?;
    if root.tag != "mujoco" {
        let hint = if root.tag == "robot" { ": this is a URDF, `body: Urdf(..)`" } else { "" };
        return Err(root.problem(format!("found `{}` and expected `mujoco`{hint}", root.tag)).into());
    }
    let folder = root.folder().to_owned();
    include(&mut root, &folder, 0)?;
    let compiler = Compiler::read(&root)?;
    let defaults = Rc::new(Defaults::read(&root)?);
    let draft = Draft { name: root.text("model").unwrap_or("robot").to_owned(), ..Draft::default() };
    let mut model =
        Model { draft, compiler, defaults, meshes: BTreeMap::new(), floors: Vec::new(), bodies: BTreeMap::new(), free: Vec::new(), base };
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
    Ok(model.draft)
}

/// Puts the children of included files where they are included.
fn include(element: &mut Element, folder: &Path, depth: usize) -> Found<()> {
    let mut children = Vec::new();
    for mut child in std::mem::take(&mut element.children) {
        if child.tag != "include" {
            include(&mut child, folder, depth)?;
            children.push(child);
            continue;
        }
        let file = child.need("file")?;
        if depth >= DEEPEST {
            return Err(file.problem(format!("more than {DEEPEST} files include each other")).into());
        }
        // MuJoCo looks beside the model's own file; beside the including file is what people mean.
        let path = [folder, child.folder()].map(|folder| folder.join(&file.value)).into_iter().find(|path| path.is_file());
        let Some(path) = path else {
            return Err(file.problem(format!("there is no file `{}`", folder.join(&file.value).display())).into());
        };
        let mut included = xml::read(&path)?;
        include(&mut included, folder, depth + 1)?;
        children.append(&mut included.children);
    }
    element.children = children;
    Ok(())
}

/// The settings of `compiler` that matter.
struct Compiler {
    radians: bool,
    sequence: String,
    /// Whether inertia comes from the geoms; none: where a body has no `inertial`.
    from_geoms: Option<bool>,
    auto_limits: bool,
    total_mass: Option<f64>,
    least_mass: f64,
    least_inertia: f64,
    meshes: PathBuf,
}

impl Compiler {
    fn read(root: &Element) -> Found<Self> {
        let mut all = root.clone();
        all.attributes.clear();
        root.all("compiler").for_each(|compiler| all.attributes.extend(compiler.attributes.iter().rev().cloned()));
        // The last word counts.
        all.attributes.reverse();
        if let Some(global) = all.get("coordinate").filter(|coordinate| coordinate.value == "global") {
            return Err(global
                .problem("global coordinates are no longer a part of MJCF: older versions of MuJoCo convert such files")
                .into());
        }
        let angle = all.get("angle");
        if let Some(angle) = angle.filter(|angle| !matches!(angle.value.as_str(), "degree" | "radian")) {
            return Err(angle.problem("`angle` is neither `degree` nor `radian`").into());
        }
        let sequence = all.text("eulerseq").unwrap_or("xyz").to_owned();
        if let Some(given) = all.get("eulerseq").filter(|_| sequence.len() != 3 || !sequence.chars().all(|axis| "xyzXYZ".contains(axis))) {
            return Err(given.problem("`eulerseq` is three of `xyzXYZ`").into());
        }
        let folder = |name: &str| all.text(name).map(PathBuf::from);
        let total = all.number("settotalmass")?.filter(|mass| *mass > 0.0);
        Ok(Self {
            radians: angle.is_some_and(|angle| angle.value == "radian"),
            sequence,
            from_geoms: all.get("inertiafromgeom").map(xml::Attribute::switch).transpose()?.flatten(),
            auto_limits: all.get("autolimits").map(xml::Attribute::switch).transpose()?.flatten().unwrap_or(true),
            total_mass: total,
            least_mass: all.number("boundmass")?.unwrap_or(0.0),
            least_inertia: all.number("boundinertia")?.unwrap_or(0.0),
            meshes: folder("meshdir").or_else(|| folder("assetdir")).unwrap_or_default(),
        })
    }

    fn angle(&self, value: f64) -> f64 {
        if self.radians { value } else { value.to_radians() }
    }

    /// `pos`, and one of `quat`, `axisangle`, `euler`, `xyaxes` and `zaxis`.
    fn pose(&self, settings: &Settings<'_>) -> Found<Pose> {
        let at = settings.vector("pos")?.unwrap_or(DVec3::ZERO);
        let mut turn = DQuat::IDENTITY;
        if let Some(quat) = settings.get("quat") {
            let numbers = quat.numbers(4, 4)?;
            let given = DQuat::from_xyzw(numbers[1], numbers[2], numbers[3], numbers[0]);
            if given.length() < 1e-9 {
                return Err(quat.problem("`quat` has no direction: its length is 0").into());
            }
            turn = given * (1.0 / given.length());
        } else if let Some(given) = settings.get("axisangle") {
            let numbers = given.numbers(4, 4)?;
            let axis = DVec3::from_slice(&numbers);
            if axis.length() < 1e-9 {
                return Err(given.problem("`axisangle` has no axis: its length is 0").into());
            }
            turn = spin(axis / axis.length(), self.angle(numbers[3]));
        } else if let Some(euler) = settings.vector("euler")? {
            for (axis, angle) in self.sequence.chars().zip(euler.to_array()) {
                let about = match axis.to_ascii_lowercase() {
                    'x' => DVec3::X,
                    'y' => DVec3::Y,
                    _ => DVec3::Z,
                };
                let next = spin(about, self.angle(angle));
                // Small letters turn with the frame, large ones stand still.
                turn = if axis.is_ascii_lowercase() { turn * next } else { next * turn };
            }
        } else if let Some(axes) = settings.get("xyaxes") {
            let numbers = axes.numbers(6, 6)?;
            let (x, y) = (DVec3::from_slice(&numbers[..3]), DVec3::from_slice(&numbers[3..]));
            let z = x.cross(y);
            if z.length() < 1e-9 {
                return Err(axes.problem("the two axes of `xyaxes` do not span a plane").into());
            }
            let (x, z) = (x / x.length(), z / z.length());
            turn = DQuat::from_mat3(&DMat3::from_cols(x, z.cross(x), z));
        } else if let Some(axis) = settings.get("zaxis") {
            turn = DQuat::from_rotation_arc(DVec3::Z, axis.direction()?);
        }
        Ok(Pose { at, turn })
    }
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
    /// Of each named body, the link that it is a part of.
    bodies: BTreeMap<String, usize>,
    /// Names of free joints.
    free: Vec<String>,
    base: Option<Base>,
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
        if on.is_none() && self.draft.links.is_empty() && (free || joints.is_empty()) {
            free = self.base.map_or(free, |base| base == Base::Free);
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
        if least("frictionloss")? != 0.0 {
            self.draft.drop("frictionloss", joint.name.clone(), "dry friction of a joint");
        }
        Ok(joint)
    }

    /// What stands beside the bodies.
    fn section(&mut self, section: &Element) -> Found<()> {
        match section.tag.as_str() {
            "actuator" => section.children.iter().try_for_each(|actuator| self.actuator(actuator)),
            "contact" => section.children.iter().try_for_each(|contact| self.contact(contact)),
            "equality" => section.children.iter().try_for_each(|equality| self.equality(equality)),
            "keyframe" => self.keyframe(section),
            "tendon" => {
                section.children.iter().for_each(|tendon| self.draft.drop("tendon", tendon.name(), "tendons pull nothing"));
                Ok(())
            }
            "sensor" => {
                section.children.iter().for_each(|sensor| self.draft.drop("sensor", sensor.name(), "sensors are the scene's own"));
                Ok(())
            }
            "option" => {
                for name in ["density", "viscosity", "wind"] {
                    if section.get(name).is_some_and(|value| value.value.split_whitespace().any(|word| word.parse() != Ok(0.0))) {
                        self.draft.drop("option", name, "the scene is filled with no fluid");
                    }
                }
                for name in ["timestep", "gravity"].into_iter().filter(|name| section.get(name).is_some()) {
                    self.draft.drop("option", name, "the scene says it");
                }
                Ok(())
            }
            "deformable" | "extension" => {
                section.children.iter().for_each(|child| self.draft.drop(&child.tag, child.name(), "not read"));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn is_free(&self, joint: &str) -> bool {
        self.free.iter().any(|name| name == joint)
    }

    /// The link that a body is a part of. None: the world.
    fn link_of(&self, element: &Element, name: &str) -> Found<Option<usize>> {
        let body = element.need(name)?;
        if body.value == "world" {
            return Ok(None);
        }
        let link = self.bodies.get(&body.value).ok_or_else(|| body.problem(format!("there is no body called `{}`", body.value)))?;
        Ok(Some(*link))
    }

    fn contact(&mut self, contact: &Element) -> Found<()> {
        if contact.tag != "exclude" {
            self.draft.drop(&contact.tag, contact.name(), "contacts of a pair of their own");
            return Ok(());
        }
        if let (Some(one), Some(other)) = (self.link_of(contact, "body1")?, self.link_of(contact, "body2")?)
            && one != other
        {
            self.draft.apart.push((one, other));
        }
        Ok(())
    }

    fn equality(&mut self, equality: &Element) -> Found<()> {
        let leader = equality.text("joint2").and_then(|name| self.draft.joint(name)).map(|(index, _)| index);
        let follower = equality.text("joint1").and_then(|name| self.draft.joint(name)).map(|(index, _)| index);
        let (Some(joint), Some(leader), "joint") = (follower, leader, equality.tag.as_str()) else {
            self.draft.drop("equality", equality.name(), format!("a constraint `{}`", equality.tag));
            return Ok(());
        };
        if equality.text("active") == Some("false") {
            return Ok(());
        }
        let numbers = equality.get("polycoef").map_or(Ok(vec![0.0, 1.0]), |given| given.numbers(1, 5))?;
        if numbers.iter().skip(2).any(|number| *number != 0.0) {
            self.draft.drop("equality", equality.name(), "what is not linear in a coupling of joints");
        }
        let (offset, ratio) = (numbers[0] as f32, numbers.get(1).copied().unwrap_or(1.0) as f32);
        self.draft.couplings.push(Coupling { joint, leader, ratio, offset });
        Ok(())
    }

    /// A robot starts in its key `home`, where it has one.
    fn keyframe(&mut self, section: &Element) -> Found<()> {
        let Some(home) = section.all("key").find(|key| key.text("name") == Some("home")) else { return Ok(()) };
        let Some(given) = home.get("qpos") else { return Ok(()) };
        let count = self.draft.links.iter().map(|link| {
            let of = |joint: &RobotJoint| if joint.kind == JointKind::Ball { 4 } else { 1 };
            if link.free { 7 } else { link.joints.iter().map(of).sum() }
        });
        let count: usize = count.sum();
        if self.base.is_some() {
            self.draft.drop("key", "home", "the base is another one than the file's");
            return Ok(());
        }
        let numbers = given.numbers(count, count)?;
        let mut numbers = numbers.into_iter();
        let mut take = |count: usize| -> Vec<f64> { numbers.by_ref().take(count).collect() };
        let references = std::mem::take(&mut self.draft.references);
        for link in &mut self.draft.links {
            if link.free {
                let pose = take(7);
                let turn = DQuat::from_xyzw(pose[4], pose[5], pose[6], pose[3]);
                if turn.length() > 1e-9 {
                    link.pose = Pose { at: DVec3::from_slice(&pose), turn: turn * (1.0 / turn.length()) };
                }
            }
            for joint in &mut link.joints {
                if joint.kind == JointKind::Ball {
                    take(4);
                    continue;
                }
                let reference = references.get(&joint.name).copied().unwrap_or(0.0);
                let (low, high) = joint.range.unwrap_or((f32::MIN, f32::MAX));
                joint.start = ((take(1)[0] - reference) as f32).clamp(low, high);
            }
        }
        self.draft.references = references;
        Ok(())
    }
}
