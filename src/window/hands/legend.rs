//! What each stick, button and key does, on the screen. What is being moved lights up.

use super::HandsView;
use super::pads::Pads;
use crate::arena::Arena;
use crate::pilot::Pilot;
use crate::pilot::hand::{Drive, HandCommand, Hands, Input};
use crate::scene::plan::Plan;
use bevy::prelude::*;
use bevy_egui::{EguiContexts, egui};
use egui::{Align2, Area, Color32, Frame, Grid, RichText, Stroke, Ui};

/// What is moved.
const LIT: Color32 = Color32::from_rgb(255, 196, 84);
/// What is wrong.
pub(super) const ALARM: Color32 = Color32::from_rgb(255, 110, 90);
/// Longer names of pads are cut.
const NAME: usize = 34;

/// The scene of the arena that is flown by hand.
pub(super) fn flown<'a>(arenas: &'a Query<(&Arena, &Pilot)>) -> Option<&'a Plan> {
    let flown = arenas.iter().filter(|(_, pilot)| **pilot == Pilot::Hand).min_by_key(|(arena, _)| arena.index);
    flown.map(|(arena, _)| &*arena.plan)
}

/// Draws the legend into the lower left corner.
pub fn show(mut contexts: EguiContexts, mut view: ResMut<HandsView>, hands: Res<Hands>, pads: Res<Pads>, arenas: Query<(&Arena, &Pilot)>) {
    let (Some(plan), true) = (flown(&arenas), view.legend) else { return };
    let Ok(context) = contexts.ctx_mut() else { return };
    let free = view.free.unwrap_or_else(|| context.viewport_rect());
    Area::new("hands legend".into()).constrain_to(free).anchor(Align2::LEFT_BOTTOM, [12.0, -12.0]).show(context, |ui| {
        let style = ui.style().clone();
        Frame::popup(&style).fill(style.visuals.window_fill().gamma_multiply(0.82)).show(ui, |ui| {
            ui.horizontal(|ui| {
                head(ui, &hands, &pads);
                if ui.small_button("change").on_hover_text("Bindings, dead zone, curve").clicked() {
                    view.panel = !view.panel;
                }
            });
            Grid::new("hands legend lines").spacing([14.0, 5.0]).show(ui, |ui| {
                drives(ui, hands.settings.drives(&plan.bindings), &hands);
                if view.commands {
                    commands(ui, &hands);
                }
            });
        });
    });
}

/// Which pad is in use, or that it is gone.
pub(super) fn head(ui: &mut Ui, hands: &Hands, pads: &Pads) {
    if hands.lost {
        ui.colored_label(ALARM, "The pad is gone: plug it in again, or go on with keys");
        return;
    }
    match pads.name() {
        Some(name) => {
            let short: String = name.chars().take(NAME).collect();
            ui.label(RichText::new(short).strong()).on_hover_text(name);
        }
        None => {
            ui.label(RichText::new("Keyboard and mouse").strong()).on_hover_text("No pad is plugged in");
        }
    }
}

fn drives(ui: &mut Ui, drives: &[Drive], hands: &Hands) {
    let mut said: Vec<&str> = Vec::new();
    for drive in drives {
        if said.contains(&drive.does.as_str()) {
            continue;
        }
        said.push(&drive.does);
        let of_pad = |pad: bool| drives.iter().filter(move |other| other.does == drive.does && other.input.is_of_pad() == pad);
        let moved = drives.iter().any(|other| other.does == drive.does && hands.value(&other.input) != 0.0);
        ui.label(if moved { RichText::new(&drive.does).color(LIT) } else { RichText::new(&drive.does) });
        for pad in [true, false] {
            ui.horizontal(|ui| {
                for drive in of_pad(pad) {
                    cap(ui, &drive.input, hands);
                }
            });
        }
        ui.end_row();
    }
    if hands.settings.mouse.is_empty() || !drives.iter().any(|drive| matches!(drive.input, Input::MouseX | Input::MouseY)) {
        return;
    }
    ui.weak("hold to use the mouse");
    ui.label("");
    caps(ui, &hands.settings.mouse, hands);
    ui.end_row();
}

fn commands(ui: &mut Ui, hands: &Hands) {
    for command in HandCommand::ALL {
        let Some(inputs) = hands.settings.commands.get(&command) else { continue };
        ui.label(command.to_string());
        for pad in [true, false] {
            let side: Vec<_> = inputs.iter().filter(|input| input.is_of_pad() == pad).cloned().collect();
            caps(ui, &side, hands);
        }
        ui.end_row();
    }
}

fn caps(ui: &mut Ui, inputs: &[Input], hands: &Hands) {
    ui.horizontal(|ui| {
        for input in inputs {
            cap(ui, input, hands);
        }
    });
}

/// An input as a key's cap, lit while it is moved.
fn cap(ui: &mut Ui, input: &Input, hands: &Hands) {
    let lit = hands.value(input) != 0.0;
    let visuals = ui.visuals();
    let (ink, line) = if lit { (LIT, LIT) } else { (visuals.strong_text_color(), visuals.weak_text_color()) };
    let frame = Frame::new().stroke(Stroke::new(1.0, line)).corner_radius(3.0).inner_margin(egui::Margin::symmetric(5, 1));
    frame.show(ui, |ui| ui.label(RichText::new(input.to_string()).color(ink).small()));
}
