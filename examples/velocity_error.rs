//! How closely a body that is told where to go goes there, on the 100 held-out levels of its scene: the mean distance between the velocity
//! that it has and the one that it is told, m/s. Where an episode ends early, because it fell, the rest counts as standing still.
//!
//! ```text
//! cargo run --release --example velocity_error scenes/walk expert
//! cargo run --release --example velocity_error scenes/walk runs/walk-ppo-0001
//! ```
//!
//! The second argument is `idle`, `random`, `expert` or a run. Another span than the scene's is said as `slope=0.0,0.0`.
#![expect(clippy::print_stdout, reason = "an example speaks to people")]

use apprentice::arena::{ArenaPlugin, ArenaQuery, in_order};
use apprentice::control::{ControlPlugin, ControlStep, ControlSystems, headless_app, start};
use apprentice::curriculum::held_out;
use apprentice::learn::policy::Policy;
use apprentice::physics::Threads;
use apprentice::pilot::policy::PolicyPilotPlugin;
use apprentice::pilot::{Pilot, PilotPlugin};
use apprentice::scene::load::load;
use apprentice::scene::number::Span;
use apprentice::scene::plan::Plan;
use apprentice::signal::Outcome;
use apprentice::training::recipe::contract;
use apprentice::training::report::RunFolder;
use bevy::prelude::*;
use std::path::Path;
use std::sync::Arc;

const LEVELS: usize = 100;

/// Of each arena's first episode: the sum of its steps' errors, m/s, its steps, the speed it was told, and how it ended.
#[derive(Resource, Clone)]
struct Seen(Vec<(f32, usize, f32, Outcome)>);

fn watch(mut arenas: Query<ArenaQuery>, mut seen: ResMut<Seen>) {
    for item in in_order(&mut arenas) {
        let (errors, steps, told, outcome) = &mut seen.0[item.arena.index];
        if !outcome.is_over() {
            let situation = item.situation();
            *errors += situation.command_error();
            *told = situation.command().length();
            *steps += 1;
            *outcome = *item.outcome;
        }
    }
}

/// The scene, with other spans where they are said: `slope=0.0,0.0`.
fn plan(scene: &str, spans: impl Iterator<Item = String>) -> Result<Plan> {
    let mut loaded = load(Path::new(scene))?;
    for span in spans {
        let (name, ends) = span.split_once('=').ok_or("a span is said as name=low,high")?;
        let (low, high) = ends.split_once(',').ok_or("a span is said as name=low,high")?;
        let known = loaded.scene.varies.0.iter_mut().find(|(known, _)| known == name);
        known.ok_or("the scene does not vary that")?.1 = Span::Even(low.parse()?, high.parse()?);
    }
    Ok(loaded.into())
}

fn main() -> Result {
    let mut args = std::env::args().skip(1);
    let scene = args.next().unwrap_or("scenes/walk".into());
    let name = args.next().unwrap_or("expert".into());
    let plan = Arc::new(plan(&scene, args)?);
    let (pilot, policy) = match name.as_str() {
        "idle" => (Pilot::Idle, None),
        "random" => (Pilot::random(), None),
        "expert" => (Pilot::expert(), None),
        run => {
            let policy = Policy::load(&RunFolder::read(Path::new(run))?.checkpoint)?;
            policy.contract.fits(&contract(&plan))?;
            (Pilot::policy(), Some(policy))
        }
    };
    let steps = plan.task.as_ref().map_or(0, |task| task.steps);
    let mut app = headless_app(Threads::default());
    app.add_plugins((
        ControlPlugin { timing: plan.timing },
        ArenaPlugin { plans: vec![plan.clone()], count: LEVELS, seed: 1, pilot },
        PilotPlugin,
    ));
    if let Some(policy) = policy {
        app.add_plugins(PolicyPilotPlugin { policy });
    }
    app.insert_resource(Seen(vec![(0.0, 0, 0.0, Outcome::Running); LEVELS]));
    app.add_systems(ControlStep, watch.in_set(ControlSystems::Record));
    start(&mut app);
    let world = app.world_mut();
    let mut query = world.query::<ArenaQuery>();
    for (mut item, level) in in_order(&mut query.query_mut(world)).into_iter().zip(held_out(plan.quantities.count(), LEVELS)) {
        item.start(level.into(), 0, 1);
    }
    for _ in 0..steps {
        app.update();
    }
    let seen = &app.world().resource::<Seen>().0;
    let count = LEVELS as f32;
    let told = seen.iter().map(|(_, _, told, _)| told).sum::<f32>() / count;
    let error = seen.iter().map(|(errors, done, told, _)| (errors + told * (steps - done) as f32) / steps as f32).sum::<f32>() / count;
    let fell = seen.iter().filter(|(.., outcome)| *outcome == Outcome::Failed).count();
    println!(
        "{name}: told {told:.3} m/s on average, off by {error:.3} m/s ({:.0} %); fell in {fell} of {LEVELS} episodes",
        100.0 * error / told
    );
    Ok(())
}
