//! The scene browser: the scenes that lie beside the one that is shown.

use crate::scene::load;
use crate::window::request::Request;
use crate::window::shown::Shown;
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_egui::egui;
use std::path::{Path, PathBuf};

/// Scenes that were found.
#[derive(Resource, Default)]
pub struct Known {
    folder: PathBuf,
    scenes: Vec<(PathBuf, String)>,
}

/// What the browser reads.
#[derive(SystemParam)]
pub struct Scenes<'w> {
    shown: Res<'w, Shown>,
    known: ResMut<'w, Known>,
}

impl Scenes<'_> {
    pub fn show(&mut self, ui: &mut egui::Ui, requests: &mut MessageWriter<Request>) {
        let folder = self.shown.path.parent().and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
        if folder != self.known.folder {
            self.look(folder);
        }
        egui::CollapsingHeader::new("Scenes").default_open(true).show(ui, |ui| {
            for (path, name) in &self.known.scenes {
                let here = same(path, &self.shown.path);
                let button = ui.selectable_label(here, name);
                if button.on_hover_text(path.display().to_string()).clicked() && !here {
                    requests.write(Request::Open(path.clone()));
                }
            }
            if ui.small_button("look again").clicked() {
                let folder = self.known.folder.clone();
                self.look(folder);
            }
            ui.add_space(2.0);
            ui.label(egui::RichText::new(&self.shown.plan.scene.about).italics());
        });
    }

    fn look(&mut self, folder: PathBuf) {
        let root = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
        let name = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        self.known.scenes = load::scenes(root).unwrap_or_default().into_iter().map(|path| (path.clone(), name(&path))).collect();
        self.known.folder = folder;
    }
}

fn same(folder: &Path, file: &Path) -> bool {
    let whole = |path: &Path| path.canonicalize().ok();
    whole(&folder.join("scene.ron")) == whole(file)
}
