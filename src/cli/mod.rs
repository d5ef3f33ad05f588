//! The command line: one file per verb. Verbs say what went wrong as a `Failure`; `run` prints it and ends with its code.

pub mod bench;
mod check;
mod compare;
mod completions;
mod data;
mod diagnose;
mod evaluate;
mod explore;
mod film;
mod output;
mod pilot;
mod record;
mod replay;
mod scenes;
mod train;

use crate::bench::BenchError;
use crate::durable::LogError;
use crate::imitation::data_set::DataSetError;
use crate::learn::backend::Device;
use crate::physics::{Threads, in_pool};
use crate::ron::Problems;
use crate::training::overrides::OverrideError;
use crate::training::requirement::{Missed, RequirementError};
use crate::training::run::RunError;
use clap::{Args, Parser, Subcommand};
use output::Output;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Show it once, let it practise: a 3D physics sandbox in which embodied agents learn.
#[derive(Parser)]
#[command(name = "apprentice", version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    general: General,
    #[command(subcommand)]
    verb: Verb,
}

/// What every verb understands.
#[derive(Args, Clone)]
#[command(next_help_heading = "Common options")]
struct General {
    /// Threads of simulation and learning [default: as many as the machine has cores]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Where learning runs [default: what the recipe says]
    #[arg(long, global = true, value_name = "DEVICE")]
    device: Option<DeviceName>,
    /// Say nothing but results and errors
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Print results as JSON, one object per line
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum DeviceName {
    Auto,
    Cpu,
    Gpu,
}

impl From<DeviceName> for Device {
    fn from(name: DeviceName) -> Self {
        match name {
            DeviceName::Auto => Self::Auto,
            DeviceName::Cpu => Self::Cpu,
            DeviceName::Gpu => Self::Gpu,
        }
    }
}

impl General {
    fn threads(&self) -> Threads {
        self.threads.map_or_else(Threads::default, |threads| Threads(threads.into()))
    }

    fn output(&self) -> Output {
        Output { json: self.json }
    }
}

#[derive(Subcommand)]
enum Verb {
    /// List the scenes that are here: body, channels, varied numbers, scores
    Scenes(scenes::ScenesArgs),
    /// Say everything that is wrong with scenes and recipes
    Check(check::CheckArgs),
    /// Look at a scene in a window: turn what varies, choose who decides, go back in time
    Explore(explore::ExploreArgs),
    /// Train a policy as a recipe says
    Train(train::TrainArgs),
    /// Judge a trained policy, or another pilot, on held-out levels
    Evaluate(evaluate::EvaluateArgs),
    /// Compare runs: scores with intervals, probability of improvement, curves
    Compare(compare::CompareArgs),
    /// Find out what a policy makes of demonstrations: its errors, its ways, its sensors
    Diagnose(diagnose::DiagnoseArgs),
    /// Record demonstrations into a data set, by hand or by another pilot
    Record(record::RecordArgs),
    /// Replay demonstrations, in the window or (--verify) headless
    Replay(replay::ReplayArgs),
    /// Look at data sets, check, mend, edit and export them
    Data(data::DataArgs),
    /// Make a video of an episode, without a window
    Film(film::FilmArgs),
    /// Measure the control step's own cost, beside bare Rapier worlds
    Bench(bench::BenchArgs),
    /// Write shell completions, or the manual page
    Completions(completions::CompletionsArgs),
}

/// Why a verb did not do what was asked.
#[derive(Debug)]
enum Failure {
    /// A requirement was missed: exit code 1.
    Missed(Vec<Missed>),
    /// Demonstrations are not what was recorded, in sentences: exit code 1.
    Differs(Vec<String>),
    /// Bad input: exit code 2.
    Input(String),
    /// Interrupted: exit code 3.
    Interrupted(String),
}

impl Failure {
    fn input(message: impl ToString) -> Self {
        Self::Input(message.to_string())
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        let count = problems.0.len();
        let mut text = problems.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n");
        if count > 1 {
            text += &format!("\n\n{count} problems");
        }
        Self::Input(text)
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Recipe(problems) => problems.into(),
            other => Self::input(other),
        }
    }
}

impl From<DataSetError> for Failure {
    fn from(error: DataSetError) -> Self {
        Self::input(error)
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        Self::input(error)
    }
}

impl From<OverrideError> for Failure {
    fn from(error: OverrideError) -> Self {
        Self::input(error)
    }
}

impl From<RequirementError> for Failure {
    fn from(error: RequirementError) -> Self {
        Self::input(error)
    }
}

impl From<BenchError> for Failure {
    fn from(error: BenchError) -> Self {
        match error {
            BenchError::Scene(problems) => problems.into(),
            other => Self::input(other),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::input(error)
    }
}

/// For verbs that want a window, in a program that was built without.
#[cfg(not(feature = "window"))]
fn needs_window(command: &str) -> Failure {
    Failure::input(format!(
        "this needs the window, which this program was built without. Build it with:\n  cargo run --release --features window -- {command}"
    ))
}

/// `WIDTHxHEIGHT`, in pixels.
fn size(text: &str) -> Result<(u32, u32), String> {
    let (width, height) = text.split_once('x').ok_or("a size is written as 1280x720")?;
    let edge = |text: &str| text.parse().ok().filter(|edge| (16..=8192).contains(edge)).ok_or("an edge has 16 to 8192 pixels");
    Ok((edge(width)?, edge(height)?))
}

/// Set by Ctrl-C; a second one ends the process.
fn interrupted() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let heard = stop.clone();
    ctrlc::set_handler(move || {
        if heard.swap(true, Ordering::Relaxed) {
            // Twice: whoever asks so wants out now. What is on the disk stands.
            std::process::exit(3);
        }
    })
    .map_err(Failure::input)?;
    Ok(stop)
}

/// Runs the command line that the process was given.
pub fn run() -> ExitCode {
    let Cli { general, verb } = Cli::parse();
    let level = if general.quiet { tracing::Level::ERROR } else { tracing::Level::WARN };
    tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).without_time().with_target(false).init();
    // Simulation and learning share out their work on it. (Fails only where there is a pool already.)
    let _ = rayon::ThreadPoolBuilder::new().num_threads(general.threads().0).build_global();
    let (threads, cores) = (general.threads().0, Threads::default().0);
    if threads > cores {
        tracing::warn!("{threads} threads on {cores} cores: the same results, no sooner");
    }
    let result = match verb {
        Verb::Scenes(args) => scenes::run(&args, &general),
        Verb::Check(args) => check::run(&args, &general),
        Verb::Explore(args) => explore::run(&args, &general),
        Verb::Train(args) => in_pool(|| train::run(&args, &general)),
        Verb::Evaluate(args) => in_pool(|| evaluate::run(&args, &general)),
        Verb::Compare(args) => compare::run(&args, &general),
        Verb::Diagnose(args) => in_pool(|| diagnose::run(&args, &general)),
        Verb::Record(args) => record::run(&args, &general),
        Verb::Replay(args) => replay::run(&args, &general),
        Verb::Data(args) => data::run(&args, &general),
        Verb::Film(args) => film::run(&args, &general),
        Verb::Bench(args) => in_pool(|| bench::run(&args, general.threads(), general.json)).map_err(Failure::from),
        Verb::Completions(args) => completions::run(&args),
    };
    let error = console::style("error:").red().bold().for_stderr();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Missed(missed)) => {
            missed.iter().for_each(|missed| eprintln!("{missed}"));
            ExitCode::from(1)
        }
        Err(Failure::Differs(sentences)) => {
            sentences.iter().for_each(|sentence| eprintln!("{error} {sentence}"));
            ExitCode::from(1)
        }
        Err(Failure::Input(message)) => {
            eprintln!("{error} {message}");
            ExitCode::from(2)
        }
        Err(Failure::Interrupted(message)) => {
            eprintln!("{message}");
            ExitCode::from(3)
        }
    }
}
