//! One run: from a recipe to a run folder, to be killed anywhere and gone on with.

use crate::arena::{ArenaPlugin, ArenaQuery, Classroom, in_order};
use crate::control::{ControlPlugin, ControlStep, headless_app, start};
use crate::curriculum::TeacherStateError;
use crate::curriculum::level::held_out;
use crate::learn::SettingsError;
use crate::learn::policy::CheckpointError;
use crate::physics::Threads;
use crate::pilot::Pilot;
use crate::ron::Problems;
use crate::training::checkpoint::{self, Checkpoint, Standing};
use crate::training::durable::{self, JsonLines, LogError};
use crate::training::evaluation::{Judged, evaluate};
use crate::training::machine::Machine;
use crate::training::metrics::{Line, MetricsLog};
use crate::training::progress::{Display, Figures, Progress as Bar, Stopwatch, unix_seconds};
use crate::training::recipe::{self, Budget, Prepared, Scenes};
use crate::training::summary::{Evaluation, Scores};
use crate::training::trainer::{AfterUpdate, EpisodeLine, Trainer, TrainerPlugin, episode_means, teacher_states};
use bevy::prelude::*;
use serde::{Deserialize, Serialize};
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
    /// The run was started with another recipe.
    #[error("`{}` was started with another recipe ({difference}): resume it with that one, or start a new run", path.display())]
    OtherRecipe {
        /// The run.
        path: PathBuf,
        /// The first line that differs.
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

/// `run.json`: what a run folder is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The recipe's name.
    pub recipe: String,
    /// Version of `apprentice`.
    pub version: String,
    /// Where it was started.
    pub machine: Machine,
}

/// Trains as the recipe says, in the folder `run`.
///
/// # Errors
/// Where there is a run already and `resume` is not asked for, where it is another recipe's, where a file or a checkpoint refuses.
pub fn train(prepared: &Prepared, run: &Path, options: &Options) -> Result<Ending, RunError> {
    let recipe = &prepared.recipe;
    let file = |source| RunError::File { path: run.into(), source };
    let last = if run.join("run.json").is_file() {
        if !options.resume {
            return Err(RunError::Exists(run.into()));
        }
        same_recipe(prepared, run)?;
        durable::sweep(&run.join(checkpoint::FOLDER)).or_else(absent_is_fine).map_err(file)?;
        durable::sweep(run).map_err(file)?;
        checkpoint::last(run)
    } else {
        begin(prepared, run).map_err(file)?;
        None
    };
    let loaded = last.as_deref().map(Checkpoint::load).transpose()?;
    let standing = loaded.as_ref().map(|loaded| loaded.standing).unwrap_or_default();
    if let Some(path) = &last
        && spent(recipe.budget, &standing) >= 1.0
    {
        return Ok(Ending::AlreadyFinished(Outcome { evaluations: checkpoint::evaluations(path)?, standing }));
    }

    let learner = recipe.learner.build(prepared.contract(), recipe.seed, recipe.device)?;
    let mut trainer = Trainer::new(learner, recipe);
    let mut classroom = Classroom::new(&recipe.teacher, &prepared.plans, recipe.seed);
    let total = match recipe.budget {
        Budget::Steps(steps) | Budget::Updates(steps) => steps,
    };
    let (unit, done) = match recipe.budget {
        Budget::Steps(_) => ("steps", standing.progress.steps),
        Budget::Updates(_) => ("updates", standing.progress.updates),
    };
    let bar = Bar::new(options.display, format!("{} seed {}", prepared.name, recipe.seed), unit, done, total);
    let journal = Journal {
        run: run.into(),
        prepared: prepared.clone(),
        metrics: MetricsLog::open(run, standing.metrics_bytes)?,
        episodes: JsonLines::open(&run.join("episodes.jsonl"), standing.episodes_bytes).map_err(file)?,
        bar,
        watch: Stopwatch::start(),
        before: standing,
        stop: options.stop.clone(),
        outcome: None,
        error: None,
    };
    if let Some(loaded) = &loaded {
        trainer.learner.restore(loaded.learner.clone())?;
        trainer.rollout = loaded.rollout.clone();
        trainer.episodes = loaded.reports.clone();
        trainer.progress = loaded.standing.progress;
        for (teacher, state) in classroom.teachers.iter_mut().zip(&loaded.teachers) {
            teacher.restore(state.clone())?;
        }
        journal.bar.say(&format!("goes on from update {}", standing.progress.updates));
    }

    let mut app = headless_app(options.threads);
    app.insert_resource(trainer)
        .insert_resource(classroom)
        .insert_resource(journal)
        .add_plugins((
            ControlPlugin { timing: prepared.plans[0].timing },
            ArenaPlugin { plans: prepared.plans.clone(), count: recipe.arenas, seed: recipe.seed, pilot: Pilot::policy() },
            TrainerPlugin,
        ))
        .add_systems(ControlStep, keep.in_set(AfterUpdate));
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

/// Lays out a new run folder: everything that is needed to read it without the place it came from.
fn begin(prepared: &Prepared, run: &Path) -> io::Result<()> {
    std::fs::create_dir_all(run)?;
    for (name, text) in &prepared.texts {
        let folder = run.join("scenes").join(name);
        std::fs::create_dir_all(&folder)?;
        durable::write(&folder.join("scene.ron"), text)?;
    }
    durable::write(&run.join("recipe.ron"), own_recipe(prepared))?;
    let machine = Machine::here("cpu");
    let about = About { recipe: prepared.name.clone(), version: env!("CARGO_PKG_VERSION").into(), machine };
    durable::write(&run.join("run.json"), serde_json::to_vec_pretty(&about)?)
}

/// The recipe as the run folder keeps it: every default written out, its scenes beside it.
fn own_recipe(prepared: &Prepared) -> String {
    let mut recipe = prepared.recipe.clone();
    recipe.scene = Scenes(prepared.texts.iter().map(|(name, _)| format!("scenes/{name}")).collect());
    recipe::resolved(&recipe)
}

fn same_recipe(prepared: &Prepared, run: &Path) -> Result<(), RunError> {
    let path = run.join("recipe.ron");
    let theirs = std::fs::read_to_string(&path).map_err(|source| RunError::File { path, source })?;
    let ours = own_recipe(prepared);
    let difference = ours.lines().zip(theirs.lines()).find(|(ours, theirs)| ours != theirs);
    let difference = difference.map(|(ours, theirs)| format!("`{}` there, `{}` here", theirs.trim(), ours.trim()));
    for (name, text) in &prepared.texts {
        let path = run.join("scenes").join(name).join("scene.ron");
        let theirs = std::fs::read_to_string(&path).map_err(|source| RunError::File { path, source })?;
        if theirs != *text {
            return Err(RunError::OtherRecipe { path: run.into(), difference: format!("the scene `{name}` has changed since") });
        }
    }
    match difference {
        None if ours == theirs => Ok(()),
        difference => Err(RunError::OtherRecipe { path: run.into(), difference: difference.unwrap_or_else(|| "its end".into()) }),
    }
}

fn absent_is_fine(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

fn spent(budget: Budget, standing: &Standing) -> f64 {
    match budget {
        Budget::Steps(steps) => standing.progress.steps as f64 / steps as f64,
        Budget::Updates(updates) => standing.progress.updates as f64 / updates as f64,
    }
}

/// Writes down what a run does.
#[derive(Resource)]
struct Journal {
    run: PathBuf,
    prepared: Prepared,
    metrics: MetricsLog,
    episodes: JsonLines<EpisodeLine>,
    bar: Bar,
    watch: Stopwatch,
    /// Where this process took the run up.
    before: Standing,
    stop: Arc<AtomicBool>,
    outcome: Option<Ending>,
    error: Option<RunError>,
}

/// After an update: judges, writes the logs and, when it is time, a checkpoint. Between updates: a checkpoint, where one is told to stop.
fn keep(
    mut trainer: ResMut<Trainer>,
    mut journal: ResMut<Journal>,
    mut arenas: Query<ArenaQuery>,
    classroom: Res<Classroom>,
    threads: Res<Threads>,
) {
    let stop = journal.stop.load(Ordering::Relaxed);
    if journal.outcome.is_some() || journal.error.is_some() || (trainer.updated.is_none() && !stop) {
        return;
    }
    if let Err(error) = journal.keep(&mut trainer, &mut arenas, &classroom, *threads, stop) {
        journal.error = Some(error);
    }
}

impl Journal {
    fn keep(
        &mut self,
        trainer: &mut Trainer,
        arenas: &mut Query<ArenaQuery>,
        classroom: &Classroom,
        threads: Threads,
        stop: bool,
    ) -> Result<(), RunError> {
        let run = self.run.clone();
        let file = |source| RunError::File { path: run.clone(), source };
        for line in trainer.unwritten.drain(..) {
            self.episodes.append(&line).map_err(file)?;
        }
        let recipe = &self.prepared.recipe;
        let updates = trainer.progress.updates;
        let finished = trainer.spent() >= 1.0;
        let mut evaluations = Vec::new();
        if let Some(metrics) = trainer.updated.take() {
            let mut line = Line { update: updates, steps: trainer.progress.steps, ..Line::default() };
            line.values.extend(metrics.iter().map(|(name, value)| (name.to_owned(), value)));
            line.values.extend(episode_means(&trainer.episodes));
            let (wall, cpu) = self.cost();
            line.times.insert("unix".into(), unix_seconds());
            line.times.insert("wall".into(), wall);
            line.times.insert("rate".into(), trainer.progress.steps as f64 / wall.max(1e-9));
            line.times.extend(cpu.map(|cpu| ("cpu".to_owned(), cpu)));
            if finished || updates.is_multiple_of(recipe.evaluate.every) {
                evaluations = self.judge(trainer, threads);
                let scores = Scores::of(&evaluations, recipe.seed);
                line.values.insert("score".into(), scores.score.value);
                line.values.insert("success".into(), scores.success.value);
            }
            let shown = |name: &str| line.values.get(name).or(line.values.get(&format!("train.{name}"))).copied();
            let figures = Figures { score: shown("score"), success: shown("success") };
            let done = match recipe.budget {
                Budget::Steps(_) => trainer.progress.steps,
                Budget::Updates(_) => updates,
            };
            self.bar.update(done, figures);
            self.metrics.append(&line).map_err(file)?;
            trainer.episodes.clear();
        }
        if finished || stop || !evaluations.is_empty() || updates.is_multiple_of(recipe.checkpoint.every) {
            let (wall_seconds, cpu_seconds) = self.cost();
            let standing = Standing {
                progress: trainer.progress,
                metrics_bytes: self.metrics.mark().map_err(file)?,
                episodes_bytes: self.episodes.mark().map_err(file)?,
                wall_seconds,
                cpu_seconds,
            };
            let checkpoint = Checkpoint {
                standing,
                learner: trainer.learner.state(),
                teachers: teacher_states(classroom),
                arenas: in_order(arenas).iter_mut().map(|item| item.capture()).collect(),
                rollout: trainer.rollout.clone(),
                reports: trainer.episodes.clone(),
            };
            checkpoint.save(&self.run, &trainer.learner.policy(), &evaluations)?;
            if finished {
                self.outcome = Some(Ending::Finished(Outcome { evaluations, standing }));
            } else if stop {
                self.outcome = Some(Ending::Interrupted { updates });
            }
        }
        Ok(())
    }

    /// The policy as it stands, on each scene's held-out levels.
    fn judge(&self, trainer: &Trainer, threads: Threads) -> Vec<Evaluation> {
        let recipe = &self.prepared.recipe;
        let policy = Judged::Policy(Box::new(trainer.learner.policy()));
        let judge = |plan: &Arc<crate::scene::plan::Plan>| {
            let levels = held_out(plan.quantities.count(), recipe.evaluate.levels);
            let episodes = evaluate(plan, &policy, &levels, threads, recipe.seed);
            Evaluation { scene: plan.name.clone(), seed: recipe.seed, steps: trainer.progress.steps, episodes }
        };
        self.prepared.plans.iter().map(judge).collect()
    }

    /// Seconds on the clock and of all cores, of this process and those before it.
    fn cost(&self) -> (f64, Option<f64>) {
        let cpu = self.watch.cpu_seconds().map(|cpu| cpu + self.before.cpu_seconds.unwrap_or(0.0));
        (self.watch.wall_seconds() + self.before.wall_seconds, cpu)
    }
}
