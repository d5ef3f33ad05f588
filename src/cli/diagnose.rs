//! `apprentice diagnose`: what a policy makes of demonstrations, which ways it takes, and by what it decides.

mod table;

use super::{Failure, General};
use crate::curriculum::{Level, held_out};
use crate::imitation::diagnosis::attribution::{self, Attribution, Sensor};
use crate::imitation::diagnosis::behaviour::{self, Behaviour, Flown};
use crate::imitation::diagnosis::error::action_error;
use crate::imitation::reading::{self, Selection};
use crate::learn::batch::Batch;
use crate::learn::experience::demonstrations::Episodes;
use crate::learn::policy::Policy;
use crate::physics::Threads;
use crate::pilot::cast::{Cast, Flyer};
use crate::scene::plan::Plan;
use crate::signal::Outcome;
use crate::training::evaluation::{evaluate, evaluate_recorded};
use crate::training::recipe::{self, contract};
use crate::training::report::{self, RunFolder};
use crate::training::statistics::Estimate;
use crate::training::summary::{EpisodeResult, Evaluation, Scores};
use crate::training::{checkpoint, metrics};
use clap::Args;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows that sensors are asked about, at most.
const ROWS: usize = 2000;

#[derive(Args)]
#[command(
    after_help = "Where there are no demonstrations, sensors are asked about what the policy itself sees where it flies.\n\nExamples:\n  apprentice diagnose runs/pillar\n  apprentice diagnose runs/push/seed-1 --demonstrations data/push --levels 50"
)]
pub(super) struct DiagnoseArgs {
    /// A run, or one of its checkpoints
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Hold the policy against this data set [default: what the run learnt from]
    #[arg(long, value_name = "DATASET")]
    demonstrations: Option<PathBuf>,
    /// Fly in this scene [default: the one that the run was trained in]
    #[arg(long, value_name = "SCENE")]
    scene: Option<PathBuf>,
    /// How many held-out levels
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    levels: u32,
    /// How often each of them is flown, to see which ways a policy takes that draws
    #[arg(long, default_value_t = 4, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=64))]
    repeats: u32,
}

/// Whose policy is looked at, and where it flies.
struct Subject {
    name: String,
    run: Option<RunFolder>,
    /// Oldest first.
    checkpoints: Vec<PathBuf>,
    plan: Arc<Plan>,
    levels: Vec<Level>,
    seed: u64,
    threads: Threads,
}

/// Recorded episodes.
struct Recorded {
    /// What they are to the policy, for people.
    what: String,
    /// Those that the policy is held against.
    held: Episodes,
    /// Observations of all of them.
    observations: Vec<Batch>,
    /// Which way each of all of them went.
    flown: Vec<Flown>,
}

/// A checkpoint, as each question finds it.
#[derive(Clone, Copy, Serialize)]
struct Judged {
    updates: u64,
    /// On the demonstrations.
    action_error: Option<f64>,
    /// As the learner saw it.
    validation_loss: Option<f64>,
    /// On the held-out levels.
    success: Estimate,
    score: f64,
}

/// What a sensor has to say, and what is left of success where it is silent.
#[derive(Serialize)]
struct Said {
    #[serde(flatten)]
    attribution: Attribution,
    /// None where the policy cannot be flown without it.
    success: Option<Estimate>,
}

pub(super) fn run(args: &DiagnoseArgs, general: &General) -> Result<(), Failure> {
    let subjects = subjects(args, general)?;
    for subject in &subjects {
        if subjects.len() > 1 {
            general.output().print_text(&format!("# {}\n", subject.name))?;
        }
        diagnose(subject, args, general)?;
    }
    Ok(())
}

fn diagnose(subject: &Subject, args: &DiagnoseArgs, general: &General) -> Result<(), Failure> {
    let say = |text: &str| {
        if !general.quiet {
            eprintln!("{text}");
        }
    };
    let recorded = recorded(subject, args.demonstrations.as_deref())?;
    let losses = match &subject.run {
        Some(run) => metrics::read(&run.path)?,
        None => Vec::new(),
    };
    let mut judged = Vec::new();
    for path in &subject.checkpoints {
        say(&format!("looks at {}", path.display()));
        judged.push(subject.judge(path, recorded.as_ref(), &losses, args.scene.is_none())?);
    }
    table::checkpoints(subject, &judged, recorded.as_ref(), general)?;

    let policy = subject.policy(&subject.checkpoints[subject.checkpoints.len() - 1])?;
    say("looks which ways it takes");
    let (flown, observations) = subject.fly(&policy, if policy.actor.draws() { args.repeats } else { 1 });
    let ways = behaviour::ways(&subject.plan);
    let of = |flown: &[Flown]| Behaviour::of(ways, flown);
    table::behaviour(subject, &of(&flown), recorded.as_ref().map(|recorded| of(&recorded.flown)), policy.actor.draws(), general)?;

    say("asks its sensors");
    let rows = attribution::some_rows(recorded.as_ref().map_or(&observations, |recorded| &recorded.observations), ROWS);
    let sensors = attribution::sensors(&subject.plan);
    let attributions = attribution::attribute(&policy, &rows, &sensors).into_iter().zip(&sensors);
    let said: Vec<Said> = attributions.map(|(attribution, sensor)| subject.ask(attribution, sensor, &policy)).collect();
    let last = judged.last().map_or_else(Estimate::default, |judged| judged.success);
    table::attribution(subject, (&said, last), rows.rows(), recorded.is_some(), general)
}

impl Subject {
    fn policy(&self, checkpoint: &Path) -> Result<Policy, Failure> {
        let policy = Policy::load(checkpoint).map_err(Failure::input)?;
        policy.contract.fits(&contract(&self.plan)).map_err(Failure::input)?;
        Ok(policy)
    }

    /// `own`: it is flown where the run flew it, whose judgement then holds if there is one.
    fn judge(&self, path: &Path, recorded: Option<&Recorded>, losses: &[metrics::Line], own: bool) -> Result<Judged, Failure> {
        let policy = self.policy(path)?;
        let updates = checkpoint::standing(path).map_or(0, |standing| standing.progress.updates);
        let loss = losses.iter().find(|line| line.update == updates).and_then(|line| line.values.get("validation.loss"));
        let mut before = checkpoint::evaluations(path).map_err(Failure::input)?.into_iter().filter(|before| {
            own && before.scene == self.plan.name && before.against.is_none() && before.episodes.len() >= self.levels.len()
        });
        let episodes = match before.next() {
            // The first levels are the same, however many there are; and so is what is flown there.
            Some(before) => before.episodes[..self.levels.len()].to_vec(),
            None => self.evaluate(&policy),
        };
        let scores = self.scores(episodes);
        Ok(Judged {
            updates,
            // (A set may say nothing of what was done.)
            action_error: recorded.filter(|recorded| recorded.held.rows() > 0).map(|recorded| action_error(&policy, &recorded.held)),
            validation_loss: loss.copied().filter(|loss| loss.is_finite()),
            success: scores.success,
            score: scores.score.value,
        })
    }

    fn evaluate(&self, policy: &Policy) -> Vec<EpisodeResult> {
        evaluate(&self.plan, &cast(policy), &self.levels, self.threads, self.seed)
    }

    fn scores(&self, episodes: Vec<EpisodeResult>) -> Scores {
        Scores::of(&[Evaluation { scene: self.plan.name.clone(), seed: self.seed, steps: 0, against: None, episodes }], 0)
    }

    /// Flies every level so often, and gives each flight with what was observed in it.
    fn fly(&self, policy: &Policy, repeats: u32) -> (Vec<Flown>, Vec<Batch>) {
        let flights = (0..u64::from(repeats))
            .flat_map(|repeat| evaluate_recorded(&self.plan, &cast(policy), &self.levels, self.threads, self.seed, repeat));
        // A world that broke down tells nothing of the policy.
        let told = flights.filter(|(result, _)| result.outcome != Outcome::Diverged).map(|(result, rows)| {
            let seen = rows.observations;
            let way = behaviour::way((0..seen.rows()).map(|row| seen.row(row)), &self.plan);
            (Flown { level: result.level, way, success: Some(result.success) }, seen)
        });
        told.unzip()
    }

    fn ask(&self, attribution: Attribution, sensor: &Sensor, policy: &Policy) -> Said {
        let without = attribution::without(policy, sensor);
        Said { attribution, success: without.map(|policy| self.scores(self.evaluate(&policy)).success) }
    }
}

fn cast(policy: &Policy) -> Cast {
    Flyer::Policy(Box::new(policy.clone())).into()
}

/// The runs that are to be looked at.
fn subjects(args: &DiagnoseArgs, general: &General) -> Result<Vec<Subject>, Failure> {
    let path = &args.run;
    let alone = path.join("policy.safetensors").is_file();
    let runs: Vec<(Option<RunFolder>, Vec<PathBuf>)> = if alone {
        let run = path.parent().and_then(Path::parent).filter(|run| run.join("run.json").is_file());
        vec![(run.map(RunFolder::read).transpose()?, vec![path.clone()])]
    } else {
        let of_run = |run: RunFolder| {
            let kept = checkpoint::kept(&run.path);
            (Some(run), kept)
        };
        report::runs(path)?.into_iter().map(of_run).collect()
    };
    let mut subjects = Vec::new();
    for (run, checkpoints) in runs {
        let name =
            if alone { path.display().to_string() } else { run.as_ref().map_or_else(String::new, |run| run.path.display().to_string()) };
        let scenes = match (&args.scene, &run) {
            (Some(scene), _) => vec![scene.clone()],
            (None, Some(run)) => run.scenes(),
            (None, None) => return Err(Failure::input(format!("`{name}` stands alone: say with `--scene` where it is to fly"))),
        };
        let [scene] = &scenes[..] else {
            return Err(Failure::input(format!(
                "`{name}` was trained in {} scenes: say with `--scene` in which it is to fly",
                scenes.len()
            )));
        };
        let (plan, _) = recipe::plan(scene)?;
        if !plan.team.is_empty() {
            return Err(Failure::input(format!("`{}` is a team's scene: so far `diagnose` looks at one agent alone", plan.name)));
        }
        if plan.task.is_none() {
            return Err(Failure::input(format!("the scene `{}` has no task: there is nothing to be judged", plan.name)));
        }
        let levels = held_out(plan.quantities.count(), args.levels as usize);
        let seed = run.as_ref().map_or(1, |run| run.recipe.seed);
        subjects.push(Subject { name, run, checkpoints, plan, levels, seed, threads: general.threads() });
    }
    Ok(subjects)
}

/// The demonstrations that are named, or that the run learnt from; none where there are none.
fn recorded(subject: &Subject, named: Option<&Path>) -> Result<Option<Recorded>, Failure> {
    // Of a run of several stages: what the first of them learnt from that learnt from any.
    let taught = subject.run.as_ref().and_then(|run| {
        let stage = run.recipe.stages().into_iter().find(|stage| !stage.demonstrations.is_empty())?;
        Some((stage.demonstrations.iter().map(|path| run.path.join(path)).collect::<Vec<_>>(), stage.selection))
    });
    let own = taught.as_ref().map_or_else(Vec::new, |(own, _)| own.clone());
    let canonical = |path: &Path| path.canonicalize().ok();
    let is_own = named.is_none_or(|named| own.len() == 1 && canonical(named).is_some() && canonical(named) == canonical(&own[0]));
    let paths = named.map_or_else(|| own.clone(), |named| vec![named.to_owned()]);
    if paths.is_empty() {
        return Ok(None);
    }
    let selection = match taught {
        // (What was done counts here, also where the learner was not told.)
        Some((_, selection)) if is_own => Selection { labelled: 1.0, ..selection },
        _ => Selection { validation: 0.0, ..Selection::default() },
    };
    let read = reading::read(&paths, &selection, &contract(&subject.plan)).map_err(|problem| {
        let other = if named.is_none() { " (`--demonstrations DATASET` names another data set)" } else { "" };
        Failure::input(format!("{problem}{other}"))
    })?;
    let sets = [&read.demonstrations.training, &read.demonstrations.validation];
    let chosen = sets.iter().zip(&read.chosen).flat_map(|(set, chosen)| set.spans().into_iter().zip(chosen).map(move |one| (*set, one)));
    let flown = chosen.zip(0..).map(|((set, (span, about)), index)| Flown {
        // (Who knows no level knows of no start that was the same.)
        level: about.line.as_ref().map_or(index, |line| line.lesson.level.id().0),
        way: behaviour::way(span.map(|row| set.observations().row(row)), &subject.plan),
        success: about.success,
    });
    let flown = flown.collect();
    let seen = sets.map(Episodes::observations).into_iter().chain([read.demonstrations.watched.observations()]);
    let observations = seen.filter(|seen| seen.rows() > 0).cloned().collect();
    let [training, validation] = [read.demonstrations.training, read.demonstrations.validation];
    let validates = validation.rows() > 0;
    let held = if validates { validation } else { training };
    let what = match (validates, is_own) {
        (true, _) => "held out of what it learnt from",
        (false, true) => "that it learnt from",
        (false, false) => "given",
    };
    let what = format!("{} demonstrations {what} ({} rows)", held.count(), held.rows());
    Ok(Some(Recorded { what, held, observations, flown }))
}
