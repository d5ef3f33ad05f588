//! Everything that can be asked of the window, as data: panels and keys write requests, scripts are lists of them, and one system does them.

use super::camera::{Eye, Mode};
use super::film::reel;
use super::gizmos::{Gizmo, Visible};
use super::hands::scripted;
use super::notice::Event;
use super::recording;
use super::rewind::{self, Rewind};
use super::screenshot;
use super::shown::{self, Choice, Shown};
use super::smoothing::settle;
use super::time::{Clock, SPEEDS};
use super::trace::Trace;
use crate::arena::{Arena, ArenaQuery, step_hash};
use crate::control::ControlTiming;
use crate::curriculum::Level;
use crate::pilot::hand::{HandCommand, Input};
use crate::scene::load;
use crate::scene::plan::Plan;
use bevy::diagnostic::FrameCount;
use bevy::ecs::message::MessageCursor;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Something that the window is asked to do. In a script, one a line.
#[derive(Message, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Request {
    /// Show this scene (a folder or its file).
    Open(PathBuf),
    /// So many arenas.
    Arenas(usize),
    /// Panels, plots and gizmos are about this arena.
    Watch(usize),
    /// Draw levels from this seed.
    Seed(u64),
    /// Who decides: `Pilot(Expert)`, `Pilot(Run("runs/push"))`. (Of a team: for the first agent.)
    Pilot(Choice),
    /// Who decides for the other agents of a team: anybody but hands.
    Against(Choice),
    /// Restart the watched arena at its level, but for this varied number, in its unit. It keeps that level from then on.
    Vary(String, f32),
    /// Restart the watched arena at this level, and keep it.
    Level(Level),
    /// Another level for every arena.
    NewLevel,
    /// Every arena starts its level again.
    Restart,
    /// Whether the watched arena keeps its level from episode to episode.
    Hold(bool),
    /// Whether the clock stands still.
    Pause(bool),
    /// So many single steps, with the clock standing still. (A script goes on when they are made.)
    Step(usize),
    /// How fast the clock runs; 1 is as fast as in life.
    Speed(f32),
    /// Look at the moment so many seconds ago, and stand still.
    Rewind(f32),
    /// Look at one of the moments that are kept, and stand still.
    Moment(usize),
    /// Go on from the moment that is looked at.
    Fork,
    /// Back to the present.
    Present,
    /// Record by hand into this data set, until stopped.
    Record(PathBuf),
    /// Replay this episode of a data set in the watched arena.
    Replay(PathBuf, usize),
    /// What a button asks of a recording.
    Hand(HandCommand),
    /// Move an input of a scripted pad, as a real one's driver does: to -1 to 1 for a stick, 0 to 1 for a trigger or button.
    Pad(Input, f32),
    /// Unplug the scripted pad.
    Unplug,
    /// How the camera moves.
    Camera(Mode),
    /// Turn the camera: bearing and elevation (rad), distance (m).
    Turn(f32, f32, f32),
    /// Let the camera look at everything.
    Frame,
    /// Show something or hide it.
    Show(Gizmo, bool),
    /// Save a picture: into this file, or into the next free one of `screenshots/`.
    Screenshot(Option<PathBuf>),
    /// Film the last episode that ended in the watched arena, or the one that goes on where none has: into this file, or into the next free one
    /// of `films/`.
    Film(Option<PathBuf>),
    /// Script: wait for so many control steps.
    Wait(u64),
    /// Script: wait for so many frames.
    Frames(u64),
    /// Script: wait until everything is drawn as it should be.
    Drawn,
    /// Script: say how things stand (with `--json`).
    Tell,
    /// Close the window.
    Quit,
}

/// Does what is asked.
pub fn plugin(app: &mut App) {
    app.add_message::<Request>().add_systems(PreUpdate, serve);
}

fn serve(world: &mut World, mut cursor: Local<MessageCursor<Request>>) {
    let requests: Vec<Request> = cursor.read(world.resource::<Messages<Request>>()).cloned().collect();
    for request in requests {
        tracing::debug!("{request:?}");
        if changes_arenas(world, request)
            && let Err(error) = world.run_system_cached(settle)
        {
            tracing::error!("{error}");
        }
    }
}

/// Does one thing. True where the arenas are not what they were.
fn changes_arenas(world: &mut World, request: Request) -> bool {
    if replaces(&request) && recording::going_on(world) {
        world.write_message(Event::Refused { text: "a recording is going on: stop it first".into() });
        return false;
    }
    if meddles(&request) && recording::is_in_an_episode(world) {
        world.write_message(Event::Refused { text: "an episode is being recorded: finish or discard it first".into() });
        return false;
    }
    match request {
        Request::Record(data_set) => {
            if let Err(error) = recording::record_into(world, &data_set) {
                world.write_message(Event::Refused { text: error.to_string() });
                return false;
            }
        }
        Request::Replay(data_set, episode) => {
            if let Err(error) = recording::replay(world, &data_set, episode) {
                world.write_message(Event::Refused { text: error.to_string() });
                return false;
            }
        }
        Request::Hand(command) => {
            world.write_message(command);
            return false;
        }
        Request::Pad(input, value) => {
            if !scripted::feed(world, &input, value) {
                world.write_message(Event::Refused { text: format!("a pad has no `{input:?}`") });
            }
            return false;
        }
        Request::Unplug => {
            scripted::unplug(world);
            return false;
        }
        Request::Open(path) => match load::load(&path) {
            Ok(loaded) => shown::open(world, loaded.path.clone(), Plan::from(loaded)),
            Err(problems) => {
                let count = problems.0.len();
                world.write_message(Event::Broken { problems: count, text: problems.to_string() });
                world.resource_mut::<Shown>().problems = Some(problems);
                return false;
            }
        },
        Request::Arenas(count) => {
            world.resource_mut::<Shown>().count = count;
            shown::anew(world);
            reframe(world);
        }
        Request::Seed(seed) => {
            world.resource_mut::<Shown>().seed = seed;
            shown::anew(world);
        }
        Request::Watch(arena) => {
            let mut shown = world.resource_mut::<Shown>();
            shown.watched = arena.min(shown.count - 1);
            let watched = shown.watched;
            let mut query = world.query::<&mut Eye>();
            query.iter_mut(world).for_each(|mut eye| eye.watched = watched);
            return false;
        }
        Request::Pilot(choice) => {
            shown::choose(world, choice);
            return false;
        }
        Request::Against(choice) => {
            shown::oppose(world, choice);
            return false;
        }
        Request::Vary(name, value) => {
            let Shown { plan, watched, .. } = world.resource::<Shown>();
            let (watched, index) = (*watched, plan.scene.varies.index(&name));
            let Some(index) = index else {
                world.write_message(Event::Refused { text: format!("the scene does not vary `{name}`") });
                return false;
            };
            let unit = plan.scene.varies.0[index].1.unit(value);
            set_level(world, watched, |level| {
                let mut level = level.clone();
                level.cube.resize(level.cube.len().max(index + 1), 0.5);
                level.cube[index] = unit;
                level
            });
        }
        Request::Level(level) => {
            let Shown { plan, watched, .. } = world.resource::<Shown>();
            let (watched, refusal) = (*watched, plan.level_form().refuses(&level));
            if let Some(text) = refusal {
                world.write_message(Event::Refused { text });
                return false;
            }
            set_level(world, watched, |_| level.clone());
        }
        Request::NewLevel => {
            world.resource_mut::<Shown>().held.clear();
            shown::seat(world);
            let varies = world.resource::<Shown>().plan.quantities.count();
            shown::restart(world, |_, _, mut stream| Some(Level::draw(varies, &mut stream)));
        }
        Request::Restart => shown::restart(world, |_, level, _| Some(level.clone())),
        Request::Hold(hold) => {
            let watched = world.resource::<Shown>().watched;
            let mut query = world.query::<&Arena>();
            let level = query.iter(world).find(|arena| arena.index == watched).map(|arena| arena.episode.lesson.level.clone());
            let held = &mut world.resource_mut::<Shown>().held;
            match level.filter(|_| hold) {
                Some(level) => held.insert(watched, level),
                None => held.remove(&watched),
            };
            shown::seat(world);
            return false;
        }
        Request::Pause(paused) => {
            world.resource_mut::<Clock>().paused = paused;
            return false;
        }
        Request::Step(steps) => {
            let mut clock = world.resource_mut::<Clock>();
            clock.paused = true;
            clock.steps += steps;
            return false;
        }
        Request::Speed(speed) => {
            let speed = if speed.is_finite() { speed } else { 1.0 };
            world.resource_mut::<Clock>().speed = speed.clamp(SPEEDS[0], SPEEDS[1]);
            return false;
        }
        Request::Rewind(seconds) => {
            let timing = *world.resource::<ControlTiming>();
            let moment = world.resource::<Rewind>().ago(seconds, timing);
            return moment.is_some_and(|moment| look_back(world, moment));
        }
        Request::Moment(moment) => return look_back(world, moment),
        Request::Fork => {
            world.resource_mut::<Clock>().paused = false;
            return false;
        }
        Request::Present => {
            let last = world.resource::<Rewind>().len().checked_sub(1);
            if let Some(last) = last {
                rewind::go(world, last);
            }
        }
        Request::Camera(mode) => {
            let mut query = world.query::<&mut Eye>();
            query.iter_mut(world).for_each(|mut eye| eye.set_mode(mode));
            if mode == Mode::Orbit {
                reframe(world);
            }
            return false;
        }
        Request::Turn(bearing, elevation, distance) => {
            let mut query = world.query::<&mut Eye>();
            for mut eye in query.iter_mut(world) {
                (eye.bearing, eye.elevation, eye.distance) = (bearing, elevation, distance.clamp(0.3, 200.0));
            }
            return false;
        }
        Request::Frame => {
            reframe(world);
            return false;
        }
        Request::Show(gizmo, show) => {
            world.resource_mut::<Visible>().set(gizmo, show);
            return false;
        }
        Request::Screenshot(path) => {
            screenshot::take(world, path);
            return false;
        }
        Request::Film(path) => {
            reel::film(world, path);
            return false;
        }
        Request::Tell => {
            tell(world);
            return false;
        }
        // What a script waits for is the script's own affair.
        Request::Wait(_) | Request::Frames(_) | Request::Drawn => return false,
        Request::Quit => {
            world.write_message(AppExit::Success);
            return false;
        }
    }
    true
}

/// Whether a request would replace the arena that is recorded, or who decides in it: not even between two episodes.
fn replaces(request: &Request) -> bool {
    matches!(
        request,
        Request::Open(_) | Request::Arenas(_) | Request::Seed(_) | Request::Pilot(_) | Request::Against(_) | Request::Replay(..)
    )
}

/// Whether a request would change what an episode that is being recorded goes on from.
fn meddles(request: &Request) -> bool {
    matches!(
        request,
        Request::Vary(..)
            | Request::Level(_)
            | Request::NewLevel
            | Request::Restart
            | Request::Rewind(_)
            | Request::Moment(_)
            | Request::Present
    )
}

fn reframe(world: &mut World) {
    let shown = world.resource::<Shown>();
    let eye = Eye::framing(&shown.plan, shown.count);
    shown::frame(world, eye);
}

fn look_back(world: &mut World, moment: usize) -> bool {
    let moments = world.resource::<Rewind>().len();
    if moments == 0 {
        return false;
    }
    world.resource_mut::<Clock>().paused = true;
    rewind::go(world, moment.min(moments - 1));
    true
}

/// The watched arena starts again at another level, and keeps it.
fn set_level(world: &mut World, watched: usize, change: impl Fn(&Level) -> Level) {
    let mut kept = None;
    shown::restart(world, |arena, level, _| {
        (arena == watched).then(|| {
            let level = change(level);
            kept = Some(level.clone());
            level
        })
    });
    if let Some(level) = kept {
        world.resource_mut::<Shown>().held.insert(watched, level);
        shown::seat(world);
    }
    // The plots go on; their sums begin anew.
    world.resource_mut::<Trace>().restarted();
}

fn tell(world: &mut World) {
    let shown = world.resource::<Shown>();
    let (scene, arenas, pilot, watched) = (shown.plan.name.clone(), shown.count, shown.pilot.name(), shown.watched);
    let against = (!shown.plan.team.is_empty()).then(|| shown.against.name());
    let (steps, paused, frames) =
        (world.resource::<Rewind>().step, world.resource::<Clock>().paused, u64::from(world.resource::<FrameCount>().0));
    let mut query = world.query::<ArenaQuery>();
    let mut found = query.query_mut(world);
    let Some(item) = found.iter_mut().find(|item| item.arena.index == watched) else { return };
    let level = ::ron::ser::to_string(&item.arena.episode.lesson.level).unwrap_or_default();
    let hash = format!("{:016x}", step_hash(&item));
    world.write_message(Event::Standing { scene, arenas, steps, hash, pilot, against, paused, level, frames });
}
