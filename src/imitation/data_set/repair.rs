//! Mends what a crash left: episodes that are whole but not counted yet are adopted, what is incomplete is removed.

use super::files::{EpisodeRow, Info, places, read_episodes, write_statistics, write_tasks};
use super::sidecar::{self, Line};
use super::writer::{hold, undoing};
use super::{DataSetError, statistics};
use crate::durable;
use std::collections::BTreeMap;
use std::path::Path;

/// What a repair did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Repaired {
    /// Episodes of the set now.
    pub episodes: usize,
    /// Whole episodes that were not counted yet, and are now.
    pub adopted: usize,
    /// Files removed that belonged to no counted episode.
    pub removed: usize,
}

/// Repairs a data set. With `drop`, whole episodes that were not counted yet are removed too.
///
/// # Errors
/// Where another process records to it, an episode that was counted is damaged, or a file cannot be written.
pub fn repair(root: &Path, drop: bool) -> Result<Repaired, DataSetError> {
    durable::recover(root).map_err(DataSetError::file(root))?;
    // Before anything is put into the folder.
    Info::read(root)?;
    let held = hold(root)?;
    let repaired = repair_held(root, drop)?;
    std::mem::drop(held);
    let folder = super::writer::recording(root);
    std::fs::remove_dir_all(&folder).map_err(DataSetError::file(&folder))?;
    Ok(repaired)
}

/// The same for whoever holds the set.
pub(super) fn repair_held(root: &Path, drop: bool) -> Result<Repaired, DataSetError> {
    let mut info = Info::read(root)?;
    let counted = info.total_episodes;
    let note = undoing(root);
    let undone: Option<usize> = std::fs::read_to_string(&note).ok().and_then(|text| text.trim().parse().ok());
    let goal = undone.map_or(counted, |episode| counted.min(episode));

    let mut rows = BTreeMap::new();
    for (place, path) in places(&root.join("meta/episodes")) {
        // A row that cannot be read is not whole; if it was counted, that is found below.
        for row in read_episodes(place, &path).unwrap_or_default() {
            rows.insert(row.episode, row);
        }
    }
    let path = sidecar::lines_path(root);
    let lines: Vec<Line> = if path.is_file() { durable::lines(&path).map_err(DataSetError::content(&path))? } else { Vec::new() };
    // The last line of an index counts: one that was written again after a failure.
    let mut lines: BTreeMap<usize, Line> = lines.into_iter().map(|line| (line.episode_index, line)).collect();
    let ours = !lines.is_empty() || counted == 0;

    let mut kept: Vec<EpisodeRow> = Vec::new();
    let mut from = 0;
    while let Some(row) = rows.get(&kept.len()) {
        let (episode, adopting) = (kept.len(), kept.len() >= goal);
        if row.from != from || (ours && !lines.contains_key(&episode)) || !row.data.data(root).is_file() {
            break;
        }
        if adopting && (drop || undone.is_some() || !is_whole(root, row, &lines, &info)) {
            break;
        }
        from += row.length;
        kept.push(row.clone());
    }
    if kept.len() < goal {
        let message = format!(
            "episode {} of {goal} is damaged or missing: nothing was changed. Put its files back, or take it out with `apprentice data drop`",
            kept.len()
        );
        return Err(DataSetError::Content { path: root.into(), message });
    }

    let mut repaired = Repaired { episodes: kept.len(), adopted: kept.len() - goal, removed: 0 };
    let whole = kept.len() == counted && undone.is_none();
    lines.retain(|episode, _| *episode < kept.len());
    if !whole || std::fs::metadata(&path).is_ok_and(|_| line_count(&path) != lines.len()) {
        let text = lines.values().map(|line| serde_json::to_string(line).map(|line| line + "\n")).collect::<Result<String, _>>();
        let write_lines = || durable::write(&path, text.map_err(DataSetError::content(&path))?).map_err(DataSetError::file(&path));
        if ours {
            write_lines()?;
        }
    }
    if !whole {
        let mut all = Vec::new();
        kept.iter().for_each(|row| statistics::merge(&mut all, &row.statistics));
        let mut tasks: Vec<String> = Vec::new();
        for task in kept.iter().flat_map(|row| &row.tasks) {
            if !tasks.contains(task) {
                tasks.push(task.clone());
            }
        }
        info.count(kept.len(), from, tasks.len());
        if !tasks.is_empty() {
            write_tasks(root, &tasks)?;
        }
        write_statistics(root, &all)?;
        info.write(root)?;
    }
    repaired.removed = remove_uncounted(root, &kept, ours)?;
    if note.exists() {
        std::fs::remove_file(&note).map_err(DataSetError::file(&note))?;
    }
    Ok(repaired)
}

/// Whether everything of an uncounted episode is there, and is what was written.
fn is_whole(root: &Path, row: &EpisodeRow, lines: &BTreeMap<usize, Line>, info: &Info) -> bool {
    let Some(line) = lines.get(&row.episode) else { return false };
    let Ok(batches) = super::table::read(&row.data.data(root)) else { return false };
    let [batch] = &batches[..] else { return false };
    let read = |path| std::fs::read(path).map(|bytes| sidecar::hash_of(&bytes)).unwrap_or_default();
    batch.num_rows() == row.length
        && row.statistics.len() == info.features.0.len()
        && super::frames::content_hash(batch).is_ok_and(|hash| sidecar::hex(hash) == line.frames_hash)
        && read(sidecar::snapshot_path(root, row.episode)) == line.snapshot_hash
        && read(sidecar::inputs_path(root, row.episode)) == line.inputs_hash
}

fn line_count(path: &Path) -> usize {
    std::fs::read(path).map_or(0, |bytes| bytes.split_inclusive(|byte| *byte == b'\n').count())
}

/// Removes the files of frames, rows, snapshots and inputs that belong to no counted episode, and what was half written.
fn remove_uncounted(root: &Path, kept: &[EpisodeRow], ours: bool) -> Result<usize, DataSetError> {
    let mut removed = 0;
    let mut remove = |path: &Path| {
        removed += 1;
        std::fs::remove_file(path).map_err(DataSetError::file(path))
    };
    let last_data = kept.last().map(|row| row.data);
    for (_, path) in places(&root.join("data")).into_iter().filter(|(place, _)| Some(*place) > last_data) {
        remove(&path)?;
    }
    let last_meta = kept.last().map(|row| row.meta);
    for (_, path) in places(&root.join("meta/episodes")).into_iter().filter(|(place, _)| Some(*place) > last_meta) {
        remove(&path)?;
    }
    let mut folders = vec![root.to_owned(), root.join("meta")];
    for folder in [root.join("data"), root.join("meta/episodes")] {
        folders.extend(std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()));
    }
    if ours {
        for folder in ["snapshots", "inputs"] {
            let folder = root.join("meta/sandbox").join(folder);
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let number = path.file_stem().and_then(|stem| stem.to_str()?.strip_prefix("episode-")?.parse::<usize>().ok());
                if number.is_some_and(|number| number >= kept.len()) {
                    remove(&path)?;
                }
            }
            folders.push(folder);
        }
        folders.push(root.join("meta/sandbox"));
    }
    for folder in folders {
        durable::sweep(&folder).map_err(DataSetError::file(&folder))?;
    }
    Ok(removed)
}
