//! The control step's own cost, beside a plain parallel loop over bare Rapier worlds: the same table as `apprentice bench` prints.
//!
//! ```text
//! cargo bench --bench step                                  # every scene
//! cargo bench --bench step -- scenes/clear --arenas 16,256
//! ```

use std::process::{Command, ExitCode};

/// Hands everything over to the verb of the built binary: cold start and memory are measured of that very file.
fn main() -> std::io::Result<ExitCode> {
    let told = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let status = Command::new(env!("CARGO_BIN_EXE_apprentice")).arg("bench").args(told).status()?;
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(2)))
}
