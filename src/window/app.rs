//! The app of the window, and what it shares with [`offscreen`](super::offscreen) drawing.

use super::{camera, dress, room, smoothing, stage};
use crate::control::ControlStep;
use bevy::ecs::schedule::SingleThreadedExecutor;
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::window::{ExitCondition, PresentMode, WindowResolution};
use bevy::winit::WinitPlugin;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Why nothing can be drawn.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// No graphics adapter.
    #[error(
        "nothing to draw with was found: install a graphics driver, or a software one (on Debian and Ubuntu: apt install mesa-vulkan-drivers)"
    )]
    NoAdapter,
    /// No display.
    #[error(
        "there is no display to open a window on (neither DISPLAY nor WAYLAND_DISPLAY leads to one); without one, `xvfb-run -a` before the \
         command gives it a display in memory"
    )]
    NoDisplay,
}

/// Where is drawn to.
pub enum Surface {
    /// Images in memory: neither window nor display.
    Memory,
    /// A window of this title and size, in logical pixels.
    Window {
        /// What its bar says.
        title: String,
        /// Width and height.
        size: (u32, u32),
    },
}

/// Adds Bevy's plugins that drawing needs.
///
/// # Errors
/// Where there is nothing to draw with.
pub fn rendering(app: &mut App, surface: Surface) -> Result<(), DrawError> {
    let memory = matches!(surface, Surface::Memory);
    // Pictures in memory are to be whole from the first one on; a window rather shows something at once.
    let render = RenderPlugin { synchronous_pipeline_compilation: memory, ..default() };
    // The program has its own log.
    let plugins = DefaultPlugins.build().disable::<LogPlugin>().set(render);
    let plugins = match surface {
        Surface::Memory => plugins
            .disable::<WinitPlugin>()
            .disable::<PipelinedRenderingPlugin>()
            .disable::<GilrsPlugin>()
            .disable::<bevy::app::TerminalCtrlCHandlerPlugin>()
            .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() }),
        Surface::Window { title, size } => {
            let window = Window {
                title,
                name: Some("apprentice".into()),
                resolution: WindowResolution::new(size.0, size.1),
                present_mode: PresentMode::AutoVsync,
                ..default()
            };
            plugins.set(WindowPlugin { primary_window: Some(window), ..default() })
        }
    };
    // Bevy panics where it finds no adapter; a user gets a sentence instead.
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let added = catch_unwind(AssertUnwindSafe(|| {
        app.add_plugins(plugins);
    }));
    std::panic::set_hook(told);
    added.map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let text = text.unwrap_or_default();
        tracing::debug!("{text}");
        if text.contains("GPU") || memory { DrawError::NoAdapter } else { DrawError::NoDisplay }
    })
}

/// Everything that is drawn of arenas.
pub fn drawing(app: &mut App) {
    app.add_plugins((room::plugin, stage::plugin, dress::plugin, smoothing::plugin, camera::plugin));
}

/// The control step runs as it does headless: one system after the other, each of them parallel inside.
pub fn one_thread_per_step(app: &mut App) {
    app.edit_schedule(ControlStep, |schedule| {
        schedule.set_executor(SingleThreadedExecutor::new());
    });
    app.edit_schedule(FixedUpdate, |schedule| {
        schedule.set_executor(SingleThreadedExecutor::new());
    });
}
