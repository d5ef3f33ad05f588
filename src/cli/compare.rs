//! `apprentice compare`: runs beside each other.

use super::evaluate::row;
use super::output::columns;
use super::{Failure, General};
use crate::training::curves::{Axis, Figure};
use crate::training::report::{self, RunFolder};
use crate::training::summary::{Evaluation, Scores, probability_of_improvement, scenes};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "Examples:\n  apprentice compare runs/push-a runs/push-b\n  apprentice compare runs/push-* --curves curves.svg")]
pub(super) struct CompareArgs {
    /// Runs; a folder with `seed-` folders means all of them
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// Draw the learning curves into this file
    #[arg(long, value_name = "FILE.svg")]
    curves: Option<PathBuf>,
}

pub(super) fn run(args: &CompareArgs, general: &General) -> Result<(), Failure> {
    let mut rows = vec![
        ["", "scene", "episodes", "success", "95 %", "once", "score", "95 %", "length", "better than the first", "95 %"]
            .map(str::to_owned)
            .to_vec(),
    ];
    let mut curves = Vec::new();
    let mut first: Option<Vec<Evaluation>> = None;
    let mut axes = Vec::new();
    for path in &args.runs {
        let runs = report::runs(path)?;
        let name = path.display().to_string();
        curves.push(report::curve(&name, &runs)?);
        axes.extend(runs.iter().map(RunFolder::axis));
        let evaluations: Vec<Evaluation> = runs.iter().flat_map(|run| run.evaluations.clone()).collect();
        if evaluations.is_empty() {
            return Err(Failure::input(format!("`{name}` is not finished: resume it, or judge its last checkpoint with `evaluate`")));
        }
        let scores = Scores::of(&evaluations, 0);
        let shared = |first: &&Vec<Evaluation>| scenes(first).iter().any(|scene| scenes(&evaluations).contains(scene));
        let better = first.as_ref().filter(shared).map(|first| probability_of_improvement(&evaluations, first, 0));
        let mut row = row(&name, &scenes(&evaluations).join(", "), &scores);
        if let Some(better) = better {
            row.extend([format!("{:.2}", better.value), format!("{:.2} to {:.2}", better.low, better.high)]);
        }
        rows.push(row);
        if general.json {
            let object = serde_json::json!({ "run": name, "scores": scores, "probability_of_improvement": better });
            general.output().print(String::new, &object)?;
        }
        first.get_or_insert(evaluations);
    }
    if !general.json {
        general.output().print(|| columns(&rows), &())?;
    }
    if let Some(path) = &args.curves {
        let axis = axes.first().copied().unwrap_or_default();
        if axes.contains(&Axis::Steps) && axes.contains(&Axis::Updates) {
            return Err(Failure::input("some of these runs take steps in a world and others none: no curve has room for both"));
        }
        Figure { title: "Held-out levels".into(), axis, curves, references: Vec::new() }.save(path)?;
    }
    Ok(())
}
