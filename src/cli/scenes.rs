//! `apprentice scenes`: what is here.

use super::{Failure, General};
use crate::scene::load;
use crate::scene::plan::Plan;
use crate::scene::scores::{self, Reached, Scores};
use crate::training::recipe;
use crate::training::summary::percent;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "Examples:\n  apprentice scenes\n  apprentice scenes my/scenes --json")]
pub(super) struct ScenesArgs {
    /// A folder of scenes
    #[arg(default_value = "scenes")]
    folder: PathBuf,
}

/// A scene, as it is listed.
#[derive(Serialize)]
struct Listed {
    scene: String,
    about: String,
    body: String,
    observation: usize,
    action: usize,
    control_hz: u32,
    varies: Vec<String>,
    time_limit: Option<f32>,
    scores: Option<Scores>,
}

pub(super) fn run(args: &ScenesArgs, general: &General) -> Result<(), Failure> {
    if !args.folder.is_dir() {
        return Err(Failure::input(format!(
            "there is no folder `{}` here: `apprentice scenes FOLDER` lists another one",
            args.folder.display()
        )));
    }
    let paths = load::scenes(&args.folder)?;
    if paths.is_empty() {
        return Err(Failure::input(format!("`{}` holds no scenes: a scene is a folder with a `scene.ron`", args.folder.display())));
    }
    for path in paths {
        let (plan, _) = recipe::plan(&path)?;
        let scene = &plan.scene;
        let kind = |agent: &Plan| format!("{:?}", agent.scene.body).split([' ', '{', '(']).next().unwrap_or_default().to_owned();
        let named = |agent: &Plan| format!("{} ({})", agent.agent, kind(agent));
        let alone = plan.team.is_empty();
        let listed = Listed {
            scene: plan.name.clone(),
            about: scene.about.clone(),
            body: if alone { kind(&plan) } else { plan.agents().map(named).collect::<Vec<_>>().join(", ") },
            observation: plan.observation.width(),
            action: plan.action.width(),
            control_hz: plan.timing.control_hz,
            varies: scene.varies.names().map(str::to_owned).collect(),
            time_limit: scene.task.as_ref().map(|task| task.time_limit),
            scores: scores::load(&path)?,
        };
        let text = || {
            let Listed { observation, action, control_hz, .. } = listed;
            let mut text = format!("{}  {}\n", console::style(&listed.scene).bold(), listed.about);
            let limit = listed.time_limit.map_or("no task".into(), |limit| format!("{limit} s at most"));
            let each = if alone { "" } else { "each " };
            text += &format!(
                "  {}: {each}{observation} numbers observed, {action} decided, {control_hz} times a second; {limit}\n",
                listed.body
            );
            text += &format!("  varies {}\n", if listed.varies.is_empty() { "nothing".into() } else { listed.varies.join(", ") });
            if let Some(scores) = &listed.scores {
                let reached = |who: &str, reached: Reached| format!("{who} {} ({:.3})", percent(reached.success.into()), reached.score);
                let learner = scores.learner.map(|learner| reached(", its learner", learner)).unwrap_or_default();
                text +=
                    &format!("  succeeded (score): {}, {}{learner}\n", reached("random", scores.random), reached("expert", scores.expert));
            }
            text
        };
        general.output().print(text, &listed)?;
    }
    Ok(())
}
