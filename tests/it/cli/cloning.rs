//! Cloning, from a data set to a run.

use crate::workshop::{Workshop, assert_same, lines, traces, wait_until};
use std::fs;

/// Twelve updates, short ones; every bit of state is in use.
const CLONING: &str = r#"Recipe(
    demonstrations: "../data",
    learner: Cloning(actor: Mixture(2), history: 2, hidden: [16], steps: 5, minibatch: 32),
    budget: Updates(12),
    evaluate: (every: 6, levels: 4),
    checkpoint: (every: 2),
)
"#;

/// With eight demonstrations of the short scene, and a recipe that clones them.
fn workshop() -> Workshop {
    let workshop = Workshop::new();
    workshop.write("short/cloning.ron", CLONING);
    workshop.apprentice("record short data --pilot expert --episodes 8 --operator ada --quiet").ends(0, &[]);
    workshop
}

#[test]
fn demonstrations_are_cloned_into_a_run_like_any_other() {
    let workshop = workshop();
    let told = workshop.apprentice("train short/cloning.ron --out one --threads 1");
    let told = told.ends(0, &["short-cloning seed 1 in one", "learns from 7 episodes (168 rows), judged by 1 others"]);
    assert!(told.out.starts_with("## `short-cloning`: "), "{}", told.out);
    assert!(told.out.contains("| 1 | Cloning | 12 updates | 12 | 0 |"), "{}", told.out);
    workshop.apprentice("train short/cloning.ron --out two --threads 2 --quiet").ends(0, &[]);
    assert_same(&workshop.path("one"), &workshop.path("two"));
    let metrics = workshop.read("one/metrics.jsonl");
    assert!(metrics.lines().count() == 12 && metrics.lines().all(|line| line.contains("\"validation.loss\":")), "{metrics}");
    for file in ["summary.json", "summary.md", "curves.svg", "recipe.ron", "demonstrations.json", "scenes/short/scene.ron"] {
        assert!(workshop.path("one").join(file).metadata().unwrap().len() > 20, "{file}");
    }
    assert!(workshop.read("one/curves.svg").contains("updates"));
    // Its policy flies like any other, also from the folder's own recipe, wherever that lies.
    workshop.apprentice("evaluate one --levels 3 --json").ends(0, &[]);
    workshop.apprentice("record short flown --pilot one --episodes 2 --quiet").ends(0, &[]);
    fs::create_dir(workshop.path("elsewhere")).unwrap();
    fs::rename(workshop.path("one"), workshop.path("elsewhere/one")).unwrap();
    workshop.apprentice("train elsewhere/one/recipe.ron --out again --quiet").ends(0, &[]);
    assert_same(&workshop.path("elsewhere/one"), &workshop.path("again"));
    // Beside a run that practises: scores compare, curves have no axis in common.
    workshop.apprentice("train short --out ppo --quiet").ends(0, &[]);
    workshop.apprentice("compare two ppo").ends(0, &[]);
    workshop.apprentice("compare two ppo --curves both.svg").ends(2, &["no curve has room for both"]);
    workshop.apprentice("train short/cloning.ron --seeds 2 --out seeds --quiet").ends(0, &[]);
    assert!(workshop.path("seeds/seed-2/summary.md").is_file() && workshop.path("seeds/curves.svg").is_file());
}

#[test]
fn a_killed_clone_goes_on_to_the_bits_of_one_that_was_never_killed() {
    let workshop = workshop();
    let long = "--set budget=Updates(400) --set learner.steps=40 --set evaluate.every=100 --set checkpoint.every=20";
    workshop.apprentice(&format!("train short/cloning.ron --out whole --quiet {long}")).ends(0, &[]);
    let train = format!("train short/cloning.ron --out killed --resume --quiet {long}");
    for kill in 1..5 {
        let before = lines(&workshop.path("killed/metrics.jsonl"));
        let mut child = workshop.begin(&train);
        wait_until("the moment of the kill", || lines(&workshop.path("killed/metrics.jsonl")) >= (before + 20).min(70 * kill));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(lines(&workshop.path("killed/metrics.jsonl")) < 400, "it was over before it was killed");
    workshop.apprentice(&train).ends(0, &[]);
    assert_same(&workshop.path("whole"), &workshop.path("killed"));
    assert!(traces(&workshop.path("whole")).len() > 5);
}

#[test]
fn a_run_does_not_go_on_with_other_demonstrations() {
    let workshop = workshop();
    workshop.apprentice("train short/cloning.ron --out run --quiet").ends(0, &[]);
    workshop.apprentice("train short/cloning.ron --out run --resume").ends(0, &["`run` is finished already"]);
    let first = "--set selection.first=3";
    workshop.apprentice(&format!("train short/cloning.ron --out run --resume {first}")).ends(2, &["was started with another recipe"]);
    workshop.apprentice("record short data --pilot expert --episodes 1 --quiet").ends(0, &[]);
    workshop.apprentice("train short/cloning.ron --out run --resume").ends(2, &["the demonstrations have changed since"]);
}

#[test]
fn what_cannot_be_learnt_from_leaves_no_run() {
    let workshop = workshop();
    let refused = |set: &str, told: &str| {
        workshop
            .command("train short/cloning.ron --out run --set")
            .arg(set)
            .output()
            .map(crate::workshop::Told::from)
            .unwrap()
            .ends(2, &[told]);
        assert!(!workshop.path("run").exists());
    };
    refused("demonstrations=\"nowhere\"", "this is no data set: it has no `meta/info.json`");
    refused("selection.operator=[\"bob\"]", "no demonstration is left to learn from: of 8, 8 fall to `operator`");
    refused("scene=\"../slow.ron\"", "there is no scene `../slow.ron`");
    refused("budget=Steps(100)", "`Cloning` takes no steps in a world");
    refused("selection.validation=1.5", "`validation` is a share of 1.5 and must lie in [0, 0.9]");
    refused("learner.ignore=[\"yoint\"]", "`ignore` names `yoint`, and no channel begins with it");
    refused("selection.operater=[\"bob\"]", "operator");
    refused("demonstrations=[]", "`Cloning` learns from demonstrations, and the recipe names none");
    workshop.write("short/both.ron", "Recipe(learner: Ppo, budget: Updates(1), demonstrations: \"../data\")");
    workshop.apprentice("check short/both.ron").ends(2, &["`Ppo` does not learn from demonstrations"]);
    workshop.apprentice("check short/cloning.ron").ends(0, &["right"]);
    let scene = workshop.read("short/scene.ron");
    workshop.write("short/scene.ron", &scene.replace("control_hz: 30", "control_hz: 20"));
    workshop.apprentice("train short/cloning.ron --out run").ends(2, &["has 30 rows a second, the scene decides 20 times"]);
    workshop.write("short/scene.ron", &scene.replace(", LastAction", ""));
    workshop.apprentice("train short/cloning.ron --out other --set budget=Updates(1)").ends(0, &[]);
    let data = workshop.path("data/data/chunk-000/file-003.parquet");
    let bytes = fs::read(&data).unwrap();
    fs::write(&data, &bytes[..bytes.len() / 2]).unwrap();
    workshop.write("short/scene.ron", &scene);
    refused("seed=1", "file-003.parquet");
}
