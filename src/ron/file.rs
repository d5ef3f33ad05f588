//! Files: those that are no text, too large, or not there at all.

use super::problem::{Problem, Problems, nearest};
use super::read::{Read, read};
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

/// The largest text that is read, in bytes: 1 MiB.
pub const MOST_BYTES: usize = 1 << 20;

/// Reads a value from a RON file. See [`read`].
pub fn read_file<T: DeserializeOwned>(path: &Path) -> Result<Read<T>, Problems> {
    Ok(read(&read_text(path)?, &path.display().to_string()))
}

/// The text of a file of at most [`MOST_BYTES`]. A larger one is not read at all.
pub fn read_text(path: &Path) -> Result<String, Problems> {
    let name = path.display().to_string();
    let problem = |message: String| Problem::of_file(name.clone(), message);
    let cannot = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => missing(path),
        ErrorKind::PermissionDenied => problem("this file may not be read: permission denied".into()),
        _ => problem(format!("this file cannot be read: {error}")),
    };
    // Asked before opening: opening a pipe would wait for somebody to write into it.
    let about = std::fs::metadata(path).map_err(cannot)?;
    if about.is_dir() {
        return Err(problem("this is a folder".into()).expecting("a file").into());
    }
    if !about.is_file() {
        return Err(problem("this is no ordinary file".into()).expecting("a text file").into());
    }
    let large = |bytes: String| problem(format!("the file has {bytes} bytes")).expecting(format!("at most {MOST_BYTES} (1 MiB)"));
    if about.len() > MOST_BYTES as u64 {
        return Err(large(about.len().to_string()).into());
    }
    let mut bytes = Vec::new();
    // Bounded once more, since a file may grow, and some say that they are empty.
    File::open(path).and_then(|file| file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes)).map_err(cannot)?;
    if bytes.len() > MOST_BYTES {
        return Err(large(format!("more than {MOST_BYTES}")).into());
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..valid].iter().filter(|b| **b == b'\n').count();
        problem(format!("the file is not text in UTF-8: byte {valid}, in line {line}, belongs to no character")).into()
    })
}

/// The problem of a file that is not there, with the name nearest to it that is.
fn missing(path: &Path) -> Problem {
    let problem = Problem::of_file(path.display().to_string(), "there is no such file");
    // The first part of the path that is not there is the one that is mistyped.
    let wrong = path.ancestors().take_while(|part| !part.as_os_str().is_empty() && !part.exists()).last();
    let Some((wrong, name)) = wrong.and_then(|wrong| Some((wrong, wrong.file_name()?.to_str()?))) else { return problem };
    let folder = wrong.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .take(10_000)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => Problem { hint: Some(wrong.with_file_name(near).display().to_string()), ..problem },
        None => problem,
    }
}
