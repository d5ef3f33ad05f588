//! `apprentice check`: everything that is wrong, in one go.

use super::{Failure, General};
use crate::curriculum::level::read_levels;
use crate::imitation::data_set::is_data_set;
use crate::ron::{self, Problem, Problems};
use crate::scene::import::{Dropped, report};
use crate::scene::load;
use crate::scene::scores::{self, Scores};
use crate::training::recipe;
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = "Examples:\n  apprentice check scenes/push\n  apprentice check scenes/*/*.ron runs/push-ppo-0001")]
pub(super) struct CheckArgs {
    /// Scenes (folders or files), recipes, files of levels or scores, or folders of such, as a run is one
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

pub(super) fn run(args: &CheckArgs, general: &General) -> Result<(), Failure> {
    let mut problems = Problems::default();
    let (mut right, mut left_out) = (Vec::new(), Vec::new());
    for path in &args.paths {
        let files = files(path).unwrap_or_else(|found| {
            problems.0.extend(found.0);
            Vec::new()
        });
        for file in files {
            match one(&file) {
                Ok(dropped) => {
                    left_out.push((file.clone(), dropped));
                    right.push(file);
                }
                Err(found) => problems.0.extend(found.0),
            }
        }
    }
    if !general.json && !general.quiet {
        right.iter().for_each(|file| eprintln!("{}: right", file.display()));
        for (file, dropped) in left_out.iter().filter(|(_, dropped)| !dropped.is_empty()) {
            eprintln!("{}: not taken over from its robot's file, or otherwise than it says:", file.display());
            report(dropped).iter().for_each(|line| eprintln!("  {line}"));
        }
    }
    if general.json {
        for (file, one) in left_out.iter().flat_map(|(file, dropped)| dropped.iter().map(move |one| (file, one))) {
            let file = file.display().to_string();
            let object = serde_json::json!({ "file": file, "dropped": one.element, "name": one.name, "reason": one.reason });
            general.output().print(String::new, &object)?;
        }
    }
    if problems.0.is_empty() {
        return Ok(());
    }
    // What is wrong with a scene is wrong with its recipes too, and told once.
    problems.sort();
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

/// The files that a path stands for: itself; of a folder, all RON files in it and beneath, but for data sets, whose files are their own.
fn files(path: &Path) -> Result<Vec<PathBuf>, Problems> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    if is_data_set(path) {
        let path = path.display().to_string();
        let message = format!("this is a data set, which `apprentice data verify {path}` checks");
        return Err(Problem::of_file(path, message).into());
    }
    let mut files = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| Problem::of_file(folder.display().to_string(), error.to_string()))?;
        for entry in entries.flatten().map(|entry| entry.path()) {
            if entry.is_dir() && !is_data_set(&entry) {
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

/// What a file is, its first word tells, or its name where there is none: a list is one of levels. Of a scene, what its robot's file says
/// in vain.
fn one(file: &Path) -> Result<Vec<Dropped>, Problems> {
    let text = ron::read_text(file)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let code =
        text.lines().filter(|line| !line.starts_with("#!")).map(|line| line.split("//").next().unwrap_or_default()).collect::<String>();
    let code = code.trim_start();
    if name == scores::FILE {
        ron::read::<Scores>(&text, &file.display().to_string()).finish().map(|_| Vec::new())
    } else if code.starts_with('[') {
        read_levels(file, None).map(|_| Vec::new())
    } else if name != "scene.ron" && (code.starts_with("Recipe") || (code.contains("learner:") && !code.contains("body:"))) {
        recipe::prepare(file, &[]).map(|_| Vec::new())
    } else {
        load::load(file).map(|loaded| loaded.scene.dropped().to_vec())
    }
}
