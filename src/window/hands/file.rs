//! A user's settings in a RON file.

use crate::durable;
use crate::pilot::hand::{HandCommand, HandSettings};
use crate::ron;
use ::ron::ser::{PrettyConfig, to_string_pretty};
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where a user's settings are kept: `apprentice/bindings.ron` in the folder that the system has for settings. None where it has none.
pub fn usual() -> Option<PathBuf> {
    let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let settings = if cfg!(windows) {
        folder("APPDATA")
    } else if cfg!(target_os = "macos") {
        folder("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")))
    };
    settings.map(|settings| settings.join("apprentice").join("bindings.ron"))
}

/// Reads settings; none where there is no such file.
///
/// # Errors
/// What is wrong with the file, with the place of everything that is.
pub fn read(path: &Path) -> Result<Option<HandSettings>, String> {
    if !path.exists() {
        return Ok(None);
    }
    let read = ron::read_file::<HandSettings>(path).and_then(ron::Read::finish);
    let (mut settings, _) = read.map_err(|problems| problems.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    // What is not said of a command stays as it is by default, so that a new one is not mute.
    for (command, inputs) in HandCommand::defaults() {
        settings.commands.entry(command).or_insert(inputs);
    }
    Ok(Some(settings))
}

/// Writes settings, with the folders that lead there. A file that could not be read is kept beside, as `bindings.ron.bad`: somebody wrote it.
///
/// # Errors
/// Whatever the file system says; the file is then as it was.
pub fn write(path: &Path, settings: &HandSettings) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    if read(path).is_err() {
        fs::rename(path, path.with_extension("ron.bad"))?;
    }
    let text = to_string_pretty(settings, PrettyConfig::default()).map_err(io::Error::other)?;
    durable::write(path, format!("// What hands do in apprentice's window, which writes this file. Without it, defaults hold.\n{text}\n"))
}
