//! The replay: what is kept, what follows what, and what is drawn.

use apprentice::learn::Decision;
use apprentice::learn::batch::Batch;
use apprentice::learn::experience::endings::Behind;
use apprentice::learn::experience::replay::Replay;
use apprentice::learn::experience::rollout::Rollout;
use apprentice::signal::Outcome;
use apprentice::stream::{Purpose, Stream};
use std::collections::BTreeMap;

/// A rollout of 2 arenas whose rows observe and do the number `first + row`, with these outcomes; who ended observed 1000 more.
fn rollout(first: usize, outcomes: &[[Outcome; 2]], steered: &[usize]) -> Rollout {
    let mut rollout = Rollout::new(outcomes.len(), 2);
    for (step, outcomes) in outcomes.iter().enumerate() {
        let number = |arena: usize| (first + 2 * step + arena) as f32;
        let numbers = Batch::new(1, vec![number(0), number(1)]);
        rollout.decide(&numbers, &[false; 2], &Decision { actions: numbers.clone(), ..Decision::default() });
        (0..2).filter(|arena| steered.contains(&(2 * step + arena))).for_each(|arena| rollout.correct(arena, Some(&[-1.0]), Some(&[-1.0])));
        rollout.reward(&[0.25, 0.75], outcomes);
        (0..2).filter(|arena| outcomes[*arena].is_over()).for_each(|arena| rollout.finish_episode(arena, &[1000.0 + number(arena)]));
    }
    rollout
}

/// What follows each row that can be drawn, by what it observed.
fn followers(replay: &Replay) -> BTreeMap<u32, (f32, bool)> {
    let mut stream = Stream::new(1, Purpose::Minibatches, 0, 0);
    let drawn = (0..2000).map(|_| {
        let lived = replay.draw(&mut stream).unwrap();
        let behind = match lived.behind {
            Behind::Seen(observation) => observation[0],
            Behind::Worth(worth) => -worth,
        };
        (lived.observation[0] as u32, (behind, lived.taken_over))
    });
    drawn.collect()
}

const RUNNING: [Outcome; 2] = [Outcome::Running; 2];

#[test]
fn what_follows_a_row_is_what_its_outcome_says() {
    let mut replay = Replay::new(100, 1, 1);
    assert_eq!(replay.draw(&mut Stream::new(1, Purpose::Minibatches, 0, 0)), None);
    let outcomes = [
        RUNNING,
        [Outcome::TimedOut, Outcome::Failed],
        [Outcome::Succeeded, Outcome::Running],
        [Outcome::Running, Outcome::Diverged],
        RUNNING,
    ];
    replay.take(&rollout(0, &outcomes, &[]));
    let expected = [(0, 2.0), (1, 3.0), (2, 1002.0), (3, -0.0), (4, -1.0), (5, 7.0), (6, 8.0)];
    // Row 7 diverged, and what follows 8 and 9 nobody knows yet.
    assert_eq!(followers(&replay), expected.map(|(row, behind)| (row, (behind, false))).into());
    replay.take(&rollout(10, &[RUNNING], &[]));
    assert_eq!(followers(&replay)[&9], (11.0, false));
    assert_eq!(replay.rows(), 12);
}

#[test]
fn when_it_is_full_the_oldest_step_makes_place_and_nothing_is_torn() {
    let mut replay = Replay::new(7, 1, 1);
    for first in (0..60).step_by(6) {
        let ended = if first % 12 == 0 { Outcome::TimedOut } else { Outcome::Running };
        replay.take(&rollout(first, &[RUNNING, [Outcome::Running, ended], RUNNING], &[]));
        // Seven rows are three steps of two.
        assert_eq!(replay.rows(), 6);
        let first = first as u32;
        let last = if ended == Outcome::TimedOut { 1003 + first } else { first + 5 };
        let expected = [(first, first + 2), (first + 1, first + 3), (first + 2, first + 4), (first + 3, last)];
        assert_eq!(followers(&replay), expected.map(|(row, behind)| (row, (behind as f32, false))).into());
    }
    let saved: Replay = postcard::from_bytes(&postcard::to_stdvec(&replay).unwrap()).unwrap();
    assert_eq!(saved, replay);
}

#[test]
fn a_row_is_taken_over_where_the_next_one_is_steered_and_it_is_not() {
    let mut replay = Replay::new(100, 1, 1);
    // Arena 0 is steered in its second and third step; arena 1 in the first step of a new episode, which corrects nothing.
    let outcomes = [RUNNING, [Outcome::Running, Outcome::Failed], RUNNING, RUNNING];
    replay.take(&rollout(0, &outcomes, &[2, 4, 5]));
    let taken: Vec<u32> = followers(&replay).into_iter().filter(|(_, (_, taken))| *taken).map(|(row, _)| row).collect();
    assert_eq!(taken, [0]);
}

#[test]
fn what_was_done_by_somebody_else_stands_in_place_of_what_was_decided() {
    let rollout = rollout(0, &[RUNNING, RUNNING], &[1, 2]);
    let done: Vec<f32> = (0..4).map(|row| rollout.action(row)[0]).collect();
    assert_eq!(done, [0.0, -1.0, -1.0, 3.0]);
    assert_eq!(rollout.steered(), [false, true, true, false]);
    assert_eq!(rollout.labels(), [(1, vec![-1.0]), (2, vec![-1.0])]);
}
