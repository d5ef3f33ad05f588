//! `apprentice bench`: the control step's own cost, scene by scene.

use crate::bench::process::Errand;
use crate::bench::{BenchError, Settings, run as measure};
use crate::physics::Threads;
use crate::scene::load::scenes;
use clap::builder::RangedU64ValueParser;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What `apprentice bench` may be told.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  apprentice bench\n  apprentice bench scenes/clear --arenas 16,256")]
pub struct BenchArgs {
    /// Scenes; by default all in the folder `scenes`
    pub scenes: Vec<PathBuf>,
    /// Numbers of arenas
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 256, 1024], value_parser = RangedU64ValueParser::<usize>::new().range(1..=65_536))]
    pub arenas: Vec<usize>,
    /// How often the numbers of arenas take turns
    #[arg(long, default_value_t = 9, value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    pub rounds: usize,
    /// Only a short look: whether it runs, not how fast
    #[arg(long)]
    pub quick: bool,
    /// What this process was started for by another `bench`
    #[arg(long, hide = true)]
    pub child: Option<Errand>,
    /// How many arenas or steps the child is to use
    #[arg(long, hide = true, default_value_t = 1)]
    pub size: usize,
}

/// Measures, and prints the table (with `json`, one object per line).
///
/// # Errors
/// Where a scene cannot be loaded, or a measuring process fails.
pub fn run(args: &BenchArgs, threads: Threads, json: bool) -> Result<(), BenchError> {
    let out = &mut std::io::stdout();
    let paths = if args.scenes.is_empty() { scenes(Path::new("scenes"))? } else { args.scenes.clone() };
    if let Some(errand) = args.child {
        for scene in &paths {
            writeln!(out, "{}", errand.run(scene, threads, args.size)?)?;
        }
        return Ok(());
    }
    let settings = Settings {
        scenes: paths,
        arenas: args.arenas.clone(),
        threads,
        rounds: args.rounds,
        turn: 0.6,
        block: 0.05,
        crowd: 256,
        steps: 100_000,
        starts: 5,
        program: std::env::current_exe().ok(),
        json,
    };
    let quick = Settings { arenas: vec![1, 16], rounds: 2, turn: 0.0, block: 0.01, crowd: 16, steps: 200, starts: 1, ..settings.clone() };
    measure(if args.quick { &quick } else { &settings }, out)
}
