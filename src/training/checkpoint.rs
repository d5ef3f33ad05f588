//! Checkpoints: everything that a run needs to go on exactly, whole or absent.
//!
//! `checkpoints/000128/` holds `policy.safetensors` and `contract.json` (all that flying needs; where each agent of a team has its own policy, the
//! others' lie in folders with their agents' names), `learner.bin`, `arenas.bin` (every arena's
//! snapshot), `rollout.bin`, `teachers.bin`, `progress.json` and, where it was judged, `evaluation.json`. `checkpoints/last` names the newest.

use crate::arena::Snapshot;
use crate::curriculum::{EpisodeReport, TeacherState};
use crate::durable;
use crate::learn::LearnerState;
use crate::learn::experience::rollout::Rollout;
use crate::learn::policy::{CheckpointError, Policy};
use crate::training::summary::Evaluation;
use crate::training::trainer::Progress;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use twox_hash::XxHash3_64;

/// The folder of a run's checkpoints.
pub const FOLDER: &str = "checkpoints";
/// How a checkpoint was judged, if it was.
const JUDGED: &str = "evaluation.json";
/// How many of the newest are kept, beside those that were judged.
const KEPT: usize = 3;

/// Where a run's logs stood, and what it had cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// How far the run had come.
    #[serde(flatten)]
    pub progress: Progress,
    /// Bytes of `metrics.jsonl`.
    pub metrics_bytes: u64,
    /// Bytes of `episodes.jsonl`.
    pub episodes_bytes: u64,
    /// Time on the clock, s.
    pub wall_seconds: f64,
    /// Time of all cores together, s.
    pub cpu_seconds: Option<f64>,
}

/// A checkpoint in memory.
pub struct Checkpoint {
    /// Where the run stands.
    pub standing: Standing,
    /// The learners: one, or one for each agent of a team.
    pub learners: Vec<LearnerState>,
    /// The teachers, one for each scene.
    pub teachers: Vec<TeacherState>,
    /// The arenas, in order.
    pub arenas: Vec<Snapshot>,
    /// Rows gathered since the last update, by learner.
    pub rollouts: Vec<Rollout>,
    /// Episodes that ended since the last update.
    pub reports: Vec<EpisodeReport>,
}

impl Checkpoint {
    /// Writes it with the policies, each by its agent's name, and the evaluation where there was one; then forgets checkpoints that nobody needs any more.
    ///
    /// # Errors
    /// Where the disk refuses. What was there before stays.
    pub fn save(&self, run: &Path, policies: &[(String, Policy)], evaluations: &[Evaluation]) -> Result<(), CheckpointError> {
        let folder = run.join(FOLDER);
        let name = format!("{:06}", self.standing.progress.updates);
        let path = folder.join(&name);
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| CheckpointError::File { path, source }
        };
        std::fs::create_dir_all(&folder).map_err(at(&folder))?;
        durable::write_folder(&path, |beside| -> Result<(), Failure> {
            for (index, (agent, policy)) in policies.iter().enumerate() {
                let folder = if index == 0 { beside.to_owned() } else { beside.join(agent) };
                std::fs::create_dir_all(&folder)?;
                policy.save(&folder).map_err(Failure::Checkpoint)?;
            }
            std::fs::write(beside.join("learner.bin"), encode(&self.learners)?)?;
            std::fs::write(beside.join("teachers.bin"), encode(&self.teachers)?)?;
            std::fs::write(beside.join("arenas.bin"), encode(&self.arenas)?)?;
            std::fs::write(beside.join("rollout.bin"), encode(&(&self.rollouts, &self.reports))?)?;
            std::fs::write(beside.join("progress.json"), serde_json::to_vec_pretty(&self.standing).map_err(io::Error::other)?)?;
            if !evaluations.is_empty() {
                std::fs::write(beside.join(JUDGED), serde_json::to_vec(evaluations).map_err(io::Error::other)?)?;
            } else if path.join(JUDGED).is_file() {
                // Stopped between this update, after which the policy was judged, and the next: it is the same policy.
                std::fs::copy(path.join(JUDGED), beside.join(JUDGED))?;
            }
            Ok(())
        })
        .map_err(|failure| match failure {
            Failure::Checkpoint(error) => error,
            Failure::Io(source) => CheckpointError::File { path: path.clone(), source },
        })?;
        let last = folder.join("last");
        durable::write(&last, &name).map_err(at(&last))?;
        forget(&folder).map_err(at(&folder))
    }

    /// Reads a checkpoint's folder.
    ///
    /// # Errors
    /// Where a file is missing or holds something else.
    pub fn load(path: &Path) -> Result<Self, CheckpointError> {
        let (rollouts, reports) = decode(&path.join("rollout.bin"))?;
        Ok(Self {
            standing: standing(path)?,
            learners: decode(&path.join("learner.bin"))?,
            teachers: decode(&path.join("teachers.bin"))?,
            arenas: decode(&path.join("arenas.bin"))?,
            rollouts,
            reports,
        })
    }
}

enum Failure {
    Checkpoint(CheckpointError),
    Io(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The value's bytes, and behind them their hash.
fn encode(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = postcard::to_allocvec(value).map_err(io::Error::other)?;
    bytes.extend(XxHash3_64::oneshot(&bytes).to_le_bytes());
    Ok(bytes)
}

fn decode<T: DeserializeOwned>(path: &Path) -> Result<T, CheckpointError> {
    let malformed = |problem: String| CheckpointError::Malformed { path: path.into(), problem };
    let bytes = std::fs::read(path).map_err(|source| CheckpointError::File { path: path.into(), source })?;
    match bytes.split_last_chunk() {
        Some((bytes, hash)) if XxHash3_64::oneshot(bytes) == u64::from_le_bytes(*hash) => {
            postcard::from_bytes(bytes).map_err(|problem| malformed(problem.to_string()))
        }
        _ => Err(malformed("it was cut off or changed".into())),
    }
}

/// Where a checkpoint keeps an agent's policy: in a folder of its own, where each agent of a team has one, else in its own.
pub fn of_agent(checkpoint: &Path, agent: &str) -> PathBuf {
    let own = checkpoint.join(agent);
    if own.join("policy.safetensors").is_file() { own } else { checkpoint.to_owned() }
}

/// Where the run stood at a checkpoint.
///
/// # Errors
/// Where the file is missing or holds something else.
pub fn standing(checkpoint: &Path) -> Result<Standing, CheckpointError> {
    json(&checkpoint.join("progress.json"))
}

/// How a checkpoint was judged, scene by scene; empty where it was not.
///
/// # Errors
/// Where the file holds something else.
pub fn evaluations(checkpoint: &Path) -> Result<Vec<Evaluation>, CheckpointError> {
    let path = checkpoint.join(JUDGED);
    if path.is_file() { json(&path) } else { Ok(Vec::new()) }
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T, CheckpointError> {
    let bytes = std::fs::read(path).map_err(|source| CheckpointError::File { path: path.into(), source })?;
    serde_json::from_slice(&bytes).map_err(|problem| CheckpointError::Malformed { path: path.into(), problem: problem.to_string() })
}

/// The newest checkpoint of a run, if it has one.
pub fn last(run: &Path) -> Option<PathBuf> {
    let folder = run.join(FOLDER);
    let named = std::fs::read_to_string(folder.join("last")).ok().map(|name| folder.join(name.trim()));
    // A run killed between the folder and its name has a newer one than `last` says.
    all(&folder).into_iter().chain(named.filter(|path| path.is_dir())).max()
}

/// The checkpoints of a run that were judged, up to the update `updates`, oldest first.
pub fn judged(run: &Path, updates: u64) -> Vec<PathBuf> {
    let until =
        |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u64>().ok()).is_some_and(|update| update <= updates);
    all(&run.join(FOLDER)).into_iter().filter(|path| path.join(JUDGED).is_file() && until(path)).collect()
}

/// The checkpoints of a run that were kept, oldest first.
pub fn kept(run: &Path) -> Vec<PathBuf> {
    all(&run.join(FOLDER))
}

/// All checkpoints in the folder, oldest first.
fn all(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_checkpoint = |path: &PathBuf| {
        path.is_dir() && path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut paths: Vec<PathBuf> = entries.filter(is_checkpoint).collect();
    paths.sort();
    paths
}

/// Removes checkpoints that are neither among the newest nor judged; of judged ones that are not new, only what flying needs stays.
fn forget(folder: &Path) -> io::Result<()> {
    let paths = all(folder);
    for path in &paths[..paths.len().saturating_sub(KEPT)] {
        if path.join(JUDGED).is_file() {
            for state in ["learner.bin", "teachers.bin", "arenas.bin", "rollout.bin"] {
                match std::fs::remove_file(path.join(state)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        } else {
            std::fs::remove_dir_all(path)?;
        }
    }
    Ok(())
}
