//! The bar at the bottom: pause, single step, speed, rewind.

use super::Layout;
use crate::window::request::Request;
use crate::window::rewind::Rewind;
use crate::window::shown::Shown;
use crate::window::time::{Clock, SPEEDS};
use bevy::prelude::*;
use bevy_egui::{EguiContexts, egui};

pub fn show(
    mut contexts: EguiContexts,
    mut layout: ResMut<Layout>,
    clock: Res<Clock>,
    rewind: Res<Rewind>,
    shown: Res<Shown>,
    mut requests: MessageWriter<Request>,
) {
    let Some(mut ui) = layout.ui(&mut contexts, "bottom") else { return };
    egui::Panel::bottom("bottom panel").show(&mut ui, |ui| {
        ui.horizontal(|ui| {
            let name = if clock.paused { "▶ go on" } else { "⏸ pause" };
            if ui.add(egui::Button::new(name).min_size(egui::vec2(72.0, 0.0))).on_hover_text("space").clicked() {
                requests.write(Request::Pause(!clock.paused));
            }
            if ui.button("⏭ step").on_hover_text("one control step (.)").clicked() {
                requests.write(Request::Step(1));
            }
            ui.separator();
            let mut speed = clock.speed;
            let slider = egui::Slider::new(&mut speed, SPEEDS[0]..=SPEEDS[1]).logarithmic(true).suffix("x").max_decimals(2);
            if ui.add(slider).on_hover_text("how fast the clock runs").changed() {
                requests.write(Request::Speed(speed));
            }
            if (clock.speed - 1.0).abs() > 0.01 && ui.small_button("1x").clicked() {
                requests.write(Request::Speed(1.0));
            }
            if !clock.paused && clock.real < 0.8 * clock.speed {
                let text = format!("{:.1}x is what this machine can do", clock.real);
                ui.label(egui::RichText::new(text).weak());
            }
            ui.separator();
            let last = rewind.len().saturating_sub(1);
            let present = rewind.step;
            let mut at = rewind.at.unwrap_or(last);
            let ago = rewind.step_of(at).map_or(0.0, |step| present.saturating_sub(step) as f32 * shown.plan.timing.control_dt());
            ui.label(format!("−{ago:4.1} s"));
            ui.spacing_mut().slider_width = (ui.available_width() - 250.0).max(80.0);
            let slider = egui::Slider::new(&mut at, 0..=last.max(1)).show_value(false);
            if ui.add_enabled(last > 0, slider).on_hover_text("the last 30 s: drag to look back").changed() {
                requests.write(Request::Moment(at.min(last)));
            }
            if rewind.at.is_some() {
                let fork = egui::Button::new(egui::RichText::new("fork from here").strong());
                if ui.add(fork).on_hover_text("go on live from this moment; what came after it is forgotten").clicked() {
                    requests.write(Request::Fork);
                }
                if ui.button("present").on_hover_text("back to where it stood").clicked() {
                    requests.write(Request::Present);
                }
            }
        });
    });
    layout.taken(&ui);
}
