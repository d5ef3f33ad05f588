//! `apprentice film`: a video of an episode, without a window or a display.

use super::pilot;
#[cfg(not(feature = "window"))]
use super::{Failure, General};
use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  apprentice film scenes/clear clear.mp4 --pilot runs/clear\n  apprentice film data/push third.mp4 --episode 2"
)]
pub(super) struct FilmArgs {
    /// A run or one of its checkpoints, a scene, or a data set
    #[arg(value_name = "RUN|SCENE|DATASET")]
    what: PathBuf,
    /// Where the film goes
    #[arg(value_name = "OUT.mp4")]
    out: PathBuf,
    /// Of a data set: the episode; of a run or scene: the held-out level; from 0
    #[arg(long, default_value_t = 0, value_name = "I", value_parser = RangedU64ValueParser::<u32>::new().range(..1_000_000))]
    episode: u32,
    /// Who decides in a scene: expert, random, idle, an operator (see `record`), or a run [default: expert]
    #[arg(long, value_name = "PILOT")]
    pilot: Option<String>,
    #[command(flatten)]
    against: pilot::Against,
    /// Film a run in this scene [default: the one that it was trained in]
    #[arg(long, value_name = "SCENE")]
    scene: Option<PathBuf>,
    /// Pixels, both even
    #[arg(long, default_value = "1280x720", value_name = "WxH", value_parser = super::size)]
    size: (u32, u32),
    /// Pictures per second
    #[arg(long, default_value_t = 30, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=120))]
    rate: u32,
    /// Where is looked from
    #[arg(long, default_value = "orbit", value_name = "CAMERA")]
    camera: Camera,
    /// Stop after so many seconds of the episode [default: when it ends]
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds: Option<u32>,
    /// Seed of a random pilot or an operator
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
}

/// Where is looked from.
#[derive(Clone, Copy, ValueEnum)]
enum Camera {
    /// From where the whole scene is seen
    Orbit,
    /// From behind the body
    Follow,
}

#[cfg(not(feature = "window"))]
pub(super) fn run(args: &FilmArgs, _general: &General) -> Result<(), Failure> {
    Err(super::needs_window(&format!("film {} {}", args.what.display(), args.out.display())))
}

#[cfg(feature = "window")]
pub(super) use with_window::run;

#[cfg(feature = "window")]
mod with_window {
    use super::super::{Failure, General, pilot};
    use super::{Camera, FilmArgs};
    use crate::curriculum::held_out_level;
    use crate::imitation::data_set::DataSet;
    use crate::imitation::data_set::is_data_set;
    use crate::training::progress::{Display, Figures, Progress};
    use crate::training::{recipe, report};
    use crate::window::camera::Mode;
    use crate::window::film::shoot::shoot;
    use crate::window::offscreen::{Shot, Start};
    use serde_json::json;
    use std::path::{Path, PathBuf};

    pub(in super::super) fn run(args: &FilmArgs, general: &General) -> Result<(), Failure> {
        if args.out.extension().is_none_or(|extension| extension != "mp4") {
            return Err(Failure::input(format!("{} has to end in .mp4: that is what is written", args.out.display())));
        }
        let (shot, most) = if is_data_set(&args.what) { demonstration(args)? } else { flight(args)? };
        let shot = Shot {
            size: args.size,
            frames_per_second: args.rate,
            camera: match args.camera {
                Camera::Orbit => Mode::Orbit,
                Camera::Follow => Mode::Follow,
            },
            seed: args.seed,
            ..shot
        };
        let asked = args.seconds.map(|seconds| (seconds * args.rate) as usize + 1);
        let most = asked.into_iter().chain(most).min();
        let steps = shot.plan.task.as_ref().map_or(usize::MAX, |task| task.steps);
        let longest =
            steps.saturating_mul(args.rate as usize) / shot.plan.timing.control_hz as usize + (shot.hold * args.rate as f32) as usize;
        let total = most.unwrap_or(usize::MAX).min(longest);
        let scene = shot.plan.name.clone();
        let mut progress = Progress::new(Display::choose(general.quiet), scene.clone(), "pictures", 0, total as u64);
        let report = shoot(shot, general.threads(), most, &args.out, |added| progress.update(added, Figures::default()));
        progress.finish();
        let report = report.map_err(Failure::input)?;
        let object = json!({
            "film": args.out, "scene": scene, "width": args.size.0, "height": args.size.1, "rate": args.rate,
            "pictures": report.pictures, "seconds": report.seconds, "bytes": report.bytes,
        });
        let text = || {
            let (width, height) = args.size;
            let (seconds, kilobytes) = (report.seconds, report.bytes.div_ceil(1000));
            format!("{}: {seconds:.1} s of {width}x{height} pixels, {kilobytes} kB", args.out.display())
        };
        Ok(general.output().print(text, &object)?)
    }

    /// A recorded episode, and how many pictures it has at most: one that a hand stopped would go on.
    fn demonstration(args: &FilmArgs) -> Result<(Shot, Option<usize>), Failure> {
        if args.pilot.is_some() || args.against.against.is_some() || args.scene.is_some() {
            return Err(Failure::input("a data set brings its scene and its actions: leave `--pilot`, `--against` and `--scene` out"));
        }
        let set = DataSet::open(&args.what)?;
        let episode = args.episode as usize;
        let plan = set.plan(episode)?;
        let demonstration = set.demonstration(episode, &plan)?;
        let most = (demonstration.rows.len() * args.rate as usize).div_ceil(plan.timing.control_hz as usize) + 1;
        let cast = demonstration.rows.cast(&plan);
        let shot = Shot { start: Start::Snapshot(Box::new(demonstration.snapshot)), cast, ..Shot::new(plan) };
        Ok((shot, demonstration.stopped.then_some(most)))
    }

    /// A pilot in a held-out level of a scene.
    fn flight(args: &FilmArgs) -> Result<(Shot, Option<usize>), Failure> {
        let is_scene = args.what.join("scene.ron").is_file() || args.what.extension().is_some_and(|extension| extension == "ron");
        let (scene, name) = if is_scene {
            if args.scene.is_some() {
                return Err(Failure::input("`--scene` goes with a run; a scene is filmed itself"));
            }
            (args.what.clone(), args.pilot.clone().unwrap_or_else(|| "expert".into()))
        } else {
            if args.pilot.is_some() {
                return Err(Failure::input("`--pilot` goes with a scene; a run brings its own policy"));
            }
            let scene = args.scene.clone().map_or_else(|| scene_of(&args.what), Ok)?;
            (scene, args.what.display().to_string())
        };
        let (plan, _) = recipe::plan(&scene)?;
        let cast = args.against.cast(pilot::named(&name, &plan)?, &plan)?;
        let level = held_out_level(plan.quantities.count(), args.episode.into());
        // Nothing ends an episode without a task.
        let most = plan.task.is_none().then_some(20 * args.rate as usize);
        Ok((Shot { start: Start::Lesson(level.into()), cast, ..Shot::new(plan) }, most))
    }

    /// The scene that a run, or the run of a checkpoint, was trained in: the first one.
    fn scene_of(path: &Path) -> Result<PathBuf, Failure> {
        let of_checkpoint = path.join("policy.safetensors").is_file();
        let run = match of_checkpoint.then(|| path.parent().and_then(Path::parent)).flatten() {
            Some(run) if run.join("run.json").is_file() => report::RunFolder::read(run)?,
            Some(_) => return Err(Failure::input(format!("`{}` stands alone: say with `--scene` where to film it", path.display()))),
            None => report::runs(path)?.swap_remove(0),
        };
        run.scenes().into_iter().next().ok_or_else(|| Failure::input(format!("`{}` names no scene", path.display())))
    }
}
