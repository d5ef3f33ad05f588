//! The part of arenas in every control step: observe, act, simulate, evaluate, start again.

use super::{Arena, ArenaQuery, ArenaQueryItem, Classroom, Others};
use crate::control::{ControlStep, ControlSystems};
use crate::curriculum::{EpisodeReport, Teacher};
use crate::physics::{PhysicsPlugin, PhysicsQuery, PhysicsQueryReadOnly, Threads, empty_world, in_parallel};
use crate::pilot::Pilot;
use crate::scene::plan::Plan;
use crate::signal::{Action, Observation, Outcome, Reward, Success, parts};
use bevy::prelude::*;
use std::sync::Arc;

/// Builds arenas and takes part in every step of [`ControlSystems`] that is theirs.
pub struct ArenaPlugin {
    /// The scene, or several with equal channels and rates: arena `i` gets the scene `i` modulo their number.
    pub plans: Vec<Arc<Plan>>,
    /// How many arenas.
    pub count: usize,
    /// The run's seed.
    pub seed: u64,
    /// Who decides, in every arena. (Of a team: for the first agent; the others stand idle until they get a pilot.)
    pub pilot: Pilot,
}

/// Turns parts of the step off, for measuring the rest.
#[derive(Resource, Clone, Copy, Debug)]
pub struct Switches {
    /// Whether sensors write observations.
    pub sensors: bool,
    /// Whether tasks judge, and arenas are reset.
    pub tasks: bool,
}

/// An episode that ended in this step.
#[derive(Clone, Debug)]
pub struct Finished {
    /// How it went.
    pub report: EpisodeReport,
    /// What was observed after its last step.
    pub observation: Vec<f32>,
}

/// The episodes that ended in this step, by arena, and of a team one for each agent.
#[derive(Resource, Default)]
pub struct FinishedEpisodes(pub Vec<Finished>);

/// How many arenas are reset at once by a thread.
const BATCH: usize = 1;

impl Plugin for ArenaPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins(PhysicsPlugin);
        app.init_resource::<Threads>().init_resource::<FinishedEpisodes>();
        app.insert_resource(Switches { sensors: true, tasks: true });
        populate(app.world_mut(), &self.plans, self.count, self.seed, &self.pilot);
        app.add_systems(Startup, begin).add_systems(
            ControlStep,
            (
                observe.in_set(ControlSystems::Observe).run_if(|switches: Res<Switches>| switches.sensors),
                act.in_set(ControlSystems::Act),
                simulate.in_set(ControlSystems::Simulate),
                evaluate.in_set(ControlSystems::Evaluate).run_if(|switches: Res<Switches>| switches.tasks),
                finish.in_set(ControlSystems::Reset).run_if(|switches: Res<Switches>| switches.tasks),
            ),
        );
    }
}

/// Spawns `count` arenas into a world that has none, and brings a teacher for each scene where there is no [`Classroom`] yet. Their first
/// lesson they get from [`begin`].
pub fn populate(world: &mut World, plans: &[Arc<Plan>], count: usize, seed: u64, pilot: &Pilot) {
    if !world.contains_resource::<Classroom>() {
        world.insert_resource(Classroom::new(&Teacher::Uniform, plans, seed));
    }
    for (index, plan) in plans.iter().cycle().take(count).enumerate() {
        world.spawn((
            Arena::new(index, plan.clone()),
            empty_world(plan.parameters()),
            pilot.clone(),
            Others(vec![Pilot::Idle; plan.team.len()]),
            Observation(vec![0.0; plan.seen().sum()]),
            Action(vec![0.0; plan.decided().sum()]),
            Reward::default(),
            Success::default(),
            Outcome::default(),
        ));
    }
}

/// All arenas, in the order of their indices.
pub fn in_order<'w, 's>(arenas: &'w mut Query<'_, 's, ArenaQuery>) -> Vec<ArenaQueryItem<'w, 's>> {
    let mut items: Vec<_> = arenas.iter_mut().collect();
    if !items.is_sorted_by_key(|item| item.arena.index) {
        items.sort_by_key(|item| item.arena.index);
    }
    items
}

/// Gives every arena its first lesson: a system of `Startup`, and run once more after [`populate`] has brought other arenas.
pub fn begin(mut arenas: Query<ArenaQuery>, mut classroom: ResMut<Classroom>, threads: Res<Threads>) {
    let seed = classroom.seed;
    let mut items: Vec<_> = in_order(&mut arenas).into_iter().map(|item| (classroom.propose(item.arena.index, 0), item)).collect();
    in_parallel(*threads, &mut items, BATCH, |(lesson, item)| item.start(lesson.clone(), 0, seed));
}

// The systems that run in every step hold of each arena what they need, and no more: thousands of whole items would be written to memory
// and read again five times a step.

/// Sensors write the observations.
pub fn observe(mut arenas: Query<(&mut Arena, PhysicsQueryReadOnly, &Action, &mut Observation)>, threads: Res<Threads>) {
    let items = arenas
        .iter_mut()
        .map(|(arena, physics, action, observation)| (arena.into_inner(), physics.view(), action, observation.into_inner()));
    in_parallel(*threads, &mut items.collect::<Vec<_>>(), 8, |(arena, world, action, observation)| {
        arena.observe(*world, &action.0, &mut observation.0);
    });
}

fn act(mut arenas: Query<(&mut Arena, PhysicsQuery, &mut Action)>, threads: Res<Threads>) {
    let items = arenas.iter_mut().map(|(arena, physics, action)| (arena.into_inner(), physics.into_physics(), action.into_inner()));
    in_parallel(*threads, &mut items.collect::<Vec<_>>(), 16, |(arena, physics, action)| arena.act(physics, &mut action.0));
}

fn simulate(mut arenas: Query<(&mut Arena, PhysicsQuery)>, threads: Res<Threads>) {
    let mut items: Vec<_> = arenas.iter_mut().map(|(arena, physics)| (arena.into_inner(), physics.into_physics())).collect();
    // Small enough that no thread waits long for another one's last arenas, large enough that drawing them costs nothing.
    let batch = items.len() / (16 * threads.0);
    in_parallel(*threads, &mut items, batch, |(arena, physics)| arena.simulate(physics));
}

/// What tasks write.
type Judged = (&'static mut Reward, &'static mut Success, &'static mut Outcome);

fn evaluate(mut arenas: Query<(&mut Arena, PhysicsQueryReadOnly, &Action, Judged)>, threads: Res<Threads>) {
    let items = arenas.iter_mut().map(|(arena, physics, action, (reward, success, outcome))| {
        (arena.into_inner(), physics.view(), action, (reward.into_inner(), success.into_inner(), outcome.into_inner()))
    });
    in_parallel(*threads, &mut items.collect::<Vec<_>>(), 8, |(arena, world, action, (reward, success, outcome))| {
        arena.evaluate(*world, &action.0);
        let verdict = arena.verdicts[0];
        (**reward, **success, **outcome) = (verdict.reward, Success(verdict.success), verdict.outcome);
    });
}

/// Finished arenas are observed once more, report to the teacher, get a lesson, start again.
pub fn finish(
    mut arenas: Query<ArenaQuery>,
    mut classroom: ResMut<Classroom>,
    mut finished: ResMut<FinishedEpisodes>,
    threads: Res<Threads>,
    mut diverged: Local<u64>,
) {
    finished.0.clear();
    let mut over: Vec<_> = in_order(&mut arenas).into_iter().filter(|item| item.outcome.is_over()).collect();
    if over.is_empty() {
        return;
    }
    in_parallel(*threads, &mut over, BATCH, |item| {
        // A broken world is not looked at: its last good observation stands for the final one.
        item.arena.observed |= *item.outcome == Outcome::Diverged;
        item.observe();
    });
    let mut lessons = Vec::new();
    for item in over {
        let report = item.report(0);
        if report.outcome == Outcome::Diverged {
            if *diverged == 0 {
                tracing::warn!(
                    "arena {} diverged after {} steps of level {}: the episode ends, the run goes on (further ones are only counted)",
                    report.arena,
                    report.length,
                    report.lesson.level.id()
                );
            }
            *diverged += 1;
        }
        classroom.teacher(report.arena).grade(&report);
        for (agent, row) in parts(&item.observation.0, item.arena.plan.seen()).enumerate() {
            finished.0.push(Finished { report: item.report(agent), observation: row.to_vec() });
        }
        let number = item.arena.episode.number + 1;
        lessons.push((classroom.propose(item.arena.index, number), number, item));
    }
    let seed = classroom.seed;
    in_parallel(*threads, &mut lessons, BATCH, |(lesson, number, item)| item.start(lesson.clone(), *number, seed));
}
