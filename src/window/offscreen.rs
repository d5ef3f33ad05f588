//! The same picture without a window or a display: an episode, frame by frame, into memory. For films, and for whoever wants pictures.
//!
//! ```no_run
//! use apprentice::physics::Threads;
//! use apprentice::pilot::Pilot;
//! use apprentice::scene::plan::Plan;
//! use apprentice::window::offscreen::{Shot, frames};
//! use std::sync::Arc;
//!
//! let plan = Arc::new(Plan::load("scenes/push")?);
//! let shot = Shot { cast: Pilot::expert().into(), ..Shot::new(plan) };
//! for frame in frames(shot, Threads::default())? {
//!     assert_eq!(frame.rgba.len(), (4 * frame.width * frame.height) as usize);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::app::{self, DrawError};
use super::camera::{Eye, Mode};
use super::smoothing::{Between, settle};
use super::stage::samples;
use crate::arena::{ArenaPlugin, ArenaQuery, FinishedEpisodes, Snapshot, finish};
use crate::control::{ControlPlugin, ControlStep, ControlSystems};
use crate::curriculum::Lesson;
use crate::physics::Threads;
use crate::pilot::cast::Cast;
use crate::pilot::{Pilot, PilotPlugin};
use crate::scene::plan::Plan;
use bevy::app::PluginsState;
use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::gpu_readback::{Readback, ReadbackComplete};
use bevy::render::render_resource::{TextureFormat, TextureUsages};
use bevy::time::TimeUpdateStrategy;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// What is to be drawn: one episode in one arena.
pub struct Shot {
    /// The scene.
    pub plan: Arc<Plan>,
    /// How the episode starts.
    pub start: Start,
    /// Who decides, for each agent.
    pub cast: Cast,
    /// The seed of a random pilot.
    pub seed: u64,
    /// Pixels of a frame: width and height.
    pub size: (u32, u32),
    /// Frames per second of the episode's own time.
    pub frames_per_second: u32,
    /// How long the last picture stays, s.
    pub hold: f32,
    /// Whether the camera orbits (stands still) or follows.
    pub camera: Mode,
    /// Where it stands instead, for one that shows a single arena.
    pub eye: Option<Eye>,
}

/// How an episode starts.
pub enum Start {
    /// At the beginning of a lesson.
    Lesson(Lesson),
    /// At a snapshot. (Its pilots are replaced by the shot's cast.)
    Snapshot(Box<Snapshot>),
}

/// One picture.
pub struct Frame {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Red, green, blue, alpha of each pixel (sRGB, 8 bits), row by row from the top.
    pub rgba: Vec<u8>,
}

impl Shot {
    /// The scene's canonical level at 1280 x 720 pixels and 30 frames per second; nobody decides.
    pub fn new(plan: Arc<Plan>) -> Self {
        Self {
            start: Start::Lesson(plan.canonical().into()),
            plan,
            cast: Cast::default(),
            seed: 1,
            size: (1280, 720),
            frames_per_second: 30,
            hold: 0.5,
            camera: Mode::Orbit,
            eye: None,
        }
    }
}

/// Draws a shot: an iterator over its frames, which ends a moment after the episode does. (An episode without a task, or a scene whose
/// task does not end it, is cut off by the caller: `.take(n)`.)
///
/// # Errors
/// Where there is nothing to draw with.
pub fn frames(shot: Shot, threads: Threads) -> Result<Frames, DrawError> {
    let mut app = App::new();
    app.insert_resource(threads);
    app::rendering(&mut app, app::Surface::Memory)?;
    let timing = shot.plan.timing;
    app.add_plugins((
        ControlPlugin { timing },
        ArenaPlugin { plans: vec![shot.plan.clone()], count: 1, seed: shot.seed, pilot: Pilot::Idle },
        PilotPlugin,
        app::drawing,
    ));
    shot.cast.enter(&mut app);
    app.init_resource::<Arrived>()
        .init_resource::<Over>()
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::ZERO))
        .add_systems(ControlStep, stop.in_set(ControlSystems::Reset).after(finish))
        .add_systems(Update, between.before(super::smoothing::DrawSystems::Dress))
        .add_observer(|arrived: On<ReadbackComplete>, mut kept: ResMut<Arrived>| kept.0.push_back(arrived.data.clone()));
    while app.plugins_state() == PluginsState::Adding {}
    app.finish();
    app.cleanup();
    app::one_thread_per_step(&mut app);

    let (width, height) = shot.size;
    let mut image = Image::new_target_texture(width, height, TextureFormat::Rgba8UnormSrgb, None);
    image.texture_descriptor.usage |= TextureUsages::COPY_SRC;
    let image = app.world_mut().resource_mut::<Assets<Image>>().add(image);
    let eye = shot.eye.unwrap_or_else(|| {
        let mut eye = Eye::framing(&shot.plan, 1);
        eye.set_mode(shot.camera);
        eye
    });
    let samples = samples(app.world());
    app.world_mut().spawn((eye.bundle(), samples, RenderTarget::Image(image.clone().into())));
    let reader = app.world_mut().spawn_empty().id();
    // Arenas begin, and everything is brought to where pictures are drawn from.
    app.update();
    let world = app.world_mut();
    let mut query = world.query::<ArenaQuery>();
    for mut item in query.iter_mut(world) {
        match &shot.start {
            Start::Lesson(lesson) => item.start(lesson.clone(), 0, shot.seed),
            Start::Snapshot(snapshot) => {
                item.restore(snapshot);
                for agent in 0..=shot.plan.team.len() {
                    item.seat(agent, shot.cast.pilots.get(agent).cloned().unwrap_or_default(), shot.seed);
                }
            }
        }
    }
    let _ = world.run_system_cached(settle);
    app.update();
    app.world_mut().resource_mut::<Arrived>().0.clear();
    let hold = (shot.hold * shot.frames_per_second as f32).round() as u32;
    let interval = Duration::from_secs(1) / shot.frames_per_second.max(1);
    Ok(Frames { app, reader, image, size: shot.size, interval, left: hold, drawn: 0 })
}

/// The frames of a shot. See [`frames`].
pub struct Frames {
    app: App,
    reader: Entity,
    image: Handle<Image>,
    size: (u32, u32),
    interval: Duration,
    /// Frames to go once the episode is over.
    left: u32,
    /// Frames that were drawn, and are read back one or two frames later.
    drawn: u64,
}

/// Frames that were read back.
#[derive(Resource, Default)]
struct Arrived(VecDeque<Vec<u8>>);

/// Whether the episode is over.
#[derive(Resource, Default)]
struct Over(bool);

/// Stops the clock with the episode: its last moment is what is drawn from then on.
fn stop(finished: Res<FinishedEpisodes>, mut over: ResMut<Over>, mut fixed: ResMut<Time<Fixed>>, mut time: ResMut<Time<Virtual>>) {
    if !finished.0.is_empty() {
        over.0 = true;
        let left = fixed.overstep();
        fixed.discard_overstep(left);
        time.pause();
    }
}

fn between(fixed: Res<Time<Fixed>>, over: Res<Over>, mut between: ResMut<Between>) {
    between.0 = if over.0 { 1.0 } else { fixed.overstep_fraction() };
}

impl Frames {
    /// The app that draws: for who wants to look at the arena (or to move the camera, [`Eye`]) between two frames.
    pub fn app(&mut self) -> &mut App {
        &mut self.app
    }

    fn draw(&mut self) {
        // The first frame is that of the start.
        let interval = if self.drawn == 0 { Duration::ZERO } else { self.interval };
        self.app.insert_resource(TimeUpdateStrategy::ManualDuration(interval));
        self.app.world_mut().entity_mut(self.reader).insert(Readback::texture(self.image.clone()));
        self.app.update();
        self.app.world_mut().entity_mut(self.reader).remove::<Readback>();
        self.drawn += 1;
    }
}

/// After so many idle updates a frame counts as lost.
const PATIENCE: u32 = 100;

impl Iterator for Frames {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        let mut idle = 0;
        loop {
            if let Some(data) = self.app.world_mut().resource_mut::<Arrived>().0.pop_front() {
                return Some(frame(data, self.size));
            }
            let over = self.app.world().resource::<Over>().0;
            if !over || self.left > 0 {
                self.left -= u32::from(over);
                self.draw();
            } else if idle < PATIENCE {
                idle += 1;
                self.app.insert_resource(TimeUpdateStrategy::ManualDuration(Duration::ZERO));
                self.app.update();
            } else {
                return None;
            }
        }
    }
}

/// Rows come back padded to 256 bytes.
fn frame(data: Vec<u8>, (width, height): (u32, u32)) -> Frame {
    let row = 4 * width as usize;
    let padded = row.next_multiple_of(256);
    let rgba = if padded == row { data } else { data.chunks(padded).flat_map(|line| &line[..row.min(line.len())]).copied().collect() };
    Frame { width, height, rgba }
}
