//! What floats over the picture: what is wrong with the scene's file, and what was said lately.

use super::Layout;
use super::top::BAD;
use crate::window::notice::Notices;
use crate::window::shown::Shown;
use bevy::prelude::*;
use bevy_egui::{EguiContexts, egui};

pub fn show(mut contexts: EguiContexts, layout: Res<Layout>, shown: Res<Shown>, notices: Res<Notices>) {
    let Ok(context) = contexts.ctx_mut() else { return };
    if let Some(problems) = &shown.problems {
        let count = problems.0.len();
        let title = if count == 1 { "the scene's file has a problem".into() } else { format!("the scene's file has {count} problems") };
        egui::Area::new(egui::Id::new("problems")).fixed_pos(layout.free.min + egui::vec2(12.0, 12.0)).show(context, |ui| {
            let frame = egui::Frame::popup(ui.style()).stroke(egui::Stroke::new(1.5, BAD)).fill(egui::Color32::from_rgb(42, 22, 22));
            frame.show(ui, |ui| {
                ui.set_max_width((layout.free.width() - 48.0).max(200.0));
                ui.colored_label(BAD, egui::RichText::new(title).strong());
                egui::ScrollArea::both().max_height(layout.free.height() * 0.6).show(ui, |ui| {
                    let text = problems.to_string();
                    ui.add(egui::Label::new(egui::RichText::new(text).monospace().color(egui::Color32::from_gray(225))).extend());
                });
                ui.label(egui::RichText::new("the last good scene lives on; save the file mended, and it is read again").weak());
            });
        });
    }
    let at = egui::pos2(layout.free.min.x + 12.0, layout.free.max.y - 12.0);
    egui::Area::new(egui::Id::new("notices")).fixed_pos(at).pivot(egui::Align2::LEFT_BOTTOM).interactable(false).show(context, |ui| {
        for notice in &notices.0 {
            egui::Frame::popup(ui.style()).show(ui, |ui| {
                ui.set_max_width((layout.free.width() - 48.0).max(200.0));
                let colour = if notice.bad { BAD } else { egui::Color32::from_gray(230) };
                ui.colored_label(colour, &notice.text);
            });
        }
    });
}
