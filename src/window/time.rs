//! The clock of the window: pause, single steps, speed. It decides how many control steps a frame runs, never what one of them computes.

use super::smoothing::{Between, DrawSystems};
use bevy::app::{RunFixedMainLoop, RunFixedMainLoopSystems};
use bevy::prelude::*;
use std::time::{Duration, Instant};

/// Slowest and fastest speed.
pub const SPEEDS: [f32; 2] = [0.25, 16.0];
/// Time that the steps of one frame may take, s: beyond it the window would only show how slow it is.
const FRAME: f32 = 0.12;

/// How time passes.
#[derive(Resource)]
pub struct Clock {
    /// Whether it stands still.
    pub paused: bool,
    /// How fast it runs, within [`SPEEDS`]; 1 is as fast as in life.
    pub speed: f32,
    /// Single steps that are still to be made while it stands still.
    pub steps: usize,
    /// How fast it runs really, where the machine cannot keep up.
    pub real: f32,
    /// Control steps since the start of the program.
    pub total: u64,
    /// What a control step takes, s (smoothed).
    cost: f32,
    began: Option<Instant>,
    done: u32,
}

impl Default for Clock {
    fn default() -> Self {
        Self { paused: false, speed: 1.0, steps: 0, real: 1.0, total: 0, cost: 0.0, began: None, done: 0 }
    }
}

impl Clock {
    /// A clock at this speed (1 is that of life), running or standing still.
    pub fn new(paused: bool, speed: f32) -> Self {
        Self { paused, speed: speed.clamp(SPEEDS[0], SPEEDS[1]), ..Self::default() }
    }
}

/// Runs the clock.
pub fn plugin(app: &mut App) {
    app.init_resource::<Clock>()
        .add_systems(RunFixedMainLoop, begin.in_set(RunFixedMainLoopSystems::BeforeFixedMainLoop))
        .add_systems(FixedLast, count)
        .add_systems(RunFixedMainLoop, end.in_set(RunFixedMainLoopSystems::AfterFixedMainLoop))
        .add_systems(Update, between.before(DrawSystems::Dress));
}

fn count(mut clock: ResMut<Clock>) {
    clock.done += 1;
    clock.total += 1;
}

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "measures how many steps a frame has time for; no simulated number sees it")]
    Instant::now()
}

fn begin(mut clock: ResMut<Clock>, mut virt: ResMut<Time<Virtual>>, mut fixed: ResMut<Time<Fixed>>) {
    let clock = &mut *clock;
    if clock.paused != virt.is_paused() {
        if clock.paused { virt.pause() } else { virt.unpause() }
    }
    if clock.paused {
        // Nor does what has passed since the last frame count: whoever stops the clock stops it now.
        virt.advance_by(Duration::ZERO);
        // Steps that the clock had begun to owe when it was stopped are not made.
        let whole = fixed.timestep();
        let left = fixed.overstep();
        if left >= whole {
            fixed.discard_overstep(left);
        }
        // A handful at once at most, so that each is seen.
        let steps = clock.steps.min(4);
        fixed.accumulate_overstep(whole * steps as u32);
        clock.steps -= steps;
    } else {
        clock.steps = 0;
    }
    if virt.relative_speed().to_bits() != clock.speed.to_bits() {
        virt.set_relative_speed(clock.speed);
    }
    // No more steps in a frame than there is time for: the rest of the time is let go.
    let affordable = (FRAME / clock.cost.max(1e-5)).clamp(1.0, 1_000.0);
    let most = (affordable * fixed.timestep().as_secs_f32() / clock.speed).clamp(0.001, 0.5);
    virt.set_max_delta(Duration::from_secs_f32(most));
    clock.done = 0;
    clock.began = Some(now());
}

fn end(mut clock: ResMut<Clock>, fixed: Res<Time<Fixed>>, real: Res<Time<Real>>) {
    let clock = &mut *clock;
    let Some(began) = clock.began.take() else { return };
    if clock.done > 0 {
        let cost = began.elapsed().as_secs_f32() / clock.done as f32;
        clock.cost += 0.2 * (cost - clock.cost);
    }
    let passed = real.delta_secs();
    if passed > 0.0 {
        let speed = clock.done as f32 * fixed.timestep().as_secs_f32() / passed;
        clock.real += (passed / 2.0).min(1.0) * (speed - clock.real);
    }
}

fn between(clock: Res<Clock>, fixed: Res<Time<Fixed>>, mut between: ResMut<Between>) {
    between.0 = if clock.paused { 1.0 } else { fixed.overstep_fraction() };
}
