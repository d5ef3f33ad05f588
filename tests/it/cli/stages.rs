//! A recipe of several stages, from a data set to a run.

use crate::workshop::{Workshop, assert_same, lines, traces, wait_until};
use serde_json::Value;
use std::fs;

/// A clone, a residual on it, one plain network that does as both, and practice that is held to that.
const STAGES: &str = r#"Recipe(
    arenas: 4,
    evaluate: (every: 3, levels: 4),
    checkpoint: (every: 2),
    stages: [
        (
            learner: Cloning(history: 2, hidden: [16], steps: 5, minibatch: 32),
            budget: Updates(5),
            demonstrations: "../data",
        ),
        (
            learner: Ppo(before: Residual(0.2), horizon: 16, minibatch: 32, epochs: 2, hidden: [16]),
            budget: Steps(512),
            reward: Sparse,
        ),
        (
            learner: Cloning(hidden: [16], steps: 5, minibatch: 32),
            budget: Updates(4),
            rollouts: (episodes: 6, success: false),
        ),
        (
            learner: Ppo(anchor: (weight: 0.5), warm_up: 1, horizon: 16, minibatch: 64, epochs: 2, hidden: [16]),
            budget: Updates(5),
            arenas: 8,
            evaluate: (every: 100, levels: 4),
        ),
    ],
)
"#;

/// With eight demonstrations of the short scene, and a recipe of four stages.
fn workshop() -> Workshop {
    let workshop = Workshop::new();
    workshop.write("short/better.ron", STAGES);
    workshop.apprentice("record short data --pilot expert --episodes 8 --quiet").ends(0, &[]);
    workshop
}

fn metrics(workshop: &Workshop, run: &str) -> Vec<Value> {
    workshop.read(&format!("{run}/metrics.jsonl")).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn stages_follow_each_other_in_one_run_with_a_row_of_the_summary_for_each() {
    let workshop = workshop();
    workshop.apprentice("check short/better.ron").ends(0, &["right"]);
    let told = workshop.apprentice("train short/better.ron --out one --threads 1").ends(0, &["short-better seed 1 in one"]);
    for row in ["| 1 | Cloning | 5 updates | 5 | 0 |", "| 2 | Ppo | 512 steps | 8 | 512 |", "| 3 | Cloning | 4 updates | 4 | 0 |"] {
        assert!(told.out.contains(row), "{row} is not in\n{}", told.out);
    }
    assert!(told.out.contains("| 4 | Ppo | 5 updates | 5 | 640 |") && !told.out.contains("not evaluated"), "{}", told.out);
    let told = metrics(&workshop, "one");
    let stages: Vec<f64> = told.iter().map(|line| line["stage"].as_f64().unwrap()).collect();
    assert_eq!(stages, [vec![1.0; 5], vec![2.0; 8], vec![3.0; 4], vec![4.0; 5]].concat());
    assert!(told[4]["validation.loss"].is_number() && told[5]["policy_loss"].is_number() && told[17]["anchor_kl"].is_number());
    assert_eq!((told[12]["update"].as_u64(), told[12]["steps"].as_u64(), told[21]["steps"].as_u64()), (Some(13), Some(512), Some(1152)));
    // The clone and its residual are one policy, which flies; the student's is plain.
    assert!(workshop.path("one/checkpoints/000013/residual-0/policy.safetensors").is_file());
    assert!(!workshop.path("one/checkpoints/000022/residual-0").exists());
    workshop.apprentice("evaluate one/checkpoints/000013 --levels 3 --json").ends(0, &[]);
    workshop.apprentice("record short flown --pilot one/checkpoints/000013 --episodes 2 --quiet").ends(0, &[]);
    // The same bits on another number of threads, and from the folder's own recipe.
    workshop.apprentice("train one/recipe.ron --out two --threads 2 --quiet").ends(0, &[]);
    assert_same(&workshop.path("one"), &workshop.path("two"));
    workshop.apprentice("train short/better.ron --out one --resume").ends(0, &["`one` is finished already"]);
    let other = "train short/better.ron --out one --resume --set stages.1.learner.rate=0.01";
    workshop.apprentice(other).ends(2, &["was started with another recipe: `stages.learner.rate` was 0.0003 and is 0.01"]);
    workshop.apprentice("train short/better.ron --seeds 2 --out seeds --quiet").ends(0, &[]);
    assert!(workshop.read("seeds/summary.md").contains("| 2 | Ppo | 512 steps | 16 | 1"), "{}", workshop.read("seeds/summary.md"));
}

#[test]
fn a_run_killed_in_the_middle_of_any_stage_goes_on_to_the_bits_of_one_that_was_never_killed() {
    let workshop = workshop();
    let long = "--set stages.0.budget=Updates(60) --set stages.0.learner.steps=60 --set stages.1.budget=Steps(6400) \
                --set stages.2.budget=Updates(60) --set stages.2.learner.steps=60 --set stages.3.budget=Updates(60) --set evaluate.every=40";
    workshop.apprentice(&format!("train short/better.ron --out whole --quiet {long}")).ends(0, &[]);
    assert_eq!(lines(&workshop.path("whole/metrics.jsonl")), 280);
    let train = format!("train short/better.ron --out killed --resume --quiet {long}");
    // In each stage, and soon after the second one began.
    for kill in [30, 62, 110, 190, 250] {
        let mut child = workshop.begin(&train);
        wait_until("the moment of the kill", || lines(&workshop.path("killed/metrics.jsonl")) >= kill);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(lines(&workshop.path("killed/metrics.jsonl")) < 280, "it was over before it was killed");
    }
    workshop.apprentice(&train).ends(0, &[]);
    assert_same(&workshop.path("whole"), &workshop.path("killed"));
    assert!(traces(&workshop.path("whole")).keys().any(|name| name.contains("residual-0")));
}

#[test]
fn learning_starts_from_another_run_s_policy() {
    let workshop = workshop();
    workshop
        .write("short/cloning.ron", r#"Recipe(demonstrations: "../data", learner: Cloning(hidden: [16], steps: 5), budget: Updates(3))"#);
    workshop.apprentice("train short/cloning.ron --out clone --quiet").ends(0, &[]);
    let tuned = "train short --out tuned --quiet --set start=\"../clone\"";
    workshop.apprentice(tuned).ends(0, &[]);
    workshop.apprentice("train short --out alone --quiet").ends(0, &[]);
    assert_ne!(metrics(&workshop, "tuned")[0]["policy_loss"], metrics(&workshop, "alone")[0]["policy_loss"]);
    // The run holds what it started from: it goes on without the other one.
    fs::remove_dir_all(workshop.path("clone")).unwrap();
    workshop.apprentice("train short --out new --set start=\"../clone\"").ends(2, &["there is no run here to start from"]);
    assert!(!workshop.path("new").exists());
    fs::remove_dir_all(workshop.path("tuned/checkpoints/000008")).unwrap();
    workshop.apprentice(&format!("{tuned} --resume")).ends(0, &[]);
    assert!(workshop.path("tuned/checkpoints/000008").is_dir() && workshop.path("tuned/start/contract.json").is_file());
}

#[test]
fn stages_that_cannot_follow_each_other_leave_no_run() {
    let workshop = workshop();
    let refused = |set: &str, told: &str| {
        workshop
            .command("train short/better.ron --out run --set")
            .arg(set)
            .output()
            .map(crate::workshop::Told::from)
            .unwrap()
            .ends(2, &[told]);
        assert!(!workshop.path("run").exists());
    };
    refused("stages.1.learner.before=Continue", "takes a plain network that decides one step by one observation");
    refused("stages.1.learner=Ppo(before: Residual(0.1), anchor: ())", "`anchor` does not go with a residual");
    refused("stages.2.rollouts.episodes=0", "0 rollouts; 1 to 100,000 can be had");
    refused("stages.2.demonstrations=\"../data\"", "there are `demonstrations` too");
    refused("stages.1.rollouts=()", "`Ppo` does not learn from demonstrations");
    refused("stages.0.rollouts=()", "no policy was learnt before");
    refused("stages.0.demonstrations=\"nowhere\"", "this is no data set");
    refused("stages.3.arenas=0", "0 arenas; 1 to 65,536 can be had");
    refused("stages.1.evaluate=(every: 0)", "every 0 updates");
    refused("learner=Ppo()", "the recipe has `stages`, each of which has its own `learner`");
    refused("stages=[]", "the recipe has no `budget`, nor `stages`");
}
