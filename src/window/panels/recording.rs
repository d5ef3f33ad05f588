//! The recording: how it stands, its buttons, what was said of the last episode; or where to record to.

use super::layout::Layout;
use crate::control::ControlTiming;
use crate::imitation::data_set::is_data_set;
use crate::imitation::recorder::Recorder;
use crate::imitation::session::{Phase, Session};
use crate::pilot::hand::HandCommand;
use crate::window::hands::HandsView;
use crate::window::recording::{Recording, phase_name};
use crate::window::request::Request;
use crate::window::shown::Shown;
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_egui::{EguiContexts, egui};
use std::path::PathBuf;

/// The data set that is meant, as it is being typed, and one of its episodes.
#[derive(Resource, Default)]
pub struct Typed {
    folder: Option<String>,
    episode: usize,
}

/// What the section of the side panel reads.
#[derive(SystemParam)]
pub struct Desk<'w> {
    typed: ResMut<'w, Typed>,
    shown: Res<'w, Shown>,
    view: Res<'w, HandsView>,
}

/// A bar over the picture while a recording goes on.
pub fn show(
    mut contexts: EguiContexts,
    layout: Res<Layout>,
    session: Option<Res<Session>>,
    recording: Option<Res<Recording>>,
    recorders: Query<&Recorder>,
    timing: Res<ControlTiming>,
    mut commands: MessageWriter<HandCommand>,
) {
    let (Ok(context), Some(session), Some(recording)) = (contexts.ctx_mut(), session, recording) else { return };
    if session.phase == Phase::Done {
        return;
    }
    let at = layout.free.center_top() + egui::vec2(0.0, 10.0);
    let area = egui::Area::new(egui::Id::new("recording")).fixed_pos(at).pivot(egui::Align2::CENTER_TOP).order(egui::Order::Foreground);
    area.show(context, |ui| {
        egui::Frame::popup(ui.style()).show(ui, |ui| {
            ui.horizontal(|ui| {
                let red = egui::Color32::from_rgb(235, 70, 60);
                if session.phase == Phase::Recording {
                    ui.colored_label(red, "⏺");
                }
                let rows = recorders.iter().map(Recorder::length).max().unwrap_or(0);
                let seconds = rows as f32 / timing.control_hz as f32;
                let time = if session.phase == Phase::Recording { format!(" {seconds:.1} s") } else { String::new() };
                ui.strong(format!("{}{time}", phase_name(&session.phase)));
                let goal = session.goal.map_or(String::new(), |goal| format!(" of {goal}"));
                ui.label(format!("{}{goal} kept in {}", session.kept, recording.data_set.display()));
            });
            if !session.message.is_empty() {
                ui.label(&session.message);
            }
            ui.horizontal(|ui| {
                let offers: &[(HandCommand, &str)] = match session.phase {
                    Phase::Ready | Phase::Paused(_) => &[(HandCommand::Start, "Start"), (HandCommand::Stop, "Stop")],
                    Phase::Recording => &[
                        (HandCommand::Finish, "Finish"),
                        (HandCommand::Success, "Success"),
                        (HandCommand::Failure, "Failure"),
                        (HandCommand::Discard, "Discard"),
                        (HandCommand::Stop, "Stop"),
                    ],
                    Phase::Review => &[(HandCommand::Finish, "Keep"), (HandCommand::Discard, "Throw away")],
                    Phase::Resetting(_) => {
                        &[(HandCommand::Finish, "Next"), (HandCommand::Undo, "Undo the last"), (HandCommand::Stop, "Stop")]
                    }
                    Phase::Done => &[],
                };
                for (command, name) in offers {
                    if ui.button(*name).clicked() {
                        commands.write(*command);
                    }
                }
            });
        });
    });
}

impl Desk<'_> {
    /// In the side panel: where to record to, what to replay.
    pub fn show(&mut self, ui: &mut egui::Ui, requests: &mut MessageWriter<Request>) {
        egui::CollapsingHeader::new("Demonstrations").default_open(true).show(ui, |ui| {
            let scene = &self.shown.plan.name;
            let Typed { folder, episode } = &mut *self.typed;
            let folder = folder.get_or_insert_with(|| format!("data/{scene}"));
            ui.add(egui::TextEdit::singleline(folder).hint_text("folder of a data set").desired_width(f32::INFINITY));
            let path = PathBuf::from(folder.trim());
            let named = !folder.trim().is_empty();
            ui.horizontal(|ui| {
                let free = named && !self.view.commands;
                let button = ui.add_enabled(free, egui::Button::new("record"));
                if button.on_hover_text("by hand, until stopped; a data set that is there is gone on with").clicked() {
                    requests.write(Request::Record(path.clone()));
                }
                let button = ui.add_enabled(free && is_data_set(&path), egui::Button::new("replay"));
                if button.on_hover_text("this episode, held against its hashes frame by frame").clicked() {
                    requests.write(Request::Replay(path, *episode));
                }
                ui.add(egui::DragValue::new(episode).prefix("episode ").speed(0.1));
            });
        });
    }
}
