//! Bindings, dead zone and curve, changed in the window: click on an input, then move or press the one that is wanted.

use super::legend::{ALARM, flown, head};
use super::pads::Pads;
use super::{HandsView, file};
use crate::arena::Arena;
use crate::pilot::Pilot;
use crate::pilot::hand::shaping::Shaping;
use crate::pilot::hand::{Bindings, Drive, HandCommand, HandSettings, Hands, Input};
use bevy::prelude::*;
use bevy_egui::{EguiContexts, egui};
use egui::{Button, Grid, Rect, RichText, ScrollArea, Sense, Slider, Stroke, Ui, pos2, vec2};

/// What a new input is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// The drive of this index.
    Drive(usize),
    /// The input of this index of a command; one past the last: one more.
    Command(HandCommand, usize),
    /// The same for what is held.
    Held(Hold, usize),
}

/// What is held while something else is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Keys go gently.
    Gentle,
    /// The mouse drives.
    Mouse,
    /// The hand takes over.
    Intervene,
}

impl Hold {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Gentle, "keys go gently"), (Self::Mouse, "the mouse drives"), (Self::Intervene, "take over from the pilot")];

    fn inputs(self, settings: &mut HandSettings) -> &mut Vec<Input> {
        match self {
            Self::Gentle => &mut settings.gentle,
            Self::Mouse => &mut settings.mouse,
            Self::Intervene => &mut settings.intervene,
        }
    }
}

/// Draws the panel while it is open, and keeps what was changed.
pub fn show(
    mut contexts: EguiContexts,
    mut view: ResMut<HandsView>,
    mut hands: ResMut<Hands>,
    pads: Res<Pads>,
    arenas: Query<(&Arena, &Pilot)>,
) {
    if !view.panel {
        stop_listening(&mut view, &mut hands);
        return;
    }
    let Ok(context) = contexts.ctx_mut() else { return };
    let bindings = flown(&arenas).map(|plan| &plan.bindings);
    listen(&mut view, &mut hands, bindings);
    let mut open = true;
    egui::Window::new("Hands").open(&mut open).default_width(430.0).show(context, |ui| {
        ui.horizontal(|ui| head(ui, &hands, &pads));
        ScrollArea::vertical().max_height(560.0).show(ui, |ui| contents(ui, &mut view, &mut hands, bindings));
        foot(ui, &mut view, &mut hands);
    });
    if !open {
        view.panel = false;
        stop_listening(&mut view, &mut hands);
    }
    hands.listening = view.listening.is_some();
    if view.changed && !context.egui_is_using_pointer() {
        keep(&mut view, &hands.settings);
    }
}

fn stop_listening(view: &mut HandsView, hands: &mut Hands) {
    if view.listening.take().is_some() {
        hands.listening = false;
    }
}

/// Puts the input that was touched where one is waited for.
fn listen(view: &mut HandsView, hands: &mut Hands, bindings: Option<&Bindings>) {
    let Some(row) = view.listening else { return };
    let Some(input) = hands.take_touched() else { return };
    view.listening = None;
    // Escape gives up, except where a key is looked for that may well be Escape.
    if input == Input::key("Escape") && !matches!(row, Row::Command(..)) {
        return;
    }
    view.changed |= bind(&mut hands.settings, bindings, row, input);
}

/// Binds `input` to `row`; false where there is no such row.
pub fn bind(settings: &mut HandSettings, bindings: Option<&Bindings>, row: Row, input: Input) -> bool {
    let inputs = match row {
        Row::Drive(index) => {
            let Some(bindings) = bindings else { return false };
            let Some(drive) = own(settings, bindings).get_mut(index) else { return false };
            drive.input = input;
            return true;
        }
        Row::Command(command, index) => (settings.commands.entry(command).or_default(), index),
        Row::Held(hold, index) => (hold.inputs(settings), index),
    };
    match inputs {
        (inputs, index) if index < inputs.len() => inputs[index] = input,
        (inputs, _) if !inputs.contains(&input) => inputs.push(input),
        _ => return false,
    }
    true
}

/// The user's own drives of a body, which begin as the body's.
fn own<'a>(settings: &'a mut HandSettings, bindings: &Bindings) -> &'a mut Vec<Drive> {
    settings.bodies.entry(bindings.body.clone()).or_insert_with(|| bindings.drives.clone())
}

fn contents(ui: &mut Ui, view: &mut HandsView, hands: &mut Hands, bindings: Option<&Bindings>) {
    match bindings {
        Some(bindings) => drives(ui, view, hands, bindings),
        None => {
            ui.weak("Nothing is flown by hand: choose the pilot `hand` to see the body's sticks.");
        }
    }
    ui.separator();
    feel(ui, view, hands);
    ui.separator();
    ui.collapsing("Buttons of a recording", |ui| {
        Grid::new("hand commands").spacing([12.0, 5.0]).show(ui, |ui| {
            for command in HandCommand::ALL {
                ui.label(command.to_string());
                let inputs = hands.settings.commands.entry(command).or_default();
                list(ui, view, inputs, |index| Row::Command(command, index));
                ui.end_row();
            }
        });
    });
    ui.collapsing("While held", |ui| {
        Grid::new("hand holds").spacing([12.0, 5.0]).show(ui, |ui| {
            for (hold, does) in Hold::ALL {
                ui.label(does);
                list(ui, view, hold.inputs(&mut hands.settings), |index| Row::Held(hold, index));
                ui.end_row();
            }
        });
    });
}

fn drives(ui: &mut Ui, view: &mut HandsView, hands: &mut Hands, bindings: &Bindings) {
    ui.horizontal(|ui| {
        ui.strong(&bindings.body);
        let changed = hands.settings.bodies.contains_key(&bindings.body);
        if ui.add_enabled(changed, Button::new("as it was").small()).on_hover_text("The body's own bindings").clicked() {
            hands.settings.bodies.remove(&bindings.body);
            view.changed = true;
        }
    });
    let shown = hands.settings.drives(bindings).to_vec();
    Grid::new("hand drives").spacing([12.0, 5.0]).show(ui, |ui| {
        for (index, drive) in shown.iter().enumerate() {
            ui.label(&drive.does);
            input_button(ui, view, &drive.input, Row::Drive(index));
            if ui.small_button("flip").on_hover_text("The other way round").clicked() {
                let drive = &mut own(&mut hands.settings, bindings)[index];
                drive.moves.values_mut().for_each(|by| *by = -*by);
                view.changed = true;
            }
            let moves: Vec<_> = drive.moves.iter().map(|(channel, by)| format!("{channel} {by:+}")).collect();
            ui.weak(moves.join(", "));
            gauge(ui, hands.value(&drive.input));
            let others = shown.iter().filter(|other| other.input == drive.input && other.does != drive.does);
            let also: Vec<_> =
                others.map(|other| other.does.clone()).chain(hands.settings.asks(&drive.input).map(|c| c.to_string())).collect();
            if !also.is_empty() {
                ui.colored_label(ALARM, format!("also: {}", also.join(", ")));
            }
            ui.end_row();
        }
    });
}

/// A button that shows an input and waits for another one when clicked.
fn input_button(ui: &mut Ui, view: &mut HandsView, input: &Input, row: Row) -> egui::Response {
    let waits = view.listening == Some(row);
    let text = if waits { RichText::new("move or press…").italics() } else { RichText::new(input.to_string()) };
    let response = ui.add(Button::new(text).selected(waits)).on_hover_text("Click, then move or press what you want here");
    if response.clicked() {
        view.listening = (!waits).then_some(row);
    }
    response
}

/// Inputs side by side, and one more.
fn list(ui: &mut Ui, view: &mut HandsView, inputs: &mut Vec<Input>, row: impl Fn(usize) -> Row) {
    ui.horizontal(|ui| {
        let mut gone = None;
        for (index, input) in inputs.iter().enumerate() {
            let response = input_button(ui, view, input, row(index)).on_hover_text("A right click takes it away");
            if response.secondary_clicked() {
                gone = Some(index);
            }
        }
        if let Some(index) = gone {
            inputs.remove(index);
            view.changed = true;
        }
        let more = row(inputs.len());
        let waits = view.listening == Some(more);
        if ui.add(Button::new(if waits { "press…" } else { "+" }).small().selected(waits)).clicked() {
            view.listening = (!waits).then_some(more);
        }
    });
}

/// Dead zone, curve, ramps.
fn feel(ui: &mut Ui, view: &mut HandsView, hands: &mut Hands) {
    let left = [Input::LeftStickX, Input::LeftStickY].map(|input| (hands.raw(&input), hands.value(&input)));
    let settings = &mut hands.settings;
    ui.horizontal(|ui| {
        let mut changed = false;
        Grid::new("hand feel").spacing([12.0, 5.0]).show(ui, |ui| {
            let mut slider = |name: &str, value: &mut f32, most: f32, unit: &str, about: &str| {
                ui.label(name).on_hover_text(about);
                changed |= ui.add(Slider::new(value, 0.0..=most).suffix(unit).max_decimals(2)).on_hover_text(about).changed();
                ui.end_row();
            };
            slider("dead zone", &mut settings.shaping.dead_zone, 0.5, "", "How far a stick may stray from its middle unfelt");
            slider("curve", &mut settings.shaping.curve, 1.0, "", "How much finer the middle is than the rim");
            slider("keys rise", &mut settings.keys.rise, 1.0, " s", "From nothing to full");
            slider("keys fall", &mut settings.keys.fall, 1.0, " s", "From full to nothing");
            slider("gentle", &mut settings.keys.gentle, 1.0, "", "What full is while the gentle key is held");
            slider("mouse reach", &mut settings.mouse_reach, 1000.0, " px", "From the middle to full");
        });
        view.changed |= changed;
        curve(ui, settings.shaping, left);
    });
}

/// The response curve, with the left stick's place on it, and the stick itself in its dead zone.
fn curve(ui: &mut Ui, shaping: Shaping, stick: [(f32, f32); 2]) {
    let (response, painter) = ui.allocate_painter(vec2(110.0, 150.0), Sense::hover());
    let visuals = ui.visuals();
    let (faint, line, strong) = (visuals.weak_text_color(), visuals.hyperlink_color, visuals.strong_text_color());
    let area = Rect::from_min_size(response.rect.min + vec2(6.0, 4.0), vec2(98.0, 66.0));
    let at = |raw: f32, felt: f32| pos2(area.left() + raw * area.width(), area.bottom() - felt * area.height());
    painter.rect_stroke(area, 2.0, Stroke::new(1.0, faint), egui::StrokeKind::Outside);
    let points = (0..=40).map(|step| step as f32 / 40.0).map(|raw| at(raw, shaping.one(raw))).collect();
    painter.line(points, Stroke::new(1.5, line));
    let raw = stick[0].0.hypot(stick[1].0).min(1.0);
    painter.circle_filled(at(raw, shaping.one(raw)), 3.0, strong);
    let (middle, radius) = (area.center_bottom() + vec2(0.0, 42.0), 32.0);
    painter.circle_stroke(middle, radius, Stroke::new(1.0, faint));
    painter.circle_stroke(middle, radius * shaping.dead_zone, Stroke::new(1.0, faint));
    painter.circle_stroke(middle + vec2(stick[0].0, -stick[1].0) * radius, 3.0, Stroke::new(1.0, faint));
    painter.circle_filled(middle + vec2(stick[0].1, -stick[1].1) * radius, 3.0, strong);
    response.on_hover_text("The left stick: ring as it stands, dot as it is felt");
}

/// A bar from the middle: -1 to 1.
fn gauge(ui: &mut Ui, value: f32) {
    let (response, painter) = ui.allocate_painter(vec2(46.0, 10.0), Sense::hover());
    let (rect, visuals) = (response.rect, ui.visuals());
    painter.rect_filled(rect, 2.0, visuals.extreme_bg_color);
    let (middle, end) = (rect.center().x, rect.center().x + value * rect.width() / 2.0);
    let bar = Rect::from_two_pos(pos2(middle, rect.top()), pos2(end, rect.bottom()));
    painter.rect_filled(bar, 1.0, visuals.hyperlink_color);
}

fn foot(ui: &mut Ui, view: &mut HandsView, hands: &mut Hands) {
    ui.separator();
    ui.horizontal(|ui| {
        if ui.button("Everything as it was").on_hover_text("Forget all changes").clicked() {
            hands.settings = HandSettings::default();
            view.changed = true;
        }
        match &view.file {
            Some(file) => ui.weak("kept").on_hover_text(format!("in {}", file.display())),
            None => ui.weak("not kept"),
        };
    });
    if let Some(problem) = &view.problem {
        ui.colored_label(ALARM, problem);
    }
}

/// Writes the settings into the user's file.
fn keep(view: &mut HandsView, settings: &HandSettings) {
    view.changed = false;
    let Some(path) = &view.file else { return };
    view.problem = match file::write(path, settings) {
        Ok(()) => None,
        Err(error) => Some(format!("the settings cannot be kept in {}: {error}", path.display())),
    };
}
