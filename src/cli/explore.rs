//! `apprentice explore`: the window.

use super::{Failure, General, pilot};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  apprentice explore scenes/push --pilot expert\n  apprentice explore scenes/clear --screenshot clear.png --after 100 --quit"
)]
pub(super) struct ExploreArgs {
    /// The scene: a folder or its file [default: the first one in scenes/]
    scene: Option<PathBuf>,
    /// Who decides: hand, expert, random, idle, an operator (see `record`), a run, or a data set, which is replayed [default: the expert, or random where there is none]
    #[arg(long, value_name = "PILOT")]
    pilot: Option<String>,
    #[command(flatten)]
    against: pilot::Against,
    /// Arenas side by side
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    arenas: u16,
    /// The seed from which levels are drawn
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
    /// Begin with the first level of this file, and keep it
    #[arg(long, value_name = "FILE")]
    level: Option<PathBuf>,
    /// Begin with the clock standing still
    #[arg(long)]
    paused: bool,
    /// Begin without panels
    #[arg(long)]
    bare: bool,
    /// Width and height of the window
    #[arg(long, default_value = "1280x720", value_name = "WxH", value_parser = super::size)]
    size: (u32, u32),
    /// Save a picture into this file
    #[arg(long, value_name = "FILE.png")]
    screenshot: Option<PathBuf>,
    /// Take the picture after so many control steps
    #[arg(long, default_value_t = 0, value_name = "STEPS", requires = "screenshot")]
    after: u64,
    /// Close the window once the picture is saved
    #[arg(long, requires = "screenshot")]
    quit: bool,
    /// Do what this file says, one request a line; `-` reads standard input
    #[arg(long, value_name = "FILE", conflicts_with = "screenshot")]
    script: Option<PathBuf>,
}

#[cfg(not(feature = "window"))]
pub(super) fn run(args: &ExploreArgs, _general: &General) -> Result<(), Failure> {
    let scene = args.scene.clone().unwrap_or_else(|| "scenes/push".into());
    Err(super::needs_window(&format!("explore {}", scene.display())))
}

#[cfg(feature = "window")]
pub(super) fn run(args: &ExploreArgs, general: &General) -> Result<(), Failure> {
    use crate::curriculum::level::read_levels;
    use crate::imitation::data_set::{DataSet, is_data_set};
    use crate::scene::load;
    use crate::scene::plan::Plan;
    use crate::window::explore::{Exploration, explore};
    use crate::window::notice::Told;
    use crate::window::recording::Programme;
    use crate::window::script::{Script, picture};
    use crate::window::shown::Choice;
    use std::path::Path;
    use std::sync::Arc;

    #[expect(clippy::disallowed_methods, reason = "tells how long the first picture took")]
    let began = std::time::Instant::now();
    let scene = match &args.scene {
        Some(scene) => scene.clone(),
        None => {
            let here = load::scenes(Path::new("scenes")).unwrap_or_default();
            here.into_iter().next().ok_or_else(|| {
                Failure::input("there is no scene in `scenes/` here: say which one, as in `apprentice explore my/scene.ron`")
            })?
        }
    };
    let loaded = load::load(&scene)?;
    let path = loaded.path.clone();
    let plan = Arc::new(Plan::from(loaded));
    let data_set = args.pilot.as_deref().map(Path::new).filter(|path| is_data_set(path));
    let programme = match data_set {
        Some(path) => {
            let set = DataSet::open(path)?;
            Some(Programme { data_set: path.to_owned(), episodes: (0..set.len()).collect(), closes: false, differs: false })
        }
        None => None,
    };
    let pilot = match &args.pilot {
        Some(_) if programme.is_some() => Choice::Idle,
        Some(text) => {
            let pilot = Choice::parse(text);
            pilot.fits(&plan).map_err(Failure::input)?;
            pilot
        }
        None => [Choice::Expert, Choice::Random].into_iter().find(|choice| choice.fits(&plan).is_ok()).unwrap_or(Choice::Idle),
    };
    let against = args.against.choice(&plan)?;
    let level = match &args.level {
        Some(file) => read_levels(file, Some(plan.level_form()))?.into_iter().next(),
        None => None,
    };
    let script = match (&args.script, &args.screenshot) {
        (Some(path), _) => Script::read(path).map_err(Failure::input)?,
        (None, Some(path)) => Script::of(picture(path.clone(), args.after, args.quit)),
        (None, None) => Script::default(),
    };
    let exploration = Exploration {
        path,
        plan,
        pilot,
        against,
        arenas: args.arenas.into(),
        seed: args.seed,
        level,
        paused: args.paused,
        panels: !args.bare,
        size: args.size,
        script,
        told: Told { json: general.json, quiet: general.quiet },
        threads: general.threads(),
        began,
        recording: None,
        programme,
        speed: 1.0,
    };
    super::record::all_is_safe(explore(exploration).map_err(Failure::input)?)
}
