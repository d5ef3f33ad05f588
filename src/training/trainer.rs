//! The training loop, inside the control step: gather rows, learn from them, decide anew.
//!
//! `Learn` stands right after `Observe`: the fresh observation is the bootstrap value of the last row, and the improved policy takes the very
//! next decision. Everything a run writes, it writes there, so that a checkpoint is the state between an observation and the decision
//! on it, and a resumed run takes that very decision.

use crate::arena::{Arena, Classroom, FinishedEpisodes};
use crate::control::{ControlStep, ControlSystems};
use crate::curriculum::{EpisodeReport, LevelId};
use crate::learn::experience::demonstrations::Demonstrations;
use crate::learn::experience::rollout::Rollout;
use crate::learn::metrics::Metrics;
use crate::learn::policy::Policy;
use crate::learn::{Experience, Learner, Needs, Rows, SettingsError};
use crate::pilot::policy::{Flown, gather, recalled, remember, rows};
use crate::signal::Outcome;
use crate::training::opponents::Matches;
use crate::training::recipe::{Prepared, Reading};
use crate::training::stages::Stage;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Updates done.
    pub updates: u64,
    /// Control steps taken, summed over arenas.
    pub steps: u64,
    /// Episodes finished, summed over arenas.
    pub episodes: u64,
}

/// A finished episode of training, as `episodes.jsonl` keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpisodeLine {
    /// Control steps taken by all arenas when it ended.
    pub steps: u64,
    /// Where.
    pub arena: usize,
    /// The level's name.
    pub level: LevelId,
    /// The varied numbers, as a point of the unit cube.
    pub cube: Vec<f32>,
    /// Its seed.
    pub seed: u64,
    /// Mean dense reward over the time limit.
    pub score: f32,
    /// Whether success held at the end.
    pub success: bool,
    /// Whether it held at any time.
    pub success_once: bool,
    /// Control steps.
    pub length: usize,
    /// What ended it.
    pub outcome: Outcome,
}

impl EpisodeLine {
    fn new(report: &EpisodeReport, steps: u64) -> Self {
        let level = &report.lesson.level;
        Self {
            steps,
            arena: report.arena,
            level: level.id(),
            cube: level.cube.clone(),
            seed: level.seed,
            score: report.score,
            success: report.success,
            success_once: report.success_once,
            length: report.length,
            outcome: report.outcome,
        }
    }
}

/// A policy that learns, and what it is learning from.
pub struct Student {
    /// The name of the agent whose policy it is; of one that all agents share, the first one's.
    pub name: String,
    /// What learns.
    pub learner: Box<dyn Learner>,
    /// The rows gathered since the last update.
    pub rollout: Rollout,
    /// Whom the rows of a step are of: arena and agent.
    rows: Vec<(usize, usize)>,
}

impl Student {
    /// One who sees so many `rows` a step.
    pub fn new(name: String, learner: Box<dyn Learner>, rows: usize) -> Self {
        let mut student = Self { name, learner, rollout: Rollout::new(0, rows), rows: Vec::new() };
        student.begin_rollout();
        student
    }

    /// Gathers anew, what the learner needs now.
    fn begin_rollout(&mut self) {
        let horizon = match self.learner.needs() {
            Needs::Rows(horizon) => horizon,
            Needs::Nothing => 0,
        };
        self.rollout = Rollout::new(horizon, self.rollout.arenas());
    }
}

/// Who learns in a stage, at its beginning, where these policies were learnt `before`.
///
/// # Errors
/// Where a learner refuses its settings, or the policy that it is to build upon.
pub(super) fn students(prepared: &Prepared, stage: &Stage, before: &[(String, Policy)]) -> Result<Vec<Student>, SettingsError> {
    let matches = Matches::of(&prepared.recipe, stage);
    let agents = || (0..stage.arenas).map(|arena| 1 + prepared.plans[arena % prepared.plans.len()].team.len());
    let student = |(index, (name, contract)): (usize, (String, _))| {
        let before = before.get(index).map(|(_, policy)| policy);
        // Another seed for each: agents that begin with the same weights would be one.
        let learner = stage.learner.build(contract, stage.seed ^ (index as u64) << 32, prepared.recipe.device, before)?;
        Ok(Student::new(name, learner, matches.rows(index, agents())))
    };
    prepared.contracts().into_iter().enumerate().map(student).collect()
}

/// Who learns, and how far they have come.
#[derive(Resource)]
pub struct Trainer {
    /// Who learns: one, or one for each agent of a team, whose pilots are [`Pilot::Policy`](crate::pilot::Pilot::Policy) `of` the same number.
    pub students: Vec<Student>,
    /// How far the run has come.
    pub progress: Progress,
    /// What the last update said of itself, until somebody takes it.
    pub updated: Option<Metrics>,
    /// The episodes that ended since the last update.
    pub episodes: Vec<EpisodeReport>,
    /// Episodes that ended since somebody wrote them down.
    pub unwritten: Vec<EpisodeLine>,
    /// What others did, for students who learn from it too.
    pub demonstrations: Option<Demonstrations>,
    /// How far the run had come when this stage began.
    begun: Progress,
    stage: Stage,
}

impl Trainer {
    /// A trainer at the beginning of a stage, to which a run had come so far.
    pub fn new(students: Vec<Student>, stage: Stage, begun: Progress) -> Self {
        Self { students, progress: begun, updated: None, episodes: Vec::new(), unwritten: Vec::new(), demonstrations: None, begun, stage }
    }

    /// The policies as they stand, each with its agent's name.
    pub fn policies(&self) -> Vec<(String, Policy)> {
        self.students.iter().map(|student| (student.name.clone(), student.learner.policy())).collect()
    }

    /// The students' agents, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.students.iter().map(|student| student.name.as_str())
    }

    /// How much of the stage's budget is spent: 1 or more where all of it is.
    pub fn spent(&self) -> f64 {
        self.stage.spent(&self.progress, &self.begun)
    }
}

/// Trains in the arenas of the app. Whoever adds it watches [`Trainer`] between `Learn` and `Decide`.
pub struct TrainerPlugin;

/// Where the students decide, and whoever corrects them comes after.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub struct StudentsDecide;

/// Comes right after an update, before the next decision: where a run writes its logs and checkpoints.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub struct AfterUpdate;

impl Plugin for TrainerPlugin {
    fn build(&self, app: &mut App) {
        app.configure_sets(ControlStep, StudentsDecide.in_set(ControlSystems::Decide));
        app.configure_sets(ControlStep, AfterUpdate.in_set(ControlSystems::Learn).after(learn)).add_systems(
            ControlStep,
            (
                learn.in_set(ControlSystems::Learn),
                decide.in_set(StudentsDecide),
                record.in_set(ControlSystems::Record),
                collect.in_set(ControlSystems::Reset).after(crate::arena::finish),
            ),
        );
    }
}

/// A full rollout becomes a better policy.
fn learn(mut trainer: ResMut<Trainer>, mut arenas: Query<Flown<'static>>) {
    let trainer = &mut *trainer;
    // (All gather the same number of rows from every agent: they are full together.)
    if !trainer.students.iter().all(|student| student.rollout.is_full()) {
        return;
    }
    let progress = trainer.spent().min(1.0) as f32;
    let mut all = Metrics::default();
    let rows = rows(&mut arenas);
    for (of, student) in trainer.students.iter_mut().enumerate() {
        student.rollout.set_fresh(&gather(rows.get(&of).into_iter().flatten().map(|row| row.observation)));
        let demonstrations = trainer.demonstrations.as_ref();
        let metrics = student.learner.update(Experience { rollout: Some(&student.rollout), demonstrations, progress });
        student.begin_rollout();
        for (metric, value) in metrics.iter() {
            if of == 0 { all.set(metric, value) } else { all.set(&format!("{}.{metric}", student.name), value) }
        }
    }
    trainer.progress.updates += 1;
    trainer.updated = Some(all);
}

/// One batched decision of each student, for all agents that learn by it.
fn decide(mut trainer: ResMut<Trainer>, mut arenas: Query<Flown<'static>>) {
    let mut rows = rows(&mut arenas);
    for (of, student) in trainer.students.iter_mut().enumerate() {
        let mut rows = rows.remove(&of).unwrap_or_default();
        let observed = gather(rows.iter().map(|row| row.observation));
        let begins: Vec<bool> = rows.iter().map(|row| row.begins).collect();
        let seeds: Vec<u64> = rows.iter().map(|row| row.seed).collect();
        let mut memory = recalled(&rows, student.learner.memory());
        let decision = student.learner.act(Rows { observations: &observed, begins: &begins, seeds: &seeds, memory: &mut memory });
        for (index, row) in rows.iter_mut().enumerate() {
            row.action.copy_from_slice(decision.actions.row(index));
        }
        remember(&mut rows, &memory);
        student.rows.clear();
        student.rows.extend(rows.iter().map(|row| (row.arena, row.agent)));
        student.rollout.decide(&observed, &begins, &decision);
    }
}

/// What came of the decision.
fn record(mut trainer: ResMut<Trainer>, arenas: Query<&Arena>) {
    let trainer = &mut *trainer;
    let mut by_index: Vec<&Arena> = arenas.iter().collect();
    by_index.sort_by_key(|arena| arena.index);
    let reading = trainer.stage.reward;
    for Student { rollout, rows, .. } in &mut trainer.students {
        let verdicts = rows.iter().map(|(arena, agent)| &by_index[*arena].verdicts()[*agent]);
        let (rewards, outcomes): (Vec<f32>, Vec<Outcome>) = verdicts
            .map(|verdict| {
                let paid = match reading {
                    Reading::Dense => verdict.reward.dense,
                    Reading::Sparse => verdict.reward.sparse,
                };
                (paid, verdict.outcome)
            })
            .unzip();
        rollout.reward(&rewards, &outcomes);
    }
    trainer.progress.steps += by_index.len() as u64;
}

/// The final observations and reports of the episodes that ended.
fn collect(mut trainer: ResMut<Trainer>, finished: Res<FinishedEpisodes>) {
    let trainer = &mut *trainer;
    for episode in &finished.0 {
        let whose = (episode.report.arena, episode.report.agent);
        let theirs = trainer.students.iter_mut().find_map(|student| Some((student.rows.binary_search(&whose).ok()?, student)));
        // (An opponent's row is not learnt from, nor written down.)
        let Some((row, student)) = theirs else { continue };
        student.rollout.finish_episode(row, &episode.observation);
        let line = EpisodeLine::new(&episode.report, trainer.progress.steps);
        trainer.unwritten.push(line);
        trainer.episodes.push(episode.report.clone());
        trainer.progress.episodes += 1;
    }
}

/// Means over the episodes that ended since the last update: score, success, length, each reward term.
pub fn episode_means(episodes: &[EpisodeReport]) -> Vec<(String, f64)> {
    let counted: Vec<&EpisodeReport> = episodes.iter().filter(|report| report.outcome != Outcome::Diverged).collect();
    let mean = |of: &dyn Fn(&EpisodeReport) -> f64| counted.iter().map(|report| of(report)).sum::<f64>() / counted.len() as f64;
    let mut means =
        vec![("train.episodes".to_owned(), counted.len() as f64), ("train.diverged".to_owned(), (episodes.len() - counted.len()) as f64)];
    if let Some(first) = counted.first() {
        means.push(("train.score".into(), mean(&|report| f64::from(report.score))));
        means.push(("train.success".into(), mean(&|report| f64::from(u8::from(report.success)))));
        means.push(("train.length".into(), mean(&|report| report.length as f64)));
        for term in 0..first.terms.len() {
            means.push((format!("reward.{term}"), mean(&|report| report.terms.get(term).copied().unwrap_or(0.0).into())));
        }
    }
    means
}

/// The state of the teachers, for a checkpoint.
pub fn teacher_states(classroom: &Classroom) -> Vec<crate::curriculum::TeacherState> {
    classroom.teachers.iter().map(|teacher| teacher.state()).collect()
}
