//! Pictures of the window, by F12 or by request.

use super::notice::Event;
use super::request::Request;
use super::shown::Shown;
use bevy::prelude::*;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use std::path::{Path, PathBuf};

/// How many pictures are being taken.
#[derive(Resource, Default)]
pub struct Pending(pub usize);

/// F12 takes a picture.
pub fn plugin(app: &mut App) {
    app.init_resource::<Pending>().add_systems(PreUpdate, |keys: Res<ButtonInput<KeyCode>>, mut requests: MessageWriter<Request>| {
        if keys.just_pressed(KeyCode::F12) {
            requests.write(Request::Screenshot(None));
        }
    });
}

/// Takes a picture of the window as it is drawn next: into `path`, or the next free file of `screenshots/`.
pub fn take(world: &mut World, path: Option<PathBuf>) {
    let path = path.unwrap_or_else(|| free(Path::new("screenshots"), &world.resource::<Shown>().plan.name, "png"));
    world.resource_mut::<Pending>().0 += 1;
    world.spawn(Screenshot::primary_window()).observe(
        move |captured: On<ScreenshotCaptured>, mut pending: ResMut<Pending>, mut events: MessageWriter<Event>| {
            pending.0 = pending.0.saturating_sub(1);
            events.write(match save(&captured.image, &path) {
                Ok(()) => Event::Saved { path: path.clone() },
                Err(problem) => Event::Refused { text: format!("`{}` cannot be saved: {problem}", path.display()) },
            });
        },
    );
}

/// The first of `scene-1.png`, `scene-2.png`, .. that is not there.
pub fn free(folder: &Path, scene: &str, extension: &str) -> PathBuf {
    let named = |number: usize| folder.join(format!("{scene}-{number}.{extension}"));
    (1..).map(named).find(|path| !path.exists()).unwrap_or_else(|| named(0))
}

fn save(image: &Image, path: &Path) -> Result<(), String> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    }
    let picture = image.clone().try_into_dynamic().map_err(|error| error.to_string())?;
    // Whole or absent, as every file of ours: scripts wait for it.
    let beside = path.with_extension("part.png");
    picture.to_rgb8().save(&beside).map_err(|error| error.to_string())?;
    std::fs::rename(&beside, path).map_err(|error| error.to_string())
}
