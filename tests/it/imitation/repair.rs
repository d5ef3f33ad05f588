//! What a repair makes of sets that no crash left so.

use super::data_set::uncount;
use super::{assert_sound, demonstrations, plan, saved};
use apprentice::imitation::data_set::repair::repair;
use apprentice::imitation::data_set::writer::Writer;
use apprentice::imitation::data_set::{DataSet, sidecar};
use apprentice::imitation::edit::{compact, select};
use apprentice::pilot::Pilot;
use arrow_array::{Int64Array, RecordBatch, StringArray};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// Changes `meta/info.json`.
fn change(root: &Path, change: impl FnOnce(&mut serde_json::Map<String, Value>)) {
    let path = root.join("meta/info.json");
    let mut info: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(info.as_object_mut().unwrap());
    fs::write(path, info.to_string()).unwrap();
}

/// Cuts a file to its first half.
fn truncate(path: &Path) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
}

#[track_caller]
fn refusal(root: &Path, drop: bool) -> String {
    repair(root, drop).unwrap_err().to_string()
}

#[test]
fn a_compacted_set_that_counts_too_few_episodes_loses_none() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("set");
    let plan = plan("balance");
    compact(&saved(&root, &plan, &demonstrations(&plan, 6, Pilot::expert(), 1))).unwrap();
    for count in [0, 2] {
        change(&root, |info| info["total_episodes"] = count.into());
        let error = refusal(&root, true);
        assert!(error.contains("stands in a file with 5 others"), "{error}");
        let (writer, repaired) = Writer::open(&root, &plan, false).unwrap();
        assert_eq!((repaired.episodes, repaired.adopted, repaired.removed), (6, 6 - count, 0));
        assert_sound(&writer.finish().unwrap(), 6);
    }
    // Nor does one whose rows cannot be read, or whose count is not there.
    change(&root, |info| info["total_episodes"] = 0.into());
    let rows = root.join("meta/episodes/chunk-000/file-000.parquet");
    let whole = fs::read(&rows).unwrap();
    truncate(&rows);
    for drop in [false, true] {
        let error = refusal(&root, drop);
        assert!(error.contains("has several episodes"), "{error}");
    }
    fs::write(&rows, whole).unwrap();
    repair(&root, false).unwrap();
    change(&root, |info| drop(info.remove("total_episodes")));
    let error = refusal(&root, false);
    assert!(error.contains("info.json") && error.contains("missing field `total_episodes`"), "{error}");
    assert!(Writer::open(&root, &plan, false).is_err());
    change(&root, |info| drop(info.insert("total_episodes".into(), 6.into())));
    assert_sound(&DataSet::open(&root).unwrap(), 6);
}

#[test]
fn what_was_whole_once_is_removed_only_when_asked() {
    let plan = plan("balance");
    for lost in [
        "data/chunk-000/file-002.parquet",
        "meta/episodes/chunk-000/file-002.parquet",
        "meta/sandbox/snapshots/episode-000002.bin",
        "meta/sandbox/inputs/episode-000002.bin",
    ] {
        let folder = TempDir::new().unwrap();
        uncount(folder.path(), &plan, 1, 3);
        fs::remove_file(folder.path().join(lost)).unwrap();
        let error = refusal(folder.path(), false);
        assert!(error.contains("episode 2 is not counted, and not whole"), "{lost}: {error}");
        assert_eq!(repair(folder.path(), true).unwrap().episodes, 1, "{lost}");
        assert_sound(&DataSet::open(folder.path()).unwrap(), 1);
    }
}

#[test]
fn frames_and_tasks_are_counted_anew() {
    let folder = TempDir::new().unwrap();
    let plan = plan("balance");
    let whole = saved(folder.path(), &plan, &demonstrations(&plan, 2, Pilot::expert(), 1));
    change(folder.path(), |info| info["total_frames"] = 7.into());
    let error = DataSet::open(folder.path()).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("data repair"), "{error}");
    assert!(repair(folder.path(), false).unwrap().recounted);
    fs::remove_file(folder.path().join("meta/tasks.parquet")).unwrap();
    let error = DataSet::open(folder.path()).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("data repair"), "{error}");
    assert!(repair(folder.path(), false).unwrap().recounted);
    let set = DataSet::open(folder.path()).unwrap();
    assert_eq!((set.tasks, set.info.total_frames, set.info.splits), (whole.tasks, whole.info.total_frames, whole.info.splits));
    let set = DataSet::open(folder.path()).unwrap();
    assert_sound(&set, 2);
    assert!(!repair(folder.path(), false).unwrap().recounted, "there is nothing left to mend");
}

#[test]
fn a_damaged_file_of_frames_is_found_and_its_episodes_can_be_taken_out() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("set");
    let plan = plan("balance");
    saved(&root, &plan, &demonstrations(&plan, 3, Pilot::expert(), 1));
    truncate(&root.join("data/chunk-000/file-001.parquet"));
    let error = refusal(&root, false);
    assert!(error.contains("episode 1 of 3 is damaged") && error.contains("--episodes 1`"), "{error}");
    assert!(Writer::open(&root, &plan, false).is_err(), "nothing is added to a damaged set");
    select(&DataSet::open(&root).unwrap(), &[0, 2], &root).unwrap();
    repair(&root, false).unwrap();
    assert_sound(&DataSet::open(&root).unwrap(), 2);
}

#[test]
fn of_damaged_rows_of_episodes_only_what_helps_is_said() {
    let folder = TempDir::new().unwrap();
    let plan = plan("balance");
    saved(folder.path(), &plan, &demonstrations(&plan, 3, Pilot::expert(), 1));
    let path = folder.path().join("meta/episodes/chunk-000/file-001.parquet");
    let whole = fs::read(&path).unwrap();
    truncate(&path);
    let error = refusal(folder.path(), false);
    assert!(error.contains("file-001.parquet") && error.contains("Put its files back") && !error.contains("drop"), "{error}");
    fs::write(&path, whole).unwrap();
    assert_eq!(repair(folder.path(), false).unwrap().removed, 0);
    fs::write(sidecar::lines_path(folder.path()), "").unwrap();
    assert!(refusal(folder.path(), true).contains("has no line of it"));
}

#[test]
fn tasks_are_read_by_their_indices_not_by_their_rows() {
    let folder = TempDir::new().unwrap();
    let plan = plan("balance");
    saved(folder.path(), &plan, &demonstrations(&plan, 1, Pilot::expert(), 1));
    let write = |indices: [i64; 2]| {
        let tasks = StringArray::from_iter_values(["Wave.", &plan.scene.about]);
        let batch = RecordBatch::try_from_iter([
            ("task_index", Arc::new(Int64Array::from_iter_values(indices)) as _),
            ("task", Arc::new(tasks) as _),
        ]);
        let batch = batch.unwrap();
        let file = fs::File::create(folder.path().join("meta/tasks.parquet")).unwrap();
        let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    };
    write([1, 0]);
    let set = DataSet::open(folder.path()).unwrap();
    assert_eq!(set.tasks, [plan.scene.about.as_str(), "Wave."]);
    assert_eq!(set.faults(), Vec::<String>::new());
    write([1, 1]);
    let error = DataSet::open(folder.path()).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("`task_index` is not each of 0 to 1 once"), "{error}");
}
