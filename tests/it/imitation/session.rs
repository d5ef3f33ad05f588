//! Recording by hand, command by command; each `update` is a control step.

use super::{assert_sound, author, plan};
use apprentice::arena::{ArenaPlugin, ArenaQuery};
use apprentice::control::{ControlPlugin, headless_app, start};
use apprentice::imitation::data_set::DataSet;
use apprentice::imitation::data_set::writer::Writer;
use apprentice::imitation::keeper::Keeper;
use apprentice::imitation::session::{Phase, Session, SessionPlugin, attend, begin};
use apprentice::physics::Threads;
use apprentice::pilot::hand::{HandCommand, Hands};
use apprentice::pilot::{Pilot, PilotPlugin};
use bevy::ecs::system::RunSystemOnce;
use bevy::prelude::*;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A session in `push`, flown by `pilot`, with 3 control steps between episodes.
struct Desk {
    app: App,
    folder: TempDir,
}

impl Desk {
    fn new(pilot: Pilot, goal: Option<usize>) -> Self {
        let (plan, folder) = (plan("push"), TempDir::new().unwrap());
        let mut app = headless_app(Threads(1));
        app.add_plugins((
            ControlPlugin { timing: plan.timing },
            ArenaPlugin { plans: vec![plan.clone()], count: 1, seed: 5, pilot },
            PilotPlugin,
            SessionPlugin,
        ));
        start(&mut app);
        let (writer, _) = Writer::open(&folder.path().join("set"), &plan, false).unwrap();
        begin(app.world_mut(), Session::new(Keeper::new(writer, author()), goal, 3));
        Self { app, folder }
    }

    fn session(&mut self) -> Mut<'_, Session> {
        self.app.world_mut().resource_mut::<Session>()
    }

    fn phase(&mut self) -> Phase {
        self.session().phase.clone()
    }

    /// A command, and the step that hears it.
    fn say(&mut self, command: HandCommand) -> Phase {
        self.app.world_mut().write_message(command);
        self.app.update();
        self.phase()
    }

    fn steps(&mut self, count: usize) -> Phase {
        (0..count).for_each(|_| self.app.update());
        self.phase()
    }

    fn level(&mut self) -> u64 {
        let world = self.app.world_mut();
        world.query::<ArenaQuery>().single(world).unwrap().arena.episode.lesson.level.seed
    }

    /// The pad is gone, which the next step sees.
    fn lose_pad(&mut self) {
        self.app.world_mut().resource_mut::<Hands>().lost = true;
        assert!(matches!(self.steps(1), Phase::Paused(_)));
    }

    /// Something is in the way of the file of frames of an episode.
    fn in_the_way(&self, episode: usize) -> PathBuf {
        let way = self.folder.path().join(format!("set/data/chunk-000/.file-{episode:03}.parquet.partial"));
        std::fs::create_dir_all(&way).unwrap();
        way
    }

    /// Waits, while time stands still, until the session pauses.
    fn wait_for_pause(&mut self) {
        for _ in 0..10_000_000 {
            if matches!(self.phase(), Phase::Paused(_)) {
                return;
            }
            self.session().listen();
            std::thread::yield_now();
        }
        panic!("the failure is not heard");
    }

    /// Ends the session and opens what it left.
    fn set(mut self) -> DataSet {
        assert_eq!(self.session().end(), Vec::<String>::new());
        let root: &Path = self.folder.path();
        let set = DataSet::open(root.join("set")).unwrap();
        assert_sound(&set, set.len());
        set
    }
}

#[test]
fn episodes_that_the_task_ends_are_kept_until_there_are_enough() {
    let mut desk = Desk::new(Pilot::expert(), Some(2));
    assert_eq!(desk.steps(5), Phase::Ready, "nothing is recorded before start");
    desk.say(HandCommand::Start);
    while desk.phase() != Phase::Done {
        desk.steps(1);
    }
    let set = desk.set();
    assert_eq!(set.len(), 2);
    assert_ne!(set.lines[0].lesson.level, set.lines[1].lesson.level, "levels come from the teacher");
    assert!(set.lines.iter().all(|line| line.success && !line.stopped));
}

#[test]
fn a_hand_ends_an_episode_and_may_mark_it() {
    let mut desk = Desk::new(Pilot::random(), None);
    for command in [HandCommand::Finish, HandCommand::Success, HandCommand::Failure] {
        let first = desk.phase() == Phase::Ready;
        assert_eq!(desk.say(if first { HandCommand::Start } else { HandCommand::Finish }), Phase::Recording);
        assert_eq!(desk.steps(19), Phase::Recording);
        // The step that hears the command is already the first one of the reset phase.
        assert_eq!(desk.say(command), Phase::Resetting(2));
        assert_eq!(desk.session().last.as_ref().unwrap().length, 2.0, "20 rows at 10 Hz");
    }
    let set = desk.set();
    let marks: Vec<_> = set.lines.iter().map(|line| (line.marked, line.stopped)).collect();
    assert_eq!(marks, [(None, true), (Some(true), true), (Some(false), true)]);
}

#[test]
fn a_discarded_episode_is_recorded_again_at_the_same_level() {
    let mut desk = Desk::new(Pilot::random(), None);
    desk.say(HandCommand::Start);
    let level = desk.level();
    desk.steps(30);
    assert_eq!(desk.say(HandCommand::Discard), Phase::Recording);
    assert_eq!(desk.level(), level);
    desk.steps(14);
    desk.say(HandCommand::Finish);
    let set = desk.set();
    assert_eq!((set.len(), set.episodes[0].length, set.lines[0].lesson.level.seed), (1, 15, level));
}

#[test]
fn the_last_episode_is_taken_back_in_the_reset_phase() {
    let mut desk = Desk::new(Pilot::random(), None);
    desk.session().reset_steps = 100;
    desk.say(HandCommand::Start);
    desk.steps(10);
    desk.say(HandCommand::Finish);
    assert_eq!(desk.session().kept, 1);
    desk.say(HandCommand::Discard);
    assert_eq!(desk.session().kept, 0);
    // Once is enough: what was kept earlier stays.
    desk.say(HandCommand::Discard);
    assert_eq!(desk.set().len(), 0);
}

#[test]
fn a_poor_episode_waits_for_a_decision() {
    let mut desk = Desk::new(Pilot::Idle, None);
    desk.say(HandCommand::Start);
    desk.steps(20);
    assert_eq!(desk.say(HandCommand::Finish), Phase::Review, "nothing was done in it");
    assert!(desk.session().holds_time() && desk.session().kept == 0);
    desk.session().command_while_held(HandCommand::Discard);
    assert_eq!(desk.phase(), Phase::Resetting(3));
    desk.steps(4);
    desk.steps(20);
    desk.say(HandCommand::Finish);
    desk.session().command_while_held(HandCommand::Finish);
    assert_eq!(desk.session().kept, 1);
    assert_eq!(desk.set().len(), 1);
}

#[test]
fn a_lost_pad_pauses_and_start_goes_on() {
    let mut desk = Desk::new(Pilot::random(), None);
    desk.say(HandCommand::Start);
    desk.steps(10);
    desk.app.world_mut().resource_mut::<Hands>().lost = true;
    assert!(matches!(desk.steps(1), Phase::Paused(_)));
    assert!(desk.session().holds_time());
    desk.app.world_mut().resource_mut::<Hands>().lost = false;
    desk.session().command_while_held(HandCommand::Start);
    assert_eq!(desk.phase(), Phase::Recording);
    desk.steps(10);
    desk.say(HandCommand::Finish);
    assert_eq!(desk.set().len(), 1);
}

#[test]
fn stop_keeps_the_open_episode() {
    let mut desk = Desk::new(Pilot::random(), None);
    desk.say(HandCommand::Start);
    desk.steps(10);
    assert_eq!(desk.say(HandCommand::Stop), Phase::Done);
    assert_eq!(desk.set().len(), 1);
}

#[test]
fn stop_during_a_pause_keeps_the_open_episode() {
    for held in [true, false] {
        let mut desk = Desk::new(Pilot::random(), None);
        desk.say(HandCommand::Start);
        desk.steps(10);
        desk.lose_pad();
        if held {
            desk.session().command_while_held(HandCommand::Stop);
            desk.steps(1);
        } else {
            desk.say(HandCommand::Stop);
        }
        assert_eq!(desk.phase(), Phase::Done);
        assert_eq!(desk.set().len(), 1);
    }
}

#[test]
fn a_pad_lost_between_two_episodes_does_not_keep_the_next_one_from_being_recorded() {
    let mut desk = Desk::new(Pilot::random(), None);
    desk.session().reset_steps = 100;
    desk.say(HandCommand::Start);
    desk.steps(10);
    desk.say(HandCommand::Finish);
    desk.lose_pad();
    assert!(matches!(desk.say(HandCommand::Start), Phase::Resetting(_)));
    assert_eq!(desk.say(HandCommand::Finish), Phase::Recording);
    desk.steps(10);
    desk.say(HandCommand::Finish);
    assert_eq!(desk.set().len(), 2);
}

#[test]
fn start_goes_on_without_the_pad_that_is_gone() {
    let mut desk = Desk::new(Pilot::random(), None);
    desk.say(HandCommand::Start);
    desk.steps(10);
    desk.lose_pad();
    // As the button in the window asks.
    desk.app.world_mut().write_message(HandCommand::Start);
    desk.app.world_mut().run_system_once(attend).unwrap();
    assert_eq!(desk.steps(10), Phase::Recording);
}

#[test]
fn start_and_finish_within_one_step_begin_an_episode() {
    let mut desk = Desk::new(Pilot::random(), None);
    desk.app.world_mut().write_message(HandCommand::Start);
    assert_eq!(desk.say(HandCommand::Finish), Phase::Recording);
    desk.steps(10);
    desk.say(HandCommand::Finish);
    assert_eq!(desk.set().len(), 1);
}

#[test]
fn an_episode_that_cannot_be_saved_is_not_lost() {
    let mut desk = Desk::new(Pilot::random(), None);
    desk.say(HandCommand::Start);
    desk.steps(10);
    // Something is in the way of the file of frames.
    let way = desk.folder.path().join("set/data/chunk-000/file-000.parquet");
    std::fs::create_dir_all(&way).unwrap();
    desk.say(HandCommand::Finish);
    desk.wait_for_pause();
    assert!(desk.session().message.contains("not lost"));
    std::fs::remove_dir(&way).unwrap();
    desk.session().command_while_held(HandCommand::Start);
    assert_eq!(desk.set().len(), 1);
}

#[test]
fn a_last_episode_that_cannot_be_saved_is_told_at_the_end_and_not_counted() {
    let mut desk = Desk::new(Pilot::random(), Some(1));
    let way = desk.in_the_way(0);
    desk.say(HandCommand::Start);
    desk.steps(10);
    assert_eq!(desk.say(HandCommand::Finish), Phase::Done);
    let wrong = desk.session().end();
    assert!(wrong.len() == 1 && wrong[0].contains("could not be saved") && wrong[0].contains("file-000.parquet"), "{wrong:?}");
    assert_eq!(desk.session().kept, 0);
    std::fs::remove_dir(way).unwrap();
}

#[test]
fn all_episodes_that_could_not_be_saved_are_saved_by_stop_or_at_the_end() {
    for stop in [true, false] {
        let mut desk = Desk::new(Pilot::random(), None);
        desk.session().reset_steps = 0;
        let way = desk.in_the_way(0);
        desk.say(HandCommand::Start);
        desk.steps(10);
        desk.say(HandCommand::Finish);
        // Start after every pause, until there is a second one.
        while desk.session().kept < 2 {
            desk.say(HandCommand::Start);
            desk.steps(10);
            desk.say(HandCommand::Start);
            desk.say(HandCommand::Finish);
        }
        desk.wait_for_pause();
        std::fs::remove_dir(way).unwrap();
        if stop {
            desk.session().command_while_held(HandCommand::Stop);
            assert_eq!(desk.steps(1), Phase::Done);
        }
        let kept = desk.session().kept;
        let set = desk.set();
        assert_eq!(set.len(), kept);
        assert!(kept >= 2);
    }
}

/// A save that waits until it is asked to fail: a pipe is where the file should be.
#[cfg(unix)]
fn pipe(desk: &Desk, episode: usize) -> PathBuf {
    let way = desk.in_the_way(episode);
    std::fs::remove_dir(&way).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&way).status().unwrap().success());
    way
}

#[cfg(unix)]
#[test]
fn undo_during_a_save_that_fails_takes_back_that_episode() {
    let mut desk = Desk::new(Pilot::random(), None);
    desk.session().reset_steps = 100;
    let way = pipe(&desk, 1);
    desk.say(HandCommand::Start);
    desk.steps(10);
    desk.say(HandCommand::Finish);
    desk.say(HandCommand::Finish);
    desk.steps(20);
    desk.say(HandCommand::Finish);
    desk.say(HandCommand::Undo);
    assert_eq!(desk.session().kept, 1);
    std::fs::read(&way).unwrap();
    desk.wait_for_pause();
    std::fs::remove_file(&way).unwrap();
    assert!(matches!(desk.say(HandCommand::Start), Phase::Resetting(_)));
    assert_eq!(desk.session().kept, 1);
    let set = desk.set();
    assert_eq!((set.len(), set.episodes[0].length), (1, 11), "the first one is what is left");
}

#[cfg(unix)]
#[test]
fn a_save_that_fails_during_a_later_episode_leaves_that_one_open() {
    let mut desk = Desk::new(Pilot::random(), None);
    desk.session().reset_steps = 0;
    let way = pipe(&desk, 0);
    desk.say(HandCommand::Start);
    desk.steps(10);
    desk.say(HandCommand::Finish);
    assert_eq!(desk.steps(20), Phase::Recording);
    std::fs::read(&way).unwrap();
    desk.wait_for_pause();
    std::fs::remove_file(&way).unwrap();
    assert_eq!(desk.say(HandCommand::Start), Phase::Recording);
    desk.say(HandCommand::Finish);
    let set = desk.set();
    let lengths: Vec<usize> = set.episodes.iter().map(|row| row.length).collect();
    assert_eq!(lengths.len(), 2);
    assert!(lengths.iter().any(|length| *length >= 21), "{lengths:?}: nothing of the second one was thrown away");
}
