//! Corrections while a learner drives: when an oracle takes over, and that a run with one can be left and taken up anywhere.

use crate::workshop::{Workshop, assert_same};
use apprentice::arena::{ArenaPlugin, Classroom};
use apprentice::control::{ControlPlugin, ControlTiming, headless_app, start};
use apprentice::imitation::corrections::{Corrections, Gate, Mixed, Rule, Watch};
use apprentice::physics::Threads;
use apprentice::pilot::Pilot;
use apprentice::pilot::hand::{Hands, Input};
use apprentice::training::checkpoint::{self, Checkpoint};
use apprentice::training::corrections::{CorrectionsPlugin, HandsOn, hands_plugin};
use apprentice::training::progress::Display;
use apprentice::training::recipe::prepare;
use apprentice::training::run::{Ending, Options, train};
use apprentice::training::trainer::{Progress, Student, Trainer, TrainerPlugin};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const TIMING: ControlTiming = ControlTiming { control_hz: 10, physics_hz: 120 };

const DAGGER: &str = r#"Recipe(
    scene: "short/scene.ron",
    arenas: 4,
    budget: Updates(6),
    corrections: (oracle: "expert(noise: 0.1)", rule: Mixed(first: 1.0, decay: 0.7)),
    learner: Dagger(cloning: (hidden: [16], steps: 5, minibatch: 32), horizon: 10),
    evaluate: (every: 3, levels: 4),
    checkpoint: (every: 1),
)
"#;

const RLIF: &str = r#"Recipe(
    scene: "short/scene.ron",
    arenas: 4,
    budget: Updates(6),
    corrections: (oracle: "okay", rule: Gated(judge: "expert", differs: 0.2, differs_for: 0.1, stalls: 0.3, least: 0.1, agrees: 0.5)),
    learner: Sac(paid: Interventions, horizon: 10, steps: 5, minibatch: 32, warmup: 80, replay: 160, hidden: [16]),
    evaluate: (every: 3, levels: 4),
    checkpoint: (every: 1),
)
"#;

fn options(threads: usize, stop: bool) -> Options {
    Options { resume: true, threads: Threads(threads), display: Display::Quiet, stop: Arc::new(AtomicBool::new(stop)) }
}

/// Trains to the end, from wherever it stands.
fn finish(workshop: &Workshop, recipe: &str, run: &Path, threads: usize, changes: &[&str]) {
    workshop.write("recipe.ron", recipe);
    let changes: Vec<_> = changes.iter().map(|change| change.parse().unwrap()).collect();
    let prepared = prepare(&workshop.path("recipe.ron"), &changes).unwrap();
    let ending = train(&prepared, run, &options(threads, false)).unwrap();
    assert!(matches!(ending, Ending::Finished(_)), "{ending:?}");
}

fn last(run: &Path) -> Checkpoint {
    Checkpoint::load(&checkpoint::last(run).unwrap()).unwrap()
}

/// What a gate does, step by step, with these distances and rewards.
fn steers(gate: &Gate, steps: &[(f32, f32)]) -> Vec<bool> {
    let mut watch = Watch::new(Pilot::Idle, None);
    watch.begin(1, 0, 0);
    steps.iter().map(|(distance, paid)| (watch.decide(gate, TIMING, *distance, *paid), watch.steers()).1).collect()
}

#[test]
fn who_differs_for_long_enough_is_taken_over_until_both_agree() {
    let gate = Gate { differs: Some(0.5), differs_for: 0.3, least: 0.2, agrees: Some(0.1), ..Gate::default() };
    let distances = [0.6, 0.6, 0.4, 0.6, 0.6, 0.6, 0.0, 0.0, 0.0, 0.6, 0.6, 0.6, 0.3, 0.3, 0.3, 0.05, 0.0];
    let found = steers(&gate, &distances.map(|distance| (distance, 0.5)));
    // Three steps in a row; then at least two; then until they agree. (What differs anew counts from the hand-back on.)
    let expected = [0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0];
    assert_eq!(found, expected.map(|steers| steers == 1));
}

#[test]
fn who_makes_no_progress_is_taken_over_for_a_while() {
    let gate = Gate { stalls: Some(0.4), progress: 0.05, least: 0.3, ..Gate::default() };
    let rewards = [0.1, 0.2, 0.2, 0.22, 0.21, 0.24, 0.2, 0.2, 0.2, 0.2, 0.3, 0.3, 0.3, 0.3, 0.3];
    let found = steers(&gate, &rewards.map(|paid| (0.0, paid)));
    // Four steps behind the second, none better by 0.05; three steps long; then anew from there.
    let expected = [0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1];
    assert_eq!(found, expected.map(|steers| steers == 1));
}

#[test]
fn a_run_left_before_every_update_ends_as_one_that_was_never_left() {
    for recipe in [DAGGER, RLIF] {
        let workshop = Workshop::new();
        let (whole, left) = (workshop.path("whole"), workshop.path("left"));
        finish(&workshop, recipe, &whole, 1, &[]);
        // Left at its beginning, and once more after three updates, as if it had been killed there.
        let prepared = prepare(&workshop.path("recipe.ron"), &[]).unwrap();
        assert!(matches!(train(&prepared, &left, &options(2, true)).unwrap(), Ending::Interrupted { updates: 0 }));
        finish(&workshop, recipe, &left, 2, &[]);
        assert_same(&whole, &left);
        for later in ["000005", "000006"] {
            std::fs::remove_dir_all(left.join("checkpoints").join(later)).unwrap();
        }
        finish(&workshop, recipe, &left, 1, &[]);
        assert_same(&whole, &left);
        assert_eq!(last(&whole).watches.len(), 4);
    }
}

#[test]
fn what_an_oracle_does_in_an_arena_does_not_depend_on_its_neighbours() {
    for recipe in [DAGGER, RLIF.replace("warmup: 80", "warmup: 0").as_str()] {
        let workshop = Workshop::new();
        let (few, many) = (workshop.path("few"), workshop.path("many"));
        finish(&workshop, recipe, &few, 1, &["budget=Updates(1)", "checkpoint.every=1", "arenas=3"]);
        finish(&workshop, recipe, &many, 2, &["budget=Updates(1)", "checkpoint.every=1", "arenas=7"]);
        let [few, many] = [last(&few), last(&many)];
        // (The learner's own draws are shared out among all arenas: those of soft actor-critic differ.)
        if recipe == DAGGER {
            assert_eq!(few.watches[..], many.watches[..3]);
        }
        assert!(many.watches.windows(2).any(|pair| pair[0] != pair[1]), "every arena's oracle is the same");
    }
}

/// Sixteen live arenas of a run, in which a person may take over in the sixth. They hold the bumper from the fourth step to the seventh, and push
/// the stick half-way, unless they are `idle`. Gives the run after twelve steps, and after its first update.
fn taken_over(idle: bool) -> [Trainer; 2] {
    let workshop = Workshop::new();
    workshop.write("recipe.ron", &DAGGER.replace("Mixed(first: 1.0, decay: 0.7)", "Person").replace("horizon: 10", "horizon: 12"));
    let prepared = prepare(&workshop.path("recipe.ron"), &[]).unwrap();
    let recipe = &prepared.recipe;
    [12, 13].map(|steps| {
        let stage = recipe.stages().remove(0);
        let learner = stage.learner.build(prepared.contracts().remove(0).1, 1, recipe.device, None).unwrap();
        let mut app = headless_app(Threads(2));
        app.insert_resource(Trainer::new(vec![Student::new("body".into(), learner, 16)], stage, Progress::default()))
            .insert_resource(Classroom::new(&recipe.teacher, &prepared.plans, 1))
            .insert_resource(HandsOn { arena: 5 })
            .add_plugins((
                ControlPlugin { timing: prepared.plans[0].timing },
                ArenaPlugin { plans: prepared.plans.clone(), count: 16, seed: 1, pilot: Pilot::policy() },
                TrainerPlugin,
                CorrectionsPlugin { corrections: recipe.corrections.clone().unwrap(), arenas: 16, seed: 1, watches: Vec::new() },
                hands_plugin,
            ));
        start(&mut app);
        for step in 0..steps {
            let mut hands = app.world_mut().resource_mut::<Hands>();
            if !idle && step == 3 {
                hands.feed(Input::RightBumper, 1.0);
                hands.feed(Input::LeftStickX, 0.7);
            }
            if step == 7 {
                hands.feed(Input::RightBumper, 0.0);
            }
            app.update();
        }
        app.world_mut().remove_resource::<Trainer>().unwrap()
    })
}

#[test]
fn a_person_takes_over_in_one_of_sixteen_live_arenas_while_the_others_go_on() {
    let ([taken, mut after], [alone, mut untouched]) = (taken_over(false), taken_over(true));
    let [taken, alone] = [taken, alone].map(|trainer| trainer.students.into_iter().next().unwrap().rollout);
    let steered: Vec<usize> = (0..taken.rows()).filter(|row| taken.steered()[*row]).collect();
    assert_eq!(steered, [3, 4, 5, 6].map(|step| 16 * step + 5));
    for row in &steered {
        let pushed = taken.action(*row)[0];
        assert!((0.2..0.9).contains(&pushed), "{pushed} is not what the stick says");
        assert!(taken.labels().contains(&(*row, vec![pushed])), "row {row} is not labelled");
    }
    assert_eq!((taken.labels().len(), alone.labels().len()), (4, 0));
    for row in (0..taken.rows()).filter(|row| row % 16 != 5) {
        assert_eq!((taken.observation(row), taken.action(row)), (alone.observation(row), alone.action(row)), "row {row}");
    }
    assert_ne!(taken.observation(16 * 6 + 5), alone.observation(16 * 6 + 5), "the hands moved nothing");
    // And it is learnt from.
    assert_eq!((after.progress.updates, untouched.progress.updates), (1, 1));
    assert_eq!(after.updated.take().unwrap().get("labelled"), Some(4.0));
    assert_eq!(untouched.updated.take().unwrap().get("labelled"), None);
}

#[test]
fn what_is_wrong_with_corrections_is_told_where_it_stands() {
    let workshop = Workshop::new();
    let told = |text: String| -> Vec<String> {
        workshop.write("recipe.ron", &text);
        let problems = prepare(&workshop.path("recipe.ron"), &[]).err().expect("something is wrong");
        problems.0.iter().map(|problem| format!("{}: {}", problem.line, problem.sentence())).collect()
    };
    let one = |text: String, part: &str| {
        let told = told(text);
        assert!(told.len() == 1 && told[0].contains(part), "{told:?}");
    };
    one(DAGGER.replace("expert(noise: 0.1)", "experd"), "5: nobody is called `experd`");
    one(DAGGER.replace("noise: 0.1", "noise: 7.0"), "`noise` is 7");
    one(DAGGER.replace("decay: 0.7", "decay: 1.7"), "5: `decay` is 1.7 and must lie in 0 to 1");
    one(RLIF.replace("differs: 0.2, ", "").replace("stalls: 0.3, ", ""), "nothing makes it take over");
    one(RLIF.replace("judge: \"expert\"", "judge: \"nobody\""), "nobody is called `nobody`");
    one(
        RLIF.replace("Gated(judge: \"expert\", differs: 0.2, differs_for: 0.1, stalls: 0.3, least: 0.1, agrees: 0.5)", "Mixed()"),
        "`Gated(..)` is meant",
    );
    let alone = |text: &str| text.lines().filter(|line| !line.contains("corrections")).collect::<Vec<_>>().join("\n");
    one(alone(DAGGER), "`Dagger` learns from being corrected, and nobody does");
    one(alone(RLIF), "`Sac` learns from being corrected, and nobody does");
    one(
        DAGGER.replace("Dagger(cloning: (hidden: [16], steps: 5, minibatch: 32), horizon: 10)", "Ppo(minibatch: 32)"),
        "`Ppo` cannot learn from",
    );
    one(DAGGER.replace("horizon: 10", "horizon: 10, school: 2"), "`Dagger` learns from demonstrations, and the recipe names none");
    one(DAGGER.replace("steps: 5", "history: 3"), "its `history` is 3 and must be 1");
    let idle = Corrections { rule: Rule::Mixed(Mixed { first: 0.5, decay: 1.0 }), ..Corrections::default() };
    assert_eq!(idle.problems(), []);
}
