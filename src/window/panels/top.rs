//! The bar on top: which scene this is, how its episode stands, how many arenas, cameras, pictures.

use super::Layout;
use crate::arena::ArenaQuery;
use crate::window::camera::{Eye, Mode};
use crate::window::request::Request;
use crate::window::shown::{MOST_ARENAS, Shown};
use crate::window::trace::Trace;
use bevy::prelude::*;
use bevy_egui::{EguiContexts, egui};

/// Green of what is well, and red of what is not.
pub const GOOD: egui::Color32 = egui::Color32::from_rgb(110, 200, 120);
/// See [`GOOD`].
pub const BAD: egui::Color32 = egui::Color32::from_rgb(235, 110, 95);

pub fn show(
    mut contexts: EguiContexts,
    mut layout: ResMut<Layout>,
    shown: Res<Shown>,
    trace: Res<Trace>,
    arenas: Query<ArenaQuery>,
    eyes: Query<&Eye>,
    mut requests: MessageWriter<Request>,
) {
    let Some(mut ui) = layout.ui(&mut contexts, "top") else { return };
    let mut plots = layout.plots;
    egui::Panel::top("top panel").show(&mut ui, |ui| {
        ui.horizontal(|ui| {
            ui.label(egui::RichText::new(&shown.plan.name).heading().strong());
            if let Some(item) = arenas.iter().find(|item| item.arena.index == shown.watched) {
                let step = item.arena.episode.step;
                let seconds = step as f32 * shown.plan.timing.control_dt();
                let limit = shown
                    .plan
                    .task
                    .as_ref()
                    .map_or(String::new(), |task| format!(" of {:.0}", task.steps as f32 * shown.plan.timing.control_dt()));
                ui.label(format!("episode {}   {seconds:5.1}{limit} s   reward {:.2}", item.arena.episode.number + 1, item.reward.dense));
                if item.success.0 {
                    ui.colored_label(GOOD, "success");
                }
            }
            if let Some(ended) = &trace.ended {
                let good = ended.outcome == "Succeeded";
                let colour = if good { GOOD } else { ui.visuals().weak_text_color() };
                ui.colored_label(
                    colour,
                    format!("last: {} after {} steps, score {:.3}", ended.outcome.to_lowercase(), ended.steps, ended.score),
                );
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.button("picture").on_hover_text("saves what you see in screenshots/ (F12)").clicked() {
                    requests.write(Request::Screenshot(None));
                }
                if ui.button("film").on_hover_text("makes a video of the last episode in films/, while you go on").clicked() {
                    requests.write(Request::Film(None));
                }
                ui.toggle_value(&mut plots, "plots");
                ui.separator();
                let mode = eyes.single().map_or(Mode::Orbit, |eye| eye.mode);
                for (one, name, hint) in [
                    (Mode::Follow, "follow", "behind the body; drag to look from elsewhere (C)"),
                    (Mode::Fly, "fly", "hold the right button and use W A S D, Q E; shift is faster (C)"),
                    (Mode::Orbit, "orbit", "drag to turn, right drag to shift, wheel to come nearer (C); F frames everything"),
                ] {
                    if ui.selectable_label(mode == one, name).on_hover_text(hint).clicked() {
                        requests.write(Request::Camera(one));
                    }
                }
                ui.separator();
                let mut count = shown.count;
                let suffix = if count == 1 { " arena" } else { " arenas" };
                let drag = egui::DragValue::new(&mut count).range(1..=MOST_ARENAS).speed(0.1).suffix(suffix);
                if ui.add(drag).on_hover_text("arenas side by side: drag or type").changed() {
                    requests.write(Request::Arenas(count));
                }
                if shown.count > 1 {
                    let mut watched = shown.watched;
                    let drag = egui::DragValue::new(&mut watched).range(0..=shown.count - 1).speed(0.1).prefix("watching ");
                    if ui.add(drag).on_hover_text("the arena that panels and plots are about").changed() {
                        requests.write(Request::Watch(watched));
                    }
                }
            });
        });
    });
    layout.plots = plots;
    layout.taken(&ui);
}
