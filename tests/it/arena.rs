//! Arenas: the same whatever their neighbours, their threads and their past; a broken one harms no other.

use crate::stage::{Row, Stage, plan_from, plan_in, plan_of, scene_folders};
use apprentice::control::{ControlStep, ControlSystems};
use apprentice::curriculum::{Level, held_out};
use apprentice::physics::rapier::prelude::Vector;
use apprentice::pilot::Pilot;
use apprentice::scene::plan::Plan;
use apprentice::signal::Outcome;
use apprentice::stream::{Purpose, Stream};
use bevy::prelude::*;
use std::sync::Arc;

/// A rover among boxes and balls, with everything that remembers: noise, delay, pushes, a task with memory. An episode lasts 10 steps.
pub fn crowded(joints: &str) -> Arc<Plan> {
    plan_from(&format!(
        r#"Scene(
            about: "A rover in a crowd.",
            timing: (control_hz: 20, physics_hz: 120),
            surroundings: [Floor(friction: 0.8), Walls(size: (4.0, 4.0), height: 0.5)],
            body: Rover(at: (-1.2, 0.0, 0.0), heading: Vary("heading"), joints: {joints}),
            props: {{
                "zone": Zone(radius: 0.6, at: At(x: 0.0, y: 0.0)),
                "boxes": Heap(
                    of: Box(size: (0.15, 0.15, 0.15), mass: 0.3, spread: 0.2),
                    count: Vary("count"), radius: 0.5, at: At(x: 0.0, y: 0.0),
                ),
                "ball": Ball(radius: 0.1, mass: 0.5, at: Anywhere()),
            }},
            sensors: [Motion, Joints, Offset(to: "ball", delay: 0.1), Rays(count: 8, reach: 3.0, noise: 0.01), Grid(cells: (4, 4), cell: 0.4, of: "boxes")],
            varies: {{ "heading": (-0.5, 0.5), "count": Whole(2, 12) }},
            disturbances: [Push(on: "body", force: 30.0, every: 0.5)],
            task: Task(
                success: For(0.2, Share(0.5, Outside("boxes", "zone"))),
                reward: [(1.0, Away("boxes", "zone")), (1.0, Gentle)],
                time_limit: 0.5,
                ends_on_success: false,
                expert: Sweep("boxes", "zone"),
            ),
        )"#
    ))
}

/// A cart and pole whose pole may be joined in either way. An episode lasts 10 steps.
pub fn swinging(joints: &str) -> Arc<Plan> {
    plan_from(&format!(
        r#"Scene(
            about: "A pole that swings.",
            timing: (control_hz: 20, physics_hz: 120),
            body: CartPole(angle: Vary("angle"), joints: {joints}),
            sensors: [Joints],
            varies: {{ "angle": (-3.0, 3.0) }},
            task: Task(
                success: For(0.5, Upright("body.pole", 0.2)),
                reward: [(1.0, Upright("body.pole"))],
                time_limit: 0.5,
                ends_on_success: false,
                expert: SwingUp,
            ),
        )"#
    ))
}

fn every_kind() -> Vec<Arc<Plan>> {
    ["Impulse", "Multibody"].iter().flat_map(|joints| [crowded(joints), swinging(joints)]).collect()
}

/// A row of random numbers for each step.
fn replay(plan: &Plan, steps: usize) -> Pilot {
    let mut stream = Stream::new(9, Purpose::Pilot, 0, 0);
    Pilot::replay((0..steps).map(|_| (0..plan.action.width()).map(|_| stream.between(-1.0, 1.0)).collect()).collect())
}

/// All rows of the first `arenas` arenas: those of episodes that are over, then those of the present one.
fn history(stage: &Stage, arenas: usize) -> Vec<Vec<Row>> {
    let of = |arena| {
        let over = stage.over().iter().filter(move |episode| episode.report.arena == arena).flat_map(|episode| episode.rows.clone());
        over.chain(stage.rows(arena).to_vec()).collect()
    };
    (0..arenas).map(of).collect()
}

#[test]
fn an_arena_does_not_depend_on_how_many_neighbours_and_threads_there_are() {
    let shipped = scene_folders().iter().map(|folder| plan_in(folder)).collect::<Vec<_>>();
    for (plan, steps) in shipped.iter().map(|plan| (plan.clone(), 5)).chain(every_kind().into_iter().map(|plan| (plan, 13))) {
        for pilot in [Pilot::expert(), Pilot::random(), replay(&plan, steps)] {
            let run = |count: usize, threads: usize| {
                let mut stage = Stage::drawn(&plan, count, threads, pilot.clone());
                stage.steps(steps);
                history(&stage, count.min(7))
            };
            let seven = run(7, 2);
            assert!(seven.iter().all(|rows| rows.len() == steps));
            for (count, threads) in [(1, 2), (7, 1), (256, 2)] {
                let others = run(count, threads);
                let same = seven.iter().zip(&others).all(|(one, other)| one == other);
                assert!(same, "{}: other rows with {count} arenas and {threads} threads, pilot {pilot:?}", plan.name);
            }
        }
    }
}

#[test]
fn the_same_lesson_is_the_same_episode_whatever_came_before() {
    for plan in every_kind() {
        let mut stage = Stage::drawn(&plan, 2, 2, Pilot::random());
        stage.steps(13);
        let level = held_out(plan.quantities.count(), 5).remove(4);
        let begin = |stage: &mut Stage| {
            stage.arena(0, |mut item| item.start(level.clone().into(), 3, 0));
            let before = stage.rows(0).len();
            stage.steps(8);
            stage.rows(0)[before..].to_vec()
        };
        let first = begin(&mut stage);
        assert!(first == begin(&mut stage), "{}", plan.hash);
    }
}

/// Where a world is poisoned, and with what.
#[derive(Resource, Clone, Copy, Debug)]
struct Poison {
    arena: usize,
    step: usize,
    what: &'static str,
    whose: &'static str,
    value: f32,
}

/// Poisons the world between act and simulate: a body breaks in the middle of a step, not in an observation.
fn poison(mut arenas: Query<apprentice::arena::ArenaQuery>, poison: Res<Poison>) {
    for mut item in &mut arenas {
        if item.arena.index != poison.arena || item.arena.episode.number > 0 || item.arena.episode.step != poison.step {
            continue;
        }
        let plan = item.arena.plan.clone();
        let thing = plan.things.iter().find(|thing| thing.name == poison.whose).expect("there is such a thing");
        let mut physics = item.physics.physics();
        let body = &mut physics.bodies[thing.members[0]];
        let vector = Vector::new(poison.value, 0.0, 0.0);
        match poison.what {
            "position" => body.set_translation(vector, true),
            "velocity" => body.set_linvel(vector, true),
            "turning" => body.set_angvel(vector, true),
            "force" => body.add_force(vector, true),
            "torque" => body.add_torque(vector, true),
            _ => unreachable!(),
        }
        physics.refresh_colliders();
    }
}

#[test]
fn a_poisoned_world_ends_its_episode_as_diverged_and_no_other() {
    for (index, plan) in every_kind().into_iter().enumerate() {
        let crowd = plan.things.iter().any(|thing| thing.name == "boxes");
        let links: &[&str] = if crowd { &["body", "body.wheel_2", "boxes"] } else { &["body", "body.pole"] };
        let steps = 9;
        let mut healthy = Stage::drawn(&plan, 3, 1, Pilot::random());
        healthy.steps(steps);
        // What arena 1's second episode is like where nothing happened in the first.
        let mut next = Stage::drawn(&plan, 3, 1, Pilot::random());
        let level = Level::draw(plan.quantities.count(), &mut Stream::new(0, Purpose::Teacher, 1, 1));
        next.arena(1, |mut item| item.start(level.clone().into(), 1, 0));
        next.steps(4);
        for whose in links {
            for what in ["position", "velocity", "turning", "force", "torque"] {
                for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e9, 1e30] {
                    let poisoned = Poison { arena: 1, step: 4, what, whose, value };
                    let mut stage = Stage::drawn(&plan, 3, 1, Pilot::random());
                    stage.app.insert_resource(poisoned);
                    stage.app.add_systems(ControlStep, poison.after(ControlSystems::Act).before(ControlSystems::Simulate));
                    stage.steps(steps);
                    let [over] = stage.over() else { panic!("{index} {poisoned:?}: {} episodes are over", stage.over().len()) };
                    assert_eq!((over.report.arena, over.report.outcome, over.report.length), (1, Outcome::Diverged, 5), "{poisoned:?}");
                    assert!(!over.report.success && over.report.score.is_finite());
                    assert!(over.last.iter().chain(&over.rows[4].observation).all(|value| value.is_finite()), "{poisoned:?}");
                    for neighbour in [0, 2] {
                        assert!(stage.rows(neighbour) == healthy.rows(neighbour), "{poisoned:?} reached arena {neighbour}");
                    }
                    assert!(over.rows[..4] == healthy.rows(1)[..4]);
                    assert!(stage.rows(1) == next.rows(1), "{poisoned:?}: the next episode is another one");
                }
            }
        }
    }
}

/// Hashes of the state after step 100 of the expert's episode in held-out level 0 (or of the last step, where it succeeds earlier).
const GOLDEN: [(&str, u64); 10] = [
    ("balance", 0x14912a49a70e38d1),
    ("clear", 0x70bdebed0e3ca87b),
    ("herd", 0x5d7390f6c5901d1a),
    ("lift", 0x87efda360ca776c8),
    ("maze", 0xf62219e374b3757d),
    ("pillar", 0x15a6eff3f2fe45dd),
    ("push", 0x911ad532a0dd067f),
    ("reach", 0xb570453b9823942a),
    ("stack", 0xa95593f506faa041),
    ("walk", 0xb71d7cec2b4ccb86),
];

#[test]
fn the_simulation_computes_the_bits_that_it_always_did() {
    let (mut wrong, mut new) = (Vec::new(), Vec::new());
    for folder in scene_folders() {
        let plan = plan_in(&folder);
        let mut stage = Stage::new(&plan, held_out(plan.quantities.count(), 1), 1, 1, Pilot::expert());
        stage.steps(100);
        let row = stage.over().first().map_or_else(|| stage.rows(0).last(), |episode| episode.rows.last()).expect("a row");
        let expected = GOLDEN.iter().find(|(name, _)| *name == plan.name).map(|(_, hash)| *hash);
        let line = format!("(\"{}\", 0x{:016x})", plan.name, row.hash);
        match expected {
            None => new.push(line),
            Some(expected) if expected != row.hash => wrong.push(line),
            Some(_) => {}
        }
    }
    assert!(new.is_empty(), "new scenes: put {} into GOLDEN in tests/it/arena.rs", new.join(", "));
    assert!(
        wrong.is_empty(),
        "these scenes compute other bits than before: {}.\nThat is right only if the scene, its body, sensors or expert, the physics or a crate \
         that computes them were changed on purpose: then every recorded demonstration of the scene is out of date too; say so in the commit, and \
         put the numbers into GOLDEN in tests/it/arena.rs. On one kind of machine alone, it is a bug: the simulation promises the same bits everywhere.",
        wrong.join(", ")
    );
}

#[test]
fn a_pilot_that_writes_nonsense_poisons_nothing() {
    let plan = plan_of("balance");
    let mut stage = Stage::drawn(&plan, 1, 1, Pilot::replay(vec![vec![f32::NAN], vec![f32::INFINITY], vec![-7.0]]));
    stage.steps(4);
    let actions: Vec<f32> = stage.rows(0).iter().map(|row| row.action[0]).collect();
    assert_eq!(actions, [0.0, 1.0, -1.0, 0.0]);
    assert!(stage.rows(0).iter().all(|row| row.outcome == Outcome::Running));
}
