//! Reading RON with places.

use apprentice::ron::read;
use apprentice::scene::load;
use apprentice::scene::schema::Scene;
use std::path::Path;

#[test]
fn the_push_scene_loads() {
    let loaded = load::load(Path::new("scenes/push")).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(loaded.scene.sensors.len(), 4);
    assert!(load::canonical(&loaded.scene).contains("cube_mass"));
}

#[test]
fn try_it() {
    let text = r#"Scen(
    about: "x", timing: (control_hz: 20.5, phisics_hz: 120),
    gravity: 1e400,
    surroundings: [Flor(friction: 0.8), Floor(fricton: 0.8), Walls(size: (6.0, 6.0, 1), height: "x")],
    body: Rover,
    body: Rover,
    props: { "a": Box(size: (Vary(1), "x", Vari("y")), mass: inf, at: Ring(radius: 1, bearing: Some("q"))), "a": Box(size: 1) },
    sensors: [Motion, Offset(to: cube), Rays(count = -1, reach: 5.0), Grid],
    varies: { "x": (1, 2, 3), "y": Log(1), "z": Choice(1), "w": [1, 2], "v": 1, "u": Foo(1) },
    task: Task(success: All(Inside("a"), Inside("a", "b", "c"), For(1, Held)), time_limit: 1_0.0, reward: [1.0, (1.0, Gentle(1)), (2.0, Near("cube", "disc"))]),
)"#;
    let read = read::<Scene>(text, "x.ron");
    println!("{}", read.value.is_some());
    if let Err(problems) = read.finish() {
        println!("{problems}");
    }
}
