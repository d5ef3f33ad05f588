//! Writes a whole data set at once, in few large files: what editing and compacting leave.

use super::files::{EpisodeRow, Info, Place, write_statistics, write_tasks};
use super::frames::{self, Standing};
use super::read::{DataSet, Entry};
use super::sidecar;
use super::writer::write_rows;
use super::{DataSetError, statistics, table};
use crate::durable;
use arrow_array::RecordBatch;
use std::path::{Component, Path, PathBuf};

/// What all episodes of a new set have in common.
#[derive(Clone)]
pub struct Header {
    info: Info,
    card: Option<Vec<u8>>,
    physics: Vec<u8>,
    build: Vec<u8>,
}

impl Header {
    /// That of an existing set.
    ///
    /// # Errors
    /// Where it was not recorded by us, or has videos, which cannot be moved yet.
    pub fn of(set: &DataSet) -> Result<Self, DataSetError> {
        if let Some(video) = set.info.video() {
            let message = format!("{} has videos (`{video}`): sets with videos can be read, not edited", set.root.display());
            return Err(DataSetError::Refused(message));
        }
        if !set.is_empty() {
            set.line(0)?;
        }
        let read = |path: PathBuf| std::fs::read(&path).map_err(DataSetError::file(&path));
        Ok(Self {
            info: set.info.clone(),
            card: std::fs::read(set.root.join("README.md")).ok(),
            physics: read(sidecar::physics_path(&set.root))?,
            build: read(sidecar::build_path(&set.root))?,
        })
    }

    /// The first difference that keeps two sets from being merged, as a sentence.
    pub fn difference(&self, other: &Self) -> Option<String> {
        if self.info.fps != other.info.fps {
            return Some(format!("{} rows a second in one, {} in the other", self.info.fps, other.info.fps));
        }
        if self.info.robot_type != other.info.robot_type {
            return Some("they were recorded with different bodies".into());
        }
        if self.physics != other.physics {
            return Some("their worlds were moved by different physics".into());
        }
        super::features::difference(&other.info.features, &self.info.features)
    }
}

/// Writes a set of these episodes: whole, or not at all. A set that is already at `root` is replaced; what else stands in its folder stays. `scenes` holds the `scene-*.ron` that the
/// episodes name.
///
/// # Errors
/// Where an entry cannot be had, or a file not be written.
pub fn pack(
    root: &Path,
    header: &Header,
    scenes: &[(String, String)],
    entries: impl Iterator<Item = Result<Entry, DataSetError>>,
) -> Result<(), DataSetError> {
    if let Some(folder) = root.parent() {
        std::fs::create_dir_all(folder).map_err(DataSetError::file(folder))?;
    }
    let written = durable::write_folder(root, |beside| {
        fill(beside, header, scenes, entries)?;
        if root.is_dir() { Ok(carry(root, beside)?) } else { Ok(()) }
    });
    written.map_err(|error| match error {
        Failure::Set(error) => error,
        Failure::File(source) => DataSetError::file(root)(source),
    })
}

/// Whether a file or folder of a set's folder belongs to the set: it is written anew, or over.
fn is_of_set(path: &Path) -> bool {
    let names: Vec<&str> =
        path.components().map(|part| if let Component::Normal(name) = part { name.to_str().unwrap_or("") } else { "" }).collect();
    match names[..] {
        [".recording"] | ["README.md"] | ["meta", "sandbox" | "info.json" | "stats.json" | "tasks.parquet"] => true,
        ["data", chunk, file] | ["meta", "episodes", chunk, file] => chunk.starts_with("chunk-") && file.ends_with(".parquet"),
        _ => false,
    }
}

/// Takes along what stands in a set's folder and does not belong to the set: `.git`, notes. The old folder keeps it until it goes.
fn carry(old: &Path, new: &Path) -> std::io::Result<()> {
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(old.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if is_of_set(&path) {
                continue;
            }
            let (from, to) = (entry.path(), new.join(&path));
            if entry.file_type()?.is_dir() {
                // (Folders of the set that are over, with nothing else in them, are not made again.)
                if !path.starts_with("data") && !path.starts_with("meta") {
                    std::fs::create_dir_all(&to)?;
                }
                folders.push(path);
                continue;
            }
            to.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            // The same file under two names for a moment, where the file system knows that.
            if std::fs::hard_link(&from, &to).is_err() {
                std::fs::copy(&from, &to)?;
            }
        }
    }
    Ok(())
}

enum Failure {
    Set(DataSetError),
    File(std::io::Error),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::File(error)
    }
}

impl From<DataSetError> for Failure {
    fn from(error: DataSetError) -> Self {
        Self::Set(error)
    }
}

fn fill(
    root: &Path,
    header: &Header,
    scenes: &[(String, String)],
    entries: impl Iterator<Item = Result<Entry, DataSetError>>,
) -> Result<(), Failure> {
    let mut info = header.info.clone();
    let limit = info.data_files_size_in_mb.max(1) << 20;
    for folder in ["meta/sandbox/snapshots", "meta/sandbox/inputs"] {
        std::fs::create_dir_all(root.join(folder))?;
    }
    let refused = |message: String| DataSetError::Content { path: root.into(), message };
    let (mut rows, mut lines, mut tasks, mut all) = (Vec::<EpisodeRow>::new(), String::new(), Vec::<String>::new(), Vec::new());
    let (mut place, mut open, mut size, mut first) = (Place::default(), Vec::<RecordBatch>::new(), 0, 0);
    for (episode, entry) in entries.enumerate() {
        let Entry { frames, tasks: texts, mut line, snapshot, inputs } = entry?;
        for text in &texts {
            if !tasks.contains(text) {
                tasks.push(text.clone());
            }
        }
        let task = texts.first().and_then(|text| tasks.iter().position(|other| other == text)).unwrap_or(0);
        let frames = frames::renumbered(&frames, Standing { episode, first, task, fps: info.fps }).map_err(refused)?;
        line.episode_index = episode;
        lines += &serde_json::to_string(&line).map_err(|error| refused(error.to_string()))?;
        lines.push('\n');
        std::fs::write(sidecar::snapshot_path(root, episode), snapshot)?;
        std::fs::write(sidecar::inputs_path(root, episode), inputs)?;
        if size > 0 && size + frames.get_array_memory_size() > limit {
            table::write(&place.data(root), open[0].schema(), &open)?;
            (place, size) = (place.next(), 0);
            open.clear();
        }
        size += frames.get_array_memory_size();
        let length = frames.num_rows();
        let part = statistics::of_columns(&frames);
        statistics::merge(&mut all, &part);
        rows.push(EpisodeRow { episode, tasks: texts, length, data: place, from: first, meta: Place::default(), statistics: part });
        open.push(frames);
        first += length;
    }
    if let Some(frames) = open.first() {
        table::write(&place.data(root), frames.schema(), &open)?;
        write_rows(root, Place::default(), &rows)?;
        write_tasks(root, &tasks)?;
        write_statistics(root, &all)?;
    }
    std::fs::write(sidecar::lines_path(root), lines)?;
    for (hash, text) in scenes {
        std::fs::write(sidecar::scene_path(root, hash), text)?;
    }
    std::fs::write(sidecar::physics_path(root), &header.physics)?;
    std::fs::write(sidecar::build_path(root), &header.build)?;
    if let Some(card) = &header.card {
        std::fs::write(root.join("README.md"), card)?;
    }
    info.count(rows.len(), first, tasks.len());
    info.write(root)?;
    Ok(())
}
