//! Demonstrations of teams: one row for all agents, on the disk and back, and bit for bit once more.

use super::data_set::uncount;
use super::{assert_sound, author, plan, saved};
use apprentice::arena::{ArenaPlugin, Others};
use apprentice::control::{ControlPlugin, headless_app, start};
use apprentice::curriculum::Lesson;
use apprentice::imitation::data_set::DataSet;
use apprentice::imitation::data_set::features::{Division, features};
use apprentice::imitation::data_set::repair::repair;
use apprentice::imitation::data_set::writer::{Author, Writer};
use apprentice::imitation::demonstration::Demonstration;
use apprentice::imitation::edit::{merge, trim};
use apprentice::imitation::keeper::Keeper;
use apprentice::imitation::record::{Order, demonstrate};
use apprentice::imitation::replay::{Replayed, snapshot_at, verify};
use apprentice::imitation::session::{Phase, Session, SessionPlugin, begin};
use apprentice::physics::{Threads, WorldState};
use apprentice::pilot::cast::{Cast, Flyer};
use apprentice::pilot::hand::HandCommand;
use apprentice::pilot::{Pilot, PilotPlugin};
use apprentice::scene::disturbance::DisturbanceMemory;
use apprentice::scene::plan::{Plan, Setting};
use apprentice::sensor::SensorMemory;
use apprentice::signal::Outcome;
use apprentice::stream::Stream;
use arrow_array::RecordBatch;
use arrow_schema::DataType;
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;
use tempfile::TempDir;

/// Games of `herd` with `red` in the first seat and `blue` in the second one.
fn games(plan: &Arc<Plan>, episodes: usize, red: Pilot, blue: Pilot, threads: usize) -> Vec<Demonstration> {
    let cast = Cast::game(&Flyer::Pilot(red), &Flyer::Pilot(blue), 0, plan);
    let order = Order { plan, cast: &cast, episodes, successes_only: false, seed: 3, before: 0, threads: Threads(threads) };
    let mut found = Vec::new();
    demonstrate(&order, |demonstration, _| {
        found.extend(demonstration);
        ControlFlow::<Infallible>::Continue(())
    });
    assert_eq!(found.len(), episodes);
    found
}

fn list_of(frames: &RecordBatch, name: &str) -> Option<i32> {
    match frames.column_by_name(name)?.data_type() {
        DataType::FixedSizeList(element, width) if *element.data_type() == DataType::Float32 => Some(*width),
        _ => None,
    }
}

#[test]
fn columns_of_a_team_hold_all_agents_side_by_side_behind_their_names() {
    let herd = plan("herd");
    let columns = features(&herd);
    let names = |name: &str| -> Vec<String> { serde_json::from_value(columns.get(name).unwrap().names.clone()).unwrap() };
    let behind = |agent: &str, channels: &[usize]| -> Vec<String> {
        channels.iter().map(|channel| format!("{agent}.{}", herd.observation.0[*channel].name)).collect()
    };
    // Both have a rover's motion and their last action for a state, and see the rest.
    let own = |channel: &usize| ["motion", "last_action"].iter().any(|sensor| herd.observation.0[*channel].name.starts_with(sensor));
    let (state, environment): (Vec<usize>, Vec<usize>) = (0..herd.observation.width()).partition(own);
    assert!(!state.is_empty() && !environment.is_empty());
    assert_eq!(names("observation.state"), [behind("red", &state), behind("blue", &state)].concat());
    assert_eq!(names("observation.environment_state"), [behind("red", &environment), behind("blue", &environment)].concat());
    assert_eq!(Division::of(&herd).width(), 2 * herd.observation.width());
    assert_eq!(names("action"), herd.acted().0.iter().map(|channel| channel.name.clone()).collect::<Vec<_>>());
    assert!(names("action")[0].starts_with("red.") && names("action")[herd.action.width()].starts_with("blue."));
    assert_eq!(names("expert.action"), names("action"));
    for name in ["sim.reward", "sim.success"] {
        let column = columns.get(name).unwrap();
        assert_eq!((column.dtype.as_str(), column.shape.as_slice(), names(name)), ("float32", &[2][..], vec!["red".into(), "blue".into()]));
    }
    // What one agent alone does is written as ever.
    let alone = features(&plan("push"));
    assert_eq!(
        alone.names().collect::<Vec<_>>(),
        columns.names().filter(|name| !["sim.reward", "sim.success"].contains(name)).collect::<Vec<_>>()
    );
    assert_eq!(alone.names().last(), Some("sim.seed"));
}

#[test]
fn a_recorded_game_is_read_as_it_was_played() {
    let folder = TempDir::new().unwrap();
    let plan = plan("herd");
    let played = games(&plan, 3, Pilot::expert(), Pilot::Idle, 1);
    let set = saved(&folder.path().join("set"), &plan, &played);
    assert_sound(&set, 3);
    assert_eq!(set.info.robot_type.as_deref(), Some("team"));
    for (episode, played) in played.iter().enumerate() {
        let read = set.demonstration(episode, &plan).unwrap();
        assert_eq!(read.rows, played.rows);
        assert_eq!((&read.lesson, &read.final_observation), (&played.lesson, &played.final_observation));
        assert_eq!(read.final_observation.len(), plan.observed().width());
        let frames = set.frames(episode).unwrap();
        assert_eq!((list_of(&frames, "sim.reward"), list_of(&frames, "sim.success")), (Some(2), Some(2)));
        assert_eq!(list_of(&frames, "action"), Some(plan.acted().width() as i32));
        // The first agent's are what readers of one agent see.
        assert_eq!((read.rows.rewards_of(0), read.rows.success_of(0)), (read.rows.rewards.clone(), read.rows.success.clone()));
        assert_ne!(read.rows.rewards_of(1), read.rows.rewards);
        let [red, blue] = &read.team[..] else { panic!("{:?}", read.team) };
        assert_eq!((red.agent.as_str(), red.pilot.as_str(), blue.agent.as_str(), blue.pilot.as_str()), ("red", "expert", "blue", "idle"));
        assert_eq!((red.outcome, red.success, red.score), (read.outcome, read.success(), read.score));
        // What one has won the other has lost.
        let lost = red.outcome == Outcome::Succeeded && blue.outcome == Outcome::Failed && red.score > blue.score;
        assert!(lost, "an expert wins against nobody: {red:?}, {blue:?}");
    }
    // Whoever records says who it was; else it is known what kind of pilot.
    let (mut writer, _) = Writer::open(&set.root, &plan, false).unwrap();
    writer.save(&played[0], &Author { against: "runs/herd".into(), ..author() }).unwrap();
    let set = writer.finish().unwrap();
    assert_eq!((set.lines[0].players().as_str(), set.lines[3].players().as_str()), ("expert against idle", "expert against runs/herd"));
    let card = std::fs::read_to_string(set.root.join("README.md")).unwrap();
    assert!(card.contains("`red` (rover), `blue` (rover)"), "{card}");
}

#[test]
fn games_are_recorded_and_replayed_alike_on_any_number_of_arenas_and_threads() {
    let plan = plan("herd");
    let mut all = games(&plan, 3, Pilot::random(), Pilot::expert(), 1);
    let again = games(&plan, 3, Pilot::random(), Pilot::expert(), 2);
    assert!(all.iter().zip(&again).all(|(one, other)| one.rows == other.rows && one.team == other.team));
    all.extend(games(&plan, 2, Pilot::random(), Pilot::random(), 1));
    for (threads, arenas) in [(1, Some(1)), (2, Some(3)), (2, None)] {
        for (episode, replayed) in verify(&plan, &all, Threads(threads), arenas).into_iter().enumerate() {
            assert_eq!(replayed, Replayed { episode, frames: all[episode].rows.len(), differs: None }, "{threads} threads, {arenas:?}");
        }
    }
}

#[test]
fn a_flipped_bit_of_any_agents_action_is_found_at_its_frame() {
    let plan = plan("herd");
    let recorded = games(&plan, 1, Pilot::expert(), Pilot::random(), 1).remove(0);
    let (last, channels) = (recorded.rows.len() - 1, plan.acted().width());
    for (row, channel) in [(0, channels - 1), (last / 2, plan.action.width()), (last, channels - 1), (last, 0)] {
        let mut changed = recorded.clone();
        let value = &mut changed.rows.actions.row_mut(row)[channel];
        *value = f32::from_bits(value.to_bits() ^ 1);
        assert_eq!(verify(&plan, &[changed], Threads(1), None)[0].differs, Some(row), "channel {channel}");
    }
    // An action just above what is applied at most does the same, and is not the same.
    let full = Pilot::replay(vec![vec![1.0; plan.team[0].action.width()]; 20]);
    let mut changed = games(&plan, 1, Pilot::Idle, full, 1).remove(0);
    changed.rows.actions.row_mut(7)[channels - 1] = f32::from_bits(1.0f32.to_bits() + 1);
    assert_eq!(verify(&plan, &[changed], Threads(1), None)[0].differs, Some(7));
}

#[test]
fn a_trimmed_game_starts_where_it_was_cut_for_every_agent() {
    let folder = TempDir::new().unwrap();
    let plan = plan("herd");
    let played = games(&plan, 1, Pilot::expert(), Pilot::random(), 1);
    let set = saved(&folder.path().join("set"), &plan, &played);
    trim(&set, 0, 5..25, &set.root).unwrap();
    let set = DataSet::open(&set.root).unwrap();
    assert_sound(&set, 1);
    let read = set.demonstration(0, &plan).unwrap();
    assert_eq!(read.rows.hashes, played[0].rows.hashes[5..25]);
    assert_eq!(read.rows.rewards_of(1), played[0].rows.rewards_of(1)[5..25]);
    assert_eq!(read.final_observation, played[0].rows.observations.row(25));
    for (agent, (cut, whole)) in read.team.iter().zip(&played[0].team).enumerate() {
        let steps = plan.agents().nth(agent).unwrap().task.as_ref().unwrap().steps as f32;
        let expected = read.rows.rewards_of(agent).iter().sum::<f32>() / steps;
        assert_eq!((cut.pilot.as_str(), cut.outcome, cut.success), (whole.pilot.as_str(), Outcome::TimedOut, false));
        assert!((cut.score - expected).abs() < 1e-6, "{} is not {expected}", cut.score);
    }
    // With others of the same scene it makes a set; with those of one agent it does not.
    let more = saved(&folder.path().join("more"), &plan, &played);
    merge(&[&set, &more], &folder.path().join("both")).unwrap();
    let both = DataSet::open(folder.path().join("both")).unwrap();
    assert_sound(&both, 2);
    assert_eq!((both.lines[0].team.clone(), both.lines[1].team.clone()), (set.lines[0].team.clone(), more.lines[0].team.clone()));
    let push = super::plan("push");
    let alone = saved(&folder.path().join("push"), &push, &super::demonstrations(&push, 1, Pilot::random(), 1));
    assert!(merge(&[&more, &alone], &folder.path().join("mixed")).is_err());
}

#[test]
fn a_whole_game_that_a_kill_left_uncounted_is_adopted() {
    let folder = TempDir::new().unwrap();
    let plan = plan("herd");
    uncount(folder.path(), &plan, 1, 2);
    let repaired = repair(folder.path(), false).unwrap();
    assert_eq!((repaired.episodes, repaired.adopted, repaired.removed), (2, 1, 0));
    let set = DataSet::open(folder.path()).unwrap();
    assert_sound(&set, 2);
    assert!(set.lines.iter().all(|line| line.team.len() == 2));
}

#[test]
fn what_one_agent_of_a_game_saw_is_its_own_channels_and_pay() {
    let plan = plan("herd");
    let game = games(&plan, 1, Pilot::expert(), Pilot::Idle, 1).remove(0);
    let (wide, narrow) = (plan.observation.width(), plan.action.width());
    let [red, blue] = [0, 1].map(|agent| game.seen_by(agent, &plan));
    for (row, all) in (0..game.rows.len()).map(|row| (row, game.rows.observations.row(row))) {
        assert_eq!((red.rows.observations.row(row), blue.rows.observations.row(row)), all.split_at(wide));
        assert_eq!((red.rows.actions.row(row), blue.rows.actions.row(row)), game.rows.actions.row(row).split_at(narrow));
    }
    assert_eq!((red.rows.rewards.clone(), blue.rows.rewards.clone()), (game.rows.rewards_of(0), game.rows.rewards_of(1)));
    assert_eq!((red.final_observation.as_slice(), blue.final_observation.as_slice()), game.final_observation.split_at(wide));
    assert_eq!((red.outcome, blue.outcome), (Outcome::Succeeded, Outcome::Failed));
    let alone = super::demonstrations(&super::plan("balance"), 1, Pilot::expert(), 1).remove(0);
    assert_eq!(alone.seen_by(0, &super::plan("balance")).rows, alone.rows);
}

#[test]
fn a_person_in_the_first_seat_is_recorded_with_those_in_the_others() {
    let (plan, folder) = (plan("herd"), TempDir::new().unwrap());
    let mut app = headless_app(Threads(1));
    app.add_plugins((
        ControlPlugin { timing: plan.timing },
        ArenaPlugin { plans: vec![plan.clone()], count: 1, seed: 5, pilot: Pilot::Hand },
        PilotPlugin,
        SessionPlugin,
    ));
    start(&mut app);
    let world = app.world_mut();
    world.query::<&mut Others>().single_mut(world).unwrap().0[0] = Pilot::expert();
    let (writer, _) = Writer::open(&folder.path().join("set"), &plan, false).unwrap();
    begin(world, Session::new(Keeper::new(writer, Author { pilot: "hand".into(), ..Author::default() }), Some(1), 3));
    app.world_mut().write_message(HandCommand::Start);
    (0..30).for_each(|_| app.update());
    app.world_mut().write_message(HandCommand::Finish);
    app.update();
    let mut session = app.world_mut().resource_mut::<Session>();
    // Hands that never move are idle, whatever the other one does.
    assert_eq!(session.phase, Phase::Review, "{}", session.message);
    session.command_while_held(HandCommand::Finish);
    assert_eq!(session.end(), Vec::<String>::new());
    let set = DataSet::open(folder.path().join("set")).unwrap();
    assert_sound(&set, 1);
    assert_eq!(set.lines[0].players(), "hand against expert");
    assert!(set.lines[0].stopped && set.lines[0].team.iter().all(|seat| seat.outcome == Outcome::TimedOut));
    let rows = set.demonstration(0, &plan).unwrap().seen_by(1, &plan).rows;
    assert!(rows.actions.values().iter().any(|value| *value != 0.0), "the expert drives");
}

/// A snapshot's file as it was before there were teams: lesson, setting, number, step; rewards, terms, success once, the task's memory, the
/// sensors'; the disturbances', noise; pilot, observation, action, world.
type Older = (
    (Lesson, Setting, u64, usize),
    (Vec<f32>, Vec<f32>, bool, Vec<f32>, Vec<SensorMemory>),
    (Vec<DisturbanceMemory>, Stream),
    (Pilot, Option<Vec<f32>>, Vec<f32>, Option<WorldState>),
);

#[test]
fn a_snapshot_of_one_agent_is_written_and_read_as_before_there_were_teams() {
    for scene in ["balance", "push"] {
        let plan = plan(scene);
        let recorded = super::demonstrations(&plan, 1, Pilot::random(), 1).remove(0);
        for row in [0, 9] {
            let bytes = snapshot_at(&plan, &recorded, row).to_bytes().unwrap();
            let (older, rest) = postcard::take_from_bytes::<Older>(&bytes).unwrap();
            assert_eq!((older.0.3, older.1.0.len(), rest.len()), (row, row, 0), "{scene}");
            assert_eq!(older.3.3.is_some(), row > 0, "the world is there, and at the end");
            assert_eq!(postcard::to_allocvec(&older).unwrap(), bytes, "{scene}");
            assert_eq!(apprentice::arena::Snapshot::from_bytes(&bytes).unwrap().to_bytes().unwrap(), bytes, "{scene}");
        }
    }
    // Of a team the rest follows.
    let herd = plan("herd");
    let game = games(&herd, 1, Pilot::expert(), Pilot::random(), 1).remove(0);
    let bytes = snapshot_at(&herd, &game, 9).to_bytes().unwrap();
    let (_, rest) = postcard::take_from_bytes::<Older>(&bytes).unwrap();
    assert!(!rest.is_empty());
    let again = apprentice::arena::Snapshot::from_bytes(&bytes).unwrap();
    assert_eq!((again.agents(), again.to_bytes().unwrap() == bytes), (2, true));
    assert!(apprentice::arena::Snapshot::from_bytes(&bytes[..bytes.len() - 1]).is_err());
}

#[test]
fn a_game_whose_snapshot_is_of_one_agent_is_refused() {
    let folder = TempDir::new().unwrap();
    let (herd, push) = (plan("herd"), plan("push"));
    let mut game = games(&herd, 1, Pilot::expert(), Pilot::random(), 1).remove(0);
    game.snapshot = super::demonstrations(&push, 1, Pilot::random(), 1).remove(0).snapshot;
    let set = saved(folder.path(), &herd, &[game]);
    let refused = set.demonstration(0, &herd).map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("it holds 1 agents, where the scene has 2"), "{refused}");
}
