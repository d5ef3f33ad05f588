//! What runs came to: from run folders to `summary.json`, `summary.md` and `curves.svg`.

use crate::durable;
use crate::ron::{self, Problem, Problems};
use crate::training::checkpoint::{self, Standing};
use crate::training::curves::{Axis, Curve, Figure, points};
use crate::training::folder::{self, About};
use crate::training::machine::Machine;
use crate::training::metrics;
use crate::training::recipe::{self, Recipe};
use crate::training::run::RunError;
use crate::training::stages;
use crate::training::summary::{Evaluation, Scores, Stage, Summary};
use std::path::{Path, PathBuf};

/// A run folder that was read.
pub struct RunFolder {
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub about: About,
    /// Its recipe.
    pub recipe: Recipe,
    /// Its newest checkpoint.
    pub checkpoint: PathBuf,
    /// Where it stood there.
    pub standing: Standing,
    /// How that checkpoint was judged; empty where the run is not finished.
    pub evaluations: Vec<Evaluation>,
    /// Where it stood at the end of each stage that it has begun, or now, and how the policy was judged there.
    pub ends: Vec<(Standing, Vec<Evaluation>)>,
}

impl RunFolder {
    /// Reads a run folder.
    ///
    /// # Errors
    /// Where it is none, or has no checkpoint yet.
    pub fn read(path: &Path) -> Result<Self, RunError> {
        let about = About::read(path)?;
        let (recipe, _) = ron::read_file::<Recipe>(&path.join("recipe.ron"))?.finish()?;
        let no = || Problems::from(Problem::of_file(path.display().to_string(), "this run has no checkpoint yet"));
        let checkpoint = checkpoint::last(path).ok_or_else(no)?;
        let standing = checkpoint::standing(&checkpoint)?;
        let stages = recipe.stages();
        let finished = standing.stage + 1 == stages.len() && stages[standing.stage].spent(&standing.progress, &standing.begun) >= 1.0;
        let evaluations = if finished { checkpoint::evaluations(&checkpoint)? } else { Vec::new() };
        let mut ends = vec![(standing, evaluations.clone())];
        while let Some((Standing { stage: 1.., begun, .. }, _)) = ends.last() {
            let end = checkpoint::at(path, begun.updates);
            ends.push((checkpoint::standing(&end)?, checkpoint::evaluations(&end)?));
        }
        ends.reverse();
        Ok(Self { path: path.into(), about, recipe, checkpoint, standing, evaluations, ends })
    }

    /// Whether it learnt from recorded data alone, in all of its stages.
    fn studies(&self) -> bool {
        self.recipe.stages().iter().all(|stage| stage.learner.studies())
    }

    /// What its curves stand over.
    pub fn axis(&self) -> Axis {
        if self.studies() { Axis::Updates } else { Axis::Steps }
    }

    /// The scenes that it was trained in.
    pub fn scenes(&self) -> Vec<PathBuf> {
        self.recipe.scene.0.iter().map(|scene| self.path.join(scene)).collect()
    }
}

/// The runs that a path stands for: itself, or those of all its seeds, in their order.
///
/// # Errors
/// Where there is none.
pub fn runs(path: &Path) -> Result<Vec<RunFolder>, RunError> {
    if folder::is_run(path) {
        return Ok(vec![RunFolder::read(path)?]);
    }
    if !path.exists() {
        return Err(Problems::from(Problem::of_file(path.display().to_string(), "there is no such run")).into());
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let seed = |path: &Path| path.file_name()?.to_str()?.strip_prefix("seed-")?.parse::<u64>().ok();
    let mut seeds: Vec<(u64, PathBuf)> = entries.filter_map(|path| Some((seed(&path)?, path))).collect();
    seeds.sort();
    if seeds.is_empty() {
        let message = "this is no run: it has neither a `run.json` nor `seed-1` and so on in it";
        return Err(Problems::from(Problem::of_file(path.display().to_string(), message)).into());
    }
    seeds.iter().map(|(_, path)| RunFolder::read(path)).collect()
}

/// Sums up runs of one recipe. None where they are not judged yet.
pub fn summary(runs: &[RunFolder], control_hz: u32) -> Option<Summary> {
    let first = runs.first()?;
    let evaluations: Vec<Evaluation> = runs.iter().flat_map(|run| run.evaluations.clone()).collect();
    if evaluations.is_empty() {
        return None;
    }
    let scores = Scores::of(&evaluations, 0);
    let stages = first.recipe.stages().iter().map(|stage| row(stage, runs)).collect();
    let scenes: Vec<&str> = first.evaluations.iter().map(|evaluation| evaluation.scene.as_str()).collect();
    Some(Summary {
        recipe: first.about.recipe.clone(),
        scene: scenes.join(", "),
        version: env!("CARGO_PKG_VERSION").into(),
        seeds: runs.iter().map(|run| run.recipe.seed).collect(),
        arenas: if first.studies() { 0 } else { first.recipe.arenas },
        levels: first.recipe.stages().last().map_or(0, |stage| stage.evaluate.levels),
        control_hz: control_hz.into(),
        scores,
        stages,
        machine: Machine::here("cpu"),
    })
}

/// What a stage took, and what the policy was worth at its end.
fn row(stage: &stages::Stage, runs: &[RunFolder]) -> Stage {
    let ends: Vec<(Standing, Standing, &[Evaluation])> = runs
        .iter()
        .filter_map(|run| {
            let (end, evaluations) = run.ends.get(stage.index)?;
            let begin = stage.index.checked_sub(1).and_then(|before| run.ends.get(before)).map(|(standing, _)| *standing);
            Some((begin.unwrap_or_default(), *end, &evaluations[..]))
        })
        .collect();
    let evaluations: Vec<Evaluation> = ends.iter().flat_map(|(.., evaluations)| evaluations.iter().cloned()).collect();
    Stage {
        learner: stage.learner.name().into(),
        budget: stage.budget.to_string(),
        updates: ends.iter().map(|(begin, end, _)| end.progress.updates - begin.progress.updates).sum(),
        steps: ends.iter().map(|(begin, end, _)| end.progress.steps - begin.progress.steps).sum(),
        wall_seconds: ends.iter().map(|(begin, end, _)| end.wall_seconds - begin.wall_seconds).sum(),
        cpu_seconds: ends.iter().map(|(begin, end, _)| Some(end.cpu_seconds? - begin.cpu_seconds.unwrap_or(0.0))).sum(),
        scores: (!evaluations.is_empty()).then(|| Scores::of(&evaluations, 0)),
    }
}

/// The newest checkpoint of a run; of a checkpoint, itself.
///
/// # Errors
/// Where there is none.
pub fn checkpoint_of(path: &Path) -> Result<PathBuf, RunError> {
    if path.join("policy.safetensors").is_file() {
        return Ok(path.into());
    }
    let no = |message| Problems::from(Problem::of_file(path.display().to_string(), message));
    if !folder::is_run(path) {
        return Err(no("there is no run here to start from, nor a checkpoint").into());
    }
    Ok(checkpoint::last(path).ok_or_else(|| no("this run has no checkpoint yet"))?)
}

/// A curve of the held-out scores of runs.
///
/// # Errors
/// Where a log cannot be read.
pub fn curve(name: &str, runs: &[RunFolder]) -> Result<Curve, RunError> {
    let seeds = runs.iter().map(|run| Ok(points(&metrics::read(&run.path)?, ""))).collect::<Result<_, RunError>>()?;
    Ok(Curve { name: name.into(), seeds })
}

/// Writes `summary.json`, `summary.md` and `curves.svg` into `folder`; gives the summary back.
///
/// # Errors
/// Where a log cannot be read or a file not be written.
pub fn write(folder: &Path, runs: &[RunFolder]) -> Result<Option<Summary>, RunError> {
    let file = |source| RunError::File { path: folder.into(), source };
    let Some(first) = runs.first() else { return Ok(None) };
    let (plan, _) = recipe::plan(&first.scenes()[0])?;
    let Some(summary) = summary(runs, plan.timing.control_hz) else { return Ok(None) };
    let json = serde_json::to_vec_pretty(&summary).map_err(|error| file(error.into()))?;
    durable::write(&folder.join("summary.json"), json).map_err(file)?;
    durable::write(&folder.join("summary.md"), summary.markdown()).map_err(file)?;
    let title = format!("{}: held-out levels", summary.recipe);
    let figure = Figure { title, axis: first.axis(), curves: vec![curve(&summary.recipe, runs)?], references: Vec::new() };
    figure.save(&folder.join("curves.svg")).map_err(file)?;
    Ok(Some(summary))
}
