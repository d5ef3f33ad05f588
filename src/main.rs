//! The verbs. See [`apprentice::cli`].

fn main() -> std::process::ExitCode {
    apprentice::cli::run()
}
