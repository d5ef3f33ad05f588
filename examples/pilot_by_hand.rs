//! A pilot written by hand: a system of your own that reads [`Observation`] and writes [`Action`].
//!
//! ```text
//! cargo run --release --example pilot_by_hand
//! ```
//!
//! It drives the rover of `scenes/push` behind the cube and shoves the cube onto the disc, from nothing but what a policy observes, too.
//! It stands in `ControlSystems::Decide`, where every pilot stands; the rest of the control step neither knows nor cares who decides.
//! Both pilots play the same levels, because both apps have the same seed.
#![expect(clippy::print_stdout, reason = "an example speaks to people")]

use apprentice::arena::{ArenaPlugin, FinishedEpisodes};
use apprentice::control::{ControlPlugin, ControlStep, ControlSystems, headless_app, start};
use apprentice::physics::Threads;
use apprentice::pilot::{Pilot, PilotPlugin};
use apprentice::scene::plan::Plan;
use apprentice::signal::{Action, Observation};
use bevy::math::Vec2;
use bevy::prelude::*;
use std::sync::Arc;

const ARENAS: usize = 32;

/// Where in an observation the pilot finds what it needs. Channels have names: no number is guessed.
#[derive(Resource)]
struct Eyes {
    cube: [usize; 2],
    disc: [usize; 2],
}

fn decide(mut arenas: Query<(&Observation, &mut Action)>, eyes: Res<Eyes>) {
    for (observation, mut action) in &mut arenas {
        let see = |channels: [usize; 2]| Vec2::from(channels.map(|channel| observation.0[channel]));
        action.0.copy_from_slice(&shove(see(eyes.cube), see(eyes.disc)));
    }
}

/// Speed ahead and turn, each in [-1, 1], from where cube and disc are: ahead and left of the rover, m.
fn shove(cube: Vec2, disc: Vec2) -> [f32; 2] {
    let way = disc - cube;
    if way.length() < 0.08 {
        return [0.0, 0.0]; // It is there: stand still, so that it comes to rest.
    }
    let ahead = way.normalize();
    let side = ahead.perp();
    let (behind, aside) = (cube.dot(ahead), -cube.dot(side));
    let off_course = libm::atan2f(ahead.y, ahead.x);
    if behind > 0.15 && aside.abs() < 0.18 && off_course.abs() < 0.6 {
        // Behind the cube, looking at the disc: push, and steer back to the line through both.
        let steer = libm::atan2f(-1.6 * aside, 0.5) + off_course;
        return [(1.2 * way.length() + 0.15).min(0.8), steer];
    }
    let start = cube - ahead * 0.6;
    if start.length() < 0.1 {
        return [0.0, 1.3 * off_course];
    }
    // To where the push begins; around the cube, where that is in the way.
    let in_the_way = behind < 0.35 && cube.length() < 1.2;
    let goal = if in_the_way { cube + side * 0.75 * aside.signum() - ahead * 0.4 } else { start };
    let bearing = libm::atan2f(goal.y, goal.x);
    [(2.0 * goal.length()).min(1.0) * libm::cosf(bearing).max(0.0), 1.3 * bearing]
}

/// The mean score and the share of successes of every arena's first episode.
fn first_episodes(mut app: App) -> (f32, f32) {
    start(&mut app);
    let mut seen = [false; ARENAS];
    let (mut scores, mut successes) = (0.0, 0.0);
    while seen.contains(&false) {
        app.update();
        for finished in &app.world().resource::<FinishedEpisodes>().0 {
            let report = &finished.report;
            if !std::mem::replace(&mut seen[report.arena], true) {
                scores += report.score;
                successes += f32::from(u8::from(report.success));
            }
        }
    }
    (scores / ARENAS as f32, successes / ARENAS as f32)
}

fn main() -> Result {
    let plan = Arc::new(Plan::load("scenes/push")?);
    let app = |pilot| {
        let mut app = headless_app(Threads::default());
        app.add_plugins((ControlPlugin { timing: plan.timing }, ArenaPlugin { plans: vec![plan.clone()], count: ARENAS, seed: 1, pilot }));
        app
    };

    let mut random = app(Pilot::random());
    random.add_plugins(PilotPlugin);

    let channel = |name: String| plan.observation.0.iter().position(|channel| channel.name == name);
    let find = |thing: &str| Some([channel(format!("offset.{thing}.ahead"))?, channel(format!("offset.{thing}.left"))?]);
    let (cube, disc) = find("cube").zip(find("disc")).ok_or("the scene does not observe where cube and disc are")?;
    let mut by_hand = app(Pilot::Idle);
    by_hand.insert_resource(Eyes { cube, disc }).add_systems(ControlStep, decide.in_set(ControlSystems::Decide));

    for (name, app) in [("random", random), ("by hand", by_hand)] {
        let (score, successes) = first_episodes(app);
        println!("{name:8} score {score:.3}, success {:.0} % of {ARENAS} levels", 100.0 * successes);
    }
    Ok(())
}
