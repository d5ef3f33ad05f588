//! The verbs. See [`apprentice::cli`].

/// Worlds allocate in every tick, from every thread.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    apprentice::cli::run()
}
