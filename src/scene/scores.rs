//! Published scores: what random, the expert and a learner reach on a scene's held-out levels. They stand beside the scene, in
//! `scores.ron`, and nowhere else.

use crate::ron::{self, Problems};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The file beside a `scene.ron`.
pub const FILE: &str = "scores.ron";

/// How many held-out levels the scores were measured on: see [`crate::curriculum::held_out`].
pub const LEVELS: usize = 100;

/// The published scores of a scene.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scores {
    /// Random actions.
    pub random: Reached,
    /// The task's scripted expert.
    pub expert: Reached,
    /// The learner of the scene's `ppo.ron`.
    #[serde(default)]
    pub learner: Option<Reached>,
}

/// What a pilot reached, as the mean over levels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reached {
    /// Share of the episodes that succeeded.
    pub success: f32,
    /// Mean score, in [0, 1].
    pub score: f32,
}

/// The published scores of the scene in `folder`, if there are any.
pub fn load(folder: &Path) -> Result<Option<Scores>, Problems> {
    let path = folder.join(FILE);
    if !path.is_file() {
        return Ok(None);
    }
    let text = ron::read_text(&path)?;
    ron::read(&text, &path.display().to_string()).finish().map(|(scores, _)| Some(scores))
}
