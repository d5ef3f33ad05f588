//! Geoms: what collides, and what weighs.

use super::Model;
use super::defaults::Settings;
use crate::ron::Problems;
use crate::scene::import::draft::shape;
use crate::scene::import::mesh::{self, Fault};
use crate::scene::import::robot::Form;
use crate::scene::import::solid::{Pose, Solid};
use crate::scene::import::xml::{Attribute, Element, Found};
use bevy::math::{DQuat, DVec3};

/// kg/m³, where a geom says nothing: water.
const DENSITY: f64 = 1000.0;

/// `contype` and `conaffinity`.
fn masks(settings: &Settings<'_>) -> Found<(u32, u32)> {
    let mask = |name: &str| match settings.get(name) {
        None => Ok(1),
        Some(given) => {
            let value = given.value.trim().parse::<i64>().ok().and_then(|value| u32::try_from(value).ok());
            value.ok_or_else(|| Problems::from(given.problem(format!("`{name}` is no whole number of 32 bits"))))
        }
    };
    Ok((mask("contype")?, mask("conaffinity")?))
}

/// Whether two geoms collide.
fn collide(one: (u32, u32), other: (u32, u32)) -> bool {
    one.0 & other.1 != 0 || other.0 & one.1 != 0
}

impl Model {
    /// Looks for the file's floors: who does not collide with them, will not with ours.
    pub(super) fn floors(&mut self, root: &Element) -> Found<()> {
        for geom in root.all("worldbody").flat_map(|world| world.all("geom")) {
            let settings = self.defaults.settings(geom, None)?;
            if matches!(settings.text("type"), Some("plane" | "hfield")) {
                let pose = self.compiler.pose(&settings)?;
                // Walls of a room may be planes, too.
                if (pose.turn * DVec3::Z).z > 0.99 {
                    self.draft.floor = Some(self.draft.floor.map_or(pose.at.z, |height| height.min(pose.at.z)));
                    self.floors.push(masks(&settings)?);
                    self.slippery &= settings.number("condim")? == Some(1.0);
                }
            }
        }
        Ok(())
    }

    /// A geom of the world, which never moves.
    pub(super) fn still(&mut self, geom: &Element, frame: Pose, class: Option<&str>) -> Found<()> {
        let defaults = self.defaults.clone();
        let settings = defaults.settings(geom, class)?;
        let (name, masks) = (geom.name(), masks(&settings)?);
        if matches!(settings.text("type"), Some("plane" | "hfield")) {
            self.draft.drop("floor", name, "the scene's own surroundings stand in its place");
        } else if masks == (0, 0) {
            self.draft.drop("geom", name, "it stands in the world and collides with nothing");
        } else if let Some((solid, pose)) = self.solid(geom, &settings, true)?
            && let Some(form) = self.form(solid, &name)
        {
            let friction = friction(&settings)?;
            let still = crate::scene::import::robot::Shape { shows: masks.0, meets: masks.1, ..shape(form, frame.then(pose), friction) };
            self.draft.still.push(still);
        }
        Ok(())
    }

    /// The geoms of an element that lies at `frame` on a link.
    pub(super) fn geoms(&mut self, element: &Element, link: usize, frame: Pose, class: Option<&str>, weighs: bool) -> Found<()> {
        for geom in element.all("geom") {
            let defaults = self.defaults.clone();
            let settings = defaults.settings(geom, class)?;
            let masks = masks(&settings)?;
            let mass = settings.get("mass").map(Attribute::number).transpose()?;
            let density = settings.number("density")?.unwrap_or(DENSITY);
            if mass.unwrap_or(density) < 0.0 {
                return Err(geom.problem("a mass or density is below 0").into());
            }
            let heavy = weighs && mass.unwrap_or(density) > 0.0;
            let of_mesh = settings.text("type") == Some("mesh") || (settings.text("type").is_none() && settings.get("mesh").is_some());
            if masks == (0, 0) && of_mesh && !heavy {
                self.draft.drop("mesh", settings.text("mesh").unwrap_or_default(), "it is there for the eye alone");
                continue;
            }
            let Some((solid, pose)) = self.solid(geom, &settings, false)? else { continue };
            let pose = frame.then(pose);
            if heavy {
                let (volume, matter) = solid.matter();
                let matter = matter.scaled(mass.unwrap_or(density * volume)).placed(pose);
                self.draft.links[link].matter = self.draft.links[link].matter.with(matter);
            }
            if masks == (0, 0) && of_mesh {
                self.draft.drop("mesh", settings.text("mesh").unwrap_or_default(), "it is there for the eye alone");
                continue;
            }
            let floors = if self.floors.is_empty() { &[(1, 1)][..] } else { &self.floors };
            let world = floors.iter().any(|floor| collide(masks, *floor));
            if !world && masks != (0, 0) && self.floors.is_empty() {
                self.draft.drop("geom", geom.name(), "by `contype` and `conaffinity` it does not collide with the world");
            } else if !world {
                self.draft.drop("geom", geom.name(), "as with the file's floor, it does not collide with the world");
            }
            // Of two geoms that meet, MuJoCo takes the larger `condim`: beside a floor with friction, it means nothing.
            if masks != (0, 0) && self.slippery && settings.number("condim")? == Some(1.0) {
                self.draft.drop("geom", geom.name(), "`condim` is 1: it has friction all the same");
            }
            if let Some(form) = self.form(solid, &geom.name()) {
                let friction = friction(&settings)?;
                let base = shape(form, pose, friction);
                let shape = crate::scene::import::robot::Shape { world, shows: masks.0, meets: masks.1, ..base };
                self.draft.links[link].shapes.push(shape);
            }
        }
        Ok(())
    }

    /// What a geom is, and where. None where it was dropped.
    fn solid(&mut self, geom: &Element, settings: &Settings<'_>, still: bool) -> Found<Option<(Solid, Pose)>> {
        let pose = self.compiler.pose(settings)?;
        let of_mesh = settings.text("type").is_none() && settings.get("mesh").is_some();
        let kind = if of_mesh { "mesh" } else { settings.text("type").unwrap_or("sphere") };
        let size = |count: usize| {
            let given = settings.get("size").ok_or_else(|| geom.problem("this `geom` has no `size`"))?;
            let numbers = given.numbers(count, 3)?;
            match numbers.iter().take(count).find(|number| **number <= 0.0) {
                Some(number) => Err(Problems::from(given.problem(format!("`size` has {number} and must be above 0")))),
                None => Ok(numbers),
            }
        };
        // Two ends in the place of a length and a pose.
        let ends = match settings.get("fromto").filter(|_| matches!(kind, "capsule" | "cylinder" | "box" | "ellipsoid")) {
            None => None,
            Some(given) => {
                let numbers = given.numbers(6, 6)?;
                let (from, to) = (DVec3::from_slice(&numbers[..3]), DVec3::from_slice(&numbers[3..]));
                let length = (to - from).length();
                if length < 1e-9 {
                    return Err(given.problem("the two ends of `fromto` are the same").into());
                }
                // MuJoCo lets z look from the second end to the first.
                let turn = DQuat::from_rotation_arc(DVec3::Z, (from - to) / length);
                Some((length / 2.0, Pose { at: (from + to) / 2.0, turn }))
            }
        };
        let pose = ends.map_or(pose, |(_, pose)| pose);
        let solid = match (kind, ends) {
            ("sphere", _) => Solid::Ball(size(1)?[0]),
            ("box", None) => Solid::Box(DVec3::from_slice(&size(3)?)),
            ("ellipsoid", None) => Solid::Ellipsoid(DVec3::from_slice(&size(3)?)),
            ("box" | "ellipsoid", Some((half, _))) => {
                let numbers = size(1)?;
                let half = DVec3::new(numbers[0], numbers.get(1).copied().unwrap_or(numbers[0]), half);
                if kind == "box" { Solid::Box(half) } else { Solid::Ellipsoid(half) }
            }
            ("capsule", Some((half, _))) => Solid::Capsule(size(1)?[0], half),
            ("cylinder", Some((half, _))) => Solid::Cylinder(size(1)?[0], half),
            ("capsule", None) => size(2).map(|numbers| Solid::Capsule(numbers[0], numbers[1]))?,
            ("cylinder", None) => size(2).map(|numbers| Solid::Cylinder(numbers[0], numbers[1]))?,
            ("mesh", _) => match self.mesh(geom, settings)? {
                Some(solid) => solid,
                None => return Ok(None),
            },
            ("plane", _) if !still => return Err(geom.problem("only the world has planes").into()),
            ("plane" | "hfield" | "sdf", _) => {
                self.draft.drop(kind, geom.name(), "a form that is not read");
                return Ok(None);
            }
            (other, _) => {
                let expected = "expected `sphere`, `capsule`, `cylinder`, `box`, `ellipsoid`, `mesh`, `plane`, `hfield` or `sdf`";
                return Err(geom.problem(format!("a geom cannot be `{other}`; {expected}")).into());
            }
        };
        Ok(Some((solid, pose)))
    }

    fn mesh(&mut self, geom: &Element, settings: &Settings<'_>) -> Found<Option<Solid>> {
        let Some(name) = settings.get("mesh") else { return Err(geom.problem("this `geom` is a mesh and does not say which").into()) };
        let Some(asset) = self.meshes.get(&name.value) else {
            return Err(name.problem(format!("there is no mesh called `{}` with a file among the assets", name.value)).into());
        };
        match mesh::read(&asset.path, asset.scale) {
            Ok(triangles) => Ok(Some(Solid::Mesh(triangles))),
            Err(Fault::Missing) => Err(asset.element.problem(format!("there is no file `{}`", asset.path.display())).into()),
            Err(Fault::Unread(reason)) => {
                self.draft.drop("mesh", name.value.clone(), format!("{reason}: nothing collides in its place"));
                Ok(None)
            }
        }
    }

    /// How a solid collides.
    fn form(&mut self, solid: Solid, name: &str) -> Option<Form> {
        let form = match solid {
            Solid::Ball(radius) => Some(Form::Ball(radius as f32)),
            Solid::Box(half) => Some(Form::Box(half.x as f32, half.y as f32, half.z as f32)),
            Solid::Cylinder(radius, half) => Some(Form::Cylinder(radius as f32, half as f32)),
            Solid::Capsule(radius, half) => Some(Form::Capsule(radius as f32, half as f32)),
            Solid::Ellipsoid(half) => mesh::ellipsoid(half),
            Solid::Mesh(triangles) => mesh::hull(&triangles.into_iter().flatten().collect::<Vec<_>>()),
        };
        if form.is_none() {
            self.draft.drop("mesh", name, "it is flat: nothing collides in its place");
        }
        form
    }
}

/// Of sliding: the first of three numbers.
fn friction(settings: &Settings<'_>) -> Found<f64> {
    let Some(given) = settings.get("friction") else { return Ok(1.0) };
    let friction = given.numbers(1, 3)?[0];
    if friction < 0.0 { Err(given.problem("`friction` is below 0").into()) } else { Ok(friction) }
}
