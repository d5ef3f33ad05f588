//! A team in pictures, films and under hands.

use super::pad::{Pad, Script, Sight, axis};
use crate::workshop::Workshop;
use apprentice::arena::{ArenaPlugin, ArenaQuery, Others, step_hash};
use apprentice::control::{ControlPlugin, headless_app, start};
use apprentice::curriculum::Lesson;
use apprentice::physics::Threads;
use apprentice::pilot::cast::{Cast, Flyer};
use apprentice::pilot::{Pilot, PilotPlugin};
use apprentice::scene::plan::Plan;
use apprentice::window::camera::Eye;
use apprentice::window::offscreen::{Shot, Start, frames};
use apprentice::window::smoothing::Drawn;
use bevy::prelude::*;
use std::sync::Arc;

fn herd() -> Arc<Plan> {
    Arc::new(Plan::load(Workshop::scene("herd")).unwrap())
}

/// What was done in an episode, step by step.
struct Flown {
    lesson: Lesson,
    actions: Vec<Vec<f32>>,
    hashes: Vec<u64>,
}

impl Flown {
    /// So many steps without any picture.
    fn headless(plan: &Arc<Plan>, cast: &Cast, steps: usize) -> Self {
        let mut app = headless_app(Threads(1));
        app.add_plugins((
            ControlPlugin { timing: plan.timing },
            ArenaPlugin { plans: vec![plan.clone()], count: 1, seed: 5, pilot: Pilot::Idle },
            PilotPlugin,
        ));
        cast.enter(&mut app);
        start(&mut app);
        let mut arenas = app.world_mut().query::<ArenaQuery>();
        let (mut actions, mut hashes) = (Vec::new(), Vec::new());
        for _ in 0..steps {
            app.update();
            let item = arenas.single_mut(app.world_mut()).unwrap();
            actions.push(item.action.0.clone());
            hashes.push(step_hash(&item));
        }
        let lesson = arenas.single_mut(app.world_mut()).unwrap().arena.episode.lesson.clone();
        Self { lesson, actions, hashes }
    }
}

#[test]
fn every_agent_of_a_team_is_drawn_in_its_own_colour() {
    let plan = herd();
    // Seen from above, so near that its ring is out of sight: in the canonical level they stand 1.5 m to either side of the middle.
    let [red, blue] = [-1.5, 1.5].map(|x| {
        let mut eye = Eye::framing(&plan, 1);
        (eye.target, eye.bearing, eye.elevation, eye.distance) = (Vec3::new(x, 0.0, 0.1), -1.5, 1.2, 1.2);
        let shot = Shot { eye: Some(eye), size: (160, 120), ..Shot::new(plan.clone()) };
        let mut pictures = frames(shot, Threads(1)).unwrap();
        let picture = pictures.by_ref().nth(2).unwrap();
        let count = |is: fn([u32; 3]) -> bool| picture.rgba.chunks(4).filter(|p| is([p[0], p[1], p[2]].map(u32::from))).count();
        let reds = count(|[r, g, b]| r > 80 && r > 2 * g && r > 2 * b);
        let blues = count(|[r, g, b]| b > 80 && b > 2 * r && 2 * b > 3 * g);
        let world = pictures.app().world_mut();
        let drawn = world.query::<&Drawn>().single(world).unwrap();
        assert_eq!(drawn.roots, [0, plan.parts.links.len()], "each agent's links have their entities");
        (reds, blues)
    });
    assert!(red.0 > 300 && red.0 > 4 * red.1, "red, blue of the red one: {red:?}");
    assert!(blue.1 > 300 && blue.1 > 4 * blue.0, "red, blue of the blue one: {blue:?}");
}

#[test]
fn hands_fly_the_first_of_a_team_against_an_expert() {
    let plan = herd();
    let flown = |opponent: Pilot| {
        let script: Script = Box::new(|sight: &Sight<'_>| match sight.step {
            0 => vec![axis(sight.pad, GamepadAxis::LeftStickY, 1.0)],
            _ => Vec::new(),
        });
        let pad = Pad::with(&plan, vec![plan.canonical()], script, |app| {
            let world = app.world_mut();
            world.query::<&mut Others>().iter_mut(world).for_each(|mut others| others.0.fill(opponent.clone()));
        });
        pad.run(20, || 0.1).0
    };
    let (against_expert, against_nobody) = (flown(Pilot::expert()), flown(Pilot::Idle));
    for (expert, nobody) in against_expert.iter().zip(&against_nobody).skip(1) {
        assert_eq!((expert.action[0], nobody.action[0]), (1.0, 1.0), "the stick drives red");
        assert_eq!(nobody.action[2..], [0.0, 0.0], "blue stands");
        assert!(expert.action[2..].iter().any(|channel| channel.abs() > 0.1), "blue goes for the ball: {:?}", expert.action);
    }
}

#[test]
fn a_film_of_a_teams_episode_shows_what_every_agent_did() {
    let plan = herd();
    let [expert, random] = [Pilot::expert(), Pilot::random()].map(Flyer::Pilot);
    let Flown { lesson, actions, hashes } = Flown::headless(&plan, &Cast::game(&expert, &random, 0, &plan), 40);
    assert!(actions.iter().all(|row| row.len() == 4 && row.iter().any(|channel| *channel != 0.0)));
    let cast = Cast::replay(&actions, &plan);
    let rate = plan.timing.control_hz;
    let shot = Shot { cast, start: Start::Lesson(lesson), frames_per_second: rate, size: (64, 64), ..Shot::new(plan) };
    let mut pictures = frames(shot, Threads(1)).unwrap();
    assert_eq!(pictures.by_ref().take(15).count(), 15);
    // (Pictures are drawn a little ahead of those that have come back.)
    let world = pictures.app().world_mut();
    let mut arenas = world.query::<ArenaQuery>();
    let item = arenas.single_mut(world).unwrap();
    let step = item.arena.episode.step;
    assert!((14..hashes.len()).contains(&step), "{step}");
    assert_eq!(step_hash(&item), hashes[step - 1], "after {step} steps");
}

#[test]
fn a_game_is_filmed_by_command_and_one_against_nobody_is_refused() {
    let workshop = Workshop::new();
    let film = |scene: &str| {
        let scene = Workshop::scene(scene);
        workshop.apprentice(&format!("film {scene} game.mp4 --against random --size 64x64 --rate 5 --seconds 1 --json"))
    };
    let told = film("push");
    assert!(told.code == Some(2) && told.err.contains("there is nobody else"), "{:?} {}", told.code, told.err);
    let told = film("herd");
    assert_eq!(told.code, Some(0), "{}", told.err);
    let about: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!((&about["scene"], &about["pictures"]), (&"herd".into(), &6.into()));
}
