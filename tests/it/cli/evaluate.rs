//! `evaluate`.

use crate::workshop::{SHORT, Workshop};
use std::fs;

fn trained() -> Workshop {
    let workshop = Workshop::new();
    workshop.apprentice("train short --quiet --out run --set budget=Updates(2)").ends(0, &[]);
    workshop
}

#[test]
fn pilots_are_judged_in_scenes_and_requirements_set_the_exit_code() {
    let workshop = Workshop::new();
    let balance = Workshop::scene("balance");
    let told = workshop.apprentice(&format!("evaluate {balance} --pilot expert --levels 8 --require success>=0.9")).ends(0, &[]);
    assert!(told.out.contains("expert  balance         8  100.0 %"), "{}", told.out);
    workshop
        .apprentice("evaluate short --pilot idle --levels 4 --require score>1 --require length>=24")
        .ends(1, &["missed score>1: score is 0.", " over 4 episodes of 1 run\n"]);
    let told = workshop.apprentice("evaluate short --pilot random --levels 6 --json").ends(0, &[]);
    let objects = told.objects();
    assert_eq!((&objects[0]["pilot"], &objects[0]["scores"]["episodes"]), (&"random".into(), &6.into()));
    assert_eq!(objects[1]["scores"], objects[0]["scores"]);
    assert_ne!(told.out, workshop.apprentice("evaluate short --pilot random --levels 6 --json --seed 2").out);
    assert_eq!(told.out, workshop.apprentice("evaluate short --pilot random --levels 6 --json --threads 1").out);
}

#[test]
fn a_run_is_judged_as_its_training_judged_it() {
    let workshop = trained();
    let summary: serde_json::Value = serde_json::from_str(&workshop.read("run/summary.json")).unwrap();
    let objects = workshop.apprentice("evaluate run --levels 4 --json").ends(0, &[]).objects();
    assert_eq!(objects[0]["scores"], summary["scores"]);
    let checkpoint = workshop.apprentice("evaluate run/checkpoints/000002 --levels 4 --json").ends(0, &[]).objects();
    assert_eq!(checkpoint[0]["scores"], objects[0]["scores"]);
    let piloted = workshop.apprentice("evaluate short --pilot run --levels 4 --json").ends(0, &[]).objects();
    assert_eq!(piloted[0]["scores"], objects[0]["scores"]);
    // A checkpoint that stands alone needs a scene.
    fs::rename(workshop.path("run/checkpoints/000002"), workshop.path("alone")).unwrap();
    workshop.apprentice("evaluate alone").ends(2, &["`alone` stands alone: say with `--scene` where to judge it"]);
    let alone = workshop.apprentice("evaluate alone --scene short --levels 4 --json").ends(0, &[]).objects();
    assert_eq!(alone[0]["scores"], objects[0]["scores"]);
}

#[test]
fn a_checkpoint_is_refused_in_the_wrong_scene_naming_the_first_difference() {
    let workshop = trained();
    workshop.write("slow/scene.ron", &SHORT.replace("control_hz: 30", "control_hz: 20"));
    workshop.write("still/scene.ron", &SHORT.replace(", LastAction", ""));
    workshop.write("heavy/scene.ron", &SHORT.replace("body: CartPole(", "body: CartPole(pole_mass: 0.3, "));
    let balance = Workshop::scene("push");
    workshop.apprentice(&format!("evaluate run --scene {balance}")).ends(
        2,
        &["the policy was trained on other observations: channel 0 is `joint.slider.position` in one and `motion.forward` in the other"],
    );
    workshop.apprentice("evaluate run --scene still").ends(2, &["the first that is in one alone is `last_action."]);
    workshop
        .apprentice("evaluate run --scene slow")
        .ends(2, &["the policy decides 30 times a second, the scene asks 20 times: set the scene's `control_hz` to 30"]);
    workshop.apprentice("evaluate run --scene heavy --levels 2").ends(0, &["the policy learnt in another scene than this one"]);
    let quiet = workshop.apprentice("evaluate run --scene heavy --levels 2 --quiet").ends(0, &[]);
    assert_eq!(quiet.err, "");
    let same = workshop.apprentice("evaluate run --scene short --levels 2").ends(0, &[]);
    assert_eq!(same.err, "");
}

#[test]
fn levels_written_by_hand_are_judged_and_wrong_ones_refused_with_their_place() {
    let workshop = Workshop::new();
    workshop.write("levels.ron", "[\n    (cube: [0.5, 0.5], seed: 1),\n    (cube: [0.0, 1.0], seed: 2),\n]");
    let told = workshop.apprentice("evaluate short --pilot expert --levels levels.ron --json").ends(0, &[]);
    assert_eq!(told.objects()[0]["scores"]["episodes"], 2);
    for (text, words) in [
        (
            "[\n    (cube: [0.5, 0.5], seed: 1),\n    (cube: [0.5], seed: 1),\n]",
            "wrong.ron:3:12: a level of 1 numbers, where the scene varies 2",
        ),
        ("[(cube: [0.5, 1.5], seed: 1)]", "wrong.ron:1:15: 1.5 is outside of the unit cube; expected a number in [0, 1]"),
        ("[(cubes: [0.5, 0.5], seed: 1)]", "did you mean `cube`?"),
        ("[]", "wrong.ron:1:1: there is no level in the list"),
        ("", "wrong.ron: the file is empty"),
    ] {
        workshop.write("wrong.ron", text);
        workshop.apprentice("evaluate short --pilot expert --levels wrong.ron").ends(2, &[words]);
    }
    let (maze, grid) = (Workshop::scene("maze"), "[(cube: [0.5, 0.5], seed: 1, grid: (columns: 3, cells: [2, 1, 0,\n 0, 0, 3]))]");
    workshop.write("mazes.ron", grid);
    workshop.apprentice(&format!("evaluate {maze} --pilot expert --levels mazes.ron --require success>=1")).ends(0, &[]);
    workshop.write("wrong.ron", &grid.replace("0, 0, 3", "1, 0, 3"));
    workshop
        .apprentice(&format!("evaluate {maze} --pilot expert --levels wrong.ron"))
        .ends(2, &["wrong.ron:2:8: the beacon cannot be reached from the start"]);
    workshop
        .apprentice("evaluate short --pilot expert --levels mazes.ron")
        .ends(2, &["mazes.ron:1:36: a level with a grid, where the scene has no maze; expected no `grid`"]);
    workshop.apprentice("evaluate short --pilot expert --levels 0").ends(2, &["0 levels; 1 to 100,000 can be had"]);
    workshop.apprentice("evaluate short --pilot expert --levels -3").ends(2, &["-3"]);
    workshop.apprentice("evaluate short --pilot expert --levels short").ends(2, &["short: this is a folder; expected a file"]);
    workshop
        .apprentice("evaluate short --pilot expert --levels level.ron")
        .ends(2, &["there is no such file", "did you mean `levels.ron`?"]);
}

#[test]
fn who_cannot_be_judged_is_refused_with_what_can() {
    let workshop = trained();
    workshop.write("nobody/scene.ron", &SHORT.replace("expert: SwingUp,", ""));
    workshop.apprentice("evaluate short").ends(2, &["say who decides with `--pilot expert|random|idle|RUN`"]);
    workshop.apprentice("evaluate short --pilot exprt").ends(2, &["there is no pilot `exprt`", "did you mean `expert`?"]);
    workshop.apprentice("evaluate nobody --pilot expert").ends(2, &["the scene `nobody` has no expert"]);
    workshop.apprentice("evaluate run --pilot expert").ends(2, &["`--pilot` goes with a scene; a run brings its own policy"]);
    workshop.apprentice("evaluate nowhere").ends(2, &["nowhere: there is no such run"]);
    workshop.apprentice("evaluate run --require sucess>=0.9").ends(2, &["there is no metric `sucess`: did you mean `success`?"]);
    workshop.apprentice("evaluate run --require success>=90").ends(2, &["write 90 % as `0.9` or `90%`"]);
}

#[test]
fn a_policy_that_was_cut_or_changed_is_refused() {
    let workshop = trained();
    let folder = workshop.path("run/checkpoints/000002");
    for part in ["policy.safetensors", "contract.json"] {
        let bytes = fs::read(folder.join(part)).unwrap();
        for damaged in [&bytes[..0], &bytes[..bytes.len() / 2], &bytes[..bytes.len() - 3], b"{}"] {
            fs::write(folder.join(part), damaged).unwrap();
            workshop.apprentice("evaluate run").ends(2, &[part, "is no part of a checkpoint: "]);
        }
        fs::write(folder.join(part), bytes).unwrap();
    }
    // Layers that no memory holds.
    let contract = workshop.read("run/checkpoints/000002/contract.json");
    let huge = contract.replace("16,", "65536,\n    65536,\n    65536,");
    assert_ne!(contract, huge);
    workshop.write("run/checkpoints/000002/contract.json", &huge);
    workshop.apprentice("evaluate run").ends(2, &["policy.safetensors", "too small for layers of"]);
    fs::remove_file(folder.join("contract.json")).unwrap();
    workshop.apprentice("evaluate run").ends(2, &["contract.json", "is this the folder of a checkpoint?"]);
    workshop.write("run/run.json", "{");
    workshop.apprentice("evaluate run").ends(2, &["run: `run.json` is not what a run leaves"]);
}
