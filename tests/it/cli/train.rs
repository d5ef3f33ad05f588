//! `train` and `compare`.

use crate::workshop::{RECIPE, Workshop, assert_same};
use std::fs;

#[test]
fn a_scene_is_trained_by_its_recipe_with_the_same_bits_for_any_number_of_threads() {
    let workshop = Workshop::new();
    let told = workshop.apprentice("train short --out one --threads 1").ends(0, &["short-ppo seed 1 in one"]);
    assert!(told.out.starts_with("## `short-ppo`: "), "{}", told.out);
    workshop.apprentice("train short/scene.ron --out two --threads 2").ends(0, &[]);
    workshop.apprentice("train short/ppo.ron --out three --threads 7 --json").ends(0, &[]);
    assert_same(&workshop.path("one"), &workshop.path("two"));
    assert_same(&workshop.path("one"), &workshop.path("three"));
}

#[test]
fn resuming_starts_where_there_is_no_run_and_does_nothing_where_it_is_finished() {
    let workshop = Workshop::new();
    let first = workshop.apprentice("train short --out run --resume --json").ends(0, &[]);
    let summary = &first.objects()[0];
    assert_eq!((&summary["recipe"], &summary["stages"][0]["updates"]), (&"short-ppo".into(), &8.into()));
    let metrics = workshop.read("run/metrics.jsonl");
    let again = workshop.apprentice("train short --out run --resume --json").ends(0, &["`run` is finished already"]);
    assert_eq!(again.objects()[0]["scores"], summary["scores"]);
    assert_eq!(workshop.read("run/metrics.jsonl"), metrics);
    workshop
        .apprentice("train short --out run")
        .ends(2, &["error: `run` holds a run already: `--resume` goes on with it, another `--out` starts a new one"]);
    workshop
        .apprentice("train short --out run --resume --set learner.rate=1e-3")
        .ends(2, &["`run` was started with another recipe: `learner.rate` was 0.0003 and is 0.001"]);
    assert_eq!(workshop.read("run/metrics.jsonl"), metrics);
}

#[test]
fn runs_without_a_folder_of_their_own_are_numbered() {
    let workshop = Workshop::new();
    workshop.write("runs/short-ppo-0041/left", "");
    workshop.apprentice("train short --quiet --set budget=Updates(1)").ends(0, &[]);
    assert!(workshop.path("runs/short-ppo-0042/summary.md").is_file());
    workshop.apprentice("train short --resume --set budget=Updates(1)").ends(0, &["short-ppo-0042` is finished already"]);
}

#[test]
fn several_seeds_leave_a_run_each_and_a_summary_of_all() {
    let workshop = Workshop::new();
    let told = workshop.apprentice("train short --seeds 2 --out runs --json --set budget=Updates(2)").ends(0, &[]);
    let summary = &told.objects()[0];
    assert_eq!(summary["seeds"], serde_json::json!([1, 2]));
    assert_eq!((&summary["scores"]["runs"], &summary["scores"]["episodes"]), (&2.into(), &8.into()));
    for file in ["summary.json", "summary.md", "curves.svg"] {
        for folder in ["runs", "runs/seed-1", "runs/seed-2"] {
            assert!(workshop.path(folder).join(file).is_file(), "{folder} has no {file}");
        }
    }
    assert!(workshop.read("runs/summary.md").contains("| short | 1, 2 | 4 | 256 |"), "{}", workshop.read("runs/summary.md"));
    assert_ne!(workshop.read("runs/seed-1/episodes.jsonl"), workshop.read("runs/seed-2/episodes.jsonl"));
    workshop.apprentice("train short --out runs --set budget=Updates(2)").ends(2, &["`runs` holds `curves.svg` and no run"]);
    workshop.apprentice("train short --seeds 3 --out runs/seed-1").ends(2, &["holds a run of one seed"]);
    workshop.apprentice("train short --seeds 2 --seed 3").ends(2, &["cannot be used with"]);

    // Where a verb takes a run, the folder means all of them.
    workshop.apprentice("train short --seed 9 --out nine --quiet --set budget=Updates(2)").ends(0, &[]);
    let told = workshop.apprentice("compare nine runs --curves both.svg").ends(0, &[]);
    let table: Vec<&str> = told.out.lines().collect();
    assert_eq!(table.len(), 3, "{}", told.out);
    assert!(table[0].contains("success") && table[0].contains("better than the first"), "{}", told.out);
    assert!(table[1].starts_with("nine") && table[2].starts_with("runs") && table[2].contains(" to "), "{}", told.out);
    let svg = workshop.read("both.svg");
    assert!(svg.starts_with("<svg") && svg.contains("nine") && svg.contains("runs"));
    let objects = workshop.apprentice("compare nine runs --json").ends(0, &[]).objects();
    assert_eq!(objects[1]["scores"]["runs"], 2);
    assert!(objects[0]["probability_of_improvement"].is_null() && objects[1]["probability_of_improvement"]["value"].is_number());
    assert_eq!(workshop.apprentice("evaluate runs --levels 3 --json").ends(0, &[]).objects().len(), 3);
}

#[test]
fn a_run_that_is_not_finished_is_not_compared() {
    let workshop = Workshop::new();
    workshop.apprentice("train short --out run --quiet").ends(0, &[]);
    // Its checkpoint at update 4 was judged, and yet is not the end.
    fs::remove_dir_all(workshop.path("run/checkpoints/000006")).unwrap();
    fs::remove_dir_all(workshop.path("run/checkpoints/000008")).unwrap();
    workshop.apprentice("compare run").ends(2, &["`run` is not finished: resume it, or judge its last checkpoint with `evaluate`"]);
    workshop.apprentice("compare nowhere").ends(2, &["nowhere: there is no such run"]);
    workshop.apprentice("compare short").ends(2, &["short: this is no run: it has neither a `run.json` nor `seed-1`"]);
}

#[test]
fn a_wrong_change_is_refused_with_its_place_and_who_made_it() {
    let workshop = Workshop::new();
    for (set, words) in [
        ("learner.rat=1e-3", &["ppo.ron:", "in `--set learner.rat=1e-3`: unknown field `rat` in `Ppo`", "did you mean `rate`?", "^"][..]),
        ("learner.rate=fast", &["ppo.ron:", "in `--set learner.rate=fast`: "]),
        ("arenas=0", &["ppo.ron:3:13: in `--set arenas=0`: 0 arenas; 1 to 65,536 can be had"]),
        ("learner.discount=1", &["in `--set learner.discount=1`: `discount` is 1 and must lie between 0 and 1"]),
        ("learner.minibatch=65", &["in `--set learner.minibatch=65`: `minibatch` is 65, but 4 arenas leave 64 rows in a `horizon` of 16"]),
        ("scene=nowhere", &["ppo.ron:2:12: in `--set scene=nowhere`: there is no scene `nowhere`"]),
        ("budget.3=1", &["its only entry is `0`"]),
        ("rate", &["`rate` has no `=`: write an override as `learner.rate=3e-4`"]),
        ("learner.rate=", &["`learner.rate` cannot be set to ``"]),
    ] {
        workshop.apprentice(&format!("train short --out run --set {set}")).ends(2, words);
        assert!(!workshop.path("run").exists(), "{set}");
    }
    workshop
        .apprentice("train short --arenas 1 --out run")
        .ends(2, &["`minibatch` is 32, but 1 arena leaves 16 rows in a `horizon` of 16"]);
    workshop.apprentice("train short --device gpu --out run").ends(2, &["this build cannot learn on a GPU"]);
    assert!(!workshop.path("run").exists());
    // Broken in itself: the loader says where, not the change.
    workshop.write("short/ppo.ron", &RECIPE.replace("arenas: 4,", "arenas: 4"));
    let told = workshop.apprentice("train short --seed 4").ends(2, &["ppo.ron:4:5: "]);
    assert!(!told.err.contains("--set"), "{}", told.err);
}

#[test]
fn what_is_not_there_or_something_else_is_refused() {
    let workshop = Workshop::new();
    workshop.write("bare/scene.ron", "");
    workshop.write("sandbox/scene.ron", "Scene(about: \"Nothing to do.\", timing: (control_hz: 30, physics_hz: 60), body: CartPole())");
    workshop.write("sandbox/ppo.ron", RECIPE);
    workshop.apprentice("train nowhere").ends(2, &["nowhere: there is no such file"]);
    workshop.apprentice("train short/ppo.rn").ends(2, &["there is no such file", "did you mean `short/ppo.ron`?"]);
    workshop.apprentice("train bare").ends(2, &["bare/ppo.ron: there is no such file"]);
    workshop.apprentice("train sandbox").ends(2, &["ppo.ron:2:12: the scene `sandbox` has no task: there is nothing to learn in it"]);
    workshop.apprentice("train short --out short/scene.ron").ends(2, &["`short/scene.ron` is a file"]);
    workshop.apprentice("train short --threads 0").ends(2, &["0 is not in 1..=1024"]);
    workshop.apprentice("train").ends(2, &["Usage: apprentice train"]);
    assert!(!workshop.path("runs").exists());
}

#[test]
fn more_threads_than_cores_and_a_single_arena_are_enough() {
    let workshop = Workshop::new();
    workshop
        .apprentice("train short --out run --threads 1000 --arenas 1 --set learner.minibatch=16 --set budget=Updates(1)")
        .ends(0, &["1000 threads on "]);
}
