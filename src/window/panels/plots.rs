//! Plots over time: observation channels, actions, reward and its terms, predicates. (Of a team: all agents' channels; the rest is the first
//! one's.)

use super::Layout;
use super::top::GOOD;
use crate::signal::Channels;
use crate::window::rewind::Rewind;
use crate::window::shown::Shown;
use crate::window::trace::{Row, Trace};
use bevy::prelude::*;
use bevy_egui::{EguiContexts, egui};
use egui_plot::{Corner, Legend, Line, Plot, PlotPoints, VLine};

/// Seconds that plots reach back.
const SPAN: f64 = 20.0;
/// Channels that are drawn at first.
const FIRST: usize = 4;

/// The observation channels that are drawn, and of which scene.
#[derive(Resource, Default)]
pub struct Chosen {
    scene: Option<(String, usize)>,
    channels: Vec<usize>,
    filter: String,
}

pub fn show(
    mut contexts: EguiContexts,
    mut layout: ResMut<Layout>,
    shown: Res<Shown>,
    trace: Res<Trace>,
    rewind: Res<Rewind>,
    mut chosen: ResMut<Chosen>,
) {
    if !layout.plots {
        return;
    }
    let plan = &shown.plan;
    let (observed, acted) = (plan.observed(), plan.acted());
    let scene = Some((plan.name.clone(), observed.width()));
    if chosen.scene != scene {
        *chosen = Chosen { scene, channels: (0..observed.width().min(FIRST)).collect(), filter: String::new() };
    }
    let Some(mut ui) = layout.ui(&mut contexts, "right") else { return };
    // Where one looks back, the plots end at that moment.
    let now = rewind.at.and_then(|at| rewind.step_of(at)).unwrap_or(rewind.step);
    let dt = f64::from(plan.timing.control_dt());
    let time = |row: &Row| (row.step as f64 - now as f64) * dt;
    let rows: Vec<&Row> = trace.rows.iter().filter(|row| time(row) >= -SPAN && row.step <= now).collect();
    let line = |name: &str, value: &dyn Fn(&Row) -> f64| {
        let points: PlotPoints<'_> = rows.iter().map(|row| [time(row), value(row)]).collect();
        Line::new(name.to_owned(), points).width(1.4)
    };
    let starts: Vec<f64> = rows.iter().filter(|row| row.begins).map(|row| time(row)).collect();
    egui::Panel::right("right panel").resizable(true).default_size(318.0).size_range(220.0..=640.0).show(&mut ui, |ui| {
        egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            egui::CollapsingHeader::new("Observation").default_open(true).show(ui, |ui| {
                channels(ui, &observed, &mut chosen);
                plot("observation", 150.0).show(ui, |plot| {
                    starts.iter().for_each(|start| plot.vline(begin(*start)));
                    for &channel in &chosen.channels {
                        let about = &observed.0[channel];
                        let name = if about.unit.is_empty() { about.name.clone() } else { format!("{} [{}]", about.name, about.unit) };
                        plot.line(line(&name, &|row| f64::from(row.observation.get(channel).copied().unwrap_or(0.0))));
                    }
                });
            });
            egui::CollapsingHeader::new("Action").default_open(true).show(ui, |ui| {
                plot("action", 100.0).include_y(-1.0).include_y(1.0).show(ui, |plot| {
                    starts.iter().for_each(|start| plot.vline(begin(*start)));
                    for (index, channel) in acted.0.iter().enumerate() {
                        let name = format!("{} [{}]", channel.name, channel.unit);
                        plot.line(line(&name, &|row| f64::from(row.action.get(index).copied().unwrap_or(0.0))));
                    }
                });
            });
            egui::CollapsingHeader::new("Reward").default_open(true).show(ui, |ui| {
                plot("reward", 130.0).include_y(0.0).include_y(1.0).show(ui, |plot| {
                    starts.iter().for_each(|start| plot.vline(begin(*start)));
                    plot.line(line("reward", &|row| f64::from(row.reward)).width(2.2).color(GOOD));
                    for (index, (weight, term)) in plan.scene.task.iter().flat_map(|task| &task.reward).enumerate() {
                        let name =
                            format!("{weight} × {}", ::ron::ser::to_string(term).unwrap_or_default().replace('"', "").replace(',', ", "));
                        plot.line(line(&shortened(&name), &|row| f64::from(row.terms.get(index).copied().unwrap_or(0.0))));
                    }
                });
            });
            egui::CollapsingHeader::new("Predicates").default_open(true).show(ui, |ui| {
                let lanes: Vec<(String, Box<dyn Fn(&Row) -> bool>)> = trace
                    .predicates
                    .iter()
                    .enumerate()
                    .map(|(index, name)| {
                        (name.clone(), Box::new(move |row: &Row| row.holds.get(index).copied().unwrap_or(false)) as Box<_>)
                    })
                    .chain([("success".to_owned(), Box::new(|row: &Row| row.success) as Box<_>)])
                    .collect();
                for (name, holds) in &lanes {
                    lane(ui, name, &rows, &time, holds);
                }
            });
        });
    });
    layout.taken(&ui);
}

/// Which observation channels are drawn.
fn channels(ui: &mut egui::Ui, observed: &Channels, chosen: &mut Chosen) {
    let all = &observed.0;
    let combo = egui::ComboBox::from_id_salt("channels")
        .selected_text(format!("{} of {} channels", chosen.channels.len(), all.len()))
        .width(200.0)
        .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    combo.show_ui(ui, |ui| {
        ui.add(egui::TextEdit::singleline(&mut chosen.filter).hint_text("filter"));
        if ui.small_button("none").clicked() {
            chosen.channels.clear();
        }
        let Chosen { channels, filter, .. } = chosen;
        for (index, channel) in all.iter().enumerate().filter(|(_, channel)| channel.name.contains(filter.as_str())) {
            let mut drawn = channels.contains(&index);
            if ui.checkbox(&mut drawn, &channel.name).changed() {
                channels.retain(|kept| *kept != index);
                if drawn {
                    channels.push(index);
                }
            }
        }
    });
}

fn plot<'a>(name: &'a str, height: f32) -> Plot<'a> {
    Plot::new(name)
        .height(height)
        .legend(Legend::default().position(Corner::LeftTop).background_alpha(0.5).text_style(egui::TextStyle::Small))
        .include_x(-SPAN)
        .include_x(0.0)
        .allow_scroll(false)
        .allow_zoom(false)
        .allow_drag(false)
        .link_axis("time", [true, false])
        .set_margin_fraction(egui::vec2(0.0, 0.08))
}

/// Where an episode begins.
fn begin(at: f64) -> VLine {
    VLine::new("", at).color(egui::Color32::from_gray(90)).width(1.0).allow_hover(false)
}

/// A strip that is filled where something held.
fn lane(ui: &mut egui::Ui, name: &str, rows: &[&Row], time: &impl Fn(&Row) -> f64, holds: &dyn Fn(&Row) -> bool) {
    let now = rows.last().is_some_and(|row| holds(row));
    ui.horizontal(|ui| {
        ui.colored_label(if now { GOOD } else { ui.visuals().weak_text_color() }, if now { "✔" } else { "✖" });
        ui.label(egui::RichText::new(name).small());
    });
    let (area, _) = ui.allocate_exact_size(egui::vec2(ui.available_width(), 7.0), egui::Sense::hover());
    let painter = ui.painter_at(area);
    painter.rect_filled(area, 2.0, ui.visuals().extreme_bg_color);
    let x = |seconds: f64| area.left() + area.width() * (1.0 + seconds / SPAN) as f32;
    for pair in rows.windows(2).filter(|pair| holds(pair[1])) {
        let stretch = egui::Rect::from_x_y_ranges(x(time(pair[0]))..=x(time(pair[1])) + 0.6, area.y_range());
        painter.rect_filled(stretch, 0.0, GOOD);
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() > 34 { text.chars().take(32).chain("..".chars()).collect() } else { text.to_owned() }
}
