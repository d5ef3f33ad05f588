//! From a scene's file to a [`Scene`], and the scenes of a folder.

use super::check::check;
use super::import;
use super::schema::Scene;
use crate::ron::{self, Problem, Problems};
use std::path::{Path, PathBuf};
use twox_hash::XxHash3_64;

/// A scene that was read and found right.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The scene.
    pub scene: Scene,
    /// The text of its file: what a run keeps. Of a scene whose robot is in a file of its own, the scene with the robot written out.
    pub text: String,
    /// Its file.
    pub path: PathBuf,
    /// XXH3 of the scene as [`canonical`] writes it: comments and spelling do not count.
    pub hash: u64,
}

impl Loaded {
    /// What the scene is called: as its folder, or as its file where that is not `scene.ron`.
    pub fn name(&self) -> String {
        let stem = self.path.file_stem().unwrap_or_default();
        let folder = std::path::absolute(&self.path).ok().and_then(|path| Some(path.parent()?.file_name()?.to_owned()));
        let name = if stem == "scene" { folder.unwrap_or_else(|| stem.to_owned()) } else { stem.to_owned() };
        name.to_string_lossy().into_owned()
    }
}

/// Reads and checks a scene: `path` is its folder or its file.
pub fn load(path: &Path) -> Result<Loaded, Problems> {
    let path = if path.is_dir() { path.join("scene.ron") } else { path.to_owned() };
    let text = ron::read_text(&path)?;
    let scene = from_text_in(&text, &path.display().to_string(), path.parent().unwrap_or(Path::new("")))?;
    let hash = hash(&scene);
    let text = if scene.imports() { written(&scene) } else { text };
    Ok(Loaded { scene, text, path, hash })
}

/// Reads and checks a scene's text; `name` is its file's name for messages. Files that it names lie beside that.
pub fn from_text(text: &str, name: &str) -> Result<Scene, Problems> {
    from_text_in(text, name, Path::new(name).parent().unwrap_or(Path::new("")))
}

/// As [`from_text`], of a scene whose files lie in `folder`.
pub fn from_text_in(text: &str, name: &str, folder: &Path) -> Result<Scene, Problems> {
    let mut read = ron::read::<Scene>(text, name);
    if let (Some(scene), Some(document)) = (&mut read.value, &read.document) {
        read.problems.0.extend(import::import(scene, document, folder).0);
    }
    read.check(check).finish().map(|(scene, _)| scene)
}

/// The scene in RON with every default written out: the same for the same scene, however its file spells it.
pub fn canonical(scene: &Scene) -> String {
    // Writing plain data into a string fails only where RON has no form for it, and every part of a scene has one (tested).
    ::ron::ser::to_string(scene).unwrap_or_default()
}

/// The same for people, on many lines.
pub fn written(scene: &Scene) -> String {
    ::ron::ser::to_string_pretty(scene, ::ron::ser::PrettyConfig::default()).unwrap_or_default()
}

/// What tells one scene from another: see [`Loaded::hash`].
pub fn hash(scene: &Scene) -> u64 {
    XxHash3_64::oneshot(canonical(scene).as_bytes())
}

/// The scenes in a folder: those of its folders that hold a `scene.ron`, sorted by name. They are not read.
pub fn scenes(folder: &Path) -> Result<Vec<PathBuf>, Problems> {
    let entries = std::fs::read_dir(folder)
        .map_err(|error| Problem::of_file(folder.display().to_string(), format!("this folder cannot be read: {error}")))?;
    let mut scenes: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.join("scene.ron").is_file()).collect();
    scenes.sort();
    Ok(scenes)
}
