//! `apprentice record`: demonstrations into a data set; by hand in the window, by other pilots headless.

use super::{Failure, General, pilot};
use crate::imitation::data_set::DataSetError;
use crate::imitation::data_set::repair::Repaired;
use crate::imitation::data_set::writer::{Author, Writer};
use crate::imitation::record::{HOPELESS, Order, demonstrate};
use crate::physics::in_pool;
use crate::training::progress::{Display, Figures, Progress};
use crate::training::recipe;
use clap::Args;
use serde_json::json;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

#[derive(Args)]
#[command(
    after_help = "A data set that is there already is gone on with.\n\nExamples:\n  apprentice record scenes/push data/push --pilot expert --episodes 50\n  apprentice record scenes/push data/push --pilot 'human(delay: 0.3)' --episodes 10 --only-successes"
)]
pub(super) struct RecordArgs {
    /// The scene
    scene: PathBuf,
    /// The data set's folder: a new one, or one to go on with
    #[arg(value_name = "DATASET")]
    data_set: PathBuf,
    /// Who demonstrates: hand (in the window), expert, random, idle, a run, or an operator: better, okay, worse, human, noisy, slow, hesitant,
    /// detouring, also with other traits, as in 'human(delay: 0.3)' or 'expert(noise: 0.2, left: 0.5)'
    #[arg(long, default_value = "hand", value_name = "PILOT")]
    pilot: String,
    #[command(flatten)]
    against: pilot::Against,
    /// How many episodes [default by hand: until stopped; else 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    episodes: Option<u32>,
    /// Keep only episodes that succeeded, and go on until there are enough
    #[arg(long)]
    only_successes: bool,
    /// Whose hands these are; kept with each episode
    #[arg(long, default_value = "", value_name = "NAME")]
    operator: String,
    /// Seed of the levels, and of a random pilot or an operator
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
    /// By hand: seconds between two episodes
    #[arg(long, default_value_t = 2.0, value_name = "S")]
    reset: f32,
    /// By hand: do what this file says, one request a line; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Go on with a data set whose worlds were moved by another physics
    #[arg(long)]
    other_physics: bool,
}

/// Why a recording broke off.
enum Stopped {
    Asked,
    Failed(DataSetError),
}

pub(super) fn run(args: &RecordArgs, general: &General) -> Result<(), Failure> {
    if args.pilot == "hand" {
        return by_hand(args, general);
    }
    in_pool(|| by_pilot(args, general))
}

fn by_pilot(args: &RecordArgs, general: &General) -> Result<(), Failure> {
    let (plan, _) = recipe::plan(&args.scene)?;
    if args.only_successes && plan.task.is_none() {
        return Err(Failure::input(format!("the scene `{}` has no task: nothing succeeds in it", plan.name)));
    }
    if plan.task.is_none() {
        return Err(Failure::input(format!(
            "the scene `{}` has no task: its episodes have no end, and want a hand to stop them",
            plan.name
        )));
    }
    let cast = args.against.cast(pilot::named(&args.pilot, &plan)?, &plan)?;
    let (mut writer, repaired) = Writer::open(&args.data_set, &plan, args.other_physics)?;
    say_repaired(&repaired, general);
    let against = args.against.against.clone().unwrap_or_default();
    let traits = pilot::traits(&args.pilot)?;
    let author = Author { pilot: args.pilot.clone(), traits, against, operator: args.operator.clone() };
    let episodes = args.episodes.unwrap_or(10) as usize;
    let order = Order {
        plan: &plan,
        cast: &cast,
        episodes,
        successes_only: args.only_successes,
        seed: args.seed,
        before: writer.len(),
        threads: general.threads(),
    };
    let stop = super::interrupted()?;
    let before = writer.len();
    let mut progress = Progress::new(Display::choose(general.quiet), plan.name.clone(), "episodes", 0, episodes as u64);
    let (mut succeeded, mut score) = (0, 0.0);
    let (tally, stopped) = demonstrate(&order, |demonstration, tally| {
        if let Some(demonstration) = demonstration {
            if let Err(error) = writer.save(&demonstration, &author) {
                return ControlFlow::Break(Stopped::Failed(error));
            }
            succeeded += usize::from(demonstration.success());
            score += f64::from(demonstration.score);
        }
        let flown = tally.kept + tally.unsuccessful + tally.diverged;
        let mean = |sum: f64, count: usize| (count > 0).then(|| sum / count as f64);
        let figures = Figures {
            score: mean(score, tally.kept),
            success: mean(succeeded as f64, flown),
            tried: (flown > tally.kept).then_some(flown as u64),
        };
        progress.update(tally.kept as u64, figures);
        if stop.load(Ordering::Relaxed) { ControlFlow::Break(Stopped::Asked) } else { ControlFlow::Continue(()) }
    });
    progress.finish();
    let set = match stopped {
        Some(Stopped::Failed(error)) => {
            let kept = writer.len();
            return Err(Failure::input(format!("{error}\n{kept} episodes are safe in {}", args.data_set.display())));
        }
        Some(Stopped::Asked) | None => writer.finish()?,
    };
    let new = set.len() - before;
    let object = json!({
        "data_set": args.data_set, "scene": plan.name, "episodes": set.len(), "frames": set.info.total_frames, "new": new,
        "succeeded": succeeded, "unsuccessful": tally.unsuccessful, "diverged": tally.diverged,
    });
    let text = || {
        let mut text = format!("{new} episodes recorded, {succeeded} of them succeeded; {} holds {}", args.data_set.display(), set.len());
        if tally.unsuccessful > 0 {
            text += &format!("; {} were not kept because they did not succeed", tally.unsuccessful);
        }
        if tally.diverged > 0 {
            text += &format!("; {} diverged and were not kept", tally.diverged);
        }
        text
    };
    general.output().print(text, &object)?;
    match stopped {
        None if tally.kept < episodes => Err(Failure::input(format!(
            "{HOPELESS} episodes in a row diverged, so no more were begun: the scene's physics cannot hold together what is in it"
        ))),
        Some(_) => Err(Failure::Interrupted("interrupted: the same command goes on".into())),
        None => Ok(()),
    }
}

#[cfg(not(feature = "window"))]
fn by_hand(args: &RecordArgs, _general: &General) -> Result<(), Failure> {
    Err(super::needs_window(&format!("record {} {}", args.scene.display(), args.data_set.display())))
}

#[cfg(feature = "window")]
fn by_hand(args: &RecordArgs, general: &General) -> Result<(), Failure> {
    use crate::scene::{load, plan::Plan};
    use crate::window::explore::{Exploration, explore};
    use crate::window::notice::Told;
    use crate::window::recording::Wanted;
    use crate::window::script::Script;
    use std::sync::Arc;

    if args.only_successes {
        return Err(Failure::input("`--only-successes` is for other pilots: by hand, discard what did not succeed"));
    }
    let loaded = load::load(&args.scene)?;
    let path = loaded.path.clone();
    let plan = Arc::new(Plan::from(loaded));
    let script = args.script.as_deref().map(Script::read).transpose().map_err(Failure::input)?;
    let (writer, repaired) = Writer::open(&args.data_set, &plan, args.other_physics)?;
    say_repaired(&repaired, general);
    let wanted = Wanted {
        writer,
        episodes: args.episodes.map(|episodes| episodes as usize),
        operator: args.operator.clone(),
        reset: args.reset,
        closes: true,
    };
    let (against, script) = (args.against.choice(&plan)?, script.unwrap_or_default());
    let exploration = Exploration::of(path, plan, general.threads(), Told { json: general.json, quiet: general.quiet });
    let exploration = Exploration { against, seed: args.seed, script, recording: Some(wanted), ..exploration };
    all_is_safe(explore(exploration).map_err(Failure::input)?)
}

/// What a window that recorded says when it closes.
#[cfg(feature = "window")]
pub(super) fn all_is_safe(exit: bevy::app::AppExit) -> Result<(), Failure> {
    match exit {
        bevy::app::AppExit::Success => Ok(()),
        bevy::app::AppExit::Error(_) => Err(Failure::input("not everything that was recorded could be saved: the lines above say why")),
    }
}

/// Tells what opening a data set mended.
pub(super) fn say_repaired(repaired: &Repaired, general: &General) {
    if !general.quiet && repaired.recounted {
        eprintln!("frames or tasks were counted wrongly: they are counted anew");
    }
    if general.quiet || (repaired.adopted, repaired.removed) == (0, 0) {
        return;
    }
    eprintln!(
        "the last recording was cut off: {} whole episodes adopted, {} incomplete files removed; {} episodes are there",
        repaired.adopted, repaired.removed, repaired.episodes
    );
}
