//! What stands in `meta/sandbox/`: all that a replay needs and no other reader looks at.

use super::DataSetError;
use crate::curriculum::Lesson;
use crate::durable;
use crate::imitation::demonstration::Seat;
use crate::imitation::quality::Quality;
use crate::physics::ENGINE;
use crate::pilot::operator::Traits;
use crate::scene::load;
use crate::scene::plan::Plan;
use crate::scene::schema::Scene;
use crate::signal::Outcome;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use twox_hash::XxHash3_64;

/// A line of `episodes.jsonl`: what is known of an episode beside its frames.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Which episode.
    pub episode_index: usize,
    /// The scene's name.
    pub scene: String,
    /// The scene's hash, in `scene-<hash>.ron`.
    pub scene_hash: String,
    /// What was practised.
    pub lesson: Lesson,
    /// Who decided: `hand`, `expert`, `random`, an operator, a run. (Of a team: for the first agent, whose are outcome, success and score too.)
    pub pilot: String,
    /// Of an operator: their traits, all of them. Not there for others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traits: Option<Traits>,
    /// Whose hands they were; empty where nobody said.
    #[serde(default)]
    pub operator: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether a hand stopped it before the task did.
    #[serde(default)]
    pub stopped: bool,
    /// Whether success held in the last row.
    pub success: bool,
    /// Whether success held in any row.
    pub success_once: bool,
    /// In [0, 1]; rows that were trimmed count as neither earned nor saved.
    pub score: f32,
    /// Of a team: who flew each of its agents, and how it went for them, the first agent included. Not there where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub team: Vec<Seat>,
    /// Success or failure as a person marked it.
    #[serde(default)]
    pub marked: Option<bool>,
    /// What was said of it before it was kept.
    pub quality: Quality,
    /// What was observed after the last row, in the order of the scene's channels; of a team, all agents' side by side.
    pub final_observation: Vec<f32>,
    /// XXH3 of the frames ([`super::frames::content_hash`]).
    pub frames_hash: String,
    /// XXH3 of the snapshot's file.
    pub snapshot_hash: String,
    /// XXH3 of the inputs' file.
    pub inputs_hash: String,
}

impl Line {
    /// Who flew, in words: of a team, who against whom.
    pub fn players(&self) -> String {
        let mut others: Vec<&str> = self.team.iter().skip(1).map(|seat| seat.pilot.as_str()).collect();
        others.dedup();
        if others.is_empty() { self.pilot.clone() } else { format!("{} against {}", self.pilot, others.join(", ")) }
    }
}

/// A hash as it stands in the sidecar: 16 hexadecimal digits.
pub fn hex(hash: u64) -> String {
    format!("{hash:016x}")
}

/// The hash of a file's bytes.
pub fn hash_of(bytes: &[u8]) -> String {
    hex(XxHash3_64::oneshot(bytes))
}

fn folder(root: &Path) -> PathBuf {
    root.join("meta/sandbox")
}

/// One line for each episode.
pub fn lines_path(root: &Path) -> PathBuf {
    folder(root).join("episodes.jsonl")
}

/// The arena before an episode's first row.
pub fn snapshot_path(root: &Path, episode: usize) -> PathBuf {
    folder(root).join("snapshots").join(format!("episode-{episode:06}.bin"))
}

/// Raw inputs of an episode.
pub fn inputs_path(root: &Path, episode: usize) -> PathBuf {
    folder(root).join("inputs").join(format!("episode-{episode:06}.bin"))
}

/// A scene as played.
pub fn scene_path(root: &Path, hash: &str) -> PathBuf {
    folder(root).join(format!("scene-{hash}.ron"))
}

/// How the worlds were moved.
pub fn physics_path(root: &Path) -> PathBuf {
    folder(root).join("physics.ron")
}

/// What made the set.
pub fn build_path(root: &Path) -> PathBuf {
    folder(root).join("build.json")
}

/// A scene as `scene-<hash>.ron` has it: every default written out.
pub fn scene_text(scene: &Scene) -> String {
    load::written(scene)
}

/// Everything beside the scene that moves its worlds, as `physics.ron` has it: where it differs, no replay can be promised.
pub fn physics_text(plan: &Plan) -> String {
    #[derive(Serialize)]
    struct Physics<'a> {
        engine: &'a str,
        deterministic_across_machines: bool,
        control_hz: u32,
        ticks_per_step: u32,
        gravity: f32,
        integration: crate::physics::rapier::prelude::IntegrationParameters,
    }
    let physics = Physics {
        engine: ENGINE,
        deterministic_across_machines: true,
        control_hz: plan.timing.control_hz,
        ticks_per_step: plan.timing.ticks_per_step(),
        gravity: plan.scene.gravity,
        integration: plan.parameters(),
    };
    ::ron::ser::to_string_pretty(&physics, ::ron::ser::PrettyConfig::default()).unwrap_or_default()
}

/// What made the set, as `build.json` has it.
pub fn build_text() -> String {
    let build = serde_json::json!({
        "apprentice": env!("CARGO_PKG_VERSION"),
        "commit": option_env!("APPRENTICE_COMMIT"),
        "dependencies": hash_of(include_bytes!("../../../Cargo.lock")),
        "target": format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        "features": if cfg!(feature = "window") { vec!["window"] } else { Vec::new() },
    });
    format!("{build:#}\n")
}

/// Puts down what does not change from episode to episode: the scene as played, the physics, the build. What is there stays.
pub(super) fn begin(root: &Path, plan: &Plan) -> Result<(), DataSetError> {
    for folder in [folder(root).join("snapshots"), folder(root).join("inputs")] {
        std::fs::create_dir_all(&folder).map_err(DataSetError::file(&folder))?;
    }
    let files = [
        (scene_path(root, &hex(plan.hash)), scene_text(&plan.source)),
        (physics_path(root), physics_text(plan)),
        (build_path(root), build_text()),
    ];
    for (path, text) in files {
        if !path.exists() {
            durable::write(&path, text).map_err(DataSetError::file(&path))?;
        }
    }
    Ok(())
}

/// The scene in which an episode was played, made ready.
pub(super) fn plan(root: &Path, line: &Line) -> Result<Arc<Plan>, DataSetError> {
    let path = scene_path(root, &line.scene_hash);
    let text = std::fs::read_to_string(&path).map_err(DataSetError::file(&path))?;
    let scene = load::from_text(&text, &path.display().to_string()).map_err(DataSetError::content(&path))?;
    let hash = load::hash(&scene);
    if hex(hash) != line.scene_hash {
        let message =
            "it says another scene than the one that was played: the file was changed, or this version reads scenes otherwise".into();
        return Err(DataSetError::Content { path, message });
    }
    Ok(Arc::new(Plan::new(scene, line.scene.clone(), hash)))
}
