//! Steps a scene with random actions and prints a line for each finished episode.
//!
//! ```text
//! cargo run --release --example random_actions
//! cargo run --release --example random_actions scenes/clear
//! ```
//!
//! What to see here: a scene becomes a [`Plan`], a plan becomes arenas in a Bevy `App`, and one `App::update` is one control step of all
//! of them. There is no window and no clock: it runs as fast as the machine can ([`in_pool`]), and the same every time.
#![expect(clippy::print_stdout, reason = "an example speaks to people")]

use apprentice::arena::{ArenaPlugin, FinishedEpisodes};
use apprentice::control::{ControlPlugin, headless_app, start};
use apprentice::physics::{Threads, in_pool};
use apprentice::pilot::{Pilot, PilotPlugin};
use apprentice::scene::plan::Plan;
use bevy::prelude::Result;
use std::sync::Arc;

const ARENAS: usize = 8;
const EPISODES: usize = 16;

fn main() -> Result {
    in_pool(run)
}

fn run() -> Result {
    let path = std::env::args().nth(1).unwrap_or_else(|| "scenes/push".into());
    let plan = Arc::new(Plan::load(path)?);
    println!("{}: {}", plan.name, plan.scene.about);
    println!(
        "{} numbers are observed, {} decided, {} times a second",
        plan.observation.width(),
        plan.action.width(),
        plan.timing.control_hz
    );

    let mut app = headless_app(Threads::default());
    app.add_plugins((
        ControlPlugin { timing: plan.timing },
        ArenaPlugin { plans: vec![plan.clone()], count: ARENAS, seed: 1, pilot: Pilot::random() },
        PilotPlugin,
    ));
    start(&mut app);

    let (mut episodes, mut scores) = (0, 0.0);
    while episodes < EPISODES {
        app.update();
        for finished in &app.world().resource::<FinishedEpisodes>().0 {
            let report = &finished.report;
            println!("arena {}: {:?} after {:3} steps, score {:.3}", report.arena, report.outcome, report.length, report.score);
            episodes += 1;
            scores += report.score;
        }
    }
    println!("{episodes} episodes of random actions in `{}`: mean score {:.3}", plan.name, scores / episodes as f32);
    Ok(())
}
