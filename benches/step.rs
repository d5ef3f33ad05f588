//! The control step's own cost, beside a plain parallel loop over bare Rapier worlds: the same table as `apprentice bench` prints.
//!
//! ```text
//! cargo bench --bench step                                  # every scene
//! cargo bench --bench step -- scenes/clear --arenas 16,256
//! ```

use apprentice::bench::BenchError;
use apprentice::cli::bench::{BenchArgs, run};
use apprentice::physics::Threads;
use clap::Parser;
use std::path::PathBuf;

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    args: BenchArgs,
    /// How many threads either side has; by default one for every core
    #[arg(long)]
    threads: Option<usize>,
    /// One JSON object per line
    #[arg(long)]
    json: bool,
    /// What `cargo bench` adds by itself
    #[arg(long = "bench", hide = true)]
    _bench: bool,
}

fn main() -> Result<(), BenchError> {
    let options = Options::parse();
    let program = PathBuf::from(env!("CARGO_BIN_EXE_apprentice"));
    run(&options.args, options.threads.map_or_else(Threads::default, Threads), options.json, Some(program), &mut std::io::stdout())
}
