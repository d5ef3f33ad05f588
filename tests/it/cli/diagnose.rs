//! `diagnose`, and what may be changed where a policy is judged.

use crate::workshop::Workshop;
use serde_json::Value;

const CLONING: &str = r#"Recipe(
    scene: "SCENE",
    demonstrations: "../data",
    learner: Cloning(actor: ACTOR, hidden: [16], steps: 20, minibatch: 32),
    budget: Updates(6),
    evaluate: (every: 3, levels: 4),
    checkpoint: (every: 2),
)
"#;

/// With a clone of those who pass the pillar on either side, in `run`.
fn workshop(actor: &str) -> Workshop {
    let (workshop, pillar) = (Workshop::new(), Workshop::scene("pillar"));
    workshop.write("pillar/cloning.ron", &CLONING.replace("SCENE", &pillar).replace("ACTOR", actor));
    workshop.apprentice(&format!("record {pillar} data --pilot expert(left:0.5) --episodes 6 --quiet")).ends(0, &[]);
    workshop.apprentice("train pillar/cloning.ron --out run --quiet").ends(0, &[]);
    workshop
}

/// The objects that answer a question.
fn answers(objects: &[Value], question: &str) -> Vec<Value> {
    objects.iter().filter(|object| object["question"] == question).cloned().collect()
}

#[test]
fn a_clone_is_diagnosed_checkpoint_by_checkpoint_way_by_way_and_sensor_by_sensor() {
    let workshop = workshop("Mixture(2)");
    let told = workshop.apprentice("diagnose run --levels 4 --repeats 2 --threads 1").ends(0, &["looks at run/checkpoints/000003"]);
    for words in ["Checkpoints: action error on 1 demonstrations held out", "Ways: the last checkpoint", "Demonstrations: ", "(sees all)"] {
        assert!(told.out.contains(words), "{words:?} is not in\n{}", told.out);
    }
    let told = workshop.apprentice("diagnose run --levels 4 --repeats 2 --json --quiet --threads 2").ends(0, &[]);
    assert_eq!(told.err, "");
    let objects = told.objects();
    let judged = answers(&objects, "checkpoints");
    // Those that were judged, and the last three.
    assert_eq!(judged.iter().map(|line| line["updates"].as_u64().unwrap()).collect::<Vec<_>>(), [3, 4, 6]);
    assert!(judged.iter().all(|line| line["action_error"].as_f64().unwrap() > 0.0 && line["validation_loss"].is_f64()), "{judged:?}");
    let chosen: usize = judged.iter().map(|line| line["is"].as_array().unwrap().len()).sum();
    assert_eq!(chosen, 3);
    let evaluated = workshop.apprentice("evaluate run --levels 4 --json").ends(0, &[]).objects();
    assert_eq!(judged[2]["success"], evaluated[0]["scores"]["success"]);
    let ways = answers(&objects, "behaviour");
    let episodes = |who: usize| -> u64 { ways[who]["ways"].as_array().unwrap().iter().map(|way| way["episodes"].as_u64().unwrap()).sum() };
    assert_eq!((&ways[0]["who"], episodes(0)), (&"policy".into(), 8));
    assert_eq!((&ways[1]["who"], episodes(1), &ways[1]["given_start"]), (&"demonstrations".into(), 6, &Value::Null));
    let said = answers(&objects, "attribution");
    assert_eq!(said.iter().map(|line| line["sensor"].as_str().unwrap()).collect::<Vec<_>>()[3..], ["ray", "last_action"]);
    assert!(said.iter().all(|line| line["gradient"].as_f64().unwrap() > 0.0 && line["success"]["value"].is_f64()), "{said:?}");
    // One checkpoint by itself; and held against a set that it did not learn from.
    let one = workshop.apprentice("diagnose run/checkpoints/000003 --levels 2 --json --quiet").ends(0, &[]).objects();
    assert_eq!(answers(&one, "checkpoints").len(), 1);
    let other = workshop.apprentice("diagnose run --levels 2 --demonstrations nowhere").ends(2, &["this is no data set"]);
    assert!(other.out.is_empty());
    // `evaluate` knows whose steps can be counted.
    workshop.apprentice("evaluate run --levels 2 --denoising-steps 2").ends(2, &["the policy denoises nothing: it decides in one pass"]);
}

#[test]
fn a_policy_that_nobody_demonstrated_for_is_asked_about_what_it_met_itself() {
    let workshop = Workshop::new();
    workshop.apprentice("train short --quiet --out run --set budget=Updates(2)").ends(0, &[]);
    let told = workshop.apprentice("diagnose run --levels 3 --quiet").ends(0, &[]);
    for words in ["action error on no demonstrations", "none are told apart in this scene", "that the policy itself met"] {
        assert!(told.out.contains(words), "{words:?} is not in\n{}", told.out);
    }
    workshop.apprentice("diagnose nowhere").ends(2, &["nowhere: there is no such run"]);
    workshop.apprentice("diagnose run --repeats 0").ends(2, &["--repeats"]);
}

#[test]
fn a_diffusion_decides_in_as_many_steps_as_evaluate_is_told() {
    let workshop = workshop("Diffusion(levels: 8, steps: 4)");
    let scores =
        |more: &str| workshop.apprentice(&format!("evaluate run --levels 4 --json {more}")).ends(0, &[]).objects()[0]["scores"].clone();
    assert_eq!(scores(""), scores("--denoising-steps 4"));
    assert_ne!(scores(""), scores("--denoising-steps 1"));
    workshop
        .apprentice("evaluate run --denoising-steps 9")
        .ends(2, &["`--denoising-steps 9`: the policy decides in 1 to 8 steps of denoising, not in 9"]);
    workshop.apprentice("evaluate short --pilot expert --denoising-steps 2").ends(2, &["is for policies, and `expert` is none"]);
}
