//! `check` and `scenes`.

use crate::workshop::{RECIPE, SHORT, Workshop};

#[test]
fn all_that_is_wrong_is_told_in_one_go() {
    let workshop = Workshop::new();
    workshop.write("wrong/scene.ron", &SHORT.replace("angle: Vary", "angel: Vary").replace("control_hz: 30", "control_hz: 25"));
    workshop.write("wrong/ppo.ron", &RECIPE.replace("arenas: 4", "arenas: 0").replace("evaluate: (every: 4", "evaluate: (every: 0"));
    workshop.write("wrong/held_out.ron", "[(cube: [2.0], seed: 1)]");
    workshop.write("wrong/scores.ron", "Scores(random: (succes: 0.0, score: 0.1))");
    let words = [
        "wrong/held_out.ron:1:10: 2 is outside of the unit cube",
        "wrong/ppo.ron:3:13: 0 arenas",
        "wrong/ppo.ron:6:23: every 0 updates",
        "did you mean `angle`?",
        "`physics_hz`",
        "did you mean `success`?",
        "nowhere: there is no such file",
    ];
    let told = workshop.apprentice("check nowhere short wrong").ends(2, &words);
    assert!(told.err.contains("short/ppo.ron: right\n") && told.err.contains("short/scene.ron: right\n"), "{}", told.err);
    assert!(told.out.is_empty());
    assert_eq!(told.err.matches("did you mean `angle`?").count(), 1, "what is wrong with a scene is told again for its recipe");

    let objects = workshop.apprentice("check wrong --json").ends(2, &[]).objects();
    let found = objects.iter().find(|object| object["file"] == "wrong/ppo.ron" && object["line"] == 3).unwrap();
    assert_eq!((&found["column"], &found["found"]), (&13.into(), &"0".into()));
    let nearest: Vec<_> = objects.iter().filter_map(|object| object["nearest"].as_str()).collect();
    assert!(nearest.contains(&"angle") && nearest.contains(&"success"), "{objects:?}");
}

#[test]
fn scenes_recipes_levels_scores_and_runs_are_found_right() {
    let workshop = Workshop::new();
    workshop.write("short/held_out.ron", "// By hand.\n[(cube: [0.5, 1.0], seed: 1)]");
    workshop.write("short/scores.ron", "Scores(random: (success: 0.0, score: 0.1), expert: (success: 1.0, score: 0.9))");
    workshop.apprentice("train short --quiet --out run --set budget=Updates(1)").ends(0, &[]);
    let told = workshop.apprentice("check short run").ends(0, &[]);
    let right: Vec<&str> = told.err.lines().collect();
    let names =
        ["short/held_out.ron", "short/ppo.ron", "short/scene.ron", "short/scores.ron", "run/recipe.ron", "run/scenes/short/scene.ron"];
    assert_eq!(right, names.map(|name| format!("{name}: right")));
    let quiet = workshop.apprentice("check short run --quiet").ends(0, &[]);
    assert_eq!(quiet.err, "");
    let scenes = workshop.apprentice(&format!("check --quiet {}", Workshop::scene(""))).ends(0, &[]);
    assert_eq!(scenes.err, "");
    workshop.write("empty/readme.txt", "");
    workshop.apprentice("check empty").ends(2, &["empty: there is no RON file in this folder"]);
    workshop.apprentice("record short short/data --pilot random --episodes 1").ends(0, &[]);
    workshop.apprentice("check short/data").ends(2, &["this is a data set, which `apprentice data verify short/data` checks"]);
    let told = workshop.apprentice("check short").ends(0, &[]);
    assert!(!told.err.contains("sandbox"), "a data set's files are its own: {}", told.err);
}

#[test]
fn scenes_are_listed_with_what_they_ask_and_what_was_reached() {
    let workshop = Workshop::new();
    workshop.write("short/scores.ron", "Scores(random: (success: 0.25, score: 0.5), expert: (success: 1.0, score: 0.9))");
    let told = workshop.apprentice("scenes .").ends(0, &[]);
    let listed = "short  Keep the pole up for a moment.\n  CartPole: 6 numbers observed, 1 decided, 30 times a second; 0.8 s at most\n  \
                  varies pole_length, angle\n  succeeded (score): random 25.0 % (0.500), expert 100.0 % (0.900)\n";
    assert_eq!(told.out.trim_end(), listed.trim_end());
    let objects = workshop.apprentice(&format!("scenes --json {}", Workshop::scene(""))).ends(0, &[]).objects();
    assert_eq!(
        objects.iter().map(|object| object["scene"].as_str().unwrap()).collect::<Vec<_>>(),
        crate::stage::scene_folders().iter().map(|folder| folder.file_name().unwrap().to_str().unwrap()).collect::<Vec<_>>()
    );
    assert!(objects.iter().all(|object| object["scores"]["expert"]["score"].as_f64().unwrap() > 0.5), "{objects:?}");
    workshop.apprentice("scenes").ends(2, &["there is no folder `scenes` here: `apprentice scenes FOLDER` lists another one"]);
    workshop.apprentice("scenes short").ends(2, &["`short` holds no scenes: a scene is a folder with a `scene.ron`"]);
}

#[test]
fn a_bench_of_nothing_is_refused() {
    let workshop = Workshop::new();
    for words in ["--arenas 0", "--arenas 1,0", "--rounds 0"] {
        workshop.apprentice(&format!("bench short --quick {words}")).ends(2, &["invalid value '0'"]);
    }
}
