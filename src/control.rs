//! Read this first: the control step, in which everything happens.
//!
//! One exclusive system in `FixedUpdate` runs the schedule [`ControlStep`] once per control period, for every arena at once.
//! Exploring, recording, training and evaluating run the same schedule; only who decides differs. In a window the clock decides how
//! often it runs; headless, one `App::update` is one control step and no wall clock is read.

use crate::physics::Threads;
use bevy::app::{FixedMainScheduleOrder, MainScheduleOrder, PluginsState, TaskPoolOptions};
use bevy::ecs::schedule::{InternedScheduleLabel, ScheduleLabel, SingleThreadedExecutor};
use bevy::prelude::*;
use bevy::time::{TimePlugin, TimeUpdateStrategy};

/// The schedule of one control period. See [`ControlSystems`] for what it does.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub struct ControlStep;

/// What a control step does, in this order. A system of your own goes into the set whose work it shares.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub enum ControlSystems {
    /// 1. Sensors write [`Observation`](crate::signal::Observation).
    Observe,
    /// 2. A full batch of experience becomes a better policy; empty unless training.
    Learn,
    /// 3. Each pilot writes its [`Action`](crate::signal::Action), every channel in [-1, 1]; one batched forward for all policy pilots.
    Decide,
    /// 4. Bodies turn actions into motor targets, forces (N) and torques (N m).
    Act,
    /// 5. Physics, [`ControlTiming::ticks_per_step`] ticks, every arena in parallel.
    Simulate,
    /// 6. Tasks write [`Reward`](crate::signal::Reward), [`Success`](crate::signal::Success) and [`Outcome`](crate::signal::Outcome).
    Evaluate,
    /// 7. The row (observation, action, reward, outcome, success, hash) is kept.
    Record,
    /// 8. Finished arenas are observed once more, report to the teacher, get a lesson, start again.
    Reset,
}

/// How often is decided, and how finely is simulated in between.
#[derive(Resource, Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlTiming {
    /// Decisions per second.
    pub control_hz: u32,
    /// Physics ticks per second: a whole multiple of `control_hz`.
    pub physics_hz: u32,
}

impl ControlTiming {
    /// Physics ticks in one control step.
    pub fn ticks_per_step(self) -> u32 {
        self.physics_hz / self.control_hz
    }

    /// Seconds between two decisions.
    pub fn control_dt(self) -> f32 {
        1.0 / self.control_hz as f32
    }

    /// Seconds of one physics tick.
    pub fn physics_dt(self) -> f32 {
        1.0 / self.physics_hz as f32
    }
}

/// Adds [`ControlStep`] and runs it at the scene's control rate.
pub struct ControlPlugin {
    /// The scene's timing (already checked: see [`crate::scene`]).
    pub timing: ControlTiming,
}

impl Plugin for ControlPlugin {
    fn build(&self, app: &mut App) {
        let mut schedule = Schedule::new(ControlStep);
        schedule.configure_sets(
            (
                ControlSystems::Observe,
                ControlSystems::Learn,
                ControlSystems::Decide,
                ControlSystems::Act,
                ControlSystems::Simulate,
                ControlSystems::Evaluate,
                ControlSystems::Record,
                ControlSystems::Reset,
            )
                .chain(),
        );
        app.insert_resource(self.timing)
            .insert_resource(Time::<Fixed>::from_hz(f64::from(self.timing.control_hz)))
            .add_schedule(schedule)
            .add_systems(FixedUpdate, run_control_step);
    }
}

fn run_control_step(world: &mut World) {
    world.run_schedule(ControlStep);
}

/// An `App` without window or clock: every `update` but the first one runs exactly one control step. Fastest inside [`in_pool`](crate::physics::in_pool).
pub fn headless_app(threads: Threads) -> App {
    // Not Bevy's `TaskPoolPlugin`: its tending of the main thread's own tasks, of which there are none, would cost as much per step as
    // an arena that is almost empty.
    TaskPoolOptions::default().create_default_pools();
    let mut app = App::new();
    app.add_plugins(TimePlugin).insert_resource(threads).insert_resource(TimeUpdateStrategy::FixedTimesteps(1));
    app
}

/// Finishes the plugins and makes the app ready: after it, the next `update` is the first control step.
///
/// What costs more per step than a small arena does is left out: every schedule gets the single-threaded executor (the work of a step
/// is parallel inside its systems), and schedules that hold no system are passed over. So add systems before, not after.
pub fn start(app: &mut App) {
    while app.plugins_state() == PluginsState::Adding {}
    app.finish();
    app.cleanup();
    let world = app.world_mut();
    world.resource_scope(|world, mut schedules: Mut<Schedules>| {
        let holds = |label: &InternedScheduleLabel| schedules.get(*label).is_some_and(|schedule| schedule.systems_len() > 0);
        world.resource_mut::<MainScheduleOrder>().labels.retain(holds);
        world.resource_mut::<FixedMainScheduleOrder>().labels.retain(holds);
        for (_, schedule) in schedules.iter_mut() {
            schedule.set_executor(SingleThreadedExecutor::new());
        }
    });
    app.update();
}
