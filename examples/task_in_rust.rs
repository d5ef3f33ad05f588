//! A task that the vocabulary of scenes cannot say, in Rust: drive once round the disc.
//!
//! ```text
//! cargo run --release --example task_in_rust
//! ```
//!
//! A [`Judge`] sees the [`Situation`] of an arena after each step and says whether the task is done. What it remembers from step to step
//! lies in `memory`, which snapshots and checkpoints take along. `app.add_task(Lap)` puts it in the place of the scene's own task;
//! everything else stays as it is. To train on it, give it to the plan that a recipe is about to practise:
//!
//! ```text
//! let mut prepared = recipe::prepare("scenes/push".as_ref(), &[])?;
//! prepared.plans = vec![Arc::new(Plan::load("scenes/push")?.with_task(Lap))];
//! run::train(&prepared, "runs/lap".as_ref(), &options)?;
//! ```
#![expect(clippy::print_stdout, reason = "an example speaks to people")]

use apprentice::arena::{ArenaPlugin, FinishedEpisodes};
use apprentice::control::{ControlPlugin, ControlStep, ControlSystems, headless_app, start};
use apprentice::physics::Threads;
use apprentice::pilot::{Pilot, PilotPlugin};
use apprentice::scene::plan::{Plan, Situation};
use apprentice::signal::{Action, Observation};
use apprentice::task::{AddTask, Judge, Judgement, centre};
use bevy::math::Vec2;
use bevy::prelude::*;
use std::f32::consts::{PI, TAU};
use std::sync::Arc;

const ARENAS: usize = 16;

/// Once round the disc, either way, and never further than 2 m from it once there.
struct Lap;

impl Judge for Lap {
    fn time_limit(&self) -> f32 {
        30.0 // s
    }

    fn weights(&self) -> Vec<f32> {
        vec![3.0, 1.0]
    }

    /// Whether the rover has been near the disc; its bearing from the disc a step ago; the angle driven so far.
    fn memory(&self) -> usize {
        3
    }

    fn judge(&self, situation: &Situation<'_>, memory: &mut [f32], terms: &mut [f32]) -> Judgement {
        let place = |name| centre(situation, situation.plan.thing(name)).truncate();
        let from_disc: Vec2 = place("body") - place("disc");
        let (bearing, distance) = (libm::atan2f(from_disc.y, from_disc.x), from_disc.length());
        let was_there = memory[0] == 1.0;
        let is_there = distance < 2.0;
        if was_there {
            memory[2] += wrapped(bearing - memory[1]);
        }
        memory[0] = f32::from(u8::from(was_there || is_there));
        memory[1] = bearing;
        terms[0] = memory[2].abs() / TAU;
        terms[1] = 1.0 / (1.0 + distance * distance);
        Judgement { success: memory[2].abs() >= TAU, failure: was_there && !is_there }
    }
}

/// The same angle within [-π, π).
fn wrapped(angle: f32) -> f32 {
    (angle + PI).rem_euclid(TAU) - PI
}

/// Keeps the disc to its left, about 0.8 m away.
fn circle(mut arenas: Query<(&Observation, &mut Action)>, disc: Res<Disc>) {
    for (observation, mut action) in &mut arenas {
        let [ahead, left] = disc.0.map(|channel| observation.0[channel]);
        let distance = Vec2::new(ahead, left).length();
        let inwards = (1.5 * (distance - 0.8)).clamp(-1.0, 1.0);
        // With the disc at a right angle the rover goes round; the further away it is, the more straight at it.
        let turn = wrapped(libm::atan2f(left, ahead) - (1.0 - inwards) * PI / 2.0);
        action.0.copy_from_slice(&[0.8 * libm::cosf(turn).max(0.0), 1.5 * turn]);
    }
}

/// Where an observation says where the disc is: ahead and left.
#[derive(Resource)]
struct Disc([usize; 2]);

fn main() -> Result {
    let plan = Arc::new(Plan::load("scenes/push")?);
    let app = |pilot| {
        let mut app = headless_app(Threads::default());
        app.add_plugins((ControlPlugin { timing: plan.timing }, ArenaPlugin { plans: vec![plan.clone()], count: ARENAS, seed: 1, pilot }));
        app.add_task(Lap);
        app
    };
    let mut random = app(Pilot::random());
    random.add_plugins(PilotPlugin);

    let channel = |name: &str| plan.observation.0.iter().position(|channel| channel.name == name);
    let disc = channel("offset.disc.ahead").zip(channel("offset.disc.left")).ok_or("the scene does not observe where the disc is")?;
    let mut driver = app(Pilot::Idle);
    driver.insert_resource(Disc(disc.into())).add_systems(ControlStep, circle.in_set(ControlSystems::Decide));

    for (name, mut app) in [("random", random), ("driver", driver)] {
        start(&mut app);
        let (mut seen, mut laps, mut scores) = ([false; ARENAS], 0, 0.0);
        while seen.contains(&false) {
            app.update();
            for finished in &app.world().resource::<FinishedEpisodes>().0 {
                if !std::mem::replace(&mut seen[finished.report.arena], true) {
                    laps += usize::from(finished.report.success);
                    scores += finished.report.score;
                }
            }
        }
        println!("{name}: {laps} of {ARENAS} rovers drove a lap, mean score {:.3}", scores / ARENAS as f32);
    }
    Ok(())
}
