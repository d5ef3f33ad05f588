//! `apprentice replay`: demonstrations once more; in the window, or headless, all of them, compared bit for bit.

use super::{Failure, General};
use crate::imitation::data_set::DataSet;
use crate::imitation::data_set::DataSetError;
use crate::imitation::demonstration::Demonstration;
use crate::imitation::replay::{Replayed, verify};
use crate::physics::{Threads, in_pool};
use crate::training::progress::Stopwatch;
use clap::Args;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "Examples:\n  apprentice replay data/push --verify\n  apprentice replay data/push --episode 3")]
pub(super) struct ReplayArgs {
    /// The data set
    #[arg(value_name = "DATASET")]
    data_set: PathBuf,
    /// Only this episode, from 0
    #[arg(long, value_name = "I")]
    episode: Option<usize>,
    /// Headless: hold every frame's state hash against the recorded one, and name the first that differs
    #[arg(long)]
    verify: bool,
    /// In the window: how fast, 1 being as it was
    #[arg(long, default_value_t = 1.0, value_name = "X", conflicts_with = "verify")]
    speed: f32,
    /// In the window: close it after the last episode; the exit code then tells whether every frame was as recorded
    #[arg(long, conflicts_with = "verify")]
    quit: bool,
    /// How many arenas replay side by side [default: up to 256]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    arenas: Option<u32>,
}

pub(super) fn run(args: &ReplayArgs, general: &General) -> Result<(), Failure> {
    let set = DataSet::open(&args.data_set)?;
    let episodes: Vec<usize> = match args.episode {
        Some(episode) => vec![episode],
        None => (0..set.len()).collect(),
    };
    if !args.verify {
        of_one_scene(&set, &episodes)?;
        return in_window(args, &set, &episodes, general);
    }
    let watch = Stopwatch::start();
    let results = replayed(&set, &episodes, general.threads(), args.arenas.map(|arenas| arenas as usize))?;
    let (wall, processor) = (watch.wall_seconds(), watch.cpu_seconds());
    let frames: usize = results.iter().map(|result| result.frames).sum();
    let mut differing = Vec::new();
    for result in &results {
        general.output().print_json(&json!({ "episode": result.episode, "frames": result.frames, "differs": result.differs }))?;
        if let Some(frame) = result.differs {
            differing.push(format!("episode {}: frame {frame} of {} differs", result.episode, result.frames));
        }
    }
    if differing.is_empty() {
        let text = format!("{} episodes, {frames} frames: every hash is equal", results.len());
        general.output().print_text(&text)?;
        let motion = frames as f64 / f64::from(set.info.fps);
        if let Some(processor) = processor.filter(|seconds| *seconds > 0.0 && !general.quiet) {
            eprintln!("{motion:.0} s of motion in {wall:.2} s: {:.0} times as fast as it was, on each core", motion / processor);
        }
        return Ok(());
    }
    Err(Failure::Differs(differing))
}

/// The window shows one scene: refuses episodes of several.
fn of_one_scene(set: &DataSet, episodes: &[usize]) -> Result<(), Failure> {
    let mut first = None;
    for episode in episodes {
        let line = set.line(*episode)?;
        let (other, scene) = *first.get_or_insert((*episode, line));
        if scene.scene_hash != line.scene_hash {
            return Err(Failure::input(format!(
                "episodes {other} and {episode} were recorded in different scenes (`{}` and `{}`), and the window shows one: `--episode I` replays \
                 one episode, `--verify` all of them, and `apprentice data drop` leaves a set of one scene",
                scene.scene, line.scene
            )));
        }
    }
    Ok(())
}

#[cfg(not(feature = "window"))]
fn in_window(args: &ReplayArgs, _set: &DataSet, _episodes: &[usize], _general: &General) -> Result<(), Failure> {
    Err(super::needs_window(&format!("replay {}", args.data_set.display())))
}

#[cfg(feature = "window")]
fn in_window(args: &ReplayArgs, set: &DataSet, episodes: &[usize], general: &General) -> Result<(), Failure> {
    use crate::imitation::data_set::sidecar::scene_path;
    use crate::window::explore::{Exploration, explore};
    use crate::window::notice::Told;
    use crate::window::recording::Programme;
    use crate::window::shown::Choice;

    let Some(first) = episodes.first() else { return Err(Failure::input(format!("{} has no episode", set.root.display()))) };
    let plan = set.plan(*first)?;
    let path = scene_path(&set.root, &set.line(*first)?.scene_hash);
    let programme =
        Programme { data_set: set.root.clone(), episodes: episodes.iter().copied().collect(), closes: args.quit, differs: false };
    let exploration = Exploration::of(path, plan, general.threads(), Told { json: general.json, quiet: general.quiet });
    let exploration = Exploration { pilot: Choice::Idle, programme: Some(programme), speed: args.speed, ..exploration };
    match explore(exploration).map_err(Failure::input)? {
        bevy::app::AppExit::Success => Ok(()),
        bevy::app::AppExit::Error(_) => Err(Failure::Differs(vec!["not every frame was as recorded".into()])),
    }
}

/// Replays episodes of a set, those of each scene together.
pub(super) fn replayed(set: &DataSet, episodes: &[usize], threads: Threads, arenas: Option<usize>) -> Result<Vec<Replayed>, DataSetError> {
    let mut scenes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for episode in episodes {
        scenes.entry(&set.line(*episode)?.scene_hash).or_default().push(*episode);
    }
    let mut results = Vec::new();
    for episodes in scenes.values() {
        let plan = set.plan(episodes[0])?;
        // Not all at once: a large set need not fit into memory.
        for episodes in episodes.chunks(1024) {
            let demonstrations =
                episodes.iter().map(|episode| set.demonstration(*episode, &plan)).collect::<Result<Vec<Demonstration>, _>>()?;
            let replays = in_pool(|| verify(&plan, &demonstrations, threads, arenas));
            results.extend(replays.into_iter().map(|replay| Replayed { episode: episodes[replay.episode], ..replay }));
        }
    }
    results.sort_by_key(|result| result.episode);
    Ok(results)
}
