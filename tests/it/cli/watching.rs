//! Imitation without actions, and by rivalry: from a data set to a run.

use crate::workshop::{Told, Workshop, assert_same, lines, wait_until};

const LEARNERS: [(&str, &str); 4] = [
    ("vpt", "Vpt(inverse: (hidden: [16], steps: 200), clone: Cloning(ignore: [\"last_action\"], hidden: [16], steps: 40, minibatch: 32))"),
    (
        "bco",
        "Bco(inverse: (hidden: [16], steps: 20), \
         clone: Cloning(ignore: [\"last_action\"], history: 2, hidden: [16], steps: 5, minibatch: 32), \
         horizon: 30, random: 2, updates: 2, kept: 400)",
    ),
    (
        "gail",
        "Gail(practice: (horizon: 16, minibatch: 32, epochs: 2, hidden: [16]), \
         hidden: [16], steps: 2, minibatch: 32, ignore: [\"last_action\"])",
    ),
    ("gaifo", "Gail(practice: (horizon: 16, minibatch: 32, epochs: 2, hidden: [16]), hidden: [16], steps: 2, minibatch: 32, states: true)"),
];

/// With eight demonstrations of the short scene, of which two say what was done, and a recipe for each learner.
fn workshop() -> Workshop {
    let workshop = Workshop::new();
    for (name, learner) in LEARNERS {
        let recipe = format!(
            "Recipe(demonstrations: \"../data\", selection: (labelled: 0.25), learner: {learner}, arenas: 4, budget: Updates(12), \
             evaluate: (every: 6, levels: 4), checkpoint: (every: 2))"
        );
        workshop.write(&format!("short/{name}.ron"), &recipe);
    }
    workshop.apprentice("record short data --pilot expert --episodes 8 --quiet").ends(0, &[]);
    workshop
}

#[test]
fn every_way_to_imitate_leaves_a_run_like_any_other_on_any_number_of_threads() {
    let workshop = workshop();
    for (name, _) in LEARNERS {
        let told = workshop.apprentice(&format!("train short/{name}.ron --out {name}-one --threads 1"));
        told.ends(0, &["learns from 2 episodes (48 rows), judged by 1 others", "5 more (120 rows) show only what was seen"]);
        workshop.apprentice(&format!("train short/{name}.ron --out {name}-two --threads 2 --quiet")).ends(0, &[]);
        assert_same(&workshop.path(&format!("{name}-one")), &workshop.path(&format!("{name}-two")));
        workshop.apprentice(&format!("evaluate {name}-one --levels 3 --json")).ends(0, &[]);
    }
    let metrics = |name: &str| workshop.read(&format!("{name}-one/metrics.jsonl"));
    assert_eq!(metrics("vpt").matches("\"inverse.error\":").count(), 1);
    assert_eq!(metrics("bco").matches("\"inverse.error\":").count(), 11);
    assert_eq!(metrics("gail").matches("\"discriminator.slope\":").count(), 12);
    assert_ne!(metrics("gail"), metrics("gaifo"));
}

#[test]
fn killed_imitators_go_on_to_the_bits_of_those_that_were_never_killed() {
    let workshop = workshop();
    for (name, updates) in [("vpt", 150), ("bco", 60), ("gail", 150)] {
        let long = format!("--set budget=Updates({updates}) --set evaluate.every=50 --set checkpoint.every=5");
        workshop.apprentice(&format!("train short/{name}.ron --out {name}-whole --quiet {long}")).ends(0, &[]);
        let train = format!("train short/{name}.ron --out {name}-killed --resume --quiet {long}");
        let killed = workshop.path(&format!("{name}-killed/metrics.jsonl"));
        for kill in 1..4 {
            let before = lines(&killed);
            let mut child = workshop.begin(&train);
            wait_until("the moment of the kill", || lines(&killed) >= (before + 6).min(updates / 5 * kill));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert!(lines(&killed) < updates, "it was over before it was killed");
        workshop.apprentice(&train).ends(0, &[]);
        assert_same(&workshop.path(&format!("{name}-whole")), &workshop.path(&format!("{name}-killed")));
    }
}

#[test]
fn what_cannot_be_imitated_leaves_no_run() {
    let workshop = workshop();
    let refused = |recipe: &str, set: &str, told: &str| {
        let output = workshop.command(&format!("train short/{recipe}.ron --out run --set")).arg(set).output();
        Told::from(output.unwrap()).ends(2, &[told]);
        assert!(!workshop.path("run").exists());
    };
    let none = "none of the demonstrations says what was done, and `";
    refused("vpt", "selection.labelled=0", &format!("{none}Vpt` learns from actions"));
    refused("gail", "selection.labelled=0", &format!("{none}Gail` learns from actions"));
    refused("vpt", "selection.labelled=2", "`labelled` is a share of 2 and must lie in [0, 1]");
    refused("vpt", "learner.clone.ignore=[]", "`clone: ignore` lets the policy look at `last_action.");
    refused("bco", "learner.inverse.after=0", "`inverse: after` is 0 and must be 1 to 16");
    refused("gail", "learner.practice.horizon=1", "`practice: minibatch` is 32, but 4 arenas leave 4 rows");
    refused("gail", "demonstrations=[]", "`Gail` learns from demonstrations, and the recipe names none");
    refused("bco", "policies=PerAgent", "`PerAgent` goes with practice alone: `Bco` learns one policy");
    refused("vpt", "budget=Steps(100)", "`Vpt` takes no steps in a world");
    // What somebody else recorded, who does not say what was done.
    std::fs::remove_dir_all(workshop.path("data/meta/sandbox")).unwrap();
    let info = workshop.read("data/meta/info.json").replace("\"action\"", "\"unknown\"");
    workshop.write("data/meta/info.json", &info);
    refused("vpt", "selection.labelled=1", &format!("{none}Vpt` learns from actions"));
    workshop
        .apprentice("train short/bco.ron --out run --set budget=Updates(2)")
        .ends(0, &["learns from 0 episodes (0 rows)", "7 more (168 rows) show only"]);
}
