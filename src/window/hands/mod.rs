//! Hands at the window: gamepads, keyboard and mouse feed [`Hands`](crate::pilot::hand::Hands), and a panel and a legend show what they
//! do and change it.
//!
//! - [`gather`] — from Bevy's messages to [`Hands`](crate::pilot::hand::Hands).
//! - [`pads`] — which pads there are, and which one is in use.
//! - [`file`] — a user's settings in a RON file.
//! - [`legend`] — what each stick and key does, on the screen.
//! - [`scripted`] — a pad that a script moves.
//! - [`panel`] — bindings, dead zone and curve, changed in the window.

pub mod file;
pub mod gather;
pub mod legend;
mod naming;
pub mod pads;
pub mod panel;
pub mod scripted;

use crate::control::{ControlStep, ControlSystems};
use crate::pilot::hand::hands::Latch;
use crate::pilot::hand::{HandCommand, Hands};
use crate::window::time::Clock;
use bevy::input::InputSystems;
use bevy::prelude::*;
use bevy_egui::{EguiPlugin, EguiPrimaryContextPass, egui};
use std::path::PathBuf;

/// Lets hands fly, once [`PilotPlugin`](crate::pilot::PilotPlugin) is there. Legend and panel are drawn where [`EguiPlugin`] was added
/// before.
#[derive(Default)]
pub struct HandsPlugin {
    /// Where the user's settings are kept; none: they are neither read nor kept. See [`file::usual`].
    pub file: Option<PathBuf>,
}

/// What is shown of hands.
#[derive(Resource, Debug)]
pub struct HandsView {
    /// Whether the legend is on the screen while an arena is flown by hand.
    pub legend: bool,
    /// Whether the legend also tells the buttons of a recording (see [`HandCommand`]).
    pub commands: bool,
    /// Whether the panel for bindings is open.
    pub panel: bool,
    /// The part of the window that panels leave free, in whose lower left corner the legend stands; none: all of it.
    pub free: Option<egui::Rect>,
    /// What is wrong with the file of settings, in words.
    pub problem: Option<String>,
    file: Option<PathBuf>,
    listening: Option<panel::Row>,
    changed: bool,
}

impl Plugin for HandsPlugin {
    fn build(&self, app: &mut App) {
        let read = self.file.as_deref().map(file::read);
        let (settings, problem) = match read {
            None | Some(Ok(None)) => (None, None),
            Some(Ok(Some(settings))) => (Some(settings), None),
            Some(Err(problem)) => (None, Some(problem)),
        };
        if let Some(problem) = &problem {
            tracing::warn!("the settings of hands are left aside, and defaults hold:\n{problem}");
        }
        app.init_resource::<Hands>().init_resource::<gather::Seen>().init_resource::<pads::Pads>().add_message::<HandCommand>();
        app.insert_resource(HandsView {
            legend: true,
            commands: false,
            panel: false,
            free: None,
            problem,
            file: self.file.clone(),
            listening: None,
            changed: false,
        });
        if let Some(settings) = settings {
            app.world_mut().resource_mut::<Hands>().settings = settings;
        }
        app.add_systems(PreUpdate, (gather::gather, wait, tell).chain().after(InputSystems));
        app.add_systems(ControlStep, gather::gather.in_set(ControlSystems::Decide).before(Latch));
        if app.is_plugin_added::<EguiPlugin>() {
            app.add_systems(EguiPrimaryContextPass, (legend::show, panel::show));
        }
    }
}

/// How long somebody stops the clock makes no input late.
fn wait(clock: Option<Res<Clock>>, mut hands: ResMut<Hands>) {
    if clock.is_some_and(|clock| clock.paused && clock.steps == 0) {
        hands.stand_still();
    }
}

/// Tells what buttons ask, also in a window whose arenas stand still.
fn tell(mut hands: ResMut<Hands>, mut asked: MessageWriter<HandCommand>) {
    if hands.has_asked() {
        asked.write_batch(hands.take_asked());
    }
}
