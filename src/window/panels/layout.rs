//! Which panel gets which piece of the window, and what is left for the picture.

use super::super::camera::Eye;
use super::super::request::Request;
use super::super::time::Clock;
use super::{level, notices, pilot, plots, scenes, time, top};
use crate::window::camera::Mode;
use bevy::camera::visibility::RenderLayers;
use bevy::camera::{CameraOutputMode, Viewport};
use bevy::prelude::*;
use bevy::render::render_resource::BlendState;
use bevy::window::PrimaryWindow;
use bevy_egui::{EguiContexts, EguiGlobalSettings, EguiPlugin, EguiPrimaryContextPass, PrimaryEguiContext, egui};

/// What is left of the window, in points, while panels take their pieces; and which of them are open.
#[derive(Resource)]
pub struct Layout {
    /// Not taken yet. After all panels: the picture.
    pub free: egui::Rect,
    /// Whether there are panels at all.
    pub shown: bool,
    /// Whether the plots are open.
    pub plots: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self { free: egui::Rect::ZERO, shown: true, plots: true }
    }
}

/// Panels, in the order in which they take their pieces. A panel of your own goes into one of them.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub enum PanelSystems {
    /// Bars and sides: take a piece of [`Layout::free`].
    Sides,
    /// What floats over the picture, within [`Layout::free`].
    Floating,
}

impl Layout {
    /// A surface over all that is free, for a panel to take a side of; see [`Layout::taken`].
    pub fn ui(&self, contexts: &mut EguiContexts<'_, '_>, name: &str) -> Option<egui::Ui> {
        let builder = egui::UiBuilder::new().layer_id(egui::LayerId::background()).max_rect(self.free);
        Some(egui::Ui::new(contexts.ctx_mut().ok()?.clone(), egui::Id::new(name), builder))
    }

    /// What the panels in `ui` have left is free.
    pub fn taken(&mut self, ui: &egui::Ui) {
        self.free = ui.available_rect_before_wrap();
    }
}

/// Adds the panels.
pub fn plugin(app: &mut App) {
    app.add_plugins(EguiPlugin::default())
        .init_resource::<Layout>()
        .init_resource::<plots::Chosen>()
        .init_resource::<pilot::Runs>()
        .init_resource::<scenes::Known>()
        .add_systems(PreStartup, |mut settings: ResMut<EguiGlobalSettings>| settings.auto_create_primary_context = false)
        .add_systems(Startup, set)
        .configure_sets(
            EguiPrimaryContextPass,
            (PanelSystems::Sides, PanelSystems::Floating).chain().run_if(|layout: Res<Layout>| layout.shown),
        )
        .add_systems(
            EguiPrimaryContextPass,
            (
                begin.before(PanelSystems::Sides),
                (top::show, time::show, left, plots::show).chain().in_set(PanelSystems::Sides),
                notices::show.in_set(PanelSystems::Floating),
                end.after(PanelSystems::Floating),
            ),
        )
        .add_systems(PreUpdate, keys);
}

/// A camera for the panels alone, over the whole window.
fn set(mut commands: Commands) {
    commands.spawn((
        PrimaryEguiContext,
        Camera2d,
        RenderLayers::none(),
        Msaa::Off,
        Camera {
            order: 1,
            output_mode: CameraOutputMode::Write { blend_state: Some(BlendState::ALPHA_BLENDING), clear_color: ClearColorConfig::None },
            clear_color: ClearColorConfig::Custom(Color::NONE),
            ..default()
        },
    ));
}

fn begin(mut contexts: EguiContexts, mut layout: ResMut<Layout>, mut styled: Local<bool>) {
    let Ok(context) = contexts.ctx_mut() else { return };
    if !std::mem::replace(&mut *styled, true) {
        context.set_theme(egui::Theme::Dark);
        context.all_styles_mut(|style| {
            style.spacing.item_spacing = egui::vec2(6.0, 4.0);
            style.spacing.slider_width = 116.0;
        });
    }
    layout.free = context.viewport_rect();
}

/// The left side: scenes, level, pilot, what is shown.
fn left(
    mut contexts: EguiContexts,
    mut layout: ResMut<Layout>,
    mut scenes: scenes::Scenes,
    level: level::LevelPanel,
    mut pilots: pilot::Pilots,
    mut requests: MessageWriter<Request>,
) {
    let Some(mut ui) = layout.ui(&mut contexts, "left") else { return };
    egui::Panel::left("left panel").resizable(true).default_size(258.0).size_range(200.0..=420.0).show(&mut ui, |ui| {
        egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            scenes.show(ui, &mut requests);
            level.show(ui, &mut requests);
            pilots.show(ui, &mut requests);
        });
    });
    layout.taken(&ui);
}

/// The picture fills what is left; mouse and keys move the camera only there.
fn end(
    mut contexts: EguiContexts,
    layout: Res<Layout>,
    mut eyes: Query<(&mut Eye, &mut Camera)>,
    windows: Query<&Window, With<PrimaryWindow>>,
    buttons: Res<ButtonInput<MouseButton>>,
) {
    let (Ok(context), Ok((mut eye, mut camera)), Ok(window)) = (contexts.ctx_mut(), eyes.single_mut(), windows.single()) else { return };
    let scale = context.pixels_per_point();
    let whole = UVec2::new(window.physical_width(), window.physical_height());
    let low = (Vec2::new(layout.free.min.x, layout.free.min.y) * scale).round().max(Vec2::ZERO).as_uvec2().min(whole);
    let high = (Vec2::new(layout.free.max.x, layout.free.max.y) * scale).round().max(Vec2::ZERO).as_uvec2().min(whole);
    let size = high.saturating_sub(low);
    let viewport = (size.x > 16 && size.y > 16).then(|| Viewport { physical_position: low, physical_size: size, ..default() });
    let differs = |now: &Viewport| {
        viewport.as_ref().is_none_or(|new| now.physical_position != new.physical_position || now.physical_size != new.physical_size)
    };
    if camera.viewport.as_ref().is_none_or(differs) {
        camera.viewport = viewport;
    }
    // A drag that began on the picture stays with the camera, wherever it goes.
    if buttons.get_pressed().next().is_none() {
        let over = context.pointer_latest_pos().is_some_and(|at| {
            layout.free.contains(at) && context.layer_id_at(at).is_none_or(|layer| layer.order == egui::Order::Background)
        });
        let free = over && !context.egui_wants_keyboard_input();
        if eye.free != free {
            eye.free = free;
        }
    }
}

/// Keys: space pauses, `.` makes a step, N draws a level, R restarts, C changes the camera, F frames, tab hides the panels.
fn keys(
    keys: Res<ButtonInput<KeyCode>>,
    mut contexts: EguiContexts,
    mut layout: ResMut<Layout>,
    mut requests: MessageWriter<Request>,
    clock: Res<Clock>,
    eyes: Query<&Eye>,
    buttons: Res<ButtonInput<MouseButton>>,
) {
    // Where somebody types, or flies, keys mean something else.
    if contexts.ctx_mut().is_ok_and(|context| context.egui_wants_keyboard_input()) || buttons.pressed(MouseButton::Right) {
        return;
    }
    let mode = eyes.single().map_or(Mode::Orbit, |eye| eye.mode);
    for key in keys.get_just_pressed() {
        let request = match key {
            KeyCode::Space => Request::Pause(!clock.paused),
            KeyCode::Period => Request::Step(1),
            KeyCode::KeyN => Request::NewLevel,
            KeyCode::KeyR => Request::Restart,
            KeyCode::KeyF => Request::Frame,
            KeyCode::KeyC => Request::Camera(match mode {
                Mode::Orbit => Mode::Follow,
                Mode::Follow => Mode::Fly,
                Mode::Fly => Mode::Orbit,
            }),
            KeyCode::Tab => {
                layout.shown = !layout.shown;
                continue;
            }
            _ => continue,
        };
        requests.write(request);
    }
}
