//! Who decides (and who against them, where there is a team), and what is shown beside the bodies.

use crate::window::gizmos::{ALL, Visible};
use crate::window::request::Request;
use crate::window::shown::{Choice, Shown, runs};
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_egui::egui;
use std::path::{Path, PathBuf};

/// Runs that were found, and the path that is being typed.
#[derive(Resource, Default)]
pub struct Runs {
    found: Option<Vec<PathBuf>>,
    typed: String,
}

/// What the panel reads.
#[derive(SystemParam)]
pub struct Pilots<'w> {
    shown: Res<'w, Shown>,
    runs: ResMut<'w, Runs>,
    visible: Res<'w, Visible>,
}

impl Pilots<'_> {
    pub fn show(&mut self, ui: &mut egui::Ui, requests: &mut MessageWriter<Request>) {
        egui::CollapsingHeader::new("Pilot").default_open(true).show(ui, |ui| {
            let plan = &self.shown.plan;
            let expert = plan.task.as_ref().is_some_and(|task| task.expert.is_some());
            let offers = [(Choice::Hand, true), (Choice::Expert, expert), (Choice::Random, true), (Choice::Idle, true)];
            let found = self.runs.found.get_or_insert_with(|| runs(Path::new("runs"))).clone();
            let (mut wish, looked) = choose(ui, "runs", &self.shown.pilot, &offers, &found);
            let (mut against, mut looked_again) = (None, false);
            let team = !plan.team.is_empty();
            if team {
                ui.separator();
                let agents: Vec<&str> = plan.team.iter().map(|agent| agent.agent.as_str()).collect();
                ui.label(format!("against: {}", agents.join(", ")));
                (against, looked_again) = choose(ui, "runs against", &self.shown.against, &offers[1..], &found);
            }
            if looked || looked_again {
                self.runs.found = None;
            }
            ui.horizontal(|ui| {
                let edit = egui::TextEdit::singleline(&mut self.runs.typed)
                    .hint_text("path of a run, or human, okay ..")
                    .desired_width(if team { 120.0 } else { 170.0 });
                let done = ui.add(edit).lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
                if (done || ui.small_button("fly").clicked()) && !self.runs.typed.trim().is_empty() {
                    wish = Some(Choice::parse(self.runs.typed.trim()));
                }
                if team && ui.small_button("against").clicked() && !self.runs.typed.trim().is_empty() {
                    against = Some(Choice::parse(self.runs.typed.trim()));
                }
            });
            requests.write_batch(wish.map(Request::Pilot).into_iter().chain(against.map(Request::Against)));
        });
        egui::CollapsingHeader::new("Show").default_open(true).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                for (gizmo, name) in ALL {
                    let mut show = self.visible.has(gizmo);
                    if ui.toggle_value(&mut show, name).changed() {
                        requests.write(Request::Show(gizmo, show));
                    }
                }
            });
        });
    }
}

/// One row of pilots and the list of runs: who was clicked, and whether the list was opened.
fn choose(ui: &mut egui::Ui, salt: &str, now: &Choice, offers: &[(Choice, bool)], found: &[PathBuf]) -> (Option<Choice>, bool) {
    let mut wish = None;
    ui.horizontal_wrapped(|ui| {
        for (choice, possible) in offers {
            if ui.add_enabled(*possible, egui::Button::selectable(now == choice, choice.name())).clicked() {
                wish = Some(choice.clone());
            }
        }
    });
    let name = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let flying = match now {
        Choice::Run(path) => name(path),
        _ => "a trained policy ..".into(),
    };
    let combo = egui::ComboBox::from_id_salt(salt).width(170.0).selected_text(flying);
    let opened = combo.show_ui(ui, |ui| {
        for path in found {
            let chosen = *now == Choice::Run(path.clone());
            if ui.selectable_label(chosen, name(path)).on_hover_text(path.display().to_string()).clicked() {
                wish = Some(Choice::Run(path.clone()));
            }
        }
        if found.is_empty() {
            ui.weak("there is no run in runs/ yet:\n`apprentice train` leaves one");
        }
    });
    (wish, opened.response.clicked())
}
