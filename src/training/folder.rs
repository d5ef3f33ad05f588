//! The folder of a run: laid out so that it can be read without the place it came from, recognised, and held by one process at a time.

use crate::durable;
use crate::imitation::reading::Account;
use crate::learn::policy::Policy;
use crate::ron::Problems;
use crate::training::checkpoint;
use crate::training::machine::Machine;
use crate::training::recipe::{self, Prepared, Scenes};
use crate::training::run::RunError;
use serde::{Deserialize, Serialize};
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// What every run folder has.
pub const ABOUT: &str = "run.json";
const RECIPE: &str = "recipe.ron";
const SCENES: &str = "scenes";
/// What was read of the recipe's data sets, or of those of a stage.
const DEMONSTRATIONS: &str = "demonstrations";
/// The policies that the recipe starts from.
pub const START: &str = "start";

/// `run.json`: what a run folder is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The recipe's name.
    pub recipe: String,
    /// Version of `apprentice`.
    pub version: String,
    /// Where it was started.
    pub machine: Machine,
}

impl About {
    /// Reads it from a run folder.
    ///
    /// # Errors
    /// Where it is not there or holds something else.
    pub fn read(run: &Path) -> Result<Self, RunError> {
        let no = |message: &str| Problems::from(crate::ron::Problem::of_file(run.display().to_string(), message));
        let bytes = std::fs::read(run.join(ABOUT)).map_err(|_| no("this is no run folder: it has no `run.json`"))?;
        Ok(serde_json::from_slice(&bytes).map_err(|error| no(&format!("`run.json` is not what a run leaves: {error}")))?)
    }
}

/// Whether there is a run in the folder.
pub fn is_run(run: &Path) -> bool {
    run.join(ABOUT).is_file()
}

/// Refuses a folder with anything in it but what a kill may have left of a run's first moment (with `resume`; without, anything at all).
///
/// # Errors
/// Where something is there.
pub fn must_be_free(run: &Path, resume: bool) -> Result<(), RunError> {
    let file = |source| RunError::File { path: run.into(), source };
    if run.is_file() {
        return Err(RunError::Occupied { path: run.into(), by: "is a file".into() });
    }
    let entries = match std::fs::read_dir(run) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(file)?,
    };
    let mut names: Vec<String> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let ours =
        |name: &str| resume && ([SCENES, RECIPE, START].contains(&name) || name.starts_with(DEMONSTRATIONS) || name.ends_with(".partial"));
    match names.iter().find(|name| !ours(name)) {
        Some(name) => Err(RunError::Occupied { path: run.into(), by: format!("holds `{name}` and no run") }),
        None => Ok(()),
    }
}

/// Lays out a new run folder; `run.json` last, which makes it one.
///
/// # Errors
/// What the file system says.
pub fn begin(prepared: &Prepared, start: &[(String, Policy)], accounts: &[Option<Account>], run: &Path) -> Result<(), RunError> {
    let file = |source| RunError::File { path: run.into(), source };
    std::fs::create_dir_all(run).map_err(file)?;
    if !start.is_empty() {
        let folder = run.join(START);
        std::fs::create_dir_all(&folder).map_err(file)?;
        checkpoint::save_policies(start, &folder)?;
    }
    lay_out(prepared, accounts, run).map_err(file)
}

fn lay_out(prepared: &Prepared, accounts: &[Option<Account>], run: &Path) -> io::Result<()> {
    durable::sweep(run)?;
    for (name, text) in &prepared.texts {
        let folder = run.join(SCENES).join(name);
        std::fs::create_dir_all(&folder)?;
        durable::write(&folder.join("scene.ron"), text)?;
    }
    durable::write(&run.join(RECIPE), own_recipe(prepared))?;
    for (stage, account) in accounts.iter().enumerate() {
        if let Some(account) = account {
            durable::write(&demonstrations_of(run, stage), serde_json::to_vec_pretty(account)?)?;
        }
    }
    let machine = Machine::here("cpu");
    let about = About { recipe: prepared.name.clone(), version: env!("CARGO_PKG_VERSION").into(), machine };
    durable::write(&run.join(ABOUT), serde_json::to_vec_pretty(&about)?)
}

/// Where a run says what was read of the data sets of a stage, from 0.
fn demonstrations_of(run: &Path, stage: usize) -> PathBuf {
    run.join(if stage == 0 { format!("{DEMONSTRATIONS}.json") } else { format!("{DEMONSTRATIONS}-{}.json", stage + 1) })
}

/// What was read of a stage's data sets when the run was started.
///
/// # Errors
/// Where the run does not say.
pub fn demonstrations(run: &Path, stage: usize) -> Result<Account, RunError> {
    let path = demonstrations_of(run, stage);
    let file = |source| RunError::File { path: path.clone(), source };
    serde_json::from_slice(&std::fs::read(&path).map_err(file)?).map_err(|error| file(error.into()))
}

/// Holds a run folder until the file that it returns is dropped, or its process ends, however it ends.
///
/// # Errors
/// Where another process holds it.
pub fn hold(run: &Path) -> Result<File, RunError> {
    let path = run.join(ABOUT);
    let file = File::open(&path).map_err(|source| RunError::File { path, source })?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(RunError::Held(run.into())),
        // A file system that knows no locks refuses nobody.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// The recipe as the run folder keeps it: every default written out, its scenes beside it.
fn own_recipe(prepared: &Prepared) -> String {
    let mut recipe = prepared.recipe.clone();
    recipe.scene = Scenes(prepared.texts.iter().map(|(name, _)| format!("{SCENES}/{name}")).collect());
    // (Data sets stay where they are.)
    recipe::resolved(&recipe)
}

/// Refuses another recipe, or other scenes, than the run was started with.
///
/// # Errors
/// With the first difference; or where a file cannot be read.
pub fn same_recipe(prepared: &Prepared, run: &Path) -> Result<(), RunError> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|source| RunError::File { path: path.into(), source });
    let other = |difference: String| Err(RunError::OtherRecipe { path: run.into(), difference });
    let theirs = read(&run.join(RECIPE))?;
    if let Some(difference) = difference(&theirs, &own_recipe(prepared)) {
        return other(difference);
    }
    for (name, text) in &prepared.texts {
        if read(&run.join(SCENES).join(name).join("scene.ron"))? != *text {
            return other(format!("the scene `{name}` has changed since"));
        }
    }
    Ok(())
}

/// The first difference between two recipes as [`recipe::resolved`] lays them out, one field a line: `` `learner.rate` was 0.0003 and is 0.001 ``.
fn difference(theirs: &str, ours: &str) -> Option<String> {
    // The fields around the line at hand.
    let mut around: Vec<&str> = Vec::new();
    for (theirs, ours) in theirs.lines().zip(ours.lines()) {
        let [theirs, ours] = [theirs, ours].map(|line| line.trim().trim_end_matches(','));
        let [(field, was), (other, is)] = [theirs, ours].map(|line| line.split_once(": ").unwrap_or(("", line)));
        if theirs != ours {
            let path: Vec<&str> = around.iter().copied().chain([field]).filter(|name| !name.is_empty()).collect();
            let closed = |text: &str| text.ends_with(['(', '[']) || [")", "]"].contains(&text);
            return Some(if field != other || closed(was) || closed(is) || path.is_empty() {
                format!("`{}` is another", if path.is_empty() { "the recipe".into() } else { path.join(".") })
            } else {
                format!("`{}` was {was} and is {is}", path.join("."))
            });
        }
        if ours.ends_with(['(', '[']) {
            around.push(field);
        } else if [")", "]"].contains(&ours) {
            around.pop();
        }
    }
    (theirs != ours).then(|| "its end is another".into())
}
