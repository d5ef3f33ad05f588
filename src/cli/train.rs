//! `apprentice train`: from a recipe to a run folder.

use super::{Failure, General};
use crate::training::overrides::Override;
use crate::training::progress::Display;
use crate::training::recipe::{self, Prepared};
use crate::training::report;
use crate::training::run::{self, Ending, Options};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Args)]
#[command(
    after_help = "Examples:\n  apprentice train scenes/push\n  apprentice train scenes/push/ppo.ron --set learner.rate=3e-4 --seeds 5 --out runs/push --resume"
)]
pub(super) struct TrainArgs {
    /// A recipe, or a scene (then its `ppo.ron` is meant)
    #[arg(value_name = "SCENE|RECIPE")]
    recipe: PathBuf,
    /// Change a field of the recipe, such as learner.rate=3e-4; may be given again
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Arenas that are practised in at once
    #[arg(long, value_name = "N")]
    arenas: Option<usize>,
    /// Seed of all random streams
    #[arg(long, value_name = "S", conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Train with the seeds 1 to K, one after the other, and sum them up
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: Option<u64>,
    /// The run's folder [default: the next free one in runs/]
    #[arg(long, value_name = "RUN")]
    out: Option<PathBuf>,
    /// Go on from the last checkpoint; start where there is none; do nothing where all is done
    #[arg(long)]
    resume: bool,
}

pub(super) fn run(args: &TrainArgs, general: &General) -> Result<(), Failure> {
    let mut changes = args.set.iter().map(|text| text.parse()).collect::<Result<Vec<Override>, _>>()?;
    if let Some(arenas) = args.arenas {
        changes.push(Override::new("arenas", &arenas.to_string())?);
    }
    if let Some(device) = general.device {
        let device = crate::learn::backend::Device::from(device);
        changes.push(Override::new("device", &format!("{device:?}").to_lowercase())?);
    }
    if let Some(seed) = args.seed {
        changes.push(Override::new("seed", &seed.to_string())?);
    }
    let prepared = recipe::prepare(&args.recipe, &changes)?;
    let folder = args.out.clone().unwrap_or_else(|| next_folder(&prepared.name, args.resume));
    let stop = Arc::new(AtomicBool::new(false));
    let heard = stop.clone();
    ctrlc::set_handler(move || {
        if heard.swap(true, Ordering::Relaxed) {
            // Twice: whoever asks so wants out now. The last checkpoint stands.
            std::process::exit(3);
        }
    })
    .map_err(Failure::input)?;
    let options = Options { resume: args.resume, threads: general.threads(), display: Display::choose(general.quiet), stop };

    let Some(count) = args.seeds else {
        one(args, &prepared, &folder, &options)?;
        return conclude(&folder, general);
    };
    for seed in 1..=count {
        let changes = [&changes[..], &[Override::new("seed", &seed.to_string())?]].concat();
        let prepared = recipe::prepare(&args.recipe, &changes)?;
        let folder = folder.join(format!("seed-{seed}"));
        one(args, &prepared, &folder, &options)?;
        report::write(&folder, &report::runs(&folder)?)?;
    }
    conclude(&folder, general)
}

/// Trains one seed.
fn one(args: &TrainArgs, prepared: &Prepared, folder: &Path, options: &Options) -> Result<(), Failure> {
    let loud = options.display != Display::Quiet;
    if loud {
        eprintln!("{} seed {}: {}", prepared.name, prepared.recipe.seed, folder.display());
    }
    match run::train(prepared, folder, options)? {
        Ending::Finished(_) => {}
        Ending::AlreadyFinished(_) if loud => eprintln!("`{}` is finished already", folder.display()),
        Ending::AlreadyFinished(_) => {}
        Ending::Interrupted { updates } => {
            let set: String = args.set.iter().map(|change| format!(" --set '{change}'")).collect();
            let arenas = args.arenas.map_or(String::new(), |arenas| format!(" --arenas {arenas}"));
            let seed = args.seed.map_or(String::new(), |seed| format!(" --seed {seed}"));
            let seeds = args.seeds.map_or(String::new(), |seeds| format!(" --seeds {seeds}"));
            let out = if args.seeds.is_some() { folder.parent().unwrap_or(folder) } else { folder };
            return Err(Failure::Interrupted(format!(
                "stopped after update {updates}; to go on:\n  apprentice train {}{set}{arenas}{seed}{seeds} --out {} --resume",
                args.recipe.display(),
                out.display()
            )));
        }
    }
    Ok(())
}

/// Sums up and prints.
fn conclude(folder: &Path, general: &General) -> Result<(), Failure> {
    if let Some(summary) = report::write(folder, &report::runs(folder)?)? {
        general.output().print(|| summary.markdown(), &summary)?;
    }
    Ok(())
}

/// `runs/NAME-0001`, or the first number that is free; to resume, the last that is taken.
fn next_folder(name: &str, resume: bool) -> PathBuf {
    let folder = |number: u32| Path::new("runs").join(format!("{name}-{number:04}"));
    let free = (1..).find(|number| !folder(*number).exists()).unwrap_or(1);
    folder(if resume && free > 1 { free - 1 } else { free })
}
