//! The level: a slider for every varied number, the seed, and the level as text.

use crate::arena::Arena;
use crate::curriculum::Level;
use crate::scene::number::Span;
use crate::window::request::Request;
use crate::window::shown::Shown;
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_egui::egui;

/// What the panel reads.
#[derive(SystemParam)]
pub struct LevelPanel<'w, 's> {
    shown: Res<'w, Shown>,
    arenas: Query<'w, 's, &'static Arena>,
}

impl LevelPanel<'_, '_> {
    pub fn show(&self, ui: &mut egui::Ui, requests: &mut MessageWriter<Request>) {
        let Some(arena) = self.arenas.iter().find(|arena| arena.index == self.shown.watched) else { return };
        let level = &arena.episode.lesson.level;
        egui::CollapsingHeader::new("Level").default_open(true).show(ui, |ui| {
            for ((name, span), value) in self.shown.plan.scene.varies.0.iter().zip(&arena.episode.setting.values) {
                let mut new = *value;
                let changed = match span {
                    Span::Choice(values) => choose(ui, name, values, &mut new),
                    span => {
                        let range = span.least()..=span.most();
                        let slider = egui::Slider::new(&mut new, range)
                            .logarithmic(matches!(span, Span::Log(..)))
                            .max_decimals(3)
                            .clamping(egui::SliderClamping::Edits);
                        let slider = if matches!(span, Span::Whole(..)) { slider.integer() } else { slider };
                        ui.label(egui::RichText::new(name.replace('_', " ")).small());
                        ui.add(slider).changed()
                    }
                };
                if changed && new.is_finite() {
                    requests.write(Request::Vary(name.clone(), new));
                }
            }
            ui.horizontal(|ui| {
                if ui.button("new level").on_hover_text("draws another level for every arena (N)").clicked() {
                    requests.write(Request::NewLevel);
                }
                if ui.button("restart").on_hover_text("the same levels from their start (R)").clicked() {
                    requests.write(Request::Restart);
                }
                let mut held = self.shown.held.contains_key(&self.shown.watched);
                if ui.checkbox(&mut held, "keep").on_hover_text("every episode of this arena has this level").changed() {
                    requests.write(Request::Hold(held));
                }
            });
            ui.horizontal(|ui| {
                let mut seed = self.shown.seed;
                ui.label("seed");
                if ui.add(egui::DragValue::new(&mut seed)).on_hover_text("from which levels are drawn").changed() {
                    requests.write(Request::Seed(seed));
                }
                if ui.small_button("copy").on_hover_text(format!("the level, as RON:\n{}", text(level))).clicked() {
                    ui.ctx().copy_text(text(level));
                }
                if ui.small_button("other layout").on_hover_text("the same numbers, other places: the level's own seed plus one").clicked()
                {
                    requests.write(Request::Level(Level { seed: level.seed.wrapping_add(1), ..level.clone() }));
                }
            });
            ui.label(egui::RichText::new(format!("level {}", level.id())).small().weak());
        });
    }
}

fn choose(ui: &mut egui::Ui, name: &str, values: &[f32], new: &mut f32) -> bool {
    let before = *new;
    egui::ComboBox::from_label(name.replace('_', " ")).selected_text(before.to_string()).show_ui(ui, |ui| {
        for value in values {
            ui.selectable_value(new, *value, value.to_string());
        }
    });
    before.to_bits() != new.to_bits()
}

/// The level as a file of levels would hold it.
fn text(level: &Level) -> String {
    ::ron::ser::to_string(level).unwrap_or_default()
}
