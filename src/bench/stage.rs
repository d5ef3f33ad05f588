//! One number of arenas of one scene, and the bare worlds beside it: blocks of steps of either, taken in turns.

use super::bare::{BareWorld, Team};
use crate::arena::{Arena, ArenaPlugin, ArenaQuery, Classroom, Switches, in_order};
use crate::control::{ControlPlugin, headless_app, start};
use crate::curriculum::{Level, Teacher};
use crate::imitation::recorder::{Recorded, Recorder, RecorderPlugin};
use crate::physics::Threads;
use crate::pilot::{Pilot, PilotPlugin};
use crate::scene::plan::Plan;
use crate::stream::{Purpose, Stream};
use bevy::prelude::*;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// How many levels there are: arena `i` has level `i` modulo this in every episode, so that the same mixture is simulated whatever the
/// number of arenas. (Fewer arenas than levels have the first ones.)
const LEVELS: usize = 16;

/// An app without window or clock whose arenas act at random.
pub fn random_app(plan: &Arc<Plan>, count: usize, threads: Threads) -> App {
    let mut draw = Stream::new(1, Purpose::HeldOut, 0, 0);
    let varies = plan.quantities.count();
    let teachers = (0..LEVELS).map(|_| Teacher::Fixed(Level::draw(varies, &mut draw)).build(varies)).collect();
    let mut app = headless_app(threads);
    app.insert_resource(Classroom { teachers, seed: 1 }).add_plugins((
        ControlPlugin { timing: plan.timing },
        ArenaPlugin { plans: vec![plan.clone(); LEVELS], count, seed: 1, pilot: Pilot::random() },
        PilotPlugin,
        RecorderPlugin,
    ));
    // Before anything is in the arenas' worlds: a component more moves them to another place in memory.
    let arenas: Vec<Entity> = app.world_mut().query_filtered::<Entity, With<Arena>>().iter(app.world()).collect();
    for arena in arenas {
        app.world_mut().entity_mut(arena).insert(Recorder::default());
    }
    start(&mut app);
    app
}

/// What a block of steps took, s.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// By the clock on the wall.
    pub wall: f64,
    /// Of processors, summed over this process's threads: what remains when others use the machine too. (Single blocks are told apart
    /// only to a few milliseconds: sums over many are to be trusted.)
    pub processor: f64,
}

/// One block of steps of either side.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// Of the control step.
    pub ours: Took,
    /// Of the bare loop, from the same state on.
    pub bare: Took,
}

/// What of the control step is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Sensors, tasks, resets, random actions.
    Whole,
    /// The same, with every arena recorded.
    Recorded,
    /// Random actions and physics alone.
    Physics,
}

/// Arenas and their bare counterparts.
pub struct Stage {
    /// How many arenas.
    pub count: usize,
    /// Control steps in a block.
    pub steps: usize,
    /// Whether the bare worlds ended every block without resets exactly where the arenas did.
    pub equal: bool,
    app: App,
    team: Team,
}

/// The wall clock.
pub fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "measures speed; nothing simulated reads it")]
    Instant::now()
}

/// Times `work`.
fn timed(work: impl FnOnce()) -> Took {
    let (begin, processor) = (now(), processor_seconds());
    work();
    Took { wall: begin.elapsed().as_secs_f64(), processor: processor_seconds() - processor }
}

/// Processor time of this process's threads, s; 0 where the system does not tell.
pub fn processor_seconds() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let spent = |file: PathBuf| std::fs::read_to_string(file).ok()?.split(' ').next()?.parse::<f64>().ok();
    threads.filter_map(|thread| spent(thread.path().join("schedstat"))).sum::<f64>() * 1e-9
}

impl Stage {
    /// Builds both sides; a block of steps will take about `seconds`.
    pub fn new(plan: &Arc<Plan>, count: usize, threads: Threads, seconds: f64) -> Self {
        let mut app = random_app(plan, count, threads);
        // Episodes stand at different steps, as they soon do in training: resets are then spread over the blocks.
        let limit = plan.task.as_ref().map_or(1, |task| task.steps);
        let mut arenas = app.world_mut().query::<ArenaQuery>();
        for mut item in arenas.iter_mut(app.world_mut()) {
            item.arena.episode.step = limit * item.arena.index / count;
        }
        let mut stage = Self { count, steps: 1, equal: true, app, team: Team::default() };
        // Bodies come to rest on each other, memory is touched, and the length of a step shows.
        stage.run(Extent::Whole, 2);
        let (begin, mut done) = (now(), 0);
        while done == 0 || begin.elapsed().as_secs_f64() < 2.0 * seconds {
            stage.run(Extent::Whole, 1);
            done += 1;
        }
        stage.steps = ((seconds * f64::from(done) / begin.elapsed().as_secs_f64()) as usize).max(1);
        stage
    }

    /// A block of each side from the same state on; `bare_first` says in which order.
    pub fn pair(&mut self, extent: Extent, bare_first: bool) -> Pair {
        if extent != Extent::Physics {
            // Episodes that ran over their time limit while tasks were off end here, and not in the block.
            self.run(extent, 1);
        }
        self.copy();
        let (ours, bare) = if bare_first {
            let bare = self.bare();
            (self.ours(extent), bare)
        } else {
            (self.ours(extent), self.bare())
        };
        if extent == Extent::Physics {
            // Without resets, and with the same actions, the two must be the same simulation; else the comparison is void.
            let mut arenas = self.app.world_mut().query::<ArenaQuery>();
            self.equal &= self.team.equals(&in_order(&mut arenas.query_mut(self.app.world_mut())));
        }
        Pair { ours, bare }
    }

    // The first step of either side is not timed: a copied world fills its scratch memory in it.

    fn ours(&mut self, extent: Extent) -> Took {
        self.run(extent, 1);
        timed(|| self.run(extent, self.steps))
    }

    fn bare(&mut self) -> Took {
        self.team.step();
        timed(|| (0..self.steps).for_each(|_| self.team.step()))
    }

    fn run(&mut self, extent: Extent, steps: usize) {
        let on = extent != Extent::Physics;
        self.app.insert_resource(Switches { sensors: on, tasks: on });
        let mut recorders = self.app.world_mut().query::<&mut Recorder>();
        recorders.iter_mut(self.app.world_mut()).for_each(|mut recorder| recorder.on = extent == Extent::Recorded);
        self.app.world_mut().resource_mut::<Recorded>().0.clear();
        (0..steps).for_each(|_| self.app.update());
    }

    /// Makes the bare worlds copies of the arenas'.
    fn copy(&mut self) {
        let mut arenas = self.app.world_mut().query::<ArenaQuery>();
        let mut arenas = arenas.query_mut(self.app.world_mut());
        self.team.hold(in_order(&mut arenas).iter_mut().map(BareWorld::copy).collect());
    }
}
