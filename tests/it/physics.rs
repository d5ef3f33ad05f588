//! Snapshots of whole worlds: restored after any history they give the same future, also from bytes.

use crate::arena::{crowded, swinging};
use crate::stage::{Row, Stage};
use apprentice::arena::Snapshot;
use apprentice::pilot::Pilot;
use apprentice::scene::plan::Plan;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use std::sync::Arc;

/// Cases of a property, and control steps (of 6 ticks) that each follows a future: 12 * 140 * 6 = 10,080 ticks.
const CASES: u32 = 12;
const FUTURE: usize = 140;

/// A history: steps before the snapshot, steps that another arena does before it is restored there, and whether the state was
/// observed before the snapshot was taken.
#[derive(Clone, Debug)]
struct History {
    before: usize,
    elsewhere: usize,
    observed: bool,
}

fn histories() -> impl Strategy<Value = History> {
    (prop_oneof![Just(0usize), 1usize..4, 4usize..60], 0usize..40, any::<bool>()).prop_map(|(before, elsewhere, observed)| History {
        before,
        elsewhere,
        observed,
    })
}

/// Runs the same cases every time.
fn runner() -> TestRunner {
    let config = ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// All rows of an arena from its row `from` on, over the ends of episodes.
fn rows_from(stage: &Stage, arena: usize, from: usize) -> Vec<Row> {
    let over = stage.over().iter().filter(|episode| episode.report.arena == arena).flat_map(|episode| &episode.rows);
    over.chain(stage.rows(arena)).skip(from).cloned().collect()
}

fn through_bytes(snapshot: &Snapshot) -> Snapshot {
    let bytes = postcard::to_allocvec(snapshot).expect("a snapshot can be written");
    postcard::from_bytes(&bytes).expect("a snapshot can be read")
}

/// The future that a snapshot gives in another arena is the one of the arena where it was taken.
fn same_future(plan: &Arc<Plan>, history: &History, pass: impl Fn(&Snapshot) -> Snapshot) {
    let mut stage = Stage::drawn(plan, 1, 1, Pilot::random());
    stage.steps(history.before);
    let snapshot = stage.arena(0, |mut item| {
        if history.observed {
            item.observe();
        }
        item.capture()
    });
    let snapshot = pass(&snapshot);
    stage.steps(FUTURE);
    let expected = rows_from(&stage, 0, history.before);

    // Arena 2 of 3 had other levels; its past is of another length.
    let mut other = Stage::drawn(plan, 3, 1, Pilot::random());
    other.steps(history.elsewhere);
    other.arena(2, |mut item| item.restore(&snapshot));
    other.steps(FUTURE);
    let got = rows_from(&other, 2, history.elsewhere);
    assert_eq!(got.len(), expected.len());
    // Later episodes of another arena have other lessons: what is compared is the episode of the snapshot.
    let ends = expected.iter().position(|row| row.outcome.is_over()).map_or(expected.len(), |last| last + 1);
    for (step, (one, other)) in expected.iter().zip(&got).take(ends).enumerate() {
        assert_eq!(one, other, "step {step} of {ends} after {history:?}");
    }
    assert!(ends > 0);
}

/// The same scene with an episode long enough for the whole future.
fn long(plan: &Plan) -> Arc<Plan> {
    let mut scene = plan.scene.clone();
    if let Some(task) = &mut scene.task {
        task.time_limit = 1000.0;
    }
    Arc::new(Plan::new(scene, "long", 0))
}

fn check(plan: &Plan, pass: impl Fn(&Snapshot) -> Snapshot) {
    let plan = long(plan);
    let checked = runner().run(&histories(), |history| {
        same_future(&plan, &history, &pass);
        Ok(())
    });
    checked.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn a_restored_heap_has_the_future_of_its_original_with_impulse_joints() {
    check(&crowded("Impulse"), Clone::clone);
}

#[test]
fn a_restored_heap_has_the_future_of_its_original_with_multibody_joints() {
    check(&crowded("Multibody"), Clone::clone);
}

#[test]
fn a_restored_pole_has_the_future_of_its_original_with_either_kind_of_joint() {
    check(&swinging("Impulse"), Clone::clone);
    check(&swinging("Multibody"), Clone::clone);
}

#[test]
fn a_heap_restored_from_bytes_has_the_future_of_its_original_with_impulse_joints() {
    check(&crowded("Impulse"), through_bytes);
}

#[test]
fn a_heap_restored_from_bytes_has_the_future_of_its_original_with_multibody_joints() {
    check(&crowded("Multibody"), through_bytes);
}

#[test]
fn a_pole_restored_from_bytes_has_the_future_of_its_original_with_either_kind_of_joint() {
    check(&swinging("Impulse"), through_bytes);
    check(&swinging("Multibody"), through_bytes);
}

#[test]
fn the_state_hash_sees_a_single_bit() {
    let mut stage = Stage::drawn(&swinging("Multibody"), 1, 1, Pilot::Idle);
    stage.steps(1);
    let [before, after, action] = stage.arena(0, |mut item| {
        let action = item.action.0.clone();
        let before = item.physics.view().state_hash(&action);
        let physics = item.physics.physics();
        let (handle, _) = physics.bodies.iter().find(|(_, body)| body.is_dynamic()).expect("a cart");
        let velocity = physics.bodies[handle].linvel();
        let mut changed = velocity;
        changed.x = f32::from_bits(velocity.x.to_bits() ^ 1);
        physics.bodies[handle].set_linvel(changed, true);
        let after = item.physics.view().state_hash(&action);
        [before, after, item.physics.view().state_hash(&[f32::from_bits(1)])]
    });
    assert!(before != after && after != action && before != action);
}
