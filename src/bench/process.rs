//! What only a process of its own can show: its memory, and how soon its first step comes.

use super::BenchError;
use super::stage::{now, random_app};
use crate::physics::Threads;
use crate::scene::load::load;
use crate::scene::plan::Plan;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// What a process is started for. (Hidden values of `apprentice bench --child`.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Errand {
    /// Memory per arena.
    Arenas,
    /// Memory over many steps.
    Growth,
    /// The first step.
    Cold,
}

/// Memory in use, MB.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Memory {
    /// Before.
    pub before: f64,
    /// After.
    pub after: f64,
}

impl Errand {
    /// Does the errand and writes what was found as one line of JSON. `size` is how many arenas, or how many steps.
    pub fn run(self, scene: &Path, threads: Threads, size: usize) -> Result<String, BenchError> {
        let loaded = load(scene)?;
        let plan = Arc::new(Plan::new(loaded.scene, "", loaded.hash));
        let memory = match self {
            Self::Arenas => {
                // The first app brings what a process has but once: pools, the tables of types.
                drop(random_app(&plan, 1, threads));
                let before = resident();
                let mut app = random_app(&plan, size, threads);
                (0..5).for_each(|_| app.update());
                Memory { before, after: resident() }
            }
            Self::Growth => {
                let mut app = random_app(&plan, 1, threads);
                (0..size / 10).for_each(|_| app.update());
                let before = resident();
                (size / 10..size).for_each(|_| app.update());
                Memory { before, after: resident() }
            }
            Self::Cold => {
                random_app(&plan, size, threads).update();
                Memory { before: 0.0, after: resident() }
            }
        };
        Ok(serde_json::to_string(&memory)?)
    }

    /// Starts `program` for this errand: what it found, and the seconds until it said so.
    pub fn send(self, program: &Path, scene: &Path, threads: Threads, size: usize) -> Result<(Memory, f64), BenchError> {
        let name = match self {
            Self::Arenas => "arenas",
            Self::Growth => "growth",
            Self::Cold => "cold",
        };
        let begin = now();
        let mut child = Command::new(program)
            .args(["bench", "--child", name, "--size", &size.to_string(), "--threads", &threads.0.to_string()])
            .arg(scene)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let seconds = begin.elapsed().as_secs_f64();
        child.wait()?;
        Ok((serde_json::from_str(&line)?, seconds))
    }
}

/// Resident memory of this process, MB; 0 where the system does not tell.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1000.0
}
