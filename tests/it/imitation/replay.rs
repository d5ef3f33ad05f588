//! Demonstrations replay bit for bit, and what does not is found.

use super::{demonstrations, plan};
use apprentice::imitation::replay::{Replayed, verify};
use apprentice::physics::Threads;
use apprentice::pilot::Pilot;

#[test]
fn demonstrations_replay_alone_and_among_others_on_any_number_of_threads() {
    for scene in ["balance", "push", "clear"] {
        let plan = plan(scene);
        let mut all = demonstrations(&plan, 3, Pilot::expert(), 1);
        all.extend(demonstrations(&plan, 3, Pilot::random(), 2));
        for (threads, arenas) in [(1, Some(1)), (2, Some(4)), (2, None)] {
            for (episode, replayed) in verify(&plan, &all, Threads(threads), arenas).into_iter().enumerate() {
                assert_eq!(replayed, Replayed { episode, frames: all[episode].rows.len(), differs: None }, "{scene}");
            }
        }
    }
}

#[test]
fn a_flipped_bit_of_an_action_is_found_at_its_frame() {
    let plan = plan("push");
    let recorded = demonstrations(&plan, 1, Pilot::expert(), 1);
    let last = recorded[0].rows.len() - 1;
    for row in [0, last / 2, last] {
        let mut changed = recorded[0].clone();
        let value = &mut changed.rows.actions.row_mut(row)[1];
        *value = f32::from_bits(value.to_bits() ^ 1);
        assert_eq!(verify(&plan, &[changed], Threads(1), None)[0].differs, Some(row));
    }
}

#[test]
fn another_starting_level_is_found_at_the_first_frame() {
    let plan = plan("push");
    let recorded = demonstrations(&plan, 2, Pilot::random(), 1);
    let mut changed = recorded[0].clone();
    changed.snapshot = recorded[1].snapshot.clone();
    assert_eq!(verify(&plan, &[changed], Threads(1), None)[0].differs, Some(0));
}
