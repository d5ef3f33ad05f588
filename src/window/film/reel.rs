//! What the window has seen of the watched arena's episodes, and a film of it: drawn once more, offscreen, while the window goes on.

use super::shoot::{ShootError, shoot};
use super::video::FilmReport;
use crate::arena::{Arena, ArenaQuery, FinishedEpisodes, Snapshot, finish, observe};
use crate::control::{ControlStep, ControlSystems};
use crate::imitation::recorder;
use crate::physics::Threads;
use crate::pilot::cast::Cast;
use crate::scene::plan::Plan;
use crate::window::camera::Eye;
use crate::window::notice::Event;
use crate::window::offscreen::{Shot, Start};
use crate::window::screenshot::free;
use crate::window::shown::Shown;
use bevy::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

/// The episode that goes on in the watched arena, and the last one that ended there.
#[derive(Resource, Default)]
struct Reel {
    now: Option<Take>,
    last: Option<Take>,
}

/// How an episode started, and what was done in it since.
#[derive(Clone)]
struct Take {
    plan: Arc<Plan>,
    arena: usize,
    number: u64,
    first_step: usize,
    snapshot: Snapshot,
    actions: Vec<Vec<f32>>,
    over: bool,
}

/// The film that is being made. Dropping it waits until it is whole: closing the window loses none.
#[derive(Resource, Default)]
struct Filming(Option<(PathBuf, JoinHandle<Result<FilmReport, ShootError>>)>);

/// Keeps what a film needs, and tells when one is ready.
pub fn plugin(app: &mut App) {
    app.init_resource::<Reel>().init_resource::<Filming>().add_systems(Update, tell).add_systems(
        ControlStep,
        (
            // After a hand, which may end an episode between observation and tape, so that none of the new one is missed.
            begin.in_set(ControlSystems::Observe).after(observe).after(recorder::open),
            keep.in_set(ControlSystems::Record),
            end.in_set(ControlSystems::Reset).after(finish),
        ),
    );
}

impl Take {
    /// Whether the arena now stands at a moment of this take: then nothing after it has happened.
    fn holds(&mut self, arena: &Arena) -> bool {
        let episode = &arena.episode;
        let step = episode.step.checked_sub(self.first_step).filter(|step| *step <= self.actions.len());
        let same = Arc::ptr_eq(&self.plan, &arena.plan) && (self.arena, self.number) == (arena.index, episode.number);
        let Some(step) = step.filter(|_| same && *self.snapshot.lesson() == episode.lesson) else { return false };
        self.actions.truncate(step);
        true
    }

    /// Whether the arena has gone on to another episode, which the task did not bring about: a hand did.
    fn precedes(&self, arena: &Arena) -> bool {
        let episode = &arena.episode;
        let same = Arc::ptr_eq(&self.plan, &arena.plan) && self.arena == arena.index;
        let next = self.number < episode.number || (self.number == episode.number && *self.snapshot.lesson() != episode.lesson);
        same && next && !self.actions.is_empty()
    }

    fn shot(self) -> (Shot, Option<usize>) {
        let shot = Shot { start: Start::Snapshot(Box::new(self.snapshot)), ..Shot::new(self.plan) };
        // One that goes on would go on in the film, without a pilot.
        let steps = shot.frames_per_second as usize * self.actions.len();
        let most = (!self.over).then(|| steps.div_ceil(shot.plan.timing.control_hz as usize) + 1);
        (Shot { cast: Cast::replay(&self.actions, &shot.plan), ..shot }, most)
    }
}

fn begin(mut arenas: Query<ArenaQuery>, shown: Res<Shown>, mut reel: ResMut<Reel>) {
    let Some(mut item) = arenas.iter_mut().find(|item| item.arena.index == shown.watched) else { return };
    if reel.now.as_mut().is_some_and(|take| take.holds(&item.arena)) {
        return;
    }
    let (plan, arena, number, first_step) = {
        let Arena { plan, index, episode, .. } = &*item.arena;
        (plan.clone(), *index, episode.number, episode.step)
    };
    if let Some(before) = reel.now.take_if(|before| before.precedes(&item.arena)) {
        reel.last = Some(before);
    }
    reel.last.take_if(|last| !Arc::ptr_eq(&last.plan, &plan) || last.arena != arena);
    let snapshot = item.capture().without_pilot();
    reel.now = Some(Take { plan, arena, number, first_step, snapshot, actions: Vec::new(), over: false });
}

fn keep(arenas: Query<ArenaQuery>, mut reel: ResMut<Reel>) {
    let Some(take) = &mut reel.now else { return };
    if let Some(item) = arenas.iter().find(|item| item.arena.index == take.arena) {
        take.actions.push(item.action.0.clone());
    }
}

fn end(finished: Res<FinishedEpisodes>, mut reel: ResMut<Reel>) {
    let over = reel.now.take_if(|take| finished.0.iter().any(|finished| finished.report.arena == take.arena));
    if let Some(take) = over {
        reel.last = Some(Take { over: true, ..take });
    }
}

/// What a film would show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The episode's number in its arena.
    pub episode: u64,
    /// Its control steps so far.
    pub steps: usize,
}

/// What a film would show now; none where nothing has happened yet in what is watched.
pub fn offer(world: &World) -> Option<Offer> {
    offered(world).map(|take| Offer { episode: take.number, steps: take.actions.len() })
}

/// The last episode that ended, or the one that goes on: of the arena that is watched, in the scene that is shown.
fn offered(world: &World) -> Option<&Take> {
    let (Reel { now, last }, shown) = (world.resource::<Reel>(), world.resource::<Shown>());
    let is_shown = |take: &&Take| take.arena == shown.watched && Arc::ptr_eq(&take.plan, &shown.plan) && !take.actions.is_empty();
    last.as_ref().filter(is_shown).or_else(|| now.as_ref().filter(is_shown))
}

/// Begins a film of the last episode that ended in the watched arena, or of the one that goes on where none has: into `path`, or the next
/// free file of `films/`.
pub fn film(world: &mut World, path: Option<PathBuf>) {
    let refused = |text: &str| Event::Refused { text: text.into() };
    if world.resource::<Filming>().0.is_some() {
        world.write_message(refused("a film is being made: wait until it is ready"));
        return;
    }
    let Some(take) = offered(world).cloned() else {
        world.write_message(refused("nothing has happened yet that a film could show"));
        return;
    };
    let (shot, most) = take.shot();
    let path = path.unwrap_or_else(|| free(Path::new("films"), &shot.plan.name, "mp4"));
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
        && let Err(error) = std::fs::create_dir_all(folder)
    {
        world.write_message(refused(&format!("`{}` cannot be made: {error}", folder.display())));
        return;
    }
    // Seen as the window sees it, where it shows this arena alone.
    let alone = world.resource::<Shown>().count == 1;
    let eye = world.query::<&Eye>().single(world).ok().filter(|_| alone).cloned();
    let size = world.query::<&Window>().iter(world).next().map_or(shot.size, |window| {
        // A video has whole pairs of pixels.
        let pairs = |pixels: u32| (pixels & !1).clamp(16, 4320);
        (pairs(window.physical_width()), pairs(window.physical_height()))
    });
    let shot = Shot { eye, size, ..shot };
    let threads = *world.resource::<Threads>();
    let into = path.clone();
    let work = std::thread::spawn(move || shoot(shot, threads, most, &into, |_| {}));
    world.write_message(Event::Filming { path: path.clone() });
    world.resource_mut::<Filming>().0 = Some((path, work));
}

fn tell(mut filming: ResMut<Filming>, mut events: MessageWriter<Event>) {
    let Some((path, work)) = filming.0.take_if(|(_, work)| work.is_finished()) else { return };
    events.write(match work.join() {
        Ok(Ok(_)) => Event::Saved { path },
        Ok(Err(error)) => Event::Refused { text: format!("`{}` was not filmed: {error}", path.display()) },
        // It has said so itself.
        Err(_) => Event::Refused { text: format!("`{}` was not filmed", path.display()) },
    });
}

impl Drop for Filming {
    fn drop(&mut self) {
        if let Some((path, work)) = self.0.take() {
            if !work.is_finished() {
                tracing::warn!("{} is not whole yet: the program ends when it is (or now, by Ctrl-C)", path.display());
            }
            // (A thread that panicked has said so itself.)
            if let Ok(Err(error)) = work.join() {
                tracing::error!("{} was not filmed: {error}", path.display());
            }
        }
    }
}
