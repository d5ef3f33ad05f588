//! Editing leaves sets that verify, whatever the order.

use super::{assert_sound, demonstrations, plan, saved};
use apprentice::imitation::data_set::DataSet;
use apprentice::imitation::edit::{compact, merge, select, trim};
use apprentice::pilot::Pilot;
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// One thing that can be done to a data set.
#[derive(Clone, Debug)]
enum Edit {
    Trim {
        episode: usize,
        from: f32,
        to: f32,
    },
    Drop {
        episode: usize,
    },
    /// Into two, and merged again the other way round.
    SplitAndMerge {
        at: usize,
    },
    Compact,
    /// Recorded to once more.
    Record,
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let one = prop_oneof![
        (0..8usize, 0.0..0.4f32, 0.6..1.0f32).prop_map(|(episode, from, to)| Edit::Trim { episode, from, to }),
        (0..8usize).prop_map(|episode| Edit::Drop { episode }),
        (0..8usize).prop_map(|at| Edit::SplitAndMerge { at }),
        Just(Edit::Compact),
        Just(Edit::Record),
    ];
    proptest::collection::vec(one, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_sequence_of_edits_leaves_a_set_that_verifies(edits in edits()) {
        let folder = TempDir::new().unwrap();
        let plan = plan("push");
        let root = folder.path().join("set");
        let recorded = demonstrations(&plan, 3, Pilot::random(), 3);
        let mut set = saved(&root, &plan, &recorded);
        let mut count = 3;
        for edit in edits {
            match edit {
                Edit::Trim { episode, from, to } if count > 0 => {
                    let episode = episode % count;
                    let length = set.episodes[episode].length as f32;
                    let rows = (from * length) as usize..((to * length) as usize).max((from * length) as usize + 1);
                    trim(&set, episode, rows, &root).unwrap();
                }
                Edit::Drop { episode } if count > 0 => {
                    let kept: Vec<usize> = (0..count).filter(|other| *other != episode % count).collect();
                    select(&set, &kept, &root).unwrap();
                    count -= 1;
                }
                Edit::SplitAndMerge { at } if count > 1 => {
                    let at = 1 + at % (count - 1);
                    let parts = [folder.path().join("a"), folder.path().join("b")];
                    select(&set, &(0..at).collect::<Vec<_>>(), &parts[0]).unwrap();
                    select(&set, &(at..count).collect::<Vec<_>>(), &parts[1]).unwrap();
                    let [a, b] = parts.each_ref().map(|part| DataSet::open(part).unwrap());
                    assert_sound(&a, at);
                    fs::remove_dir_all(&root).unwrap();
                    merge(&[&b, &a], &root).unwrap();
                    parts.iter().for_each(|part| fs::remove_dir_all(part).unwrap());
                }
                Edit::Compact => compact(&set).unwrap(),
                Edit::Record => {
                    saved(&root, &plan, &recorded[..1]);
                    count += 1;
                }
                _ => {}
            }
            set = DataSet::open(&root).unwrap();
            assert_sound(&set, count);
        }
    }
}

#[test]
fn a_trimmed_episode_starts_where_it_was_cut_and_is_truncated_where_it_was_cut_off() {
    let folder = TempDir::new().unwrap();
    let plan = plan("push");
    let recorded = demonstrations(&plan, 1, Pilot::expert(), 1);
    let set = saved(folder.path(), &plan, &recorded);
    trim(&set, 0, 5..20, folder.path()).unwrap();
    let trimmed = DataSet::open(folder.path()).unwrap();
    assert_sound(&trimmed, 1);
    let read = trimmed.demonstration(0, &plan).unwrap();
    assert_eq!(read.rows.hashes, recorded[0].rows.hashes[5..20]);
    assert_eq!(read.rows.ticks[0], 5 * 12);
    assert_eq!(read.final_observation, recorded[0].rows.observations.row(20));
    assert!(read.stopped);
}

#[test]
fn sets_that_do_not_fit_are_not_merged() {
    let folder = TempDir::new().unwrap();
    let [balance, push] = ["balance", "push"].map(|scene| {
        let plan = plan(scene);
        saved(&folder.path().join(scene), &plan, &demonstrations(&plan, 1, Pilot::random(), 1))
    });
    let error = merge(&[&balance, &push], &folder.path().join("both")).unwrap_err().to_string();
    assert!(error.contains("cannot be merged") && error.contains("rows a second"), "{error}");
    assert!(!folder.path().join("both").exists());
}

/// What is not of the set, by its place in the set's folder.
const OTHERS: [&str; 6] =
    [".git/objects/aa", ".gitattributes", "NOTES.md", "meta/mine.json", "data/mine.txt", "meta/episodes/chunk-000/mine.txt"];

fn parquet_files(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "parquet")).count()
}

#[test]
fn what_stands_beside_the_set_in_its_folder_survives_every_edit_in_place() {
    let folder = TempDir::new().unwrap();
    let plan = plan("balance");
    let root = folder.path().join("set");
    let set = saved(&root, &plan, &demonstrations(&plan, 3, Pilot::random(), 1));
    for name in OTHERS {
        fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        fs::write(root.join(name), name).unwrap();
    }
    // As git has it: files that may not be written, folders with nothing in them.
    fs::create_dir(root.join(".git/refs")).unwrap();
    let mut rights = fs::metadata(root.join(OTHERS[0])).unwrap().permissions();
    rights.set_readonly(true);
    fs::set_permissions(root.join(OTHERS[0]), rights).unwrap();
    assert_eq!(parquet_files(&root.join("data/chunk-000")), 3);
    let edits: [(&str, &dyn Fn(&DataSet), usize); 4] = [
        ("compact", &|set| compact(set).unwrap(), 3),
        ("trim", &|set| trim(set, 0, 2..9, &root).unwrap(), 3),
        ("drop", &|set| select(set, &[0, 2], &root).unwrap(), 2),
        ("drop all", &|set| select(set, &[], &root).unwrap(), 0),
    ];
    let mut set = set;
    for (name, edit, left) in edits {
        edit(&set);
        set = DataSet::open(&root).unwrap();
        assert_sound(&set, left);
        for other in OTHERS {
            assert_eq!(fs::read_to_string(root.join(other)).unwrap_or_default(), other, "{other} after {name}");
        }
        assert!(root.join(".git/refs").is_dir(), "{name}");
        assert!(!root.join(".recording").exists(), "{name}");
        if left > 0 {
            assert_eq!(parquet_files(&root.join("data/chunk-000")), 1, "{name}");
        }
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside");
}

#[cfg(unix)]
#[test]
fn a_link_to_a_set_stays_one_and_what_it_leads_to_is_edited() {
    let folder = TempDir::new().unwrap();
    let plan = plan("balance");
    let [root, link] = ["set", "link"].map(|name| folder.path().join(name));
    saved(&root, &plan, &demonstrations(&plan, 2, Pilot::random(), 1));
    std::os::unix::fs::symlink("set", &link).unwrap();
    select(&DataSet::open(&link).unwrap(), &[1], &link).unwrap();
    assert!(link.is_symlink());
    assert_sound(&DataSet::open(&root).unwrap(), 1);
    // Killed between the old set's going and the new one's coming: found through the link too.
    fs::rename(&root, folder.path().join(".set.old")).unwrap();
    assert_sound(&DataSet::open(&link).unwrap(), 1);
    assert!(root.is_dir());
}

#[test]
fn rows_that_are_cut_count_as_neither_earned_nor_saved() {
    let folder = TempDir::new().unwrap();
    let plan = plan("push");
    let recorded = demonstrations(&plan, 1, Pilot::expert(), 1);
    let mut set = saved(folder.path(), &plan, &recorded);
    let (rewards, steps) = (&recorded[0].rows.rewards, plan.task.as_ref().unwrap().steps as f32);
    assert!(set.lines[0].success && set.lines[0].score < 1.0);
    for cut in [30, 40] {
        // The second time, thirty of them are gone already.
        let from = if cut == 30 { 30 } else { 10 };
        trim(&set, 0, from..rewards.len() - cut + from, folder.path()).unwrap();
        set = DataSet::open(folder.path()).unwrap();
        let lost: f32 = rewards[..cut].iter().sum();
        let expected = recorded[0].score - lost / steps;
        assert!((set.lines[0].score - expected).abs() < 1e-5, "{} is not {expected}", set.lines[0].score);
    }
}
