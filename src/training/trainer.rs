//! The training loop, inside the control step: gather rows, learn from them, decide anew.
//!
//! `Learn` stands right after `Observe`: the fresh observation is the bootstrap value of the last row, and the improved policy takes the very
//! next decision. Everything a run writes, it writes there, so that a checkpoint is the state between an observation and the decision
//! on it, and a resumed run takes that very decision.

use crate::arena::{Arena, Classroom, FinishedEpisodes};
use crate::control::{ControlStep, ControlSystems};
use crate::curriculum::{EpisodeReport, LevelId};
use crate::learn::batch::Batch;
use crate::learn::experience::rollout::Rollout;
use crate::learn::metrics::Metrics;
use crate::learn::{Experience, Learner, Needs, Rows};
use crate::pilot::policy::{Flown, gather, rows};
use crate::signal::Outcome;
use crate::training::recipe::{Budget, Reading, Recipe};
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

/// What learns, and what it is learning from.
#[derive(Resource)]
pub struct Trainer {
    /// What learns.
    pub learner: Box<dyn Learner>,
    /// The rows gathered since the last update.
    pub rollout: Rollout,
    /// How far the run has come.
    pub progress: Progress,
    /// What the last update said of itself, until somebody takes it.
    pub updated: Option<Metrics>,
    /// The episodes that ended since the last update.
    pub episodes: Vec<EpisodeReport>,
    /// Episodes that ended since somebody wrote them down.
    pub unwritten: Vec<EpisodeLine>,
    /// Whom the rows of a step are of: arena and agent.
    rows: Vec<(usize, usize)>,
    reading: Reading,
    budget: Budget,
}

impl Trainer {
    /// A trainer at the beginning of a run, for so many `rows` a step: one for each agent that learns, of every arena.
    pub fn new(learner: Box<dyn Learner>, recipe: &Recipe, rows: usize) -> Self {
        let horizon = match learner.needs() {
            Needs::Rows(horizon) => horizon,
            Needs::Nothing => 0,
        };
        Self {
            learner,
            rollout: Rollout::new(horizon, rows),
            progress: Progress::default(),
            updated: None,
            episodes: Vec::new(),
            unwritten: Vec::new(),
            rows: Vec::new(),
            reading: recipe.reward,
            budget: recipe.budget,
        }
    }

    /// How much of the budget is spent: 1 or more where all of it is.
    pub fn spent(&self) -> f64 {
        match self.budget {
            Budget::Steps(steps) => self.progress.steps as f64 / steps as f64,
            Budget::Updates(updates) => self.progress.updates as f64 / updates as f64,
        }
    }
}

/// Trains in the arenas of the app. Whoever adds it watches [`Trainer`] between `Learn` and `Decide`.
pub struct TrainerPlugin;

/// Comes right after an update, before the next decision: where a run writes its logs and checkpoints.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub struct AfterUpdate;

impl Plugin for TrainerPlugin {
    fn build(&self, app: &mut App) {
        app.configure_sets(ControlStep, AfterUpdate.in_set(ControlSystems::Learn).after(learn)).add_systems(
            ControlStep,
            (
                learn.in_set(ControlSystems::Learn),
                decide.in_set(ControlSystems::Decide),
                record.in_set(ControlSystems::Record),
                collect.in_set(ControlSystems::Reset).after(crate::arena::finish),
            ),
        );
    }
}

/// A full rollout becomes a better policy.
fn learn(mut trainer: ResMut<Trainer>, mut arenas: Query<Flown<'static>>) {
    let trainer = &mut *trainer;
    if !trainer.rollout.is_full() {
        return;
    }
    trainer.rollout.set_fresh(&gather(rows(&mut arenas, 0).iter().map(|row| row.observation)));
    let progress = trainer.spent().min(1.0) as f32;
    let metrics = trainer.learner.update(Experience { rollout: Some(&trainer.rollout), demonstrations: None, progress });
    trainer.rollout.clear();
    trainer.progress.updates += 1;
    trainer.updated = Some(metrics);
}

/// One batched decision for all agents that learn.
fn decide(mut trainer: ResMut<Trainer>, mut arenas: Query<Flown<'static>>) {
    let trainer = &mut *trainer;
    let mut rows = rows(&mut arenas, 0);
    let observed = gather(rows.iter().map(|row| row.observation));
    let begins: Vec<bool> = rows.iter().map(|row| row.begins).collect();
    let mut memory = Batch::zeros(rows.len(), 0);
    let decision = trainer.learner.act(Rows { observations: &observed, begins: &begins, memory: &mut memory });
    for (index, row) in rows.iter_mut().enumerate() {
        row.action.copy_from_slice(decision.actions.row(index));
    }
    trainer.rows.clear();
    trainer.rows.extend(rows.iter().map(|row| (row.arena, row.agent)));
    trainer.rollout.decide(&observed, &begins, &decision);
}

/// What came of the decision.
fn record(mut trainer: ResMut<Trainer>, arenas: Query<&Arena>) {
    let trainer = &mut *trainer;
    let mut by_index: Vec<&Arena> = arenas.iter().collect();
    by_index.sort_by_key(|arena| arena.index);
    let verdicts = trainer.rows.iter().map(|(arena, agent)| &by_index[*arena].verdicts()[*agent]);
    let (rewards, outcomes): (Vec<f32>, Vec<Outcome>) = verdicts
        .map(|verdict| {
            let paid = match trainer.reading {
                Reading::Dense => verdict.reward.dense,
                Reading::Sparse => verdict.reward.sparse,
            };
            (paid, verdict.outcome)
        })
        .unzip();
    trainer.progress.steps += by_index.len() as u64;
    trainer.rollout.reward(&rewards, &outcomes);
}

/// The final observations and reports of the episodes that ended.
fn collect(mut trainer: ResMut<Trainer>, finished: Res<FinishedEpisodes>) {
    for episode in &finished.0 {
        let whose = (episode.report.arena, episode.report.agent);
        // (An opponent's row is not learnt from, nor written down.)
        let Ok(row) = trainer.rows.binary_search(&whose) else { continue };
        trainer.rollout.finish_episode(row, &episode.observation);
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
