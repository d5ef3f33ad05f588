//! Arenas: independent copies of a scene, each with its own world, its own random streams, one episode at a time.
//!
//! A reset restores the scene's pristine world, then applies the lesson's level, so the same level is the same arena, whatever came
//! before. A [`Snapshot`] is a function of state: restored after any history it gives the same future.

mod plugin;
mod snapshot;

pub use plugin::{ArenaPlugin, Finished, FinishedEpisodes, Switches, begin, finish, in_order, observe, populate};
pub use snapshot::Snapshot;

pub use crate::curriculum::Classroom;
use crate::curriculum::{EpisodeReport, Lesson};
use crate::physics::{Physics, PhysicsQuery, PhysicsQueryItem, PhysicsView};
use crate::pilot::Pilot;
use crate::scene::disturbance::DisturbanceMemory;
use crate::scene::plan::{Plan, Setting, Situation};
use crate::sensor::{SensorMemory, SensorPlan};
use crate::signal::{Action, Observation, Outcome, Reward, Success, parts, parts_mut};
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
        let rows = parts_mut(observation, plan.seen()).zip(parts(action, plan.decided()));
        for ((plan, progress), (row, action)) in plan.agents().zip(agents).zip(rows) {
            let situation = Situation { plan, world, setting, action };
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
        for ((plan, progress), action) in plan.agents().zip(agents).zip(parts(action, plan.decided())) {
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
        Situation {
            plan: &self.arena.plan,
            world: self.physics.view(),
            setting: &self.arena.episode.setting,
            action: &self.action.0[..self.arena.plan.action.width()],
        }
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
        Situation {
            plan: &self.arena.plan,
            world: self.physics.view(),
            setting: &self.arena.episode.setting,
            action: &self.action.0[..self.arena.plan.action.width()],
        }
    }
}

/// The hash of an arena's step: of its action and of every body's pose and velocity.
pub fn step_hash(item: &ArenaQueryItem<'_, '_>) -> u64 {
    let physics: &PhysicsQueryItem<'_, '_> = &item.physics;
    physics.view().state_hash(&item.action.0)
}
