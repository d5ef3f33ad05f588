//! The compiler's settings: how angles are meant, and where things are looked for.

use super::defaults::Settings;
use crate::scene::import::solid::{Pose, spin};
use crate::scene::import::xml::{self, Element, Found};
use bevy::math::{DMat3, DQuat, DVec3};
use std::path::PathBuf;

/// The settings of `compiler` that matter.
pub struct Compiler {
    pub radians: bool,
    pub sequence: String,
    /// Whether inertia comes from the geoms; none: where a body has no `inertial`.
    pub from_geoms: Option<bool>,
    pub auto_limits: bool,
    pub total_mass: Option<f64>,
    pub least_mass: f64,
    pub least_inertia: f64,
    pub meshes: PathBuf,
}

impl Compiler {
    pub fn read(root: &Element) -> Found<Self> {
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

    pub fn angle(&self, value: f64) -> f64 {
        if self.radians { value } else { value.to_radians() }
    }

    /// `pos`, and one of `quat`, `axisangle`, `euler`, `xyaxes` and `zaxis`.
    pub fn pose(&self, settings: &Settings<'_>) -> Found<Pose> {
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
