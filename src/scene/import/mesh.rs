//! Meshes: triangles of STL (binary and text) and OBJ files, and the hulls that stand in their place when they collide.

use super::robot::Form;
use crate::physics::rapier::prelude::{SharedShape, Vector};
use bevy::math::DVec3;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Corners of a hull at most.
const CORNERS: usize = 64;
/// Bytes of a file at most.
const MOST_BYTES: u64 = 256 << 20;

/// Why there is no mesh.
pub(super) enum Fault {
    /// It is nowhere.
    Missing,
    /// Its format is not read, or it is broken.
    Unread(String),
}

/// The triangles of a file, scaled.
pub(super) fn read(path: &Path, scale: DVec3) -> Result<Vec<[DVec3; 3]>, Fault> {
    let unread = |message: String| Fault::Unread(message);
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if !matches!(extension.as_str(), "stl" | "obj") {
        return Err(unread(format!("meshes are read from STL and OBJ files, not from `.{extension}`")));
    }
    let about = std::fs::metadata(path).map_err(|_| Fault::Missing)?;
    if !about.is_file() || about.len() > MOST_BYTES {
        return Err(unread("it is no file of at most 256 MiB".into()));
    }
    let bytes = || std::fs::read(path).map_err(|error| unread(error.to_string()));
    let triangles = match extension.as_str() {
        "stl" => stl(&bytes()?),
        _ => obj(&String::from_utf8_lossy(&bytes()?)),
    };
    let triangles = triangles.ok_or_else(|| unread(format!("it is no {} file, or a broken one", extension.to_uppercase())))?;
    let scaled: Vec<_> = triangles.into_iter().map(|triangle| triangle.map(|corner| corner * scale)).collect();
    if scaled.is_empty() || scaled.iter().flatten().any(|corner| !corner.is_finite() || corner.abs().max_element() > super::xml::MOST) {
        return Err(unread("it has no triangles, or some that are not finite".into()));
    }
    Ok(scaled)
}

fn stl(bytes: &[u8]) -> Option<Vec<[DVec3; 3]>> {
    let number = |at: usize| Some(f64::from(f32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?)));
    let point = |at: usize| Some(DVec3::new(number(at)?, number(at + 4)?, number(at + 8)?));
    if let Some(count) = bytes.get(80..84) {
        let count = u32::from_le_bytes(count.try_into().ok()?) as usize;
        // A header of 80 bytes, a count, and 50 bytes for each triangle: its normal, three corners, two bytes more.
        if count.checked_mul(50)? + 84 == bytes.len() {
            return (0..count).map(|index| 84 + 50 * index + 12).map(|at| Some([point(at)?, point(at + 12)?, point(at + 24)?])).collect();
        }
    }
    let text = str::from_utf8(bytes).ok()?;
    let mut corners = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if words.next() == Some("vertex") {
            corners.push(vector(words)?);
        }
    }
    corners.len().is_multiple_of(3).then(|| corners.chunks_exact(3).map(|three| [three[0], three[1], three[2]]).collect())
}

fn obj(text: &str) -> Option<Vec<[DVec3; 3]>> {
    let (mut corners, mut triangles) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("v") => corners.push(vector(words)?),
            Some("f") => {
                // `3/1/2` is the third corner; -1 the last one so far.
                let index = |word: &str| match word.split('/').next()?.parse::<i64>().ok()? {
                    index if index > 0 => corners.get(index as usize - 1).copied(),
                    index => corners.get(corners.len().checked_sub(index.unsigned_abs() as usize)?).copied(),
                };
                let face = words.map(index).collect::<Option<Vec<DVec3>>>()?;
                triangles.extend(face.windows(2).skip(1).map(|pair| [face[0], pair[0], pair[1]]));
            }
            _ => {}
        }
    }
    Some(triangles)
}

fn vector<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<DVec3> {
    let mut number = || words.next()?.parse::<f64>().ok();
    Some(DVec3::new(number()?, number()?, number()?))
}

/// The convex hull of points, with at most [`CORNERS`] corners: those that lie farthest in directions spread evenly over the ball. None
/// where the points lie in a plane.
pub(super) fn hull(points: &[DVec3]) -> Option<Form> {
    let farthest = |direction: DVec3| {
        let ahead = |point: &DVec3| point.dot(direction);
        (0..points.len()).max_by(|a, b| ahead(&points[*a]).total_cmp(&ahead(&points[*b])))
    };
    let corners: BTreeSet<usize> = directions().filter_map(farthest).collect();
    let corners: Vec<[f32; 3]> = corners.into_iter().map(|index| points[index].as_vec3().to_array()).collect();
    let size = |axis: usize| {
        let along = corners.iter().map(|corner| corner[axis]);
        along.clone().fold(f32::NEG_INFINITY, f32::max) - along.fold(f32::INFINITY, f32::min)
    };
    if corners.len() < 4 || (0..3).any(|axis| size(axis) < 1e-5) {
        return None;
    }
    let shape = SharedShape::convex_hull(&corners.iter().map(|corner| Vector::from_array(*corner)).collect::<Vec<_>>());
    shape.map(|_| Form::Hull(corners.into_iter().map(|[x, y, z]| (x, y, z)).collect()))
}

/// Directions spread evenly (a Fibonacci lattice).
fn directions() -> impl Iterator<Item = DVec3> {
    (0..CORNERS).map(|index| {
        let height = 1.0 - (2.0 * index as f64 + 1.0) / CORNERS as f64;
        let (sine, cosine) = libm::sincos(2.399_963_229_728_653 * index as f64);
        let across = libm::sqrt(1.0 - height * height);
        DVec3::new(across * cosine, across * sine, height)
    })
}

/// The hull of an ellipsoid, which Rapier has no form for.
pub(super) fn ellipsoid(half: DVec3) -> Option<Form> {
    hull(&directions().map(|direction| direction * half).collect::<Vec<_>>())
}

/// Where the file that a URDF calls `name` is: beside the description, or in a folder around it (as `package://name/..` has it).
pub(super) fn locate(name: &str, folder: &Path) -> PathBuf {
    let plain = name.strip_prefix("file://").unwrap_or(name);
    let Some(packaged) = plain.strip_prefix("package://").or_else(|| plain.strip_prefix("model://")) else { return folder.join(plain) };
    let within = packaged.split_once('/').map_or(packaged, |(_, within)| within);
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let candidates = absolute.ancestors().flat_map(|around| [around.join(packaged), around.join(within)]);
    candidates.into_iter().find(|candidate| candidate.is_file()).unwrap_or_else(|| folder.join(packaged))
}
