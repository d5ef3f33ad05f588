//! A trained policy inside an ordinary Bevy app.
//!
//! ```text
//! cargo run --release --example policy_in_bevy
//! cargo run --release --example policy_in_bevy runs/push-ppo-0001 scenes/push
//! ```
//!
//! Without arguments it first trains for a few seconds on a small scene of its own, and saves. Then, with arguments or without, it loads
//! the policy, checks that it fits the scene, and lets it fly: [`PolicyPilotPlugin`] asks it once per control step for all arenas, and a
//! system of ours reads what happens.
//!
//! Leave [`TimeUpdateStrategy`] out and the app runs by the clock, as a game does.
#![expect(clippy::print_stdout, reason = "an example speaks to people")]

use apprentice::arena::{ArenaPlugin, FinishedEpisodes};
use apprentice::control::{ControlPlugin, ControlStep, ControlSystems};
use apprentice::learn::policy::Policy;
use apprentice::physics::Threads;
use apprentice::pilot::Pilot;
use apprentice::pilot::policy::PolicyPilotPlugin;
use apprentice::scene::plan::Plan;
use apprentice::training::progress::Display;
use apprentice::training::recipe::{contract, prepare};
use apprentice::training::{report, run};
use bevy::app::AppExit;
use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SCENE: &str = r#"Scene(
    about: "Drive onto the disc.",
    timing: (control_hz: 10, physics_hz: 120),
    surroundings: [Floor(friction: 0.8)],
    body: Rover(heading: Vary("heading"), control: Heading),
    props: { "disc": Zone(radius: 0.4, at: Ring(radius: Vary("distance"))) },
    sensors: [Motion, Offset(to: "disc")],
    varies: { "heading": (-3.14159, 3.14159), "distance": (1.0, 3.0) },
    task: Task(
        success: Inside("body", "disc"),
        reward: [(1.0, Near("body", "disc", 1.0))],
        time_limit: 10.0,
    ),
)"#;

const RECIPE: &str = r#"Recipe(
    scene: "scene.ron",
    arenas: 32,
    budget: Steps(50_000),
    learner: Ppo(rate: 1e-3, horizon: 32, minibatch: 256, discount: 0.97),
    evaluate: (every: 1000, levels: 50),
)"#;

/// A few seconds of training in `folder`: returns the run's folder and the scene's.
fn train(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    let (scene, run) = (folder.join("disc"), folder.join("run"));
    std::fs::create_dir(&scene)?;
    std::fs::write(scene.join("scene.ron"), SCENE)?;
    std::fs::write(scene.join("ppo.ron"), RECIPE)?;
    let options = run::Options { resume: false, threads: Threads::default(), display: Display::Quiet, stop: Arc::default() };
    println!("training for a few seconds ..");
    run::train(&prepare(&scene, &[])?, &run, &options)?;
    Ok((run, scene))
}

/// A system of our own: reads what happens, and ends the app when it has seen enough.
fn watch(finished: Res<FinishedEpisodes>, mut seen: Local<usize>, mut arrived: Local<usize>, mut exit: MessageWriter<AppExit>) {
    for episode in &finished.0 {
        let report = &episode.report;
        println!("arena {}: {:?} after {} steps, score {:.3}", report.arena, report.outcome, report.length, report.score);
        *seen += 1;
        *arrived += usize::from(report.success);
        if *seen == 20 {
            println!("{} of the first 20 episodes succeeded", *arrived);
            exit.write(AppExit::Success);
        }
    }
}

fn main() -> Result {
    let folder = tempfile::tempdir()?;
    let mut args = std::env::args().skip(1);
    let (run, scene) = match (args.next(), args.next()) {
        (Some(run), Some(scene)) => (run.into(), scene.into()),
        (None, _) => train(folder.path())?,
        _ => return Err("give a run and the scene to fly in, or nothing".into()),
    };

    let plan = Arc::new(Plan::load(scene)?);
    let checkpoint = report::RunFolder::read(&run)?.checkpoint;
    let policy = Policy::load(&checkpoint)?;
    policy.contract.fits(&contract(&plan))?;

    App::new()
        .add_plugins((
            MinimalPlugins,
            ControlPlugin { timing: plan.timing },
            ArenaPlugin { plans: vec![plan], count: 4, seed: 7, pilot: Pilot::policy() },
            PolicyPilotPlugin { policy },
        ))
        .insert_resource(TimeUpdateStrategy::FixedTimesteps(1))
        .add_systems(ControlStep, watch.after(ControlSystems::Reset))
        .run();
    Ok(())
}
