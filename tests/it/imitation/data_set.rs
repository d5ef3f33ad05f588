//! Writing, reading, going on with, undoing and mending data sets.

use super::{assert_sound, author, demonstrations, plan, saved};
use apprentice::imitation::data_set::features::{Division, features};
use apprentice::imitation::data_set::repair::repair;
use apprentice::imitation::data_set::writer::Writer;
use apprentice::imitation::data_set::{DataSet, DataSetError, sidecar};
use apprentice::pilot::Pilot;
use apprentice::scene::plan::Plan;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_saved_demonstration_is_read_as_it_was_recorded() {
    let folder = TempDir::new().unwrap();
    for scene in ["balance", "push", "clear"] {
        let plan = plan(scene);
        let recorded = demonstrations(&plan, 2, Pilot::expert(), 1);
        let set = saved(&folder.path().join(scene), &plan, &recorded);
        assert_sound(&set, 2);
        for (episode, recorded) in recorded.iter().enumerate() {
            let read = set.demonstration(episode, &plan).unwrap();
            assert_eq!(read.rows, recorded.rows);
            assert_eq!(read.lesson, recorded.lesson);
            assert_eq!(read.final_observation, recorded.final_observation);
            assert_eq!((read.outcome, read.score, read.quality), (recorded.outcome, recorded.score, recorded.quality.clone()));
            assert_eq!(set.lines[episode].operator, "ada");
        }
        assert!(!set.root.join(".recording").exists(), "a finished recording leaves no mark");
    }
}

#[test]
fn sensors_of_the_body_are_the_state_and_all_others_the_environment() {
    let plan = plan("push");
    let Division { state, environment } = Division::of(&plan);
    let name = |channel: &usize| plan.observation.0[*channel].name.clone();
    assert!(state.iter().map(name).all(|name| name.starts_with("motion") || name.starts_with("last_action")), "{state:?}");
    assert_eq!(state.len() + environment.len(), plan.observation.width());
    let columns = features(&plan);
    assert_eq!(columns.get("observation.state").unwrap().width(), state.len());
    // Where the surroundings are not sensed there is no such column, and one number is a plain column.
    let balance = features(&super::plan("balance"));
    assert!(balance.get("observation.environment_state").is_none());
    assert_eq!(balance.get("action").unwrap().shape, [1]);
}

#[test]
fn a_data_set_is_gone_on_with() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("set");
    let plan = plan("balance");
    let recorded = demonstrations(&plan, 3, Pilot::expert(), 1);
    saved(&root, &plan, &recorded[..1]);
    let set = saved(&root, &plan, &recorded[1..]);
    assert_sound(&set, 3);
    assert_eq!(set.info.total_frames, recorded.iter().map(|demonstration| demonstration.rows.len()).sum::<usize>());
    assert_eq!(set.tasks, std::slice::from_ref(&plan.scene.about));
}

#[test]
fn the_last_episode_is_taken_back_but_none_of_an_earlier_session() {
    let folder = TempDir::new().unwrap();
    let plan = plan("balance");
    let recorded = demonstrations(&plan, 3, Pilot::expert(), 1);
    saved(folder.path(), &plan, &recorded[..1]);
    let before = fs::read(folder.path().join("meta/info.json")).unwrap();
    let (mut writer, _) = Writer::open(folder.path(), &plan, false).unwrap();
    writer.save(&recorded[1], &author()).unwrap();
    assert_eq!(writer.undo().unwrap(), Some(1));
    assert_eq!(fs::read(folder.path().join("meta/info.json")).unwrap(), before);
    assert_eq!(writer.undo().unwrap(), None, "the first episode was there before");
    assert_eq!(writer.save(&recorded[2], &author()).unwrap(), 1);
    let set = writer.finish().unwrap();
    assert_sound(&set, 2);
    assert_eq!(set.demonstration(1, &plan).unwrap().rows, recorded[2].rows);
}

#[test]
fn an_undo_that_failed_is_finished_before_the_next_episode_is_saved() {
    let folder = TempDir::new().unwrap();
    let plan = plan("balance");
    let recorded = demonstrations(&plan, 3, Pilot::expert(), 1);
    let (mut writer, _) = Writer::open(folder.path(), &plan, false).unwrap();
    recorded[..2].iter().for_each(|recorded| assert!(writer.save(recorded, &author()).is_ok()));
    // Something is in the way of the statistics.
    let way = folder.path().join("meta/.stats.json.partial");
    fs::create_dir(&way).unwrap();
    assert!(writer.undo().is_err());
    assert!(writer.save(&recorded[2], &author()).is_err(), "it is still in the way");
    fs::remove_dir(&way).unwrap();
    assert_eq!(writer.save(&recorded[2], &author()).unwrap(), 1);
    let set = writer.finish().unwrap();
    assert_sound(&set, 2);
    assert_eq!(set.demonstration(1, &plan).unwrap().rows, recorded[2].rows);
    // What is to be taken back to the first episode is, too, and where nothing follows.
    let root = folder.path().join("another");
    let (mut writer, _) = Writer::open(&root, &plan, false).unwrap();
    writer.save(&recorded[0], &author()).unwrap();
    fs::create_dir(root.join("meta/.stats.json.partial")).unwrap();
    assert!(writer.undo().is_err());
    fs::remove_dir(root.join("meta/.stats.json.partial")).unwrap();
    assert_sound(&writer.finish().unwrap(), 0);
    assert_eq!(files(&root.join("data/chunk-000")), Vec::<String>::new());
}

#[test]
fn an_undo_that_a_kill_cut_off_is_finished() {
    let folder = TempDir::new().unwrap();
    let plan = plan("balance");
    saved(folder.path(), &plan, &demonstrations(&plan, 2, Pilot::expert(), 1));
    // The kill came right after the undo was noted.
    fs::create_dir(folder.path().join(".recording")).unwrap();
    fs::write(folder.path().join(".recording/undo"), "1").unwrap();
    let (writer, repaired) = Writer::open(folder.path(), &plan, false).unwrap();
    assert_eq!((writer.len(), repaired.adopted), (1, 0));
    assert_sound(&writer.finish().unwrap(), 1);
}

/// Brings a set of `after` episodes back to where `info.json` counted `before`, as a kill in the last moment of saving leaves it.
pub fn uncount(root: &Path, plan: &Arc<Plan>, before: usize, after: usize) {
    let recorded = demonstrations(plan, after, Pilot::expert(), 1);
    saved(root, plan, &recorded[..before]);
    let info = fs::read(root.join("meta/info.json")).unwrap();
    saved(root, plan, &recorded[before..]);
    fs::write(root.join("meta/info.json"), info).unwrap();
}

#[test]
fn whole_episodes_that_were_not_counted_are_adopted() {
    let folder = TempDir::new().unwrap();
    let plan = plan("balance");
    uncount(folder.path(), &plan, 1, 3);
    assert_eq!(DataSet::open(folder.path()).unwrap().len(), 1, "until then the set is what was counted");
    let repaired = repair(folder.path(), false).unwrap();
    assert_eq!((repaired.episodes, repaired.adopted, repaired.removed), (3, 2, 0));
    assert_sound(&DataSet::open(folder.path()).unwrap(), 3);
}

#[test]
fn whole_episodes_that_were_not_counted_are_dropped_when_asked() {
    let folder = TempDir::new().unwrap();
    let plan = plan("balance");
    uncount(folder.path(), &plan, 1, 2);
    let repaired = repair(folder.path(), true).unwrap();
    assert_eq!((repaired.episodes, repaired.adopted), (1, 0));
    assert_eq!(files(&folder.path().join("data/chunk-000")), ["file-000.parquet"]);
    assert_sound(&DataSet::open(folder.path()).unwrap(), 1);
}

#[test]
fn an_incomplete_episode_is_removed_and_those_before_it_stay() {
    let plan = plan("balance");
    let lost = ["meta/episodes/chunk-000/file-002.parquet", "data/chunk-000/file-002.parquet", "meta/sandbox/inputs/episode-000002.bin"];
    // The line of the sidecar comes last of all that is the episode's own: a kill before it may have left any part of the others.
    for missing in 0..=lost.len() {
        let folder = TempDir::new().unwrap();
        uncount(folder.path(), &plan, 1, 3);
        let lines = fs::read_to_string(sidecar::lines_path(folder.path())).unwrap();
        let third = lines.match_indices('\n').nth(1).unwrap().0 + 1;
        fs::write(sidecar::lines_path(folder.path()), &lines[..third + 20]).unwrap();
        lost[..missing].iter().for_each(|lost| fs::remove_file(folder.path().join(lost)).unwrap());
        fs::write(folder.path().join("data/chunk-000/.file-003.parquet.partial"), "half").unwrap();
        let repaired = repair(folder.path(), false).unwrap();
        assert_eq!((repaired.episodes, repaired.adopted), (2, 1), "{missing}");
        assert_sound(&DataSet::open(folder.path()).unwrap(), 2);
        assert_eq!(files(&folder.path().join("data/chunk-000")), ["file-000.parquet", "file-001.parquet"]);
        assert!(!sidecar::snapshot_path(folder.path(), 2).exists());
    }
}

#[test]
fn a_damaged_episode_that_was_counted_is_named_and_nothing_is_changed() {
    let folder = TempDir::new().unwrap();
    let plan = plan("balance");
    saved(folder.path(), &plan, &demonstrations(&plan, 2, Pilot::expert(), 1));
    fs::remove_file(folder.path().join("data/chunk-000/file-001.parquet")).unwrap();
    let error = repair(folder.path(), false).unwrap_err().to_string();
    assert!(error.contains("episode 1 of 2 is damaged or missing"), "{error}");
    assert!(folder.path().join("meta/sandbox/snapshots/episode-000001.bin").exists());
}

#[test]
fn a_second_recorder_is_refused() {
    let folder = TempDir::new().unwrap();
    let plan = plan("balance");
    let (writer, _) = Writer::open(folder.path(), &plan, false).unwrap();
    let error = Writer::open(folder.path(), &plan, false).map(|_| ()).unwrap_err();
    assert!(matches!(error, DataSetError::Held(_)), "{error}");
    assert!(matches!(repair(folder.path(), false).unwrap_err(), DataSetError::Held(_)));
    drop(writer);
    Writer::open(folder.path(), &plan, false).map(|_| ()).unwrap();
}

#[test]
fn a_data_set_of_another_scene_rate_or_physics_is_refused_naming_the_difference() {
    let folder = TempDir::new().unwrap();
    let balance = plan("balance");
    let set = saved(folder.path(), &balance, &demonstrations(&balance, 1, Pilot::expert(), 1));
    let refusal = |plan: &Arc<Plan>| Writer::open(folder.path(), plan, false).map(|_| ()).unwrap_err().to_string();
    assert!(refusal(&plan("push")).contains("rows a second"), "{}", refusal(&plan("push")));

    let changed = |from: &str, to: &str| {
        let text = fs::read_to_string("scenes/balance/scene.ron").unwrap();
        assert!(text.contains(from));
        let other = TempDir::new().unwrap();
        let path = other.path().join("balance");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("scene.ron"), text.replace(from, to)).unwrap();
        Arc::new(Plan::load(&path).unwrap())
    };
    let longer = changed("time_limit: ", "time_limit: 1");
    assert!(refusal(&longer).contains("has changed since its episode 0"), "{}", refusal(&longer));

    fs::write(sidecar::physics_path(&set.root), "another engine").unwrap();
    assert!(refusal(&balance).contains("another physics"), "{}", refusal(&balance));
    Writer::open(folder.path(), &balance, true).map(|_| ()).unwrap();
}

#[test]
fn a_folder_with_something_else_in_it_is_not_written_to() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("thesis.txt"), "chapter one").unwrap();
    let error = Writer::open(folder.path(), &plan("balance"), false).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("holds `thesis.txt`"), "{error}");
    assert_eq!(files(folder.path()), ["thesis.txt"]);
}

#[test]
fn the_engine_that_data_sets_name_is_the_one_in_the_lock_file() {
    let lock = fs::read_to_string("Cargo.lock").unwrap();
    let version = lock.split("name = \"rapier3d\"\nversion = \"").nth(1).unwrap().split('"').next().unwrap();
    assert!(apprentice::physics::ENGINE.starts_with(&format!("rapier3d {version},")), "{version}");
}
