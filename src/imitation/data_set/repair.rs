//! Mends what a crash left: episodes that are whole but not counted yet are adopted, what is incomplete is removed.
//!
//! A crash leaves at most the files of one episode that has no line in the sidecar yet: only such are removed. Whatever has a line was
//! whole once. If it is not now, something else went wrong, and nothing is removed unless that is asked for.

use super::files::{EpisodeRow, Info, Place, places, read_episodes, read_tasks, write_statistics, write_tasks};
use super::read::frames_of;
use super::sidecar::{self, Line};
use super::writer::{hold, undoing};
use super::{DataSetError, statistics, table};
use crate::durable;
use arrow_array::RecordBatch;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a repair did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Repaired {
    /// Episodes of the set now.
    pub episodes: usize,
    /// Whole episodes that were not counted yet, and are now.
    pub adopted: usize,
    /// Files removed that belonged to no counted episode.
    pub removed: usize,
    /// Whether frames or tasks were counted wrongly, or the list of tasks was not there: they are written anew.
    pub recounted: bool,
}

/// Repairs a data set. With `drop`, episodes that were not counted yet are removed, whole or not. Of files of frames that are counted only the
/// ends are read: what else is wrong with them, [`super::DataSet::faults`] finds.
///
/// # Errors
/// Where another process records to it, an episode that was counted is damaged, what is not counted should not be removed, or a file cannot
/// be written.
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

/// All that `meta/` says of episodes, counted or not.
struct Found {
    rows: BTreeMap<usize, EpisodeRow>,
    lines: BTreeMap<usize, Line>,
    /// A file of `meta/episodes` that cannot be read.
    unreadable: Option<DataSetError>,
    /// Whether it was recorded by us.
    ours: bool,
}

impl Found {
    fn read(root: &Path) -> Result<Self, DataSetError> {
        let (mut rows, mut unreadable) = (BTreeMap::new(), None);
        for (place, path) in places(&root.join("meta/episodes")) {
            match read_episodes(place, &path) {
                Ok(found) => rows.extend(found.into_iter().map(|row| (row.episode, row))),
                Err(error) => unreadable = unreadable.or(Some(error)),
            }
        }
        let path = sidecar::lines_path(root);
        let lines: Vec<Line> = if path.is_file() { durable::lines(&path).map_err(DataSetError::content(&path))? } else { Vec::new() };
        // The last line of an index counts: one that was written again after a failure.
        let lines: BTreeMap<usize, Line> = lines.into_iter().map(|line| (line.episode_index, line)).collect();
        let ours = !lines.is_empty() || sidecar::physics_path(root).is_file();
        Ok(Self { rows, lines, unreadable, ours })
    }

    /// Why `meta/` does not have the episode that would be the next one, whose first frame would be `from`.
    fn gap(&self, episode: usize, from: usize) -> Option<String> {
        match self.rows.get(&episode) {
            None => Some(match &self.unreadable {
                Some(error) => error.to_string(),
                None => "`meta/episodes` has no row of it".into(),
            }),
            Some(row) if row.from != from => Some(format!("its row in `meta/episodes` begins at frame {}, not {from}", row.from)),
            Some(_) if self.ours && !self.lines.contains_key(&episode) => Some("`meta/sandbox/episodes.jsonl` has no line of it".into()),
            Some(_) => None,
        }
    }

    /// Episodes that stand in the same file of frames or of rows as this one.
    fn beside(&self, row: &EpisodeRow) -> Vec<usize> {
        let shares = |other: &&EpisodeRow| other.data == row.data || other.meta == row.meta;
        self.rows.values().filter(shares).map(|other| other.episode).collect()
    }

    /// Refuses where one of the first `count` episodes has no frames that can be read.
    fn must_have_frames(&self, root: &Path, count: usize) -> Result<(), DataSetError> {
        let mut lengths = BTreeMap::<Place, usize>::new();
        for row in self.rows.values().take(count) {
            *lengths.entry(row.data).or_default() += row.length;
        }
        let fault = |(place, length): (Place, usize)| {
            let why = match table::size(&place.data(root)) {
                Ok((rows, _)) if rows >= length => return None,
                Ok((rows, _)) => format!("{} has {rows} rows, where {length} are counted", place.data(root).display()),
                Err(error) => error.to_string(),
            };
            Some((place, why))
        };
        let faults: Vec<(Place, String)> = lengths.into_iter().filter_map(fault).collect();
        let Some((_, why)) = faults.first() else { return Ok(()) };
        let lost = self.rows.values().take(count).filter(|row| faults.iter().any(|(place, _)| *place == row.data));
        let lost: Vec<usize> = lost.map(|row| row.episode).collect();
        let listed = lost.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let message = format!(
            "episode {} of {count} is damaged or missing: {why}. Nothing was changed. Put the file back, or take out what was in it: \
             `apprentice data drop {} --episodes {listed}`",
            lost[0],
            root.display()
        );
        Err(DataSetError::Content { path: root.into(), message })
    }

    /// Refuses where more would be removed than a crash can have left: of the episodes from `first` on. `asked`: they are to be removed.
    fn must_be_a_crash(&self, root: &Path, first: usize, asked: bool) -> Result<(), DataSetError> {
        let refuse = |message: String| Err(DataSetError::Content { path: root.into(), message: format!("{message}. Nothing was changed") });
        for row in self.rows.range(first..).map(|(_, row)| row) {
            let beside = self.beside(row);
            if beside.len() > 1 {
                return refuse(format!(
                    "episode {} is not counted, and cannot be removed: it stands in a file with {} others. (`apprentice data repair` \
                     adopts what is whole, `apprentice data drop` takes out what is counted)",
                    row.episode,
                    beside.len() - 1
                ));
            }
        }
        let last = self.rows.range(..first).next_back().map(|(_, row)| row.data);
        for (_, path) in places(&root.join("data")).into_iter().filter(|(place, _)| Some(*place) > last) {
            if self.rows.values().all(|row| row.data.data(root) != path) && table::size(&path).is_ok_and(|(_, groups)| groups > 1) {
                return refuse(format!("{} has several episodes, of which `meta/episodes` has no row: put that back", path.display()));
            }
        }
        if asked {
            return Ok(());
        }
        if let Some(error) = &self.unreadable {
            return refuse(format!("{error}: put the file back, or remove what is not counted with `apprentice data repair --drop`"));
        }
        match self.lines.range(first..).next() {
            Some((episode, _)) => refuse(format!(
                "episode {episode} is not counted, and not whole: put its files back, or remove it with `apprentice data repair --drop`"
            )),
            None => Ok(()),
        }
    }
}

/// The same for whoever holds the set.
pub(super) fn repair_held(root: &Path, drop: bool) -> Result<Repaired, DataSetError> {
    let mut info = Info::read(root)?;
    let counted = info.total_episodes;
    let note = undoing(root);
    let undone: Option<usize> = std::fs::read_to_string(&note).ok().and_then(|text| text.trim().parse().ok());
    let goal = undone.map_or(counted, |episode| counted.min(episode));
    let mut found = Found::read(root)?;

    let (mut kept, mut from, mut file) = (Vec::<EpisodeRow>::new(), 0, None);
    while found.gap(kept.len(), from).is_none() {
        let row = &found.rows[&kept.len()];
        if row.episode >= goal && (drop || undone.is_some() || !is_whole(root, row, &found.lines, &info, &mut file)) {
            break;
        }
        from += row.length;
        kept.push(row.clone());
    }
    if kept.len() < goal {
        let (episode, why) = (kept.len(), found.gap(kept.len(), from).unwrap_or_default());
        let message = format!("episode {episode} of {goal} is damaged or missing: {why}. Nothing was changed. Put its files back");
        return Err(DataSetError::Content { path: root.into(), message });
    }
    found.must_have_frames(root, goal)?;
    if found.ours {
        found.must_be_a_crash(root, kept.len(), drop || undone.is_some())?;
    }

    let mut needed: Vec<String> = Vec::new();
    for task in kept.iter().flat_map(|row| &row.tasks) {
        if !needed.contains(task) {
            needed.push(task.clone());
        }
    }
    let recounted = kept.len() != counted || undone.is_some();
    let tasks = read_tasks(root).ok().filter(|tasks| needed.iter().all(|task| tasks.contains(task)));
    let lacks_tasks = tasks.is_none() && !needed.is_empty();
    if lacks_tasks && !found.ours {
        let message = "the list of tasks is damaged or missing, and only its maker knows their order: put it back".into();
        return Err(DataSetError::Content { path: root.join("meta/tasks.parquet"), message });
    }
    let tasks = tasks.filter(|_| !recounted && !kept.is_empty()).unwrap_or(needed);
    let miscounted = !recounted && (lacks_tasks || (info.total_frames, info.total_tasks) != (from, tasks.len()));
    let mut repaired = Repaired { episodes: kept.len(), adopted: kept.len() - goal, removed: 0, recounted: miscounted };

    let path = sidecar::lines_path(root);
    found.lines.retain(|episode, _| *episode < kept.len());
    if found.ours && (recounted || std::fs::metadata(&path).is_ok_and(|_| line_count(&path) != found.lines.len())) {
        let text = found.lines.values().map(|line| serde_json::to_string(line).map(|line| line + "\n")).collect::<Result<String, _>>();
        durable::write(&path, text.map_err(DataSetError::content(&path))?).map_err(DataSetError::file(&path))?;
    }
    if (recounted || lacks_tasks) && !tasks.is_empty() {
        write_tasks(root, &tasks)?;
    }
    if recounted {
        let mut all = Vec::new();
        kept.iter().for_each(|row| statistics::merge(&mut all, &row.statistics));
        write_statistics(root, &all)?;
        info.count(kept.len(), from, tasks.len());
        info.write(root)?;
    } else if miscounted {
        (info.total_frames, info.total_tasks) = (from, tasks.len());
        info.write(root)?;
    }
    repaired.removed = remove_uncounted(root, &kept, found.ours)?;
    if note.exists() {
        std::fs::remove_file(&note).map_err(DataSetError::file(&note))?;
    }
    Ok(repaired)
}

/// Whether everything of an uncounted episode is there, and is what was written. `file` is the file of frames that was read last.
fn is_whole(
    root: &Path,
    row: &EpisodeRow,
    lines: &BTreeMap<usize, Line>,
    info: &Info,
    file: &mut Option<(PathBuf, Vec<RecordBatch>)>,
) -> bool {
    let Some(line) = lines.get(&row.episode) else { return false };
    let path = row.data.data(root);
    if file.as_ref().is_none_or(|(other, _)| *other != path) {
        *file = table::read(&path).ok().map(|batches| (path, batches));
    }
    let Some(frames) = file.as_ref().and_then(|(_, batches)| frames_of(batches, row).ok()) else { return false };
    let read = |path| std::fs::read(path).map(|bytes| sidecar::hash_of(&bytes)).unwrap_or_default();
    row.statistics.len() == info.features.0.len()
        && super::frames::content_hash(&frames).is_ok_and(|hash| sidecar::hex(hash) == line.frames_hash)
        && read(sidecar::snapshot_path(root, row.episode)) == line.snapshot_hash
        && read(sidecar::inputs_path(root, row.episode)) == line.inputs_hash
}

fn line_count(path: &Path) -> usize {
    std::fs::read(path).map_or(0, |bytes| bytes.split_inclusive(|byte| *byte == b'\n').count())
}

/// Removes the files of frames, rows, snapshots and inputs that belong to no counted episode, and what was half written. In a set that
/// others made, only the latter.
fn remove_uncounted(root: &Path, kept: &[EpisodeRow], ours: bool) -> Result<usize, DataSetError> {
    let mut removed = 0;
    let mut remove = |path: &Path| {
        removed += 1;
        std::fs::remove_file(path).map_err(DataSetError::file(path))
    };
    let (last_data, last_meta) = (kept.last().map(|row| row.data), kept.last().map(|row| row.meta));
    for (folder, last) in [("data", last_data), ("meta/episodes", last_meta)] {
        for (_, path) in places(&root.join(folder)).into_iter().filter(|(place, _)| ours && Some(*place) > last) {
            remove(&path)?;
        }
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
