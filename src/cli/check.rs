//! `apprentice check`: everything that is wrong, in one go.

use super::{Failure, General};
use crate::ron::{Problem, Problems};
use crate::scene::load;
use crate::training::recipe;
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = "Examples:\n  apprentice check scenes/push\n  apprentice check scenes/*/*.ron")]
pub(super) struct CheckArgs {
    /// Scenes (folders or files), recipes, or folders of them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

pub(super) fn run(args: &CheckArgs, general: &General) -> Result<(), Failure> {
    let mut problems = Problems::default();
    let mut right = Vec::new();
    for path in &args.paths {
        for file in files(path)? {
            match one(&file) {
                Ok(()) => right.push(file),
                Err(found) => problems.0.extend(found.0),
            }
        }
    }
    if !general.json && !general.quiet {
        right.iter().for_each(|file| eprintln!("{}: right", file.display()));
    }
    if problems.0.is_empty() {
        return Ok(());
    }
    if general.json {
        for problem in &problems.0 {
            let object = serde_json::json!({
                "file": problem.file, "line": problem.line, "column": problem.column,
                "found": problem.found, "expected": problem.expected, "nearest": problem.hint, "message": problem.sentence(),
            });
            general.output().print(String::new, &object)?;
        }
    }
    Err(problems.into())
}

/// The files that a path stands for: itself; of a folder, all RON files in it and beneath.
fn files(path: &Path) -> Result<Vec<PathBuf>, Problems> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| Problem::of_file(folder.display().to_string(), error.to_string()))?;
        for entry in entries.flatten().map(|entry| entry.path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "ron") {
                files.push(entry);
            }
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Problem::of_file(path.display().to_string(), "there is no RON file in this folder").into());
    }
    Ok(files)
}

/// A file that begins with `Recipe` (or has a learner) is a recipe; any other one a scene.
fn one(file: &Path) -> Result<(), Problems> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if name == "scores.ron" {
        return Ok(());
    }
    let text = crate::ron::read_text(file)?;
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<String>();
    if name != "scene.ron" && (code.trim_start().starts_with("Recipe") || (code.contains("learner:") && !code.contains("body:"))) {
        recipe::prepare(file, &[]).map(|_| ())
    } else {
        load::load(file).map(|_| ())
    }
}
