//! One run: from a recipe to a run folder, to be killed anywhere and gone on with.

use crate::arena::{ArenaPlugin, ArenaQuery, Classroom, Snapshot, in_order};
use crate::control::{ControlPlugin, ControlStep, headless_app, start};
use crate::curriculum::{TeacherState, TeacherStateError, held_out};
use crate::durable::{self, JsonLines, LogError};
use crate::imitation::corrections::Watch;
use crate::imitation::reading::{Read, ReadingError};
use crate::learn::policy::{CheckpointError, Policy};
use crate::learn::{SettingsError, Use};
use crate::physics::Threads;
use crate::pilot::Pilot;
use crate::pilot::cast::{Cast, Flyer};
use crate::pilot::policy::Opponents;
use crate::ron::Problems;
use crate::training::checkpoint::{self, Checkpoint, Standing};
use crate::training::corrections::{CorrectionsPlugin, Watches};
use crate::training::evaluation::evaluate;
use crate::training::folder::{self, About};
use crate::training::machine::Machine;
use crate::training::metrics::{Line, MetricsLog};
use crate::training::opponents::{self, Matches, OpponentsPlugin};
use crate::training::progress::{Display, Figures, Progress as Bar, Stopwatch, unix_seconds};
use crate::training::recipe::{Budget, Prepared};
use crate::training::report;
use crate::training::stages::Stage;
use crate::training::study;
use crate::training::summary::{Evaluation, Scores};
use crate::training::trainer::{AfterUpdate, EpisodeLine, Progress, Trainer, TrainerPlugin, episode_means, students, teacher_states};
use bevy::prelude::*;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Why a run cannot be.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is a run already.
    #[error("`{}` holds a run already: `--resume` goes on with it, another `--out` starts a new one", .0.display())]
    Exists(PathBuf),
    /// The folder is somebody else's.
    #[error("`{}` {by}: choose a folder that is empty or not there yet", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
        /// What is in it.
        by: String,
    },
    /// Two processes cannot write one run.
    #[error("`{}` is being trained by another process: wait for its end, or stop it first", .0.display())]
    Held(PathBuf),
    /// The run was started with another recipe.
    #[error("`{}` was started with another recipe: {difference}; resume it with that one, or start a new run", path.display())]
    OtherRecipe {
        /// The run.
        path: PathBuf,
        /// What differs first.
        difference: String,
    },
    /// A file refuses.
    #[error("`{}`: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A checkpoint refuses.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A log refuses.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The teacher's state is another one's.
    #[error(transparent)]
    Teacher(#[from] TeacherStateError),
    /// Nothing can be learnt like this.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The demonstrations cannot be learnt from.
    #[error(transparent)]
    Reading(#[from] ReadingError),
    /// The policy before could not demonstrate.
    #[error("the policy that was learnt before succeeds too seldom to demonstrate; with `rollouts: (success: false)` failures count too")]
    Hopeless,
    /// The recipe in the run folder is broken.
    #[error("{}", .0.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Recipe(#[from] Problems),
}

/// How to run.
#[derive(Clone)]
pub struct Options {
    /// Go on where there is something to go on with.
    pub resume: bool,
    /// Threads of simulation and learning.
    pub threads: Threads,
    /// What people see of it.
    pub display: Display,
    /// Set by Ctrl-C: finish the step, write a checkpoint, stop.
    pub stop: Arc<AtomicBool>,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub enum Ending {
    /// The budget is spent.
    Finished(Outcome),
    /// It was finished before.
    AlreadyFinished(Outcome),
    /// It was told to stop: a checkpoint stands.
    Interrupted {
        /// Updates done.
        updates: u64,
    },
}

/// What a finished run came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The last checkpoint's evaluations, scene by scene.
    pub evaluations: Vec<Evaluation>,
    /// What it had cost.
    pub standing: Standing,
}

/// Trains as the recipe says, in the folder `run`.
///
/// # Errors
/// Where there is a run already and `resume` is not asked for, where it is another recipe's, where a file or a checkpoint refuses.
pub fn train(prepared: &Prepared, run: &Path, options: &Options) -> Result<Ending, RunError> {
    let file = |source| RunError::File { path: run.into(), source };
    let stages = prepared.recipe.stages();
    let exists = folder::is_run(run);
    // Nothing is written before all is known to be good.
    let start = match &prepared.recipe.start {
        None => Vec::new(),
        Some(_) if run.join(folder::START).is_dir() && exists => carried(prepared, &run.join(folder::START))?,
        Some(path) => carried(prepared, &report::checkpoint_of(Path::new(path))?)?,
    };
    let mut before = start.clone();
    for stage in &stages {
        before = students(prepared, stage, &before)?.into_iter().map(|student| (student.name, student.learner.policy())).collect();
    }
    let mut reads = stages.iter().map(|stage| study::demonstrations(prepared, stage)).collect::<Result<Vec<_>, _>>()?;
    let accounts: Vec<_> = reads.iter().map(|read| read.as_ref().map(|read| read.account.clone())).collect();
    if exists && !options.resume {
        return Err(RunError::Exists(run.into()));
    } else if exists {
        folder::same_recipe(prepared, run)?;
        for (stage, account) in accounts.iter().enumerate() {
            account.as_ref().map_or(Ok(()), |account| study::same_demonstrations(run, stage, account))?;
        }
    } else {
        folder::must_be_free(run, options.resume)?;
        folder::begin(prepared, &start, &accounts, run)?;
    }
    // Held until it is dropped.
    let _held = folder::hold(run)?;
    durable::sweep(&run.join(checkpoint::FOLDER)).map_err(file)?;
    durable::sweep(run).map_err(file)?;
    // Each stage begins as if the run had been stopped at the end of the one before.
    loop {
        let last = checkpoint::last(run);
        let loaded = last.as_deref().map(Checkpoint::load).transpose()?;
        let standing = loaded.as_ref().map(|loaded| loaded.standing).unwrap_or_default();
        let over = |stage: &Stage| stage.spent(&standing.progress, &standing.begun) >= 1.0;
        let index = standing.stage + usize::from(last.is_some() && stages.get(standing.stage).is_none_or(over));
        let Some(stage) = stages.get(index) else {
            let evaluations = last.as_deref().map(checkpoint::evaluations).transpose()?.unwrap_or_default();
            return Ok(Ending::AlreadyFinished(Outcome { evaluations, standing }));
        };
        let standing = if index == standing.stage { standing } else { Standing { stage: index, begun: standing.progress, ..standing } };
        let before = if index == 0 { start.clone() } else { carried(prepared, &checkpoint::at(run, standing.begun.updates))? };
        let loaded = loaded.filter(|loaded| loaded.standing.stage == index);
        match train_stage(prepared, stage, run, options, &before, reads[index].take(), standing, loaded)? {
            Ending::Finished(_) if index + 1 < stages.len() => {}
            ending => return Ok(ending),
        }
        if options.stop.load(Ordering::Relaxed) {
            return Ok(Ending::Interrupted {
                updates: checkpoint::last(run).as_deref().map_or(Ok(standing), checkpoint::standing)?.progress.updates,
            });
        }
    }
}

/// The policies of a checkpoint's folder that learning builds upon, each with its agent's name.
fn carried(prepared: &Prepared, folder: &Path) -> Result<Vec<(String, Policy)>, RunError> {
    let contracts = prepared.contracts();
    Ok(checkpoint::policies(folder, contracts.iter().map(|(agent, _)| agent.as_str()))?)
}

/// Goes on with a stage from where the run stands, or begins it where nothing is `loaded` of it.
fn train_stage(
    prepared: &Prepared,
    stage: &Stage,
    run: &Path,
    options: &Options,
    before: &[(String, Policy)],
    read: Option<Read>,
    standing: Standing,
    loaded: Option<Checkpoint>,
) -> Result<Ending, RunError> {
    let recipe = &prepared.recipe;
    let file = |source| RunError::File { path: run.into(), source };
    let watch = Stopwatch::start();
    let read = match (&stage.rollouts, before.first()) {
        (Some(rollouts), Some((_, policy))) => {
            let (demonstrations, account) = rollouts.fly(policy, prepared, stage, options.threads).ok_or(RunError::Hopeless)?;
            Some(Read { demonstrations, chosen: Default::default(), account, notes: Vec::new() })
        }
        _ => read,
    };
    let mut trainer = Trainer::new(students(prepared, stage, before)?, stage.clone(), standing.begun);
    let mut classroom = Classroom::new(&recipe.teacher, &prepared.plans, stage.seed);
    if let Some(loaded) = &loaded {
        for (student, (learner, rollout)) in trainer.students.iter_mut().zip(loaded.learners.iter().zip(&loaded.rollouts)) {
            student.learner.restore(learner.clone())?;
            student.rollout = rollout.clone();
        }
        trainer.episodes = loaded.reports.clone();
        trainer.progress = standing.progress;
        for (teacher, state) in classroom.teachers.iter_mut().zip(&loaded.teachers) {
            teacher.restore(state.clone())?;
        }
    }
    let (unit, total) = match stage.budget {
        Budget::Steps(steps) => ("steps", steps),
        Budget::Updates(updates) => ("updates", updates),
    };
    let of_stages = if stage.count > 1 { format!(" stage {} of {}", stage.index + 1, stage.count) } else { String::new() };
    let name = format!("{} seed {}{of_stages}", prepared.name, recipe.seed);
    let bar = Bar::new(options.display, name, unit, done(stage, &standing.progress, &standing.begun), total);
    let journal = Journal {
        run: run.into(),
        prepared: prepared.clone(),
        stage: stage.clone(),
        metrics: MetricsLog::open(run, standing.metrics_bytes)?,
        episodes: JsonLines::open(&run.join("episodes.jsonl"), standing.episodes_bytes).map_err(file)?,
        bar,
        watch,
        before: standing,
        stop: options.stop.clone(),
        outcome: None,
        error: None,
    };
    if loaded.is_some() {
        journal.bar.say(&format!("goes on from update {}", standing.progress.updates));
        let started = About::read(run)?.machine;
        if !started.agrees_with(&Machine::here("cpu")) {
            let message = "the run was started on another kind of machine: what it learns from here on differs in its last bits from there";
            journal.bar.say(&format!("{message} ({started})"));
        }
    }

    if let Some(read) = &read {
        study::introduce(&journal, read);
    }
    if let Some(read) = read.as_ref().filter(|_| stage.learner.studies()) {
        return study::study(journal, trainer, &read.demonstrations, options.threads);
    }
    let opponents = opponents::recall(run, standing.progress.updates, &trainer.names().collect::<Vec<_>>(), recipe)?;
    trainer.demonstrations = read.map(|read| read.demonstrations);
    let mut app = headless_app(options.threads);
    app.insert_resource(trainer)
        .insert_resource(classroom)
        .insert_resource(journal)
        .add_plugins((
            ControlPlugin { timing: prepared.plans[0].timing },
            ArenaPlugin { plans: prepared.plans.clone(), count: stage.arenas, seed: stage.seed, pilot: Pilot::policy() },
            TrainerPlugin,
            OpponentsPlugin(Matches::of(recipe, stage)),
        ))
        .insert_resource(opponents)
        .add_systems(ControlStep, keep.in_set(AfterUpdate));
    if let Some(corrections) = recipe.corrections.as_ref().filter(|_| stage.learner.corrections() != Use::None) {
        let watches = loaded.as_ref().map(|loaded| loaded.watches.clone()).unwrap_or_default();
        app.add_plugins(CorrectionsPlugin { corrections: corrections.clone(), arenas: stage.arenas, seed: stage.seed, watches });
    }
    start(&mut app);
    if let Some(loaded) = &loaded {
        let world = app.world_mut();
        let mut query = world.query::<ArenaQuery>();
        let mut arenas = query.query_mut(world);
        for (item, snapshot) in in_order(&mut arenas).iter_mut().zip(&loaded.arenas) {
            item.restore(snapshot);
        }
    }
    drop(loaded);
    loop {
        app.update();
        let mut journal = app.world_mut().resource_mut::<Journal>();
        if let Some(error) = journal.error.take() {
            return Err(error);
        }
        if let Some(ending) = journal.outcome.take() {
            return Ok(ending);
        }
    }
}

/// What was done of a stage, in the unit of its budget.
fn done(stage: &Stage, progress: &Progress, begun: &Progress) -> u64 {
    match stage.budget {
        Budget::Steps(_) => progress.steps - begun.steps,
        Budget::Updates(_) => progress.updates - begun.updates,
    }
}

/// Writes down what a run does.
#[derive(Resource)]
pub(super) struct Journal {
    run: PathBuf,
    prepared: Prepared,
    stage: Stage,
    metrics: MetricsLog,
    episodes: JsonLines<EpisodeLine>,
    pub(super) bar: Bar,
    watch: Stopwatch,
    /// Where this process took the run up.
    before: Standing,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) outcome: Option<Ending>,
    error: Option<RunError>,
}

/// After an update: judges, writes the logs and, when it is time, a checkpoint. Between updates: a checkpoint, where one is told to stop.
fn keep(
    mut trainer: ResMut<Trainer>,
    mut journal: ResMut<Journal>,
    mut arenas: Query<ArenaQuery>,
    classroom: Res<Classroom>,
    threads: Res<Threads>,
    mut opponents: ResMut<Opponents>,
    watches: Option<Res<Watches>>,
) {
    let stop = journal.stop.load(Ordering::Relaxed);
    if journal.outcome.is_some() || journal.error.is_some() || (trainer.updated.is_none() && !stop) {
        return;
    }
    let worlds = || Worlds {
        teachers: teacher_states(&classroom),
        arenas: in_order(&mut arenas).iter_mut().map(|item| item.capture()).collect(),
        watches: watches.map(|watches| watches.0.clone()).unwrap_or_default(),
    };
    match journal.keep(&mut trainer, worlds, *threads, stop) {
        Ok(judged) if judged && journal.prepared.recipe.past_opponents > 0.0 => {
            opponents.policies.extend(trainer.policies().into_iter().map(|(_, policy)| policy));
        }
        Ok(_) => {}
        Err(error) => journal.error = Some(error),
    }
}

/// How the worlds of a run stand, and all that belongs to them.
#[derive(Default)]
pub(super) struct Worlds {
    teachers: Vec<TeacherState>,
    arenas: Vec<Snapshot>,
    watches: Vec<Watch>,
}

impl Journal {
    /// Whether the policy was judged. `worlds` tells, for a checkpoint, how the teachers and the arenas stand.
    pub(super) fn keep(
        &mut self,
        trainer: &mut Trainer,
        worlds: impl FnOnce() -> Worlds,
        threads: Threads,
        stop: bool,
    ) -> Result<bool, RunError> {
        let run = self.run.clone();
        let file = |source| RunError::File { path: run.clone(), source };
        for line in trainer.unwritten.drain(..) {
            self.episodes.append(&line).map_err(file)?;
        }
        let (recipe, stage) = (&self.prepared.recipe, &self.stage);
        let updates = trainer.progress.updates;
        let own = updates - self.before.begun.updates;
        let finished = trainer.spent() >= 1.0;
        let mut evaluations = Vec::new();
        if let Some(metrics) = trainer.updated.take() {
            let mut line = Line { update: updates, steps: trainer.progress.steps, ..Line::default() };
            line.values.extend(metrics.iter().map(|(name, value)| (name.to_owned(), value)));
            if stage.count > 1 {
                line.values.insert("stage".into(), (stage.index + 1) as f64);
            }
            let (wall, cpu) = self.cost();
            line.times.insert("unix".into(), unix_seconds());
            line.times.insert("wall".into(), wall);
            if trainer.progress.steps > 0 {
                line.values.extend(episode_means(&trainer.episodes));
                line.times.insert("rate".into(), trainer.progress.steps as f64 / wall.max(1e-9));
            }
            line.times.extend(cpu.map(|cpu| ("cpu".to_owned(), cpu)));
            if finished || own.is_multiple_of(stage.evaluate.every) {
                evaluations = self.judge(trainer, threads);
                let scores = Scores::of(&evaluations, recipe.seed);
                line.values.insert("score".into(), scores.score.value);
                line.values.insert("success".into(), scores.success.value);
            }
            let shown = |name: &str| line.values.get(name).or(line.values.get(&format!("train.{name}"))).copied();
            let figures = Figures { score: shown("score"), success: shown("success"), tried: None };
            self.bar.update(done(stage, &trainer.progress, &self.before.begun), figures);
            self.metrics.append(&line).map_err(file)?;
            trainer.episodes.clear();
        }
        let judged = !evaluations.is_empty();
        if stop && own == 0 && stage.index > 0 {
            // The checkpoint of this update is the last one of the stage before, which this stage builds upon: it stays.
            self.outcome = Some(Ending::Interrupted { updates });
        } else if finished || stop || judged || updates.is_multiple_of(recipe.checkpoint.every) {
            let (wall_seconds, cpu_seconds) = self.cost();
            let standing = Standing {
                progress: trainer.progress,
                stage: self.before.stage,
                begun: self.before.begun,
                metrics_bytes: self.metrics.mark().map_err(file)?,
                episodes_bytes: self.episodes.mark().map_err(file)?,
                wall_seconds,
                cpu_seconds,
            };
            let Worlds { teachers, arenas, watches } = worlds();
            let checkpoint = Checkpoint {
                standing,
                learners: trainer.students.iter().map(|student| student.learner.state()).collect(),
                teachers,
                arenas,
                rollouts: trainer.students.iter().map(|student| student.rollout.clone()).collect(),
                reports: trainer.episodes.clone(),
                watches,
            };
            checkpoint.save(&self.run, &trainer.policies(), &evaluations)?;
            if finished {
                self.outcome = Some(Ending::Finished(Outcome { evaluations, standing }));
            } else if stop {
                self.outcome = Some(Ending::Interrupted { updates });
            }
        }
        Ok(judged)
    }

    /// The policies as they stand, on each scene's held-out levels: where each agent has its own, each in its seat. The others stand idle.
    fn judge(&self, trainer: &Trainer, threads: Threads) -> Vec<Evaluation> {
        let recipe = &self.prepared.recipe;
        let flyers: Vec<Flyer> = trainer.policies().into_iter().map(|(_, policy)| Flyer::Policy(Box::new(policy))).collect();
        let idle = Flyer::Pilot(Pilot::Idle);
        let judge = |plan: &Arc<crate::scene::plan::Plan>| {
            let levels = held_out(plan.quantities.count(), self.stage.evaluate.levels);
            let casts = flyers.iter().enumerate().map(|(seat, flyer)| Cast::game(flyer, &idle, seat, plan));
            let episodes = casts.flat_map(|cast| evaluate(plan, &cast, &levels, threads, recipe.seed)).collect();
            Evaluation { scene: plan.name.clone(), seed: recipe.seed, steps: trainer.progress.steps, against: None, episodes }
        };
        self.prepared.plans.iter().map(judge).collect()
    }

    /// Seconds on the clock and of all cores, of this process and those before it.
    fn cost(&self) -> (f64, Option<f64>) {
        let cpu = self.watch.cpu_seconds().map(|cpu| cpu + self.before.cpu_seconds.unwrap_or(0.0));
        (self.watch.wall_seconds() + self.before.wall_seconds, cpu)
    }
}
