//! Arenas: independent copies of a scene, each with its own world, its own random streams, one episode at a time.
//!
//! A reset restores the scene's pristine world, then applies the lesson's level, so the same level is the same arena, whatever came
//! before. A [`Snapshot`] is a function of state: restored after any history it gives the same future.

mod snapshot;

pub use snapshot::Snapshot;

use crate::control::{ControlStep, ControlSystems};
pub use crate::curriculum::Classroom;
use crate::curriculum::{EpisodeReport, Lesson, Teacher};
use crate::physics::{
    Physics, PhysicsPlugin, PhysicsQuery, PhysicsQueryItem, PhysicsQueryReadOnly, PhysicsView, Threads, empty_world, in_parallel,
};
use crate::pilot::Pilot;
use crate::scene::disturbance::DisturbanceMemory;
use crate::scene::plan::{Plan, Setting, Situation};
use crate::sensor::{SensorMemory, SensorPlan};
use crate::signal::{Action, Observation, Outcome, Reward, Success};
use crate::stream::{Purpose, Stream};
use crate::task::{TaskPlan, Verdict};
use bevy::ecs::query::QueryData;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One independent copy of a scene. Its entity also carries its world and one row of every signal.
#[derive(Component)]
pub struct Arena {
    /// Which one it is, from 0: rows of a batch are in this order.
    pub index: usize,
    /// The scene.
    pub plan: Arc<Plan>,
    /// The episode that goes on in it.
    pub episode: Episode,
    /// Whether the observation is that of the present state. (It is then not made again: noise is drawn once.)
    observed: bool,
    /// Whether the last step left a sane world.
    sane: bool,
    /// What the task said of the last step, for each agent.
    verdicts: Vec<Verdict>,
}

/// What an arena's episode depends on beside the world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Episode {
    /// What is practised.
    pub lesson: Lesson,
    /// The level's numbers.
    pub setting: Setting,
    /// How many episodes the arena had before.
    pub number: u64,
    /// Control steps done.
    pub step: usize,
    /// How it goes for each agent.
    pub agents: Vec<Progress>,
    disturbances: Vec<DisturbanceMemory>,
    noise: Stream,
}

/// How an episode goes for one agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Dense reward of each step done.
    pub rewards: Vec<f32>,
    /// The sum of each reward term over the steps done, unweighted.
    pub terms: Vec<f32>,
    /// Whether success held after any step.
    pub success_once: bool,
    task: Vec<f32>,
    sensors: Vec<SensorMemory>,
}

/// Who decides for the agents of a team but the first.
#[derive(Component, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Others(pub Vec<Pilot>);

/// The components of an arena's entity.
#[derive(QueryData)]
#[query_data(mutable)]
pub struct ArenaQuery {
    /// The arena.
    pub arena: &'static mut Arena,
    /// Its world.
    pub physics: PhysicsQuery,
    /// Who decides in it. (Of a team: for the first agent.)
    pub pilot: &'static mut Pilot,
    /// Who decides for a team's other agents.
    pub others: &'static mut Others,
    /// What is observed.
    pub observation: &'static mut Observation,
    /// What was decided.
    pub action: &'static mut Action,
    /// What is paid.
    pub reward: &'static mut Reward,
    /// Whether success holds.
    pub success: &'static mut Success,
    /// How the episode stands.
    pub outcome: &'static mut Outcome,
}

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
            Observation(vec![0.0; plan.agents().map(|agent| agent.observation.width()).sum()]),
            Action(vec![0.0; plan.agents().map(|agent| agent.action.width()).sum()]),
            Reward::default(),
            Success::default(),
            Outcome::default(),
        ));
    }
}

impl Progress {
    fn new(plan: &Plan) -> Self {
        Self {
            terms: vec![0.0; plan.task.as_ref().map_or(0, TaskPlan::terms)],
            task: plan.task.as_ref().map(TaskPlan::memory).unwrap_or_default(),
            sensors: vec![SensorMemory::default(); plan.sensors.len()],
            ..Self::default()
        }
    }
}

impl Arena {
    fn new(index: usize, plan: Arc<Plan>) -> Self {
        let episode = Episode {
            lesson: plan.canonical().into(),
            setting: Setting::default(),
            number: 0,
            step: 0,
            agents: vec![Progress::default(); 1 + plan.team.len()],
            disturbances: Vec::new(),
            noise: Stream::new(0, Purpose::Noise, 0, 0),
        };
        Self { index, plan, episode, observed: false, sane: true, verdicts: Vec::new() }
    }

    /// Writes the observation of the present state, unless it is there already.
    fn observe(&mut self, world: PhysicsView<'_>, action: &[f32], observation: &mut [f32]) {
        if std::mem::replace(&mut self.observed, true) {
            return;
        }
        let Self { plan, episode, .. } = self;
        let Episode { setting, agents, noise, .. } = episode;
        let (mut action, mut rest) = (action, observation);
        for (plan, progress) in plan.agents().zip(agents) {
            let (row, after) = std::mem::take(&mut rest).split_at_mut(plan.observation.width());
            let (done, other_actions) = action.split_at(plan.action.width());
            (action, rest) = (other_actions, after);
            let situation = Situation { plan, world, setting, action: done };
            SensorPlan::observe(&plan.sensors, &mut progress.sensors, noise, &situation, row);
        }
    }

    fn act(&mut self, physics: &mut Physics<'_>, action: &mut [f32]) {
        for channel in &mut *action {
            // A pilot that writes nonsense must not poison the world.
            *channel = if channel.is_nan() { 0.0 } else { channel.clamp(-1.0, 1.0) };
        }
        let Self { plan, episode, .. } = self;
        let values = &episode.setting.values;
        for disturbance in &plan.disturbances {
            disturbance.clear(physics);
        }
        plan.act(values, action, physics);
        for (disturbance, memory) in plan.disturbances.iter().zip(&mut episode.disturbances) {
            disturbance.act(values, memory, plan.timing, physics);
        }
    }

    fn simulate(&mut self, physics: &mut Physics<'_>) {
        let gravity = self.plan.scene.gravity * self.plan.down(&self.episode.setting.values);
        self.sane = physics.simulate(gravity, self.plan.timing.ticks_per_step());
        self.observed = false;
        self.episode.step += 1;
    }

    /// Judges the step for every agent. Where it ends an agent's episode, it ends the others' too: for one of whom the task says nothing, time
    /// is up.
    fn evaluate(&mut self, world: PhysicsView<'_>, action: &[f32]) {
        let Self { plan, episode, sane, verdicts, .. } = self;
        let Episode { setting, agents, step, .. } = episode;
        verdicts.clear();
        let mut rest = action;
        for (plan, progress) in plan.agents().zip(agents) {
            let (action, after) = rest.split_at(plan.action.width());
            rest = after;
            let Progress { rewards, terms, success_once, task: memory, .. } = progress;
            let verdict = match &plan.task {
                _ if !*sane => Verdict { outcome: Outcome::Diverged, ..Verdict::default() },
                Some(task) => task.judge(&Situation { plan, world, setting, action }, memory, terms, *step),
                None => Verdict::default(),
            };
            if !*sane || plan.task.is_some() {
                rewards.push(verdict.reward.dense);
            }
            *success_once |= verdict.success;
            verdicts.push(verdict);
        }
        if verdicts.iter().any(|verdict| verdict.outcome.is_over()) {
            for verdict in verdicts.iter_mut().filter(|verdict| !verdict.outcome.is_over()) {
                verdict.outcome = Outcome::TimedOut;
            }
        }
    }

    /// What the task said of the last step, for each agent; nothing before the first step.
    pub fn verdicts(&self) -> &[Verdict] {
        &self.verdicts
    }
}

impl ArenaQueryItem<'_, '_> {
    /// What sensors, tasks and experts see.
    pub fn situation(&self) -> Situation<'_> {
        Situation { plan: &self.arena.plan, world: self.physics.view(), setting: &self.arena.episode.setting, action: &self.action.0 }
    }

    /// Starts the episode `number` with `lesson`. The same lesson gives the same episode, whatever came before.
    pub fn start(&mut self, lesson: Lesson, number: u64, seed: u64) {
        let plan = self.arena.plan.clone();
        let setting = plan.start(&lesson.level, &mut self.physics.physics());
        let level_seed = lesson.level.seed;
        self.arena.episode = Episode {
            lesson,
            setting,
            number,
            step: 0,
            agents: plan.agents().map(Progress::new).collect(),
            disturbances: plan.disturbances.iter().enumerate().map(|(index, _)| DisturbanceMemory::new(level_seed, index)).collect(),
            noise: Stream::new(level_seed, Purpose::Noise, 0, 0),
        };
        self.arena.observed = false;
        self.arena.sane = true;
        self.action.0.fill(0.0);
        self.arena.verdicts.clear();
        let index = self.arena.index as u64;
        self.pilot.begin(seed, index, number);
        for (agent, pilot) in (1..).zip(&mut self.others.0) {
            pilot.begin(seed, index | agent << 32, number);
        }
    }

    /// From now on somebody else decides for one agent, as they would from the start of the episode on.
    pub fn seat(&mut self, agent: usize, mut pilot: Pilot, seed: u64) {
        pilot.begin(seed, self.arena.index as u64 | (agent as u64) << 32, self.arena.episode.number);
        match agent.checked_sub(1) {
            None => *self.pilot = pilot,
            Some(other) => self.others.0.iter_mut().skip(other).take(1).for_each(|seat| seat.clone_from(&pilot)),
        }
    }

    /// Who decides for each agent, in their order.
    pub fn pilots(&self) -> impl Iterator<Item = &Pilot> {
        std::iter::once(&*self.pilot).chain(&self.others.0)
    }

    /// Writes the observation of the present state, unless it is there already.
    pub fn observe(&mut self) {
        self.arena.observe(self.physics.view(), &self.action.0, &mut self.observation.0);
    }

    /// The report of an episode that is over, as it went for one agent.
    fn report(&self, agent: usize) -> EpisodeReport {
        let (episode, verdict) = (&self.arena.episode, &self.arena.verdicts[agent]);
        let Progress { rewards, terms, success_once, .. } = &episode.agents[agent];
        let total: f32 = rewards.iter().sum();
        let plan = self.arena.plan.agents().nth(agent);
        let score = plan.and_then(|plan| plan.task.as_ref()).map_or(0.0, |task| task.score(total, episode.step, verdict.outcome));
        EpisodeReport {
            arena: self.arena.index,
            agent,
            lesson: episode.lesson.clone(),
            score,
            success: verdict.success,
            success_once: *success_once,
            length: episode.step,
            outcome: verdict.outcome,
            rewards: rewards.clone(),
            terms: terms.iter().map(|sum| sum / episode.step.max(1) as f32).collect(),
            values: Vec::new(),
        }
    }

    /// A copy of everything that the future depends on.
    pub fn capture(&mut self) -> Snapshot {
        Snapshot {
            episode: self.arena.episode.clone(),
            pilot: self.pilot.clone(),
            others: self.others.clone(),
            observation: self.arena.observed.then(|| self.observation.0.clone()),
            action: self.action.0.clone(),
            world: (self.arena.episode.step > 0).then(|| self.physics.physics().capture()),
        }
    }

    /// Goes on from `snapshot`, whatever was here before.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        let plan = self.arena.plan.clone();
        match &snapshot.world {
            Some(world) => self.physics.physics().restore(world),
            None => {
                plan.start(&snapshot.episode.lesson.level, &mut self.physics.physics());
            }
        }
        self.arena.episode = snapshot.episode.clone();
        self.arena.episode.setting.maze = plan.maze(&snapshot.episode.lesson.level);
        self.arena.sane = true;
        self.arena.observed = snapshot.observation.is_some();
        if let Some(observation) = &snapshot.observation {
            self.observation.0.clone_from(observation);
        }
        self.action.0.clone_from(&snapshot.action);
        *self.pilot = snapshot.pilot.clone();
        if snapshot.others.0.len() == self.others.0.len() {
            *self.others = snapshot.others.clone();
        }
        self.arena.verdicts.clear();
    }
}

impl ArenaQueryReadOnlyItem<'_, '_> {
    /// What sensors, tasks and experts see.
    pub fn situation(&self) -> Situation<'_> {
        Situation { plan: &self.arena.plan, world: self.physics.view(), setting: &self.arena.episode.setting, action: &self.action.0 }
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
        let mut rest = item.observation.0.as_slice();
        for (agent, plan) in item.arena.plan.agents().enumerate() {
            let (row, after) = rest.split_at(plan.observation.width());
            rest = after;
            finished.0.push(Finished { report: item.report(agent), observation: row.to_vec() });
        }
        let number = item.arena.episode.number + 1;
        lessons.push((classroom.propose(item.arena.index, number), number, item));
    }
    let seed = classroom.seed;
    in_parallel(*threads, &mut lessons, BATCH, |(lesson, number, item)| item.start(lesson.clone(), *number, seed));
}

/// The hash of an arena's step: of its action and of every body's pose and velocity.
pub fn step_hash(item: &ArenaQueryItem<'_, '_>) -> u64 {
    let physics: &PhysicsQueryItem<'_, '_> = &item.physics;
    physics.view().state_hash(&item.action.0)
}
