//! Runs, within this process.

use crate::workshop::{RECIPE, SHORT, Workshop, assert_same, metrics, traces};
use apprentice::curriculum::EpisodeReport;
use apprentice::curriculum::Level;
use apprentice::physics::Threads;
use apprentice::ron;
use apprentice::signal::Outcome;
use apprentice::training::checkpoint::{self, Checkpoint};
use apprentice::training::overrides::Override;
use apprentice::training::progress::Display;
use apprentice::training::recipe::{Budget, Prepared, Recipe, prepare, resolved};
use apprentice::training::report::{self, RunFolder};
use apprentice::training::run::{Ending, Options, RunError, train};
use apprentice::training::trainer::episode_means;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

fn options(resume: bool) -> Options {
    Options { resume, threads: Threads(2), display: Display::Quiet, stop: Arc::default() }
}

fn prepared(workshop: &Workshop, changes: &[&str]) -> Prepared {
    let changes: Vec<Override> = changes.iter().map(|change| change.parse().unwrap()).collect();
    prepare(&workshop.path("short"), &changes).unwrap()
}

fn finished(prepared: &Prepared, run: &Path) {
    let ending = train(prepared, run, &options(true)).unwrap();
    assert!(matches!(ending, Ending::Finished(_)), "{ending:?}");
}

/// A run that the user stops before its first step.
fn stopped(prepared: &Prepared, run: &Path) -> u64 {
    let options = Options { stop: Arc::new(AtomicBool::new(true)), ..options(true) };
    match train(prepared, run, &options).unwrap() {
        Ending::Interrupted { updates } => updates,
        ending => panic!("{ending:?}"),
    }
}

#[test]
fn the_same_seed_leaves_the_same_run_and_another_seed_another_one() {
    let workshop = Workshop::new();
    let (one, other, third) = (workshop.path("one"), workshop.path("other"), workshop.path("third"));
    let prepared_ = prepared(&workshop, &[]);
    finished(&prepared_, &one);
    finished(&prepared_, &other);
    assert_same(&one, &other);
    finished(&prepared(&workshop, &["seed=2"]), &third);
    assert_ne!(metrics(&one, &[]), metrics(&third, &[]));
    assert!(traces(&one)["episodes"].len() > 1000, "no episodes were compared");
}

#[test]
fn how_often_the_policy_is_judged_changes_no_bit_of_its_training() {
    let workshop = Workshop::new();
    let (often, never) = (workshop.path("often"), workshop.path("never"));
    finished(&prepared(&workshop, &["evaluate.every=1"]), &often);
    finished(&prepared(&workshop, &["evaluate.every=1000"]), &never);
    let judgement = ["score", "success"];
    assert_eq!(metrics(&often, &judgement), metrics(&never, &judgement));
    assert_ne!(metrics(&often, &[]), metrics(&never, &[]), "neither was judged");
    let (often, never) = (traces(&often), traces(&never));
    for part in ["policy.safetensors", "learner.bin", "arenas.bin", "rollout.bin", "teachers.bin", "evaluation.json"] {
        let name = format!("checkpoints/000008/{part}");
        assert!(often[&name] == never[&name], "{name}");
    }
    assert!(often["episodes"] == never["episodes"]);
}

#[test]
fn a_run_stopped_before_every_update_ends_as_one_that_was_never_stopped() {
    let workshop = Workshop::new();
    let (whole, stopped_) = (workshop.path("whole"), workshop.path("stopped"));
    let all = prepared(&workshop, &[]);
    finished(&all, &whole);
    assert_eq!(stopped(&all, &stopped_), 0);
    assert_eq!(stopped(&all, &stopped_), 0);
    finished(&all, &stopped_);
    // The checkpoint at the very beginning is one of three newest until the fourth comes.
    assert_same(&whole, &stopped_);
}

#[test]
fn the_last_three_checkpoints_are_kept_and_those_that_were_judged() {
    let workshop = Workshop::new();
    let run = workshop.path("run");
    finished(&prepared(&workshop, &["budget=Updates(13)", "evaluate.every=5", "checkpoint.every=2"]), &run);
    let names = |folder: &Path| {
        let mut names: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let checkpoints = run.join("checkpoints");
    assert_eq!(names(&checkpoints), ["000005", "000010", "000012", "000013", "last"]);
    // Of an old one only what flying needs, and how it was judged.
    assert_eq!(names(&checkpoints.join("000005")), ["contract.json", "evaluation.json", "policy.safetensors", "progress.json"]);
    assert!(!checkpoints.join("000012/evaluation.json").exists());
    let whole = ["arenas.bin", "contract.json", "evaluation.json", "learner.bin", "policy.safetensors", "progress.json", "rollout.bin"];
    assert_eq!(names(&checkpoints.join("000013"))[..7], whole);
    assert_eq!(workshop.read("run/checkpoints/last"), "000013");
    assert_eq!(checkpoint::last(&run).unwrap(), checkpoints.join("000013"));
}

#[test]
fn a_judgement_survives_being_stopped_right_after_it() {
    let workshop = Workshop::new();
    let run = workshop.path("run");
    let all = prepared(&workshop, &["budget=Updates(4)", "evaluate.every=2"]);
    finished(&all, &run);
    // As if it had been killed after the second update's checkpoint: what came later is not there.
    std::fs::remove_dir_all(run.join("checkpoints/000004")).unwrap();
    let before = checkpoint::evaluations(&run.join("checkpoints/000002")).unwrap();
    assert_eq!(stopped(&all, &run), 2);
    assert_eq!(checkpoint::evaluations(&run.join("checkpoints/000002")).unwrap(), before);
    assert_eq!(before[0].episodes.len(), 4);
}

#[test]
fn a_run_folder_is_complete() {
    let workshop = Workshop::new();
    let run = workshop.path("run");
    let all = prepared(&workshop, &[]);
    finished(&all, &run);
    report::write(&run, &report::runs(&run).unwrap()).unwrap().unwrap();
    for file in ["run.json", "summary.json", "summary.md", "curves.svg", "metrics.jsonl", "episodes.jsonl", "scenes/short/scene.ron"] {
        assert!(run.join(file).metadata().unwrap().len() > 20, "{file}");
    }
    assert!(run.join("events.out.tfevents.0000000000.apprentice").is_file());
    let folder = RunFolder::read(&run).unwrap();
    assert_eq!(folder.recipe.learner, all.recipe.learner);
    assert_eq!((folder.recipe.budget.unwrap(), folder.standing.progress.updates), (Budget::Updates(8), 8));
    assert_eq!(folder.standing.progress.steps, 8 * 4 * 16);
    assert_eq!(folder.evaluations[0].episodes.len(), 4);
    // The folder needs nothing from outside: its own recipe trains its own scene.
    let again = prepare(&run.join("recipe.ron"), &[]).unwrap();
    assert_eq!(again.recipe.arenas, 4);
    assert_eq!(again.plans[0].hash, all.plans[0].hash);
    let svg = workshop.read("run/curves.svg");
    assert!(svg.starts_with("<svg") && svg.contains("short-ppo"), "{svg}");
    let markdown = workshop.read("run/summary.md");
    for part in ["## `short-ppo`: ", "4 held-out levels", "| 1 | Ppo | 8 updates | 8 | 512 |", "The score is the mean over levels"] {
        assert!(markdown.contains(part), "{part} is not in\n{markdown}");
    }
}

#[test]
fn a_resolved_recipe_says_every_default_and_reads_back_equal() {
    let workshop = Workshop::new();
    let Prepared { recipe, .. } =
        prepared(&workshop, &["learner.value_clip=None", "learner.schedule=AdaptiveKl(0.01)", "budget=Steps(3000000)"]);
    let text = resolved(&recipe);
    let (back, _) = ron::read::<Recipe>(&text, "recipe.ron").finish().unwrap();
    assert_eq!(back, recipe);
    for field in ["reward: Dense", "teacher: Uniform", "device: auto", "lambda: 0.95", "value_clip: None", "seed: 1", "activation: Relu"] {
        assert!(text.contains(field), "{field} is not in\n{text}");
    }
}

#[test]
fn scenes_with_equal_channels_are_trained_in_together_and_each_is_judged() {
    let workshop = Workshop::new();
    workshop.write("long/short/scene.ron", &SHORT.replace("(0.6, 1.4)", "(1.0, 2.0)"));
    workshop.write("both.ron", &RECIPE.replace("\"scene.ron\"", "[\"short\", \"long/short\"]"));
    let both = prepare(&workshop.path("both.ron"), &[]).unwrap();
    // Two folders of one name are two scenes.
    assert_eq!(both.plans.iter().map(|plan| plan.name.as_str()).collect::<Vec<_>>(), ["short", "short-2"]);
    let run = workshop.path("run");
    finished(&both, &run);
    let folder = RunFolder::read(&run).unwrap();
    assert_eq!(folder.evaluations.iter().map(|evaluation| evaluation.scene.as_str()).collect::<Vec<_>>(), ["short", "short-2"]);
    assert_eq!(folder.scenes().len(), 2);
    let again = train(&both, &run, &options(true)).unwrap();
    assert!(matches!(again, Ending::AlreadyFinished(_)), "the run was not recognised");
}

#[test]
fn scenes_of_a_folder_are_all_trained_in() {
    let workshop = Workshop::new();
    workshop.write("all/a/scene.ron", SHORT);
    workshop.write("all/b/scene.ron", &SHORT.replace("0.8,", "1.0,"));
    workshop.write("folder.ron", &RECIPE.replace("\"scene.ron\"", "\"all\""));
    let Prepared { plans, name, .. } = prepare(&workshop.path("folder.ron"), &[]).unwrap();
    assert_eq!((plans.len(), name.as_str()), (2, "folder"));
}

#[test]
fn scenes_with_other_channels_or_rates_are_refused_naming_the_first_difference() {
    let workshop = Workshop::new();
    workshop.write("still/scene.ron", &SHORT.replace(", LastAction", ""));
    workshop.write("slow/scene.ron", &SHORT.replace("control_hz: 30", "control_hz: 20"));
    workshop.write("both.ron", &RECIPE.replace("\"scene.ron\"", "[\"short\", \"still\", \"slow\"]"));
    let problems = prepare(&workshop.path("both.ron"), &[]).err().unwrap();
    assert_eq!(problems.0.len(), 2, "{problems:?}");
    let told: Vec<String> =
        problems.0.iter().map(|problem| format!("{}:{}: {}", problem.line, problem.column, problem.sentence())).collect();
    assert!(
        told[0].starts_with("2:22: the scenes `short` and `still` cannot share a policy: ") && told[0].contains("`last_action."),
        "{told:?}"
    );
    assert!(
        told[1].starts_with("2:31: the scenes `short` and `slow` cannot share a policy: ")
            && told[1].contains("one asks 30 times a second, the other 20 times"),
        "{told:?}"
    );
}

#[test]
fn a_resumed_run_is_refused_another_recipe_by_the_first_field_that_differs() {
    let workshop = Workshop::new();
    let run = workshop.path("run");
    assert_eq!(stopped(&prepared(&workshop, &[]), &run), 0);
    let refused = |changes: &[&str]| match train(&prepared(&workshop, changes), &run, &options(true)) {
        Err(RunError::OtherRecipe { difference, .. }) => difference,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&["learner.rate=1e-3", "seed=2"]), "`learner.rate` was 0.0003 and is 0.001");
    assert_eq!(refused(&["seed=2"]), "`seed` was 1 and is 2");
    assert_eq!(refused(&["learner.hidden=[32]"]), "`learner.hidden` was 16 and is 32");
    assert_eq!(refused(&["learner.hidden=[16, 16]"]), "`learner.hidden` is another");
    assert_eq!(refused(&["budget=Steps(8)"]), "`budget` was Updates(8) and is Steps(8)");
    workshop.write("short/scene.ron", &SHORT.replace("0.01", "0.02"));
    assert_eq!(refused(&[]), "the scene `short` has changed since");
}

#[test]
fn nothing_is_written_where_a_folder_is_not_free() {
    let workshop = Workshop::new();
    let all = prepared(&workshop, &[]);
    workshop.write("taken/thesis.tex", "precious");
    for resume in [false, true] {
        let refused = train(&all, &workshop.path("taken"), &options(resume)).unwrap_err().to_string();
        assert!(refused.ends_with("holds `thesis.tex` and no run: choose a folder that is empty or not there yet"), "{refused}");
        let refused = train(&all, &workshop.path("taken/thesis.tex"), &options(resume)).unwrap_err().to_string();
        assert!(refused.contains("is a file"), "{refused}");
    }
    assert_eq!(std::fs::read_dir(workshop.path("taken")).unwrap().count(), 1);
    // What a kill leaves of a run's first moment is in nobody's way.
    workshop.write("begun/scenes/short/.scene.ron.partial", "Sce");
    workshop.write("begun/.recipe.ron.partial", "Rec");
    assert_eq!(stopped(&all, &workshop.path("begun")), 0);
    assert!(!workshop.path("begun/.recipe.ron.partial").exists());
}

#[test]
fn a_learner_that_cannot_be_leaves_no_folder() {
    let workshop = Workshop::new();
    let refused = train(&prepared(&workshop, &["device=gpu"]), &workshop.path("run"), &options(false)).unwrap_err();
    assert!(refused.to_string().contains("--device cpu"), "{refused}");
    assert!(!workshop.path("run").exists());
}

#[test]
fn every_part_of_a_checkpoint_that_was_cut_or_changed_is_refused_and_the_one_before_goes_on() {
    let workshop = Workshop::new();
    let (whole, broken) = (workshop.path("whole"), workshop.path("broken"));
    let half = prepared(&workshop, &[]);
    finished(&half, &whole);
    finished(&half, &broken);
    let last = broken.join("checkpoints/000008");
    for part in ["learner.bin", "teachers.bin", "arenas.bin", "rollout.bin", "progress.json"] {
        let path = last.join(part);
        let bytes = std::fs::read(&path).unwrap();
        let mut changed = bytes.clone();
        changed[bytes.len() / 3] ^= 0x40;
        for damaged in [&[][..], &bytes[..bytes.len() / 2], &changed] {
            if part == "progress.json" && damaged == changed {
                continue;
            }
            std::fs::write(&path, damaged).unwrap();
            let refused = train(&half, &broken, &options(true)).unwrap_err().to_string();
            assert!(refused.contains(part) && refused.contains("goes on from the checkpoint before"), "{refused}");
        }
        std::fs::remove_file(&path).unwrap();
        let refused = train(&half, &broken, &options(true)).unwrap_err().to_string();
        assert!(refused.contains(part), "{refused}");
        std::fs::write(&path, bytes).unwrap();
    }
    assert!(Checkpoint::load(&last).is_ok());
    // As the message says: without the broken one, the run goes on from the one before, to the same end.
    std::fs::remove_dir_all(&last).unwrap();
    finished(&half, &broken);
    assert_same(&whole, &broken);
}

#[test]
fn diverged_episodes_are_counted_and_left_out_of_the_means() {
    let report = |score: f32, outcome: Outcome| EpisodeReport {
        arena: 0,
        agent: 0,
        lesson: Level::canonical(1).into(),
        score,
        success: outcome == Outcome::Succeeded,
        success_once: false,
        length: 10,
        outcome,
        rewards: Vec::new(),
        terms: vec![score / 2.0],
        values: Vec::new(),
    };
    let means = episode_means(&[report(0.5, Outcome::Succeeded), report(9.0, Outcome::Diverged), report(0.25, Outcome::TimedOut)]);
    let mean = |name: &str| means.iter().find(|(known, _)| known == name).unwrap().1;
    // (0.5 + 0.25) / 2, and half of it as the term.
    assert_eq!((mean("train.episodes"), mean("train.diverged"), mean("train.score"), mean("train.success")), (2.0, 1.0, 0.375, 0.5));
    assert_eq!(mean("reward.0"), 0.1875);
    let none = episode_means(&[report(9.0, Outcome::Diverged)]);
    assert_eq!(none, [("train.episodes".to_owned(), 0.0), ("train.diverged".to_owned(), 1.0)]);
}
