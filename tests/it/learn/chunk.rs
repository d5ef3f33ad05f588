//! Chunks: executed some steps at a time, or blended.

use super::assert_near;
use apprentice::learn::batch::Batch;
use apprentice::learn::chunk::{Asked, Chunk, Execution};
use apprentice::stream::Stream;
use std::cell::RefCell;

/// One row's actions of one channel in some steps. In step `t` it is decided that the actions of the steps from then on are `10 t`, `10 t + 1` and
/// so on; tells in which steps something was decided.
fn fly(chunk: Chunk, steps: usize, begins: &[usize]) -> (Vec<f32>, Vec<usize>) {
    let mut memory = Batch::zeros(1, chunk.memory(1, false));
    let asked = RefCell::new(Vec::new());
    let mut actions = Vec::new();
    for t in 0..steps {
        let decide = |inputs: &Batch, _: &mut [Stream]| {
            asked.borrow_mut().extend((0..inputs.rows()).map(|_| t));
            Batch::new(chunk.length, (0..inputs.rows() * chunk.length).map(|ahead| (10 * t + ahead) as f32).collect())
        };
        let inputs = Batch::zeros(1, 1);
        let row = Asked { inputs: &inputs, begins: &[begins.contains(&t)], seeds: &[1], channels: 1 };
        actions.extend_from_slice(chunk.act(row, &mut memory, 0, decide).values());
    }
    (actions, asked.into_inner())
}

#[test]
fn so_many_steps_of_a_chunk_are_executed_and_then_the_next_is_decided() {
    let chunk = Chunk { length: 4, execution: Execution::Steps(3) };
    let (actions, asked) = fly(chunk, 8, &[0]);
    assert_eq!(actions, [0.0, 1.0, 2.0, 30.0, 31.0, 32.0, 60.0, 61.0]);
    assert_eq!(asked, [0, 3, 6]);
    // An episode that begins in the middle of a chunk forgets it.
    let (actions, asked) = fly(chunk, 6, &[0, 2]);
    assert_eq!(actions, [0.0, 1.0, 20.0, 21.0, 22.0, 50.0]);
    assert_eq!(asked, [0, 2, 5]);
    // Of a chunk of which one step is executed the rest is never seen.
    assert_eq!(fly(Chunk { length: 4, execution: Execution::Steps(1) }, 3, &[0]).0, [0.0, 10.0, 20.0]);
    assert_eq!(Chunk { length: 4, execution: Execution::Steps(1) }.memory(1, false), 0);
}

#[test]
fn an_ensemble_is_the_weighted_mean_of_all_that_was_decided_for_a_step() {
    // With e^−m = ½. Step 2 was foretold as 2, 11 and 20: (2 + 11 / 2 + 20 / 4) / (1 + 1 / 2 + 1 / 4).
    let chunk = Chunk { length: 3, execution: Execution::Ensemble(std::f32::consts::LN_2) };
    let (actions, asked) = fly(chunk, 5, &[0]);
    assert_eq!(asked, [0, 1, 2, 3, 4]);
    for (found, expected) in actions.iter().zip([0.0, (1.0 + 5.0) / 1.5, 12.5 / 1.75, 30.0 / 1.75, 47.5 / 1.75]) {
        assert_near(*found, expected, 1e-4);
    }
    // In equal parts.
    let (actions, _) = fly(Chunk { length: 3, execution: Execution::Ensemble(0.0) }, 4, &[0, 3]);
    for (found, expected) in actions.iter().zip([0.0, 5.5, 11.0, 30.0]) {
        assert_near(*found, expected, 1e-4);
    }
}

#[test]
fn only_the_rows_whose_chunk_is_used_up_are_decided() {
    let chunk = Chunk { length: 2, execution: Execution::Steps(2) };
    let mut memory = Batch::zeros(2, chunk.memory(1, false));
    let mut step = |begins: [bool; 2], seen: [f32; 2]| {
        let inputs = Batch::new(1, seen.to_vec());
        let asked = Asked { inputs: &inputs, begins: &begins, seeds: &[1, 2], channels: 1 };
        let decide = |inputs: &Batch, streams: &mut [Stream]| {
            assert_eq!(inputs.rows(), streams.len());
            Batch::new(2, inputs.values().iter().flat_map(|seen| [*seen, seen + 0.5]).collect())
        };
        chunk.act(asked, &mut memory, 0, decide).values().to_vec()
    };
    assert_eq!(step([true, true], [1.0, 2.0]), [1.0, 2.0]);
    // The second row's episode begins anew: its turns are others from now on.
    assert_eq!(step([false, true], [3.0, 4.0]), [1.5, 4.0]);
    assert_eq!(step([false, false], [5.0, 6.0]), [5.0, 4.5]);
    assert_eq!(step([false, false], [7.0, 8.0]), [5.5, 8.0]);
}
