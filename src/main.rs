//! x
use clap::Parser;
#[derive(Parser)]
enum Verb { Bench { #[command(flatten)] args: apprentice::cli::bench::BenchArgs, #[arg(long)] json: bool, #[arg(long, default_value_t = 2)] threads: usize } }
fn main() {
    let Verb::Bench { args, json, threads } = Verb::parse();
    let out = &mut std::io::stdout();
    if let Err(e) = apprentice::cli::bench::run(&args, apprentice::physics::Threads(threads), json, std::env::current_exe().ok(), out) { eprintln!("{e}"); std::process::exit(2); }
}
