//! Tasks in Rust: whoever judges, the same loop counts, pays and ends.

use apprentice::arena::{ArenaPlugin, FinishedEpisodes};
use apprentice::control::{ControlPlugin, headless_app, start};
use apprentice::curriculum::level::held_out;
use apprentice::physics::Threads;
use apprentice::pilot::cast::{Cast, Flyer};
use apprentice::pilot::{Pilot, PilotPlugin};
use apprentice::scene::plan::{Plan, Situation};
use apprentice::signal::Outcome;
use apprentice::task::{AddTask, Judge, Judgement};
use apprentice::training::evaluation::evaluate;
use bevy::prelude::App;
use std::sync::Arc;

/// Counts steps in its memory; done after the third one. Pays two terms, as they are given.
struct ThreeSteps([f32; 2]);

impl Judge for ThreeSteps {
    fn time_limit(&self) -> f32 {
        1.0
    }

    fn weights(&self) -> Vec<f32> {
        vec![3.0, 1.0]
    }

    fn memory(&self) -> usize {
        1
    }

    fn judge(&self, _situation: &Situation<'_>, memory: &mut [f32], terms: &mut [f32]) -> Judgement {
        memory[0] += 1.0;
        terms.copy_from_slice(&self.0);
        Judgement { success: memory[0] >= 3.0, failure: false }
    }
}

fn push() -> Plan {
    Plan::load("scenes/push").unwrap_or_else(|problems| panic!("{problems}"))
}

fn app(count: usize) -> App {
    let plan = Arc::new(push());
    let mut app = headless_app(Threads(2));
    app.add_plugins((
        ControlPlugin { timing: plan.timing },
        ArenaPlugin { plans: vec![plan], count, seed: 1, pilot: Pilot::Idle },
        PilotPlugin,
    ));
    app
}

#[test]
fn a_task_in_rust_judges_every_arena_of_the_app_and_forgets_between_episodes() {
    let mut app = app(3);
    app.add_task(ThreeSteps([0.5, 0.5]));
    start(&mut app);
    for _episode in 0..2 {
        app.update();
        app.update();
        assert!(app.world().resource::<FinishedEpisodes>().0.is_empty(), "the task is not done before the third step");
        app.update();
        let finished = &app.world().resource::<FinishedEpisodes>().0;
        assert_eq!(finished.len(), 3, "one for each arena");
        for report in finished.iter().map(|finished| &finished.report) {
            assert_eq!((report.outcome, report.length, report.success), (Outcome::Succeeded, 3, true));
            assert_eq!(report.rewards, [0.5, 0.5, 1.0]);
            // At 10 Hz a second has 10 steps: 0.5 twice, 1 for the third step and for the seven that were saved.
            assert!((report.score - 0.9).abs() < 1e-6, "{}", report.score);
        }
    }
}

#[test]
fn a_judge_that_writes_nonsense_pays_only_numbers_from_0_to_1() {
    let mut app = app(1);
    app.add_task(ThreeSteps([f32::NAN, 7.0]));
    start(&mut app);
    (0..3).for_each(|_| app.update());
    let report = &app.world().resource::<FinishedEpisodes>().0[0].report;
    // (3 · 0 + 1 · 1) / (3 + 1).
    assert_eq!(report.rewards, [0.25, 0.25, 1.0]);
    assert_eq!(report.terms, [0.0, 1.0]);
}

#[test]
fn evaluation_goes_by_the_task_of_the_plan() {
    let plan = Arc::new(push().with_task(ThreeSteps([0.0, 0.0])));
    let levels = held_out(plan.quantities.count(), 4);
    let results = evaluate(&plan, &Cast::from(Flyer::Pilot(Pilot::random())), &levels, Threads(2), 1);
    assert_eq!(results.iter().map(|result| result.length).collect::<Vec<_>>(), [3; 4]);
}

#[test]
#[should_panic(expected = "add `ArenaPlugin` before `add_task`")]
fn a_task_for_an_app_without_arenas_is_refused() {
    headless_app(Threads(1)).add_task(ThreeSteps([0.0, 0.0]));
}
