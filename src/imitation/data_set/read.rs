//! [`DataSet`]: a data set on the disk, read.

use super::DataSetError;
use super::features::{Division, EPISODE};
use super::files::{EpisodeRow, Info, Place, places, read_episodes, read_tasks};
use super::frames;
use super::sidecar::{self, Line};
use super::table;
use super::writer::hold;
use crate::arena::Snapshot;
use crate::durable;
use crate::imitation::demonstration::Demonstration;
use crate::scene::plan::Plan;
use arrow_array::RecordBatch;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A data set on the disk. Its frames are read when they are asked for.
pub struct DataSet {
    /// Its folder.
    pub root: PathBuf,
    /// `meta/info.json`.
    pub info: Info,
    /// Tasks, by index.
    pub tasks: Vec<String>,
    /// The rows of `meta/episodes`, by episode.
    pub episodes: Vec<EpisodeRow>,
    /// What the sidecar says of each episode; empty where another tool made the set.
    pub lines: Vec<Line>,
    /// The file of frames that was read last.
    last: Mutex<Option<(Place, Vec<RecordBatch>)>>,
}

/// All that a set holds of an episode, as it moves from set to set.
#[derive(Clone)]
pub struct Entry {
    /// Its frames.
    pub frames: RecordBatch,
    /// What was to be done.
    pub tasks: Vec<String>,
    /// What the sidecar says.
    pub line: Line,
    /// Bytes of the snapshot's file.
    pub snapshot: Vec<u8>,
    /// Bytes of the inputs' file.
    pub inputs: Vec<u8>,
}

impl DataSet {
    /// Opens a set: all of `meta/`, no frames.
    ///
    /// # Errors
    /// Where it is no data set, or its parts do not agree: `data repair` may help then.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, DataSetError> {
        let root = root.into();
        durable::recover(&root).map_err(DataSetError::file(&root))?;
        let info = Info::read(&root)?;
        let mut episodes = Vec::new();
        for (place, path) in places(&root.join("meta/episodes")) {
            episodes.extend(read_episodes(place, &path)?);
        }
        // What a crash left behind the last counted episode is no part of the set.
        episodes.retain(|row| row.episode < info.total_episodes);
        episodes.sort_by_key(|row| row.episode);
        let broken =
            |message: String| DataSetError::Content { path: root.clone(), message: format!("{message}: try `apprentice data repair`") };
        if episodes.len() != info.total_episodes {
            return Err(broken(format!("`info.json` counts {} episodes, `meta/episodes` has {}", info.total_episodes, episodes.len())));
        }
        let mut from = 0;
        for (index, row) in episodes.iter().enumerate() {
            if row.episode != index || row.from != from {
                return Err(broken(format!("episode {index} is not where it should be")));
            }
            from += row.length;
        }
        if from != info.total_frames {
            return Err(broken(format!("`info.json` counts {} frames, the episodes have {from}", info.total_frames)));
        }
        let tasks = if info.total_episodes == 0 { Vec::new() } else { read_tasks(&root).map_err(|error| broken(error.to_string()))? };
        let path = sidecar::lines_path(&root);
        let mut lines: Vec<Line> = if path.is_file() { durable::lines(&path).map_err(DataSetError::content(&path))? } else { Vec::new() };
        lines.retain(|line| line.episode_index < info.total_episodes);
        if !lines.is_empty() && !lines.iter().map(|line| line.episode_index).eq(0..info.total_episodes) {
            return Err(broken("`meta/sandbox/episodes.jsonl` has other episodes than `meta/episodes`".into()));
        }
        Ok(Self { root, info, tasks, episodes, lines, last: Mutex::new(None) })
    }

    /// Keeps others from writing to it until the file is dropped.
    ///
    /// # Errors
    /// Where another process writes to it.
    pub fn hold(&self) -> Result<File, DataSetError> {
        hold(&self.root)
    }

    /// How many episodes it has.
    pub fn len(&self) -> usize {
        self.episodes.len()
    }

    /// Whether it has no episode.
    pub fn is_empty(&self) -> bool {
        self.episodes.is_empty()
    }

    /// The row of `meta/episodes` of an episode.
    ///
    /// # Errors
    /// Where there is no such episode.
    pub fn row(&self, episode: usize) -> Result<&EpisodeRow, DataSetError> {
        let none = || DataSetError::NoEpisode { path: self.root.clone(), episode, count: self.len() };
        self.episodes.get(episode).ok_or_else(none)
    }

    /// What the sidecar says of an episode.
    ///
    /// # Errors
    /// Where there is no such episode, or another tool made the set.
    pub fn line(&self, episode: usize) -> Result<&Line, DataSetError> {
        self.row(episode)?;
        self.lines.get(episode).ok_or_else(|| {
            DataSetError::Refused(format!(
                "{} was not recorded by apprentice: it says neither scene nor starting state",
                self.root.display()
            ))
        })
    }

    /// The frames of an episode.
    ///
    /// # Errors
    /// Where there is no such episode, or its file does not have them.
    pub fn frames(&self, episode: usize) -> Result<RecordBatch, DataSetError> {
        let row = self.row(episode)?;
        let path = row.data.data(&self.root);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_none_or(|(place, _)| *place != row.data) {
            *last = Some((row.data, table::read(&path)?));
        }
        let batches = last.iter().flat_map(|(_, batches)| batches);
        frames_of(batches, row).map_err(DataSetError::content(&path))
    }

    /// The scene in which an episode was played, made ready.
    ///
    /// # Errors
    /// Where the sidecar does not have it.
    pub fn plan(&self, episode: usize) -> Result<Arc<Plan>, DataSetError> {
        sidecar::plan(&self.root, self.line(episode)?)
    }

    /// An episode as it was recorded. `plan` is its scene's.
    ///
    /// # Errors
    /// Where its parts are not there or hold something else.
    pub fn demonstration(&self, episode: usize, plan: &Plan) -> Result<Demonstration, DataSetError> {
        let Entry { frames, line, snapshot, inputs, .. } = self.entry(episode)?;
        let path = sidecar::snapshot_path(&self.root, episode);
        let snapshot = Snapshot::from_bytes(&snapshot).map_err(DataSetError::content(&path))?;
        if snapshot.agents() != plan.agents().count() {
            let message = format!("it holds {} agents, where the scene has {}", snapshot.agents(), plan.agents().count());
            return Err(DataSetError::Content { path, message });
        }
        let path = self.row(episode)?.data.data(&self.root);
        let rows = frames::rows(&frames, &Division::of(plan)).map_err(DataSetError::content(&path))?;
        if let Some(message) = rows.unfit(plan) {
            return Err(DataSetError::Content { path, message });
        }
        Ok(Demonstration {
            lesson: line.lesson,
            snapshot,
            rows,
            outcome: line.outcome,
            stopped: line.stopped,
            success_once: line.success_once,
            score: line.score,
            team: line.team,
            final_observation: line.final_observation,
            marked: line.marked,
            quality: line.quality,
            inputs,
        })
    }

    /// All that the set holds of an episode.
    ///
    /// # Errors
    /// Where a part is missing.
    pub fn entry(&self, episode: usize) -> Result<Entry, DataSetError> {
        let read = |path: PathBuf| std::fs::read(&path).map_err(DataSetError::file(&path));
        Ok(Entry {
            frames: self.frames(episode)?,
            tasks: self.row(episode)?.tasks.clone(),
            line: self.line(episode)?.clone(),
            snapshot: read(sidecar::snapshot_path(&self.root, episode))?,
            inputs: read(sidecar::inputs_path(&self.root, episode))?,
        })
    }

    /// What is wrong with the set on the disk, in sentences: indices, timestamps, hashes of files. Empty where nothing is. (Replaying is another
    /// matter: [`crate::imitation::replay`].)
    pub fn faults(&self) -> Vec<String> {
        (0..self.len())
            .flat_map(|episode| self.faults_of(episode).into_iter().map(move |fault| format!("episode {episode}: {fault}")))
            .collect()
    }

    fn faults_of(&self, episode: usize) -> Vec<String> {
        let mut faults = Vec::new();
        let frames = match self.frames(episode) {
            Ok(frames) => frames,
            Err(error) => return vec![error.to_string()],
        };
        let row = &self.episodes[episode];
        let task = row.tasks.first().and_then(|task| self.tasks.iter().position(|other| other == task));
        let standing = frames::Standing { episode, first: row.from, task: task.unwrap_or(0), fps: self.info.fps };
        match frames::renumbered(&frames, standing) {
            Ok(renumbered) if renumbered == frames => {}
            Ok(_) => faults.push("its indices or timestamps are not what they should be".into()),
            Err(error) => faults.push(error),
        }
        // (Videos stand in files of their own.)
        for (name, feature) in self.info.features.0.iter().filter(|(_, feature)| !feature.is_video()) {
            match (frames.column_by_name(name), table::data_type(feature)) {
                (None, _) => faults.push(format!("the column `{name}` is missing")),
                (Some(array), Some(kind)) if !array.data_type().equals_datatype(&kind) => {
                    faults.push(format!("the column `{name}` is {}, not {kind}", array.data_type()));
                }
                // Pictures, and tables in rows, are other tools' affair.
                (Some(_), None) if feature.dtype != "image" && feature.shape.len() < 2 => {
                    faults.push(format!("`info.json` says that the column `{name}` is `{}`, which is no kind of column", feature.dtype));
                }
                _ => {}
            }
        }
        if !self.lines.is_empty() {
            match (self.entry(episode), frames::content_hash(&frames)) {
                (Ok(entry), Ok(hash)) => {
                    let line = &entry.line;
                    let parts = [
                        ("its frames have", sidecar::hex(hash), &line.frames_hash),
                        ("its snapshot has", sidecar::hash_of(&entry.snapshot), &line.snapshot_hash),
                        ("its inputs have", sidecar::hash_of(&entry.inputs), &line.inputs_hash),
                    ];
                    let changed = parts.into_iter().filter(|(_, found, kept)| found != *kept);
                    faults.extend(changed.map(|(what, ..)| format!("{what} changed since it was recorded")));
                }
                (Err(error), _) => faults.push(error.to_string()),
                (_, Err(error)) => faults.push(error),
            }
        }
        faults
    }
}

/// The frames of the episode of `row`, in what its file holds.
pub(super) fn frames_of<'a>(batches: impl IntoIterator<Item = &'a RecordBatch>, row: &EpisodeRow) -> Result<RecordBatch, String> {
    let episode = row.episode;
    for batch in batches {
        let indices = table::read_longs(batch, EPISODE)?;
        let first = indices.partition_point(|index| *index < episode as i64);
        let length = indices.partition_point(|index| *index <= episode as i64) - first;
        if length > 0 && length != row.length {
            return Err(format!("episode {episode} has {length} rows, where `meta/episodes` counts {}", row.length));
        }
        if length > 0 {
            return Ok(batch.slice(first, length));
        }
    }
    Err(format!("episode {episode} is not in it"))
}

/// The episodes of a set that `path` could mean: whether it looks like a data set at all.
pub fn is_data_set(path: &Path) -> bool {
    Info::path(path).is_file()
}
