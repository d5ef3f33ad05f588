//! New data sets of old ones: select, split, merge, trim, compact. Each writes a whole new set and, where it takes the place of the old one, swaps
//! them last: a kill leaves the one or the other. What stands in a set's folder beside the set, such as `.git`, stays there.

use crate::durable;
use crate::imitation::data_set::features::Division;
use crate::imitation::data_set::frames;
use crate::imitation::data_set::pack::{Header, pack};
use crate::imitation::data_set::{DataSet, DataSetError, Entry, sidecar};
use crate::imitation::demonstration::{Seat, score};
use crate::imitation::quality::Quality;
use crate::imitation::replay::snapshot_at;
use crate::signal::Outcome;
use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The scenes that a set's episodes name, with the texts of their files.
fn scenes(sets: &[&DataSet]) -> Result<Vec<(String, String)>, DataSetError> {
    let mut found = BTreeMap::new();
    for set in sets {
        for line in &set.lines {
            if !found.contains_key(&line.scene_hash) {
                let path = sidecar::scene_path(&set.root, &line.scene_hash);
                let text = std::fs::read_to_string(&path).map_err(|source| DataSetError::File { path, source })?;
                found.insert(line.scene_hash.clone(), text);
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// Makes sure of the place where a set made of `set` is to stand: its own, which nobody else may write to until the file that is returned is
/// dropped, or a new one. A link to a set stays one: what it leads to is edited.
fn take_place(set: &DataSet, out: &Path) -> Result<(PathBuf, Option<File>), DataSetError> {
    if out != set.root {
        return must_be_new(out).map(|()| (out.to_owned(), None));
    }
    let place = out.canonicalize().map_err(|source| DataSetError::File { path: out.into(), source })?;
    if std::env::current_dir().is_ok_and(|here| here.starts_with(&place)) {
        let message = "this works within the data set's folder, which another one is to replace: go out of it first (`cd ..`)";
        return Err(DataSetError::Refused(message.into()));
    }
    Ok((place, Some(set.hold()?)))
}

/// Refuses a place where something stands already.
fn must_be_new(out: &Path) -> Result<(), DataSetError> {
    durable::recover(out).map_err(|source| DataSetError::File { path: out.into(), source })?;
    match out.exists() {
        true => Err(DataSetError::Refused(format!("{} is there already: choose another place for the new data set", out.display()))),
        false => Ok(()),
    }
}

/// Writes a set of these episodes of `set`, in this order, to `out`: a new place, or that of the set itself.
///
/// # Errors
/// Where an episode is not there, or `out` is taken.
pub fn select(set: &DataSet, episodes: &[usize], out: &Path) -> Result<(), DataSetError> {
    let (place, _held) = take_place(set, out)?;
    let header = Header::of(set)?;
    pack(&place, &header, &scenes(&[set])?, episodes.iter().map(|episode| set.entry(*episode)))
}

/// Writes the episodes of a set into few large files, in its own place.
///
/// # Errors
/// As [`select`].
pub fn compact(set: &DataSet) -> Result<(), DataSetError> {
    let all: Vec<usize> = (0..set.len()).collect();
    select(set, &all, &set.root)
}

/// Writes the episodes of several sets, one set after the other, to a new place.
///
/// # Errors
/// Where the sets differ in columns, rate, body or physics.
pub fn merge(sets: &[&DataSet], out: &Path) -> Result<(), DataSetError> {
    must_be_new(out)?;
    let Some((first, rest)) = sets.split_first() else { return Err(DataSetError::Refused("there is nothing to merge".into())) };
    let header = Header::of(first)?;
    for set in rest {
        if let Some(difference) = header.difference(&Header::of(set)?) {
            let (one, other) = (first.root.display(), set.root.display());
            return Err(DataSetError::Refused(format!("{one} and {other} cannot be merged: {difference}")));
        }
    }
    let entries = sets.iter().flat_map(|set| (0..set.len()).map(|episode| set.entry(episode)));
    pack(out, &header, &scenes(sets)?, entries)
}

/// Writes the set with episode `episode` cut to `rows`, to `out`: a new place, or that of the set itself.
///
/// # Errors
/// Where there are no such rows.
pub fn trim(set: &DataSet, episode: usize, rows: Range<usize>, out: &Path) -> Result<(), DataSetError> {
    let (place, _held) = take_place(set, out)?;
    let trimmed = trimmed(set, episode, rows)?;
    let entries = (0..set.len()).map(|index| if index == episode { Ok(trimmed.clone()) } else { set.entry(index) });
    pack(&place, &Header::of(set)?, &scenes(&[set])?, entries)
}

/// An episode cut to `rows`: it then starts from a snapshot taken there, and an end that was cut off leaves it truncated. Rows that were cut
/// were neither earned nor saved: the score only falls.
fn trimmed(set: &DataSet, episode: usize, rows: Range<usize>) -> Result<Entry, DataSetError> {
    let mut entry = set.entry(episode)?;
    let length = entry.frames.num_rows();
    if rows.is_empty() || rows.end > length {
        let message = format!("episode {episode} has rows 0 to {length}; {} to {} cannot be kept", rows.start, rows.end);
        return Err(DataSetError::Refused(message));
    }
    let plan = set.plan(episode)?;
    let whole = set.demonstration(episode, &plan)?;
    let refused = |message: String| DataSetError::Content { path: set.root.clone(), message };
    if rows.start > 0 {
        let snapshot = snapshot_at(&plan, &whole, rows.start);
        entry.snapshot = snapshot.to_bytes().map_err(|error| refused(error.to_string()))?;
        entry.line.snapshot_hash = sidecar::hash_of(&entry.snapshot);
    }
    let line = &mut entry.line;
    entry.frames = entry.frames.slice(rows.start, rows.len());
    if rows.end < length {
        line.final_observation = whole.rows.observations.row(rows.end).to_vec();
        (line.outcome, line.stopped) = (Outcome::TimedOut, true);
        entry.frames = frames::truncated(&entry.frames).map_err(refused)?;
    }
    let kept = frames::rows(&entry.frames, &Division::of(&plan)).map_err(refused)?;
    // What the whole episode took until here: ticks are counted from its start, whatever was cut before.
    let steps = kept.ticks.last().map_or(0, |tick| (tick / u64::from(plan.timing.ticks_per_step())) as usize + 1);
    line.score = score(plan.task.as_ref(), &kept.rewards, steps, line.outcome);
    line.success = kept.success.last().copied().unwrap_or(false);
    line.success_once = kept.success.contains(&true);
    let seated = std::mem::take(&mut line.team);
    let outcome = |seat: &Seat| if rows.end < length { Outcome::TimedOut } else { seat.outcome };
    line.team = Seat::all(&kept, &plan, steps, seated.into_iter().map(|seat| (seat.pilot.clone(), outcome(&seat))));
    line.quality = Quality::of(&kept, plan.action.width(), plan.timing.control_hz, line.quality.slips);
    line.frames_hash = sidecar::hex(frames::content_hash(&entry.frames).map_err(refused)?);
    Ok(entry)
}
