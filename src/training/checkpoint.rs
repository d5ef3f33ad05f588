//! Checkpoints: everything that a run needs to go on exactly, whole or absent.
//!
//! `checkpoints/000128/` holds `policy.safetensors` and `contract.json` (all that flying needs, with those of each residual in `residual-0` and so on; where
//! each agent of a team has its own policy, the others' lie in folders with their agents' names), `learner.bin`, `arenas.bin` (every arena's
//! snapshot), `rollout.bin`, `teachers.bin`, `watches.bin` where somebody corrects, `progress.json` and, where it was judged, `evaluation.json`. `checkpoints/last` names the newest.
//! The last one of each stage is judged, and therefore stays: the next stage builds upon its policy.

use crate::arena::Snapshot;
use crate::curriculum::{EpisodeReport, TeacherState};
use crate::durable;
use crate::imitation::corrections::Watch;
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
    /// The stage that it was in, from 0.
    #[serde(default)]
    pub stage: usize,
    /// How far it had come when that stage began.
    #[serde(default)]
    pub begun: Progress,
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
    /// Those who correct the learners, one for each arena; none where nobody does.
    pub watches: Vec<Watch>,
}

impl Checkpoint {
    /// Writes it with the policies, each by its agent's name, and the evaluation where there was one; then forgets checkpoints that nobody needs any more.
    ///
    /// # Errors
    /// Where the disk refuses. What was there before stays.
    pub fn save(&self, run: &Path, policies: &[(String, Policy)], evaluations: &[Evaluation]) -> Result<(), CheckpointError> {
        let folder = run.join(FOLDER);
        let path = at(run, self.standing.progress.updates);
        let refused = |path: &Path| {
            let path = path.to_owned();
            move |source| CheckpointError::File { path, source }
        };
        std::fs::create_dir_all(&folder).map_err(refused(&folder))?;
        durable::write_folder(&path, |beside| -> Result<(), Failure> {
            save_policies(policies, beside).map_err(Failure::Checkpoint)?;
            std::fs::write(beside.join("learner.bin"), encode(&self.learners)?)?;
            std::fs::write(beside.join("teachers.bin"), encode(&self.teachers)?)?;
            std::fs::write(beside.join("arenas.bin"), encode(&self.arenas)?)?;
            std::fs::write(beside.join("rollout.bin"), encode(&(&self.rollouts, &self.reports))?)?;
            if !self.watches.is_empty() {
                std::fs::write(beside.join("watches.bin"), encode(&self.watches)?)?;
            }
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
        durable::write(&last, name(self.standing.progress.updates)).map_err(refused(&last))?;
        forget(&folder).map_err(refused(&folder))
    }

    /// Reads a checkpoint's folder.
    ///
    /// # Errors
    /// Where a file is missing or holds something else.
    pub fn load(path: &Path) -> Result<Self, CheckpointError> {
        let (rollouts, reports) = decode(&path.join("rollout.bin"))?;
        let watches = path.join("watches.bin");
        Ok(Self {
            watches: if watches.is_file() { decode(&watches)? } else { Vec::new() },
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

fn name(updates: u64) -> String {
    format!("{updates:06}")
}

/// Where a run keeps the checkpoint after so many updates.
pub fn at(run: &Path, updates: u64) -> PathBuf {
    run.join(FOLDER).join(name(updates))
}

/// Writes policies into a checkpoint's folder: the first one's files, and a folder with its agent's name for each of the others.
///
/// # Errors
/// Where the disk refuses.
pub fn save_policies(policies: &[(String, Policy)], into: &Path) -> Result<(), CheckpointError> {
    for (index, (agent, policy)) in policies.iter().enumerate() {
        let folder = if index == 0 { into.to_owned() } else { into.join(agent) };
        std::fs::create_dir_all(&folder).map_err(|source| CheckpointError::File { path: folder.clone(), source })?;
        policy.save(&folder)?;
    }
    Ok(())
}

/// Reads the policies of these agents from a checkpoint's folder, each with its agent's name.
///
/// # Errors
/// Where one is not there, or holds something else.
pub fn policies<'a>(checkpoint: &Path, agents: impl Iterator<Item = &'a str>) -> Result<Vec<(String, Policy)>, CheckpointError> {
    agents.map(|agent| Ok((agent.to_owned(), Policy::load(&of_agent(checkpoint, agent))?))).collect()
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
            for state in ["learner.bin", "teachers.bin", "arenas.bin", "rollout.bin", "watches.bin"] {
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
