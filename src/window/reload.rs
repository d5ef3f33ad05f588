//! The scene's file is looked at a few times a second. When it says something else, that is shown; when it is broken, the last good scene lives
//! on, and what is wrong stands on the screen until it is mended.

use super::notice::Event;
use super::recording;
use super::shown::{Shown, replaced};
use crate::scene::load;
use crate::scene::plan::Plan;
use bevy::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How often the file is looked at, s.
const EVERY: Duration = Duration::from_millis(250);

/// The file as it was when it was last read.
#[derive(Resource, Default)]
struct Seen {
    path: PathBuf,
    stamp: Option<(SystemTime, u64)>,
    text: Option<String>,
    next: Duration,
    /// It has just changed: somebody may still be writing it.
    fresh: bool,
}

/// Watches the scene's file.
pub fn plugin(app: &mut App) {
    app.init_resource::<Seen>().add_systems(PreUpdate, look);
}

fn look(world: &mut World) {
    // What is being recorded is to have one scene.
    if recording::going_on(world) {
        return;
    }
    let now = world.resource::<Time<Real>>().elapsed();
    let path = world.resource::<Shown>().path.clone();
    let mut seen = world.resource_mut::<Seen>();
    let first = seen.path != path;
    if now < seen.next && !first {
        return;
    }
    seen.next = now + EVERY;
    let stamp = std::fs::metadata(&path).ok().and_then(|about| Some((about.modified().ok()?, about.len())));
    if !first && stamp != seen.stamp {
        seen.stamp = stamp;
        seen.fresh = true;
        return;
    }
    if !first && !std::mem::take(&mut seen.fresh) {
        return;
    }
    let text = read(&path);
    seen.stamp = stamp;
    let same = text.as_ref().is_ok_and(|text| seen.text.as_ref() == Some(text));
    if first {
        // It was just opened: this is what it says.
        *seen = Seen { path, stamp, text: text.ok(), next: seen.next, fresh: false };
        return;
    }
    seen.text = text.ok();
    if !same {
        reload(world, &path);
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    std::fs::read_to_string(path)
}

/// Shows what the scene's file says now.
fn reload(world: &mut World, path: &Path) {
    match load::load(path) {
        Ok(loaded) => {
            let mut shown = world.resource_mut::<Shown>();
            shown.problems = None;
            let plan = Plan::from(loaded);
            let scene = plan.name.clone();
            // Where only a comment changed, the arenas live on.
            if plan.hash != shown.plan.hash {
                shown.plan = Arc::new(plan);
                replaced(world);
            }
            world.write_message(Event::Reloaded { scene });
        }
        Err(problems) => {
            let (count, text) = (problems.0.len(), problems.to_string());
            world.resource_mut::<Shown>().problems = Some(problems);
            world.write_message(Event::Broken { problems: count, text });
        }
    }
}
