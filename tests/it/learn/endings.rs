use super::assert_near;
use apprentice::learn::Decision;
use apprentice::learn::batch::Batch;
use apprentice::learn::experience::endings::advantages;
use apprentice::learn::experience::rollout::Rollout;
use apprentice::signal::Outcome::{self, Diverged, Failed, Running, Succeeded, TimedOut};

/// Three steps of seven arenas. Values are 0.2, 0.4, 0.6 in each; discount and λ are both ½, so a reward counts ½ and the advantage behind a row ¼.
fn rollout(rewards: [[f32; 7]; 3], outcomes: [[Outcome; 7]; 3]) -> Rollout {
    let mut rollout = Rollout::new(3, 7);
    for step in 0..3 {
        let decision = Decision { actions: Batch::zeros(7, 1), values: Some(vec![0.2 * (step + 1) as f32; 7]), kept: Batch::zeros(7, 4) };
        rollout.decide(&Batch::zeros(7, 1), &[false; 7], &decision);
        rollout.reward(&rewards[step], &outcomes[step]);
        for arena in (0..7).filter(|arena| outcomes[step][*arena].is_over()) {
            rollout.finish_episode(arena, &[9.0]);
        }
    }
    rollout.set_fresh(&Batch::zeros(7, 1));
    assert!(rollout.is_full());
    rollout
}

#[test]
fn advantages_equal_those_worked_out_by_hand_for_every_kind_of_ending() {
    //                                    runs on  timed out  failed  succeeded  diverged  timed out last  succeeded last
    let rewards = [[0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0], [1.0; 7], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]];
    let outcomes = [
        [Running; 7],
        [Running, TimedOut, Failed, Succeeded, Diverged, Running, Running],
        [Running, Running, Running, Running, Running, TimedOut, Succeeded],
    ];
    let rollout = rollout(rewards, outcomes);
    let finals: Vec<f32> = rollout.finals().iter().map(|(row, _)| if *row < 14 { 0.9 } else { 0.7 }).collect();
    let found = advantages(&rollout, rollout.values(), &finals, &[0.8; 7], 0.5, 0.5);

    // Last row, running: 0 + ½ · 0.8 − 0.6 = −0.2. Timed out: ½ · 0.7 − 0.6 = −0.25, the fresh observation does not count.
    // Succeeded: ½ + ½ − 0.6 = 0.4.
    let last = [-0.2, -0.2, -0.2, -0.2, -0.2, -0.25, 0.4];
    // Middle row, running: ½ + ½ · 0.6 − 0.4 = 0.4, plus ¼ of the last. Timed out: ½ + ½ · 0.9 − 0.4. Failed: ½ − 0.4. Succeeded: ½ + ½ − 0.4.
    let middle = [0.35, 0.55, 0.1, 0.6, 0.0, 0.3375, 0.5];
    // First row: 0 + ½ · 0.4 − 0.2 = 0, plus ¼ of the middle; in front of the diverged row, where the reward is 1: ½ + ½ · 0.4 − 0.2 and nothing behind.
    let first = [0.0875, 0.1375, 0.025, 0.15, 0.5, 0.084_375, 0.125];
    for (row, expected) in [first, middle, last].concat().into_iter().enumerate() {
        assert_near(found.advantages[row], expected, 1e-6);
        assert_near(found.returns[row], expected + rollout.values()[row], 1e-6);
    }
    assert_eq!(found.rows, (0..21).filter(|row| *row != 11).collect::<Vec<_>>());
}

#[test]
fn a_success_at_once_is_worth_exactly_one() {
    let rollout = rollout([[1.0; 7]; 3], [[Succeeded; 7]; 3]);
    let found = advantages(&rollout, rollout.values(), &[0.3; 21], &[0.3; 7], 0.99, 0.95);
    found.returns.iter().for_each(|value| assert_near(*value, 1.0, 1e-6));
}

#[test]
fn finishing_is_worth_no_less_than_hovering_just_short_of_it() {
    let one_step = |outcome| {
        let rollout = rollout([[0.99; 7], [0.99; 7], [0.99; 7]], [[Running; 7], [Running; 7], [outcome; 7]]);
        advantages(&rollout, rollout.values(), &vec![0.99; rollout.finals().len()], &[0.99; 7], 0.9, 1.0).returns[0]
    };
    assert!(one_step(Succeeded) > one_step(Running));
    assert!(one_step(Running) > one_step(Failed));
}

#[test]
#[should_panic(expected = "a full rollout takes no more steps")]
fn a_full_rollout_refuses_another_step() {
    let mut rollout = rollout([[0.0; 7]; 3], [[Running; 7]; 3]);
    rollout.decide(&Batch::zeros(7, 1), &[false; 7], &Decision::default());
}

#[test]
fn a_cleared_rollout_begins_anew() {
    let mut rollout = rollout([[0.0; 7]; 3], [[Failed; 7]; 3]);
    assert_eq!((rollout.steps(), rollout.finals().len()), (3, 21));
    rollout.clear();
    assert_eq!((rollout.horizon(), rollout.arenas(), rollout.steps(), rollout.finals().len()), (3, 7, 0, 0));
    assert!(!rollout.is_full());
}
