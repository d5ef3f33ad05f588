//! The app behind `apprentice explore`.

use super::app::{self, DrawError, Surface};
use super::camera::Eye;
use super::film::reel;
use super::hands::{self, HandsPlugin};
use super::notice::{Event, Told};
use super::recording::{self, Programme, Wanted};
use super::script::{Script, Whole};
use super::shown::{self, Choice, Shown};
use super::stage::samples;
use super::time::Clock;
use super::{gizmos, notice, panels, reload, request, rewind, screenshot, script, time, trace};
use crate::arena::ArenaPlugin;
use crate::control::ControlPlugin;
use crate::curriculum::Level;
use crate::physics::Threads;
use crate::pilot::PilotPlugin;
use crate::scene::plan::Plan;
use bevy::prelude::*;
use bevy::render::render_resource::PipelineCache;
use bevy::render::renderer::RenderAdapterInfo;
use bevy::render::{Render, RenderApp, RenderSystems};
use bevy::winit::{UpdateMode, WinitSettings};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// How the window opens.
pub struct Exploration {
    /// The scene's file.
    pub path: PathBuf,
    /// The scene.
    pub plan: Arc<Plan>,
    /// Who decides; it has to fit the scene.
    pub pilot: Choice,
    /// Who decides for the other agents of a team; it has to fit them.
    pub against: Choice,
    /// How many arenas.
    pub arenas: usize,
    /// The seed from which levels are drawn.
    pub seed: u64,
    /// A level to keep in the first arena.
    pub level: Option<Level>,
    /// Whether the clock stands still at first.
    pub paused: bool,
    /// Whether there are panels at first.
    pub panels: bool,
    /// Width and height, in logical pixels.
    pub size: (u32, u32),
    /// What is done by itself.
    pub script: Script,
    /// Where events are told.
    pub told: Told,
    /// Threads of simulation.
    pub threads: Threads,
    /// When the program started.
    pub began: Instant,
    /// What is recorded by hand, if anything.
    pub recording: Option<Wanted>,
    /// What is replayed, if anything.
    pub programme: Option<Programme>,
    /// How fast the clock runs at first.
    pub speed: f32,
}

/// When the program started.
#[derive(Resource)]
struct Began(Instant);

impl Exploration {
    /// A scene with its expert, or nobody where it has none, in one arena, with panels, at the speed of life.
    pub fn of(path: PathBuf, plan: Arc<Plan>, threads: Threads, told: Told) -> Self {
        let pilot = if Choice::Expert.fits(&plan).is_ok() { Choice::Expert } else { Choice::Idle };
        #[expect(clippy::disallowed_methods, reason = "tells how long the first picture took")]
        let began = Instant::now();
        Self {
            path,
            plan,
            pilot,
            against: Choice::Idle,
            arenas: 1,
            seed: 1,
            level: None,
            paused: false,
            panels: true,
            size: (1280, 720),
            script: Script::default(),
            told,
            threads,
            began,
            recording: None,
            programme: None,
            speed: 1.0,
        }
    }
}

/// Opens the window and stays until it is closed.
///
/// # Errors
/// Where there is nothing to draw with or on.
pub fn explore(exploration: Exploration) -> Result<AppExit, DrawError> {
    let Exploration {
        path,
        plan,
        pilot,
        against,
        arenas,
        seed,
        level,
        paused,
        panels,
        size,
        script,
        told,
        threads,
        began,
        recording,
        programme,
        speed,
    } = exploration;
    if cfg!(target_os = "linux")
        && ["DISPLAY", "WAYLAND_DISPLAY"].iter().all(|name| std::env::var_os(name).is_none_or(|value| value.is_empty()))
    {
        return Err(DrawError::NoDisplay);
    }
    let mut app = App::new();
    app.insert_resource(threads);
    app::rendering(&mut app, Surface::Window { title: format!("apprentice: {}", plan.name), size })?;
    let held = BTreeMap::from_iter(level.map(|level| (0, level)));
    let shown = Shown { path, plan: plan.clone(), count: arenas, seed, pilot, against, watched: 0, held, problems: None };
    app.insert_resource(shown)
        .insert_resource(Clock::new(paused, speed))
        .insert_resource(Beginning(Mutex::new(recording)))
        .insert_resource(script)
        .insert_resource(panels::Layout { shown: panels, ..default() })
        .insert_resource(told)
        .insert_resource(Began(began))
        .init_resource::<Whole>()
        // It is drawn as often as the display shows it, whether or not somebody moves the mouse.
        .insert_resource(WinitSettings { focused_mode: UpdateMode::Continuous, unfocused_mode: UpdateMode::Continuous })
        .add_plugins((
            ControlPlugin { timing: plan.timing },
            // The arenas come at startup, as they do whenever the scene changes.
            ArenaPlugin { plans: vec![plan], count: 0, seed, pilot: crate::pilot::Pilot::Idle },
            PilotPlugin,
            crate::pilot::policy::plugin,
            app::drawing,
        ))
        .add_plugins((
            notice::plugin,
            request::plugin,
            script::plugin,
            screenshot::plugin,
            reel::plugin,
            time::plugin,
            rewind::plugin,
            trace::plugin,
            reload::plugin,
            gizmos::plugin,
            panels::plugin,
        ))
        .add_plugins(HandsPlugin { file: hands::file::usual() })
        .add_plugins(recording::plugin)
        .add_systems(Startup, begin)
        .add_systems(Last, (entitle, first_picture));
    if let Some(programme) = programme {
        app.insert_resource(programme);
    }
    app::one_thread_per_step(&mut app);
    look_whether_whole(&mut app);
    Ok(app.run())
}

/// What is to be recorded from the start.
#[derive(Resource)]
struct Beginning(Mutex<Option<Wanted>>);

fn begin(world: &mut World) {
    shown::anew(world);
    let shown = world.resource::<Shown>();
    let eye = Eye::framing(&shown.plan, shown.count);
    let samples = samples(world);
    world.spawn((eye.bundle(), samples));
    let wanted = world.resource_mut::<Beginning>().0.get_mut().ok().and_then(Option::take);
    if let Some(wanted) = wanted {
        recording::record(world, wanted);
    }
}

fn entitle(shown: Res<Shown>, mut windows: Query<&mut Window>, mut titled: Local<String>) {
    if *titled != shown.plan.name {
        titled.clone_from(&shown.plan.name);
        windows.iter_mut().for_each(|mut window| window.title = format!("apprentice: {}", shown.plan.name));
    }
}

/// Tells when the first whole picture is there.
fn first_picture(
    whole: Res<Whole>,
    began: Res<Began>,
    shown: Res<Shown>,
    adapter: Option<Res<RenderAdapterInfo>>,
    mut told: Local<bool>,
    mut events: MessageWriter<Event>,
) {
    if !*told && whole.0.load(Ordering::Relaxed) {
        *told = true;
        let adapter = adapter.map_or(String::new(), |adapter| adapter.name.clone());
        events.write(Event::Drawn { scene: shown.plan.name.clone(), seconds: began.0.elapsed().as_secs_f64(), adapter });
    }
}

/// The renderer tells when nothing is left to be compiled: until then, things are missing in the picture.
fn look_whether_whole(app: &mut App) {
    let whole = app.world().resource::<Whole>().clone();
    if let Some(render) = app.get_sub_app_mut(RenderApp) {
        render.insert_resource(whole).add_systems(Render, look.in_set(RenderSystems::Cleanup));
    }
}

fn look(cache: Res<PipelineCache>, whole: Res<Whole>, mut calm: Local<u32>) {
    *calm = if cache.waiting_pipelines().next().is_none() { *calm + 1 } else { 0 };
    whole.0.store(*calm >= 4, Ordering::Relaxed);
}
