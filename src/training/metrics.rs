//! `metrics.jsonl`, the truth about a run: one object per update; and the TensorBoard event file that shows the same numbers.

use super::events::Event;
use crate::durable::{self, JsonLines, LogError};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The file's name in a run folder.
pub const FILE: &str = "metrics.jsonl";

/// What one update did. In the file an object: `{"update":3,"steps":24576,"loss.policy":-0.01,"score":0.4,"times":{..}}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Updates done since the run began, this one included.
    pub update: u64,
    /// Control steps taken since the run began, summed over arenas.
    pub steps: u64,
    /// What a clock told: the only numbers that differ between a run and its repetition. `unix` is seconds since 1970; others in seconds
    /// or per second.
    #[serde(default, with = "numbers", skip_serializing_if = "BTreeMap::is_empty")]
    pub times: BTreeMap<String, f64>,
    /// Everything else by name, `group.name` where there are several of a kind: losses, score, reward terms. A number that is not finite is
    /// `null` in the file and comes back as NaN.
    #[serde(flatten, with = "numbers")]
    pub values: BTreeMap<String, f64>,
}

impl Line {
    /// Where the line stands on the horizontal axis of a curve: control steps, or updates where no step has been taken (recorded data alone).
    pub fn place(&self) -> u64 {
        if self.steps > 0 { self.steps } else { self.update }
    }

    fn event(&self) -> Event {
        let times = self.times.iter().filter(|(name, _)| *name != "unix").map(|(name, value)| (format!("times.{name}"), *value));
        let named: Vec<_> = self.values.iter().map(|(name, value)| (name.clone(), *value)).chain(times).collect();
        Event::scalars(self.unix(), self.place(), named.iter().map(|(name, value)| (name.as_str(), *value)))
    }

    fn unix(&self) -> f64 {
        self.times.get("unix").copied().unwrap_or(0.0)
    }
}

/// Writes both files of a run.
#[derive(Debug)]
pub struct MetricsLog {
    lines: JsonLines<Line>,
    events: File,
    events_path: PathBuf,
    begun: bool,
    frames: Vec<u8>,
}

impl MetricsLog {
    /// Starts the log of a new run in `folder` (`length` 0), or goes on with one after cutting it back to the `length` in bytes that the
    /// checkpoint keeps. The event file is then written anew from what is left, so that no step shows twice.
    ///
    /// # Errors
    /// Where a file cannot be written, or `metrics.jsonl` is not the one that `length` was taken of.
    pub fn open(folder: &Path, length: u64) -> Result<Self, LogError> {
        let path = folder.join(FILE);
        let io = |source| LogError::Io { path: folder.into(), source };
        let lines = JsonLines::open(&path, length).map_err(io)?;
        let kept: Vec<Line> = durable::lines(&path)?;
        let mut frames = Vec::new();
        if let Some(first) = kept.first() {
            Event::first(first.unix()).frame(&mut frames);
        }
        for line in &kept {
            line.event().frame(&mut frames);
        }
        let (events, events_path) = renew_events(folder, &frames).map_err(io)?;
        frames.clear();
        Ok(Self { lines, events, events_path, begun: !kept.is_empty(), frames })
    }

    /// Appends one update to both files and hands them to the operating system.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn append(&mut self, line: &Line) -> io::Result<()> {
        self.lines.append(line)?;
        self.lines.flush()?;
        self.frames.clear();
        if !self.begun {
            self.begun = true;
            Event::first(line.unix()).frame(&mut self.frames);
        }
        line.event().frame(&mut self.frames);
        self.events.write_all(&self.frames)
    }

    /// Puts `metrics.jsonl` on the disk and returns its length in bytes, to be kept in a checkpoint.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn mark(&mut self) -> io::Result<u64> {
        self.lines.mark()
    }

    /// The event file.
    pub fn events_path(&self) -> &Path {
        &self.events_path
    }
}

/// Reads the `metrics.jsonl` of the run in `folder`, without a last line that a kill tore.
///
/// # Errors
/// Where the file cannot be read, or a whole line holds something else.
pub fn read(folder: &Path) -> Result<Vec<Line>, LogError> {
    durable::lines(&folder.join(FILE))
}

/// Replaces the event files in `folder` by one that holds `frames`. Its number is one higher than any before: a TensorBoard that is
/// looking on never reads an old name again, but does go on to a later one.
fn renew_events(folder: &Path, frames: &[u8]) -> io::Result<(File, PathBuf)> {
    let number = |path: &Path| -> Option<u32> {
        path.file_name()?.to_str()?.strip_prefix("events.out.tfevents.")?.strip_suffix(".apprentice")?.parse().ok()
    };
    let mut old = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        old.extend(number(&path).map(|number| (number, path)));
    }
    let next = old.iter().map(|(number, _)| number + 1).max().unwrap_or(0);
    let path = folder.join(format!("events.out.tfevents.{next:010}.apprentice"));
    durable::write(&path, frames)?;
    for (_, path) in old {
        fs::remove_file(path)?;
    }
    Ok((File::options().append(true).open(&path)?, path))
}

/// Numbers by name, in which JSON's `null` stands for what is not finite.
mod numbers {
    use super::{BTreeMap, Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(values: &BTreeMap<String, f64>, serializer: S) -> Result<S::Ok, S::Error> {
        // serde_json writes what is not finite as null.
        serializer.collect_map(values)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, f64>, D::Error> {
        let values = BTreeMap::<String, Option<f64>>::deserialize(deserializer)?;
        Ok(values.into_iter().map(|(name, value)| (name, value.unwrap_or(f64::NAN))).collect())
    }
}
