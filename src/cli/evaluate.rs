//! `apprentice evaluate`: a policy, or another pilot, on fixed held-out levels.

use super::output::columns;
use super::{Failure, General, pilot};
use crate::curriculum::Level;
use crate::curriculum::held_out;
use crate::curriculum::level::read_levels;
use crate::pilot::Pilot;
use crate::pilot::cast::{Cast, Flyer};
use crate::scene::plan::Plan;
use crate::training::checkpoint;
use crate::training::evaluation::evaluate;
use crate::training::recipe;
use crate::training::report;
use crate::training::requirement::Requirement;
use crate::training::statistics::Estimate;
use crate::training::summary::{Evaluation, Scores, percent};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  apprentice evaluate runs/push --require 'success>=0.9'\n  apprentice evaluate scenes/push --pilot expert --levels 100"
)]
pub(super) struct EvaluateArgs {
    /// Runs, checkpoints, or one scene (with --pilot)
    #[arg(required = true, value_name = "RUN|SCENE")]
    paths: Vec<PathBuf>,
    /// Judge in this scene [default: the one that the run was trained in]
    #[arg(long, value_name = "SCENE")]
    scene: Option<PathBuf>,
    /// Who decides in the scene: expert, random, idle, an operator (see `record`), or a run
    #[arg(long, value_name = "PILOT")]
    pilot: Option<String>,
    #[command(flatten)]
    against: pilot::Against,
    /// How many held-out levels, or a file with a list of levels
    #[arg(long, default_value = "100", value_name = "N|FILE")]
    levels: String,
    /// Of a policy that denoises: decide in so many steps, 1 to its levels (diffusion) or 2 (consistency) [default: as it was trained]
    #[arg(long, value_name = "N")]
    denoising_steps: Option<usize>,
    /// Fail unless this holds of the point estimate over everything given, such as 'success>=0.9'; may be given again
    #[arg(long, value_name = "REQUIREMENT")]
    require: Vec<String>,
    /// Seed of a random pilot or an operator
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
}

/// Somebody to be judged, and where.
struct Case {
    name: String,
    plan: Arc<Plan>,
    /// Of games, one for each seat.
    casts: Vec<Cast>,
    seed: u64,
    steps: u64,
}

pub(super) fn run(args: &EvaluateArgs, general: &General) -> Result<(), Failure> {
    let requirements = args.require.iter().map(|text| text.parse()).collect::<Result<Vec<Requirement>, _>>()?;
    let mut cases = Vec::new();
    for path in &args.paths {
        cases.extend(cases_of(path, args)?);
    }
    let mut evaluations = Vec::new();
    let mut rows = vec![["", "scene", "episodes", "success", "95 %", "once", "score", "95 %", "length"].map(str::to_owned).to_vec()];
    if args.against.against.is_some() {
        rows[0].extend(["decided", "won", "95 %"].map(str::to_owned));
    }
    for case in &cases {
        let levels = levels(&args.levels, &case.plan)?;
        let episodes = case.casts.iter().flat_map(|cast| evaluate(&case.plan, cast, &levels, general.threads(), case.seed)).collect();
        let scene = case.plan.name.clone();
        let evaluation = Evaluation { scene, seed: case.seed, steps: case.steps, against: args.against.against.clone(), episodes };
        let scores = Scores::of(std::slice::from_ref(&evaluation), 0);
        if general.json {
            let object = serde_json::json!({ "pilot": case.name, "scene": case.plan.name, "seed": case.seed, "scores": scores });
            general.output().print(String::new, &object)?;
        }
        rows.push(row(&case.name, &case.plan.name, &scores));
        evaluations.push(evaluation);
    }
    let scores = Scores::of(&evaluations, 0);
    if general.json {
        general.output().print(String::new, &serde_json::json!({ "pilot": "all", "scores": scores }))?;
    } else {
        if cases.len() > 1 {
            rows.push(row("all", "", &scores));
        }
        general.output().print(|| columns(&rows), &())?;
    }
    let missed: Vec<_> = requirements.iter().filter_map(|requirement| requirement.check(&scores).err()).collect();
    if missed.is_empty() { Ok(()) } else { Err(Failure::Missed(missed)) }
}

/// A line of the table.
pub(super) fn row(name: &str, scene: &str, scores: &Scores) -> Vec<String> {
    let share = |share: Estimate| format!("{} to {}", percent(share.low), percent(share.high));
    let mut episodes = scores.episodes.to_string();
    if scores.diverged > 0 {
        episodes += &format!(" (+{} diverged)", scores.diverged);
    }
    let mut row = vec![
        name.to_owned(),
        scene.to_owned(),
        episodes,
        percent(scores.success.value),
        share(scores.success),
        percent(scores.success_once.value),
        format!("{:.3}", scores.score.value),
        format!("{:.3} to {:.3}", scores.score.low, scores.score.high),
        format!("{:.0}", scores.length.value),
    ];
    if let Some(games) = &scores.games {
        row.extend([games.decided.to_string(), percent(games.won.value), share(games.won)]);
    }
    row
}

/// Who sits where. With opponents, everybody plays from every seat, so that no agent's place in the scene decides; where each agent has its own
/// policy, each is judged in its seat.
fn casts(flyer: impl Fn(&Plan) -> Result<Flyer, Failure>, each: bool, plan: &Plan, args: &EvaluateArgs) -> Result<Vec<Cast>, Failure> {
    let others = args.against.flyers(plan)?;
    let seats = if each || others.is_some() { 1 + plan.team.len() } else { 1 };
    let others = others.unwrap_or_else(|| vec![Flyer::Pilot(Pilot::Idle); seats]);
    let cast = |(seat, agent)| {
        let mut flyers = others.clone();
        flyers[seat] = flyer(agent)?;
        Ok(Cast::of(flyers, seat))
    };
    plan.agents().take(seats).enumerate().map(cast).collect()
}

/// Who is to be judged, for one path of the command line.
fn cases_of(path: &Path, args: &EvaluateArgs) -> Result<Vec<Case>, Failure> {
    let is_scene = path.join("scene.ron").is_file() || path.extension().is_some_and(|extension| extension == "ron");
    if !is_scene {
        if args.pilot.is_some() {
            return Err(Failure::input("`--pilot` goes with a scene; a run brings its own policy"));
        }
        return policies(path, args.scene.as_deref(), args);
    }
    let Some(name) = args.pilot.clone() else {
        return Err(Failure::input("a scene alone cannot be judged: say who decides with `--pilot expert|random|idle|RUN`"));
    };
    if Path::new(&name).exists() {
        return policies(Path::new(&name), Some(path), args);
    }
    if args.denoising_steps.is_some() {
        return Err(Failure::input(format!("`--denoising-steps` is for policies, and `{name}` is none")));
    }
    let (plan, _) = recipe::plan(path)?;
    if plan.task.is_none() {
        return Err(Failure::input(format!("the scene `{}` has no task: there is nothing to be judged", plan.name)));
    }
    let casts = casts(|agent| pilot::scripted(&name, agent).map(Flyer::Pilot), false, &plan, args)?;
    Ok(vec![Case { name, casts, plan, seed: args.seed, steps: 0 }])
}

/// The policies of a run (of all its seeds) or of one checkpoint.
fn policies(path: &Path, scene: Option<&Path>, args: &EvaluateArgs) -> Result<Vec<Case>, Failure> {
    let mut found = Vec::new();
    let mut add = |folder: &Path, name: String, seed: u64, steps: u64, scenes: Vec<PathBuf>| -> Result<(), Failure> {
        for scene in scenes {
            let (plan, _) = recipe::plan(&scene)?;
            let each = plan.team.iter().any(|agent| checkpoint::of_agent(folder, &agent.agent) != folder);
            let casts = casts(|agent| policy(folder, agent, args.denoising_steps), each, &plan, args)?;
            found.push(Case { name: name.clone(), plan, casts, seed, steps });
        }
        Ok(())
    };
    let name = path.display().to_string();
    if path.join("policy.safetensors").is_file() {
        let run = path.parent().and_then(Path::parent).filter(|run| run.join("run.json").is_file());
        let run = run.map(report::RunFolder::read).transpose()?;
        let steps = checkpoint::standing(path).map_or(0, |standing| standing.progress.steps);
        let scenes = match (scene, &run) {
            (Some(scene), _) => vec![scene.to_owned()],
            (None, Some(run)) => run.scenes(),
            (None, None) => return Err(Failure::input(format!("`{name}` stands alone: say with `--scene` where to judge it"))),
        };
        add(path, name, run.map_or(1, |run| run.recipe.seed), steps, scenes)?;
        return Ok(found);
    }
    for run in report::runs(path)? {
        let scenes = scene.map_or_else(|| run.scenes(), |scene| vec![scene.to_owned()]);
        add(&run.checkpoint, run.path.display().to_string(), run.recipe.seed, run.standing.progress.steps, scenes)?;
    }
    Ok(found)
}

/// A checkpoint's policy, which decides in so many steps of denoising where that is said.
fn policy(folder: &Path, agent: &Plan, steps: Option<usize>) -> Result<Flyer, Failure> {
    let mut flyer = pilot::policy(folder, agent)?;
    if let (Flyer::Policy(policy), Some(steps)) = (&mut flyer, steps) {
        policy.actor.set_steps(steps).map_err(|problem| Failure::input(format!("`--denoising-steps {steps}`: {problem}")))?;
    }
    Ok(flyer)
}

/// So many drawn levels, or those of a file.
fn levels(text: &str, plan: &Plan) -> Result<Vec<Level>, Failure> {
    if let Ok(count) = text.parse::<usize>() {
        return match count {
            1..=100_000 => Ok(held_out(plan.quantities.count(), count)),
            _ => Err(Failure::input(format!("{count} levels; 1 to 100,000 can be had"))),
        };
    }
    Ok(read_levels(Path::new(text), Some(plan.level_form()))?)
}
