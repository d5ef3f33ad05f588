//! `data list`, `data show`, `data verify`: nothing is changed.

use crate::cli::output::columns;
use crate::cli::replay::replayed;
use crate::cli::{Failure, General};
use crate::imitation::data_set::sidecar::Line;
use crate::imitation::data_set::{DataSet, is_data_set};
use crate::imitation::demonstration::Seat;
use crate::imitation::route::route;
use crate::signal::Outcome;
use crate::training::summary::{percent, thousands};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The data sets that a path stands for: itself, or those up to two folders below it.
fn data_sets(path: &Path, depth: usize) -> Vec<PathBuf> {
    if is_data_set(path) {
        return vec![path.to_owned()];
    }
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    if depth == 0 { Vec::new() } else { folders.iter().flat_map(|folder| data_sets(folder, depth - 1)).collect() }
}

fn succeeded(lines: &[Line]) -> usize {
    lines.iter().filter(|line| line.success).count()
}

pub(super) fn list(paths: &[PathBuf], general: &General) -> Result<(), Failure> {
    let mut rows = vec![["", "scene", "episodes", "frames", "rows/s", "succeeded", "score"].map(str::to_owned).to_vec()];
    for path in paths {
        let found = data_sets(path, 2);
        if found.is_empty() {
            return Err(Failure::input(format!(
                "there is no data set in `{}`: `apprentice record SCENE DATASET` makes one",
                path.display()
            )));
        }
        for path in found {
            let set = DataSet::open(&path)?;
            let scene = set.lines.first().map_or("", |line| &line.scene);
            let score = set.lines.iter().map(|line| line.score).sum::<f32>() / set.lines.len().max(1) as f32;
            if general.json {
                let object = json!({
                    "data_set": path, "scene": scene, "episodes": set.len(), "frames": set.info.total_frames, "fps": set.info.fps,
                    "succeeded": succeeded(&set.lines), "score": score,
                });
                general.output().print(String::new, &object)?;
            }
            let known = |text: String| if set.lines.is_empty() { "".into() } else { text };
            rows.push(vec![
                path.display().to_string(),
                scene.to_owned(),
                thousands(set.len() as u64),
                thousands(set.info.total_frames as u64),
                set.info.fps.to_string(),
                known(percent(succeeded(&set.lines) as f64 / set.len().max(1) as f64)),
                known(format!("{score:.3}")),
            ]);
        }
    }
    Ok(general.output().print_text(&columns(&rows))?)
}

pub(super) fn show(path: &Path, episode: Option<usize>, general: &General) -> Result<(), Failure> {
    let set = DataSet::open(path)?;
    if let Some(episode) = episode {
        return show_episode(&set, episode, general);
    }
    if general.json {
        for (row, line) in set.episodes.iter().zip(set.lines.iter().map(Some).chain(std::iter::repeat(None))) {
            let object = json!({ "episode": row.episode, "tasks": row.tasks, "length": row.length, "known": line });
            general.output().print(String::new, &object)?;
        }
        return Ok(());
    }
    let info = &set.info;
    let robot = info.robot_type.as_deref().unwrap_or("unknown");
    let mut text = format!(
        "{} episodes, {} frames at {} rows/s of {robot}, format {}\n",
        set.len(),
        info.total_frames,
        info.fps,
        info.codebase_version
    );
    set.tasks.iter().for_each(|task| text += &format!("task: {task}\n"));
    let mut rows = vec![vec!["column".to_owned(), "kind".into(), "width".into()]];
    rows.extend(info.features.0.iter().map(|(name, feature)| vec![name.clone(), feature.dtype.clone(), feature.width().to_string()]));
    text += &format!("\n{}\n", columns(&rows));
    let mut rows = vec![["episode", "rows", "pilot", "outcome", "success", "once", "score", "verdict"].map(str::to_owned).to_vec()];
    for row in &set.episodes {
        let mut cells = vec![row.episode.to_string(), row.length.to_string()];
        if let Some(line) = set.lines.get(row.episode) {
            let yes = |holds: bool| if holds { "yes" } else { "no" }.to_owned();
            let outcome = if line.stopped { "Stopped".into() } else { format!("{:?}", line.outcome) };
            let verdict = format!("{:?}", line.quality.verdict);
            cells.extend([line.players(), outcome, yes(line.success), yes(line.success_once), format!("{:.3}", line.score), verdict]);
        }
        rows.push(cells);
    }
    text += &columns(&rows);
    Ok(general.output().print_text(&text)?)
}

fn show_episode(set: &DataSet, episode: usize, general: &General) -> Result<(), Failure> {
    let row = set.row(episode)?;
    let line = set.lines.get(episode);
    if general.json {
        let object = json!({ "episode": episode, "tasks": row.tasks, "length": row.length, "known": line });
        return Ok(general.output().print(String::new, &object)?);
    }
    let mut text = format!("episode {episode}: {} rows, frames {} to {}\n", row.length, row.from, row.from + row.length - 1);
    if let Some(line) = line {
        let stopped = if line.stopped { ", stopped by hand" } else { "" };
        text += &format!("scene `{}`, flown by {}, {:?}{stopped}, score {:.3}\n", line.scene, line.players(), line.outcome, line.score);
        for Seat { agent, pilot, outcome, success_once, score, .. } in &line.team {
            let once = if *success_once && *outcome != Outcome::Succeeded { ", success held once" } else { "" };
            text += &format!("  {agent}: flown by {pilot}, {outcome:?}{once}, score {score:.3}\n");
        }
        text += &format!("{}\n", line.quality.line());
        let plan = set.plan(episode)?;
        if let Some(side) = route(&set.demonstration(episode, &plan)?.rows, &plan) {
            text += &format!("it went by the way on the {side:?}\n");
        }
        let values = plan.quantities.values(&line.lesson.level.cube);
        let varied: Vec<String> = plan.scene.varies.names().zip(values).map(|(name, value)| format!("{name} {value:.3}")).collect();
        text += &format!("level {} (seed {}): {}\n", line.lesson.level.id(), line.lesson.level.seed, varied.join(", "));
    }
    let mut rows = vec![["column", "least", "mean", "std", "most"].map(str::to_owned).to_vec()];
    for (name, part) in &row.statistics {
        let names = set.info.features.get(name).and_then(|feature| feature.names.as_array().cloned()).unwrap_or_default();
        for element in 0..part.mean.len() {
            let label = names.get(element).and_then(|name| name.as_str()).map_or(name.clone(), |element| format!("{name}: {element}"));
            let number = |list: &[f64]| format!("{:.3}", list[element]);
            rows.push(vec![label, number(&part.min), number(&part.mean), number(&part.std), number(&part.max)]);
        }
    }
    text += &format!("\n{}", columns(&rows));
    Ok(general.output().print_text(&text)?)
}

pub(super) fn verify(paths: &[PathBuf], no_replay: bool, general: &General) -> Result<(), Failure> {
    let mut faults = Vec::new();
    for path in paths {
        let set = DataSet::open(path)?;
        let mut found = set.faults();
        // What is not as recorded in the files is not worth replaying.
        let replays = found.is_empty() && !no_replay && !set.lines.is_empty();
        if replays {
            let all: Vec<usize> = (0..set.len()).collect();
            for result in replayed(&set, &all, general.threads(), None)? {
                if let Some(frame) = result.differs {
                    found.push(format!("episode {}: frame {frame} of {} replays otherwise", result.episode, result.frames));
                }
            }
        }
        general.output().print_json(&json!({ "data_set": path, "episodes": set.len(), "replayed": replays, "faults": found }))?;
        if found.is_empty() {
            let replayed = if replays { ", every frame's hash equal when replayed" } else { "" };
            general.output().print_text(&format!("{}: {} episodes are as they should be{replayed}", path.display(), set.len()))?;
        }
        faults.extend(found.into_iter().map(|fault| format!("{}: {fault}", path.display())));
    }
    if faults.is_empty() { Ok(()) } else { Err(Failure::Differs(faults)) }
}
