//! Teams: several agents in one arena, each with eyes, a task and a pilot of its own.

use crate::stage::{Stage, plan_from, plan_of};
use crate::workshop::{Workshop, assert_same};
use apprentice::arena::{ArenaQuery, FinishedEpisodes, Others, in_order};
use apprentice::curriculum::{Level, held_out};
use apprentice::physics::Threads;
use apprentice::pilot::Pilot;
use apprentice::pilot::cast::{Cast, Flyer};
use apprentice::scene::plan::Plan;
use apprentice::signal::Outcome;
use apprentice::training::evaluation::evaluate;
use std::sync::Arc;

/// Two rovers on a floor, 3 m apart, looking at each other, with a ball between; `task` is what it is about.
fn pair(task: &str) -> Arc<Plan> {
    plan_from(&format!(
        r#"Scene(
            about: "Two rovers and a ball.",
            timing: (control_hz: 10, physics_hz: 120),
            surroundings: [Floor(friction: 0.8)],
            body: Team({{
                "red": Rover(control: Heading, at: (-1.5, 0.0, 0.0)),
                "blue": Rover(control: Heading, at: (1.5, 0.0, 0.0), heading: 3.14159),
            }}),
            props: {{
                "red_ring": Zone(radius: 1.0, at: At(x: -3.0, y: 0.3)),
                "blue_ring": Zone(radius: 1.0, at: At(x: 3.0, y: 0.3)),
                "ball": Ball(radius: 0.15, mass: 1.0, at: At(x: 0.0, y: Vary("ball"))),
            }},
            varies: {{ "ball": (1.0, 3.0) }},
            sensors: [Motion, Offset(to: "own_ring"), Offset(to: "other_ring"), Offset(to: "other"), Rays(count: 8, reach: 6.0)],
            task: Task({task}, reward: [(1.0, Near("body", "own_ring", 1.0))], time_limit: 5.0),
        )"#
    ))
}

const WHO_IS_FIRST: &str = r#"success: Inside("body", "own_ring"), failure: Inside("other", "other_ring")"#;

/// Arenas in which each agent replays one action for ever.
fn driven(plan: &Arc<Plan>, red: [f32; 2], blue: [f32; 2]) -> Stage {
    let mut stage = Stage::new(plan, vec![plan.canonical()], 1, 1, Pilot::Idle);
    let world = stage.app.world_mut();
    for (mut pilot, mut others) in world.query::<(&mut Pilot, &mut Others)>().iter_mut(world) {
        let for_ever = |action: [f32; 2]| Pilot::replay(vec![action.to_vec(); 100]);
        (*pilot, others.0[0]) = (for_ever(red), for_ever(blue));
    }
    stage
}

fn channel(plan: &Plan, name: &str) -> usize {
    let all = plan.observed();
    all.0.iter().position(|channel| channel.name == name).unwrap_or_else(|| panic!("{name} is none of {:?}", all.0))
}

#[test]
fn every_agent_sees_the_same_world_with_its_own_eyes() {
    let plan = pair(WHO_IS_FIRST);
    let mut stage = driven(&plan, [0.0; 2], [0.0; 2]);
    stage.step();
    let row = &stage.rows(0)[0].observation;
    let see = |name: &str| row[channel(&plan, name)];
    let close = |one: f32, other: f32| assert!((one - other).abs() < 2e-3, "{one} is not {other}");
    // The scene is symmetrical: what one sees to its left, the other sees to its right.
    for what in ["own_ring", "other_ring", "other"] {
        close(see(&format!("red.offset.{what}.ahead")), see(&format!("blue.offset.{what}.ahead")));
        close(see(&format!("red.offset.{what}.left")), -see(&format!("blue.offset.{what}.left")));
    }
    close(see("red.offset.own_ring.ahead"), -1.5);
    close(see("red.offset.own_ring.left"), 0.3);
    close(see("red.offset.other_ring.ahead"), 4.5);
    close(see("red.offset.other.ahead"), 3.0);
    // Their rays see each other, and not themselves.
    assert!((1.5..3.0).contains(&(6.0 * see("red.ray.0"))), "{}", see("red.ray.0"));
    close(see("red.ray.0"), see("blue.ray.0"));
}

#[test]
fn an_action_moves_its_own_agent_and_bodies_of_a_team_collide() {
    let plan = pair(WHO_IS_FIRST);
    let places = |stage: &mut Stage| {
        stage.arena(0, |item| {
            let world = item.physics.view();
            item.arena.plan.agents().map(|agent| world.bodies[agent.parts.root()].translation().x).collect::<Vec<_>>()
        })
    };
    let mut stage = driven(&plan, [0.0; 2], [0.5, 0.0]);
    stage.steps(10);
    let moved = places(&mut stage);
    assert!((moved[0] + 1.5).abs() < 0.01 && moved[1] < 1.3, "{moved:?}");
    // Head on.
    let mut stage = driven(&plan, [1.0, 0.0], [1.0, 0.0]);
    let nearest = (0..45).map(|_| {
        stage.step();
        let at = places(&mut stage);
        at[1] - at[0]
    });
    let nearest = nearest.fold(f32::INFINITY, f32::min);
    assert!((0.3..1.0).contains(&nearest), "they came as near as {nearest} m: through each other, or never together");
}

#[test]
fn one_agents_end_is_everybodys_and_each_has_a_report_of_its_own() {
    let ends = |task: &str| {
        let plan = pair(task);
        // Blue backs into its ring.
        let mut stage = driven(&plan, [0.0; 2], [-1.0, 0.0]);
        for _ in 0..49 {
            stage.step();
            let finished = &stage.app.world().resource::<FinishedEpisodes>().0;
            if !finished.is_empty() {
                return finished
                    .iter()
                    .map(|over| (over.report.agent, over.report.outcome, over.report.success, over.observation.len()))
                    .collect::<Vec<_>>();
            }
        }
        panic!("blue never came into its ring")
    };
    let width = pair(WHO_IS_FIRST).observation.width();
    assert_eq!(ends(WHO_IS_FIRST), [(0, Outcome::Failed, false, width), (1, Outcome::Succeeded, true, width)]);
    // Where the task says nothing of the one who did not succeed, time is up.
    let alone = r#"success: Inside("body", "own_ring")"#;
    assert_eq!(ends(alone), [(0, Outcome::TimedOut, false, width), (1, Outcome::Succeeded, true, width)]);
}

#[test]
fn an_arena_of_a_team_goes_on_from_a_snapshot_bit_for_bit() {
    let plan = plan_of("herd");
    let run = |restored: bool| {
        let mut stage = Stage::drawn(&plan, 2, 2, Pilot::expert());
        let world = stage.app.world_mut();
        world.query::<&mut Others>().iter_mut(world).for_each(|mut others| others.0.fill(Pilot::random()));
        // (They were idle when their episodes began: the next ones begin with random pilots.)
        let world = stage.app.world_mut();
        let mut query = world.query::<ArenaQuery>();
        in_order(&mut query.query_mut(world)).iter_mut().for_each(|item| {
            let level = item.arena.episode.lesson.clone();
            item.start(level, 0, 7);
        });
        stage.steps(20);
        if restored {
            let before = stage.arena(1, |mut item| item.capture());
            stage.steps(13);
            stage.arena(1, |mut item| item.restore(&before));
        }
        let from = stage.rows(1).len();
        stage.steps(20);
        stage.rows(1)[from..].to_vec()
    };
    let (straight, again) = (run(false), run(true));
    assert_eq!(straight, again);
    let blue = plan.action.width()..2 * plan.action.width();
    assert!(straight.iter().any(|row| row.action[blue.clone()].iter().any(|value| *value != 0.0)), "blue did nothing");
}

#[test]
fn games_are_judged_from_every_seat() {
    let plan = plan_of("herd");
    let levels = held_out(plan.quantities.count(), 6);
    let (expert, idle) = (Flyer::Pilot(Pilot::expert()), Flyer::Pilot(Pilot::Idle));
    let play = |flyer: &Flyer, others: &Flyer, seat| {
        let results = evaluate(&plan, &Cast::game(flyer, others, seat, &plan), &levels, Threads(2), 1);
        results.iter().map(|result| result.outcome).collect::<Vec<_>>()
    };
    for seat in [0, 1] {
        assert_eq!(play(&expert, &idle, seat), [Outcome::Succeeded; 6], "in seat {seat}");
        assert_eq!(play(&idle, &expert, seat), [Outcome::Failed; 6], "in seat {seat}");
    }
    // Recorded rows are every agent's.
    let actions = vec![vec![0.1, 0.2, 0.3, 0.4]; 3];
    let cast = Cast::replay(&actions, &plan);
    assert!(matches!(&cast.pilots[1], Pilot::Replay { actions, .. } if actions[2] == [0.3, 0.4]));
}

const SELF_PLAY: &str = r#"Recipe(
    scene: "scene.ron",
    arenas: 6,
    past_opponents: 0.5,
    budget: Updates(8),
    learner: Ppo(horizon: 16, minibatch: 32, epochs: 1, hidden: [16]),
    evaluate: (every: 2, levels: 2),
    checkpoint: (every: 2),
)
"#;

fn league() -> Workshop {
    let workshop = Workshop::new();
    workshop.write("herd/scene.ron", &std::fs::read_to_string(format!("{}/scene.ron", Workshop::scene("herd"))).unwrap());
    workshop.write("herd/ppo.ron", SELF_PLAY);
    workshop
}

#[test]
fn self_play_against_past_checkpoints_goes_on_where_it_was_stopped_to_the_same_bits() {
    let workshop = league();
    workshop.apprentice("train herd --quiet --out whole").ends(0, &[]);
    workshop.apprentice("train herd --quiet --out half").ends(0, &[]);
    // Back to the fourth update, where there are two past opponents.
    for later in ["000006", "000008"] {
        std::fs::remove_dir_all(workshop.path("half/checkpoints").join(later)).unwrap();
    }
    workshop.apprentice("train herd --quiet --out half --resume").ends(0, &[]);
    assert_same(&workshop.path("whole"), &workshop.path("half"));
    let alone = "train herd --quiet --out alone --set past_opponents=0.0";
    workshop.apprentice(alone).ends(0, &[]);
    assert_ne!(workshop.read("whole/metrics.jsonl"), workshop.read("alone/metrics.jsonl"));
    // Six arenas of 16 steps an update, whoever is learnt from.
    let last: serde_json::Value = serde_json::from_str(workshop.read("whole/metrics.jsonl").lines().last().unwrap()).unwrap();
    assert_eq!(last["steps"], 8 * 16 * 6);
}

#[test]
fn each_agent_can_learn_by_a_policy_of_its_own_whatever_its_body_is() {
    let workshop = league();
    let scene = workshop.read("herd/scene.ron").replace(r#""blue": Rover(control: Heading"#, r#""blue": Rover(control: Wheels"#);
    workshop.write("herd/scene.ron", &scene);
    let each = "train herd --quiet --set policies=PerAgent --out";
    workshop.apprentice(&format!("{each} whole")).ends(0, &[]);
    workshop.apprentice(&format!("{each} half")).ends(0, &[]);
    for later in ["000006", "000008"] {
        std::fs::remove_dir_all(workshop.path("half/checkpoints").join(later)).unwrap();
    }
    workshop.apprentice(&format!("{each} half --resume")).ends(0, &[]);
    assert_same(&workshop.path("whole"), &workshop.path("half"));
    // Two policies, both of which have learnt: each judged in its seat, in training and afterwards.
    let weights = |name: &str| std::fs::read(workshop.path("whole/checkpoints").join(name).join("policy.safetensors")).unwrap();
    assert_ne!(weights("000008"), weights("000008/blue"));
    assert_ne!(weights("000006/blue"), weights("000008/blue"));
    let last = workshop.read("whole/metrics.jsonl").lines().last().unwrap().to_owned();
    assert!(last.contains("\"policy_loss\"") && last.contains("\"blue.policy_loss\""), "{last}");
    let summary: serde_json::Value = serde_json::from_str(&workshop.read("whole/summary.json")).unwrap();
    let judged = workshop.apprentice("evaluate whole --levels 2 --json").ends(0, &[]).objects();
    assert_eq!((&judged[0]["scores"], &judged[0]["scores"]["episodes"]), (&summary["scores"], &4.into()));
    let games = workshop.apprentice("evaluate whole --against half --levels 2 --json").ends(0, &[]).objects();
    assert_eq!(games[0]["scores"]["episodes"], 4);
    // Blue's does not fit red's body.
    workshop.apprentice("evaluate whole/checkpoints/000008/blue --scene herd").ends(2, &["the policy was trained on other"]);
}

#[test]
fn games_against_a_run_are_told_and_required() {
    let workshop = league();
    workshop.apprentice("train herd --quiet --out run --set budget=Updates(2)").ends(0, &[]);
    let herd = workshop.path("herd").display().to_string();
    let told = workshop.apprentice(&format!("evaluate {herd} --pilot expert --against run --levels 3 --json")).ends(0, &[]);
    let scores = &told.objects()[0]["scores"];
    assert_eq!((&scores["episodes"], &scores["games"]["decided"]), (&6.into(), &6.into()), "{scores}");
    assert_eq!(scores["games"]["won"]["value"], 1.0);
    workshop
        .apprentice(&format!("evaluate run --against expert --scene {herd} --levels 3 --require won>=0.5"))
        .ends(1, &["missed won>=0.5: won is 0.0000", "over 6 episodes"]);
    workshop
        .apprentice("evaluate run --levels 3 --require won>=0.5")
        .ends(1, &["no game was decided (and none is played without `--against`)"]);
    workshop
        .apprentice(&format!("evaluate {} --pilot expert --against random", Workshop::scene("push")))
        .ends(2, &["`--against` is for a scene with a team: in `push` there is nobody else"]);
    workshop.apprentice(&format!("evaluate {herd} --pilot expert --against exprt")).ends(2, &["did you mean `expert`?"]);
}

#[test]
fn agents_of_different_bodies_cannot_share_a_policy() {
    let workshop = league();
    let scene = workshop.read("herd/scene.ron").replace(r#""blue": Rover(control: Heading"#, r#""blue": Rover(control: Wheels"#);
    workshop.write("herd/scene.ron", &scene);
    workshop
        .apprentice("train herd --out run")
        .ends(2, &["the agents `red` and `blue` of `herd` cannot share a policy (`policies: PerAgent` gives each its own): of their observations, channel 16"]);
}

#[test]
fn a_team_is_listed_with_its_agents() {
    let herd = Workshop::scene("herd");
    let listed = Workshop::new().apprentice(&format!("scenes {}", herd.strip_suffix("/herd").unwrap())).ends(0, &[]).out;
    assert!(listed.contains("red (Rover), blue (Rover): each 18 numbers observed, 2 decided"), "{listed}");
}

#[test]
fn a_level_of_a_team_is_a_level_like_any_other() {
    let plan = plan_of("herd");
    assert_eq!(plan.team.len(), 1);
    let level = Level { cube: vec![1.0; plan.quantities.count()], ..plan.canonical() };
    let mut stage = Stage::new(&plan, vec![level], 1, 1, Pilot::Idle);
    let at = stage.arena(0, |item| {
        let world = item.physics.view();
        item.arena.plan.agents().map(|agent| world.bodies[agent.parts.root()].translation().y).collect::<Vec<_>>()
    });
    assert_eq!(at, [1.5, 1.5]);
}
