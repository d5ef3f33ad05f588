//! Export to Minari's Parquet layout: `<out>/<id>/data/metadata.json` and, for each episode, `<i>/part-0.parquet` and `<i>/metadata.json`.
//!
//! Minari knows one agent: of a team, one is exported as it saw the world, acted and was paid, and the others are part of its world.

use crate::durable;
use crate::imitation::data_set::{DataSet, DataSetError, export_table};
use crate::signal::Channels;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The version of Minari whose layout is written.
const MINARI: &str = "0.5.4";

/// Which of the agents of the set's scene is called `agent`; the first one where nobody is named.
///
/// # Errors
/// Where there is none of that name, or the set was not recorded by us.
pub fn agent_of(set: &DataSet, agent: Option<&str>) -> Result<usize, DataSetError> {
    let Some(agent) = agent else { return Ok(0) };
    let plan = set.plan(0)?;
    if plan.team.is_empty() {
        return Err(DataSetError::Refused(format!("the scene `{}` has no team: there is nobody to be chosen", plan.name)));
    }
    let names: Vec<&str> = plan.agents().map(|agent| agent.agent.as_str()).collect();
    names.iter().position(|name| *name == agent).ok_or_else(|| {
        let near = crate::ron::nearest(agent, names.iter().copied()).map_or(String::new(), |near| format!(": did you mean `{near}`?"));
        DataSetError::Refused(format!("the scene `{}` has no agent `{agent}`, it has {}{near}", plan.name, names.join(", ")))
    })
}

/// Writes a set as Minari reads it, of a team as its agent `agent` had it: with `MINARI_DATASETS_PATH=<out>`, `minari.load_dataset("<id>")`
/// finds it. Returns the folder.
///
/// # Errors
/// Where `id` is no name that Minari takes, the place is taken, or the set was not recorded by us.
pub fn minari(set: &DataSet, out: &Path, id: &str, agent: usize) -> Result<PathBuf, DataSetError> {
    // (Dots alone lead to another folder.)
    let fits = |part: &str| {
        part.contains(|letter| letter != '.') && part.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
    };
    let versioned = id.rsplit_once("-v").is_some_and(|(_, version)| version.parse::<u32>().is_ok());
    if !versioned || !id.split('/').all(fits) {
        return Err(DataSetError::Refused(format!("`{id}` is no name of a Minari data set: they are like `apprentice/push-v0`")));
    }
    let folder = out.join(id);
    if folder.exists() {
        return Err(DataSetError::Refused(format!("{} is there already: choose another place or name", folder.display())));
    }
    let plan = set.plan(0)?;
    let view = plan.agents().nth(agent).unwrap_or(&plan);
    let pilot = set.lines[0].team.get(agent).map_or(&set.lines[0].pilot, |seat| &seat.pilot);
    let parent = folder.parent().unwrap_or(out);
    let file = |path: &Path, source| DataSetError::File { path: path.into(), source };
    std::fs::create_dir_all(parent).map_err(|error| file(parent, error))?;
    let mut failure = None;
    let written = durable::write_folder(&folder, |beside| -> std::io::Result<()> {
        let data = beside.join("data");
        for episode in 0..set.len() {
            let folder = data.join(episode.to_string());
            std::fs::create_dir_all(&folder)?;
            let exported = set
                .plan(episode)
                .and_then(|plan| set.demonstration(episode, &plan).map(|demonstration| demonstration.seen_by(agent, &plan)))
                .and_then(|demonstration| export_table::write(&folder.join("part-0.parquet"), episode, &demonstration));
            if let Err(error) = exported {
                failure = Some(error);
                return Err(std::io::Error::other("not exported"));
            }
            let line = &set.lines[episode];
            let length = set.episodes[episode].length;
            let about = json!({ "id": episode, "total_steps": length, "seed": line.lesson.level.seed >> 1, "options": line.lesson.level });
            std::fs::write(folder.join("metadata.json"), about.to_string())?;
        }
        let about = json!({
            "total_episodes": set.len(),
            "total_steps": set.info.total_frames,
            "data_format": "parquet",
            "observation_space": space(&view.observation).to_string(),
            "action_space": space(&view.action).to_string(),
            "dataset_id": id,
            "minari_version": MINARI,
            "algorithm_name": pilot,
            "author": ["apprentice"],
            "description": plan.scene.about,
            "requirements": [],
            "dataset_size": 0.0,
        });
        std::fs::write(data.join("metadata.json"), about.to_string())
    });
    match (written, failure) {
        (Ok(()), _) => Ok(folder),
        (Err(_), Some(failure)) => Err(failure),
        (Err(source), None) => Err(file(&folder, source)),
    }
}

/// A Box as Minari spells it. (JSON has no infinity: Python's reader takes the largest numbers instead.)
fn space(channels: &Channels) -> Value {
    let bound = |value: f32| f64::from(value.clamp(f32::MIN, f32::MAX));
    json!({
        "type": "Box",
        "dtype": "float32",
        "shape": [channels.width()],
        "low": channels.0.iter().map(|channel| bound(channel.low)).collect::<Vec<_>>(),
        "high": channels.0.iter().map(|channel| bound(channel.high)).collect::<Vec<_>>(),
    })
}
