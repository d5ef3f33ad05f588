//! Editing leaves sets that verify, whatever the order.

use super::{assert_sound, demonstrations, plan, saved};
use apprentice::imitation::data_set::DataSet;
use apprentice::imitation::edit::{compact, merge, select, trim};
use apprentice::pilot::Pilot;
use proptest::prelude::*;
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
                    std::fs::remove_dir_all(&root).unwrap();
                    merge(&[&b, &a], &root).unwrap();
                    parts.iter().for_each(|part| std::fs::remove_dir_all(part).unwrap());
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
