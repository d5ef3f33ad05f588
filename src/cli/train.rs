//! `apprentice train`: from a recipe to a run folder.

use super::{Failure, General};
use crate::learn::backend::Device;
use crate::training::folder::is_run;
use crate::training::overrides::Override;
use crate::training::progress::Display;
use crate::training::recipe::{self, Prepared};
use crate::training::report;
use crate::training::run::{self, Ending, Options};
use clap::Args;
use std::path::{Path, PathBuf};

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
        changes.push(Override::new("device", Device::from(device).name())?);
    }
    if let Some(seed) = args.seed {
        changes.push(Override::new("seed", &seed.to_string())?);
    }
    let prepared = recipe::prepare(&args.recipe, &changes)?;
    let folder = args.out.clone().unwrap_or_else(|| next_folder(&prepared.name, args.resume));
    let stop = super::interrupted()?;
    let options = Options { resume: args.resume, threads: general.threads(), display: Display::choose(general.quiet), stop };

    let Some(count) = args.seeds else {
        one(args, general, &prepared, &folder, &options)?;
        return conclude(&folder, general);
    };
    if is_run(&folder) {
        return Err(Failure::input(format!("`{}` holds a run of one seed: choose another folder for several", folder.display())));
    }
    for seed in 1..=count {
        let changes = [&changes[..], &[Override::new("seed", &seed.to_string())?]].concat();
        let prepared = recipe::prepare(&args.recipe, &changes)?;
        let folder = folder.join(format!("seed-{seed}"));
        one(args, general, &prepared, &folder, &options)?;
        report::write(&folder, &report::runs(&folder)?)?;
    }
    conclude(&folder, general)
}

/// Trains one seed.
fn one(args: &TrainArgs, general: &General, prepared: &Prepared, folder: &Path, options: &Options) -> Result<(), Failure> {
    let loud = options.display != Display::Quiet;
    if loud {
        eprintln!("{} seed {} in {}", prepared.name, prepared.recipe.seed, folder.display());
    }
    match run::train(prepared, folder, options)? {
        Ending::Finished(_) => {}
        Ending::AlreadyFinished(_) if loud => eprintln!("`{}` is finished already", folder.display()),
        Ending::AlreadyFinished(_) => {}
        Ending::Interrupted { updates } => {
            let out = if args.seeds.is_some() { folder.parent().unwrap_or(folder) } else { folder };
            let command = command(args, general, out);
            return Err(Failure::Interrupted(format!("stopped after update {updates}; to go on:\n  {command}")));
        }
    }
    Ok(())
}

/// The command that goes on with the run in `out`, for a POSIX shell.
fn command(args: &TrainArgs, general: &General, out: &Path) -> String {
    let mut words = vec!["apprentice".into(), "train".into(), args.recipe.display().to_string()];
    let mut say = |name: &str, value: Option<String>| words.extend(value.into_iter().flat_map(|value| [format!("--{name}"), value]));
    args.set.iter().for_each(|change| say("set", Some(change.clone())));
    say("arenas", args.arenas.map(|arenas| arenas.to_string()));
    say("device", general.device.map(|device| Device::from(device).name().to_owned()));
    say("seed", args.seed.map(|seed| seed.to_string()));
    say("seeds", args.seeds.map(|seeds| seeds.to_string()));
    say("threads", general.threads.map(|threads| threads.to_string()));
    say("out", Some(out.display().to_string()));
    words.push("--resume".into());
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./=:,+@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// Sums up and prints.
fn conclude(folder: &Path, general: &General) -> Result<(), Failure> {
    if let Some(summary) = report::write(folder, &report::runs(folder)?)? {
        general.output().print(|| summary.markdown(), &summary)?;
    }
    Ok(())
}

/// `runs/NAME-0001`, or one more than the last; to resume, the last.
fn next_folder(name: &str, resume: bool) -> PathBuf {
    let runs = Path::new("runs");
    let number = |name_of: String| name_of.strip_prefix(name)?.strip_prefix('-')?.parse::<u32>().ok();
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    let last = entries.filter_map(|entry| number(entry.file_name().into_string().ok()?)).max();
    let number = last.map_or(1, |last| if resume { last } else { last + 1 });
    runs.join(format!("{name}-{number:04}"))
}
