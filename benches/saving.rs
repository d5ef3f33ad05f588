//! What saving an episode adds to a frame of the window: sessions run at the window's pace, and the frames in which an episode ends, or in
//! which one is on its way to the disk, are held against all others.
//!
//! ```text
//! cargo bench --bench saving
//! ```

use apprentice::arena::ArenaPlugin;
use apprentice::control::{ControlPlugin, headless_app, start};
use apprentice::imitation::data_set::writer::{Author, Writer};
use apprentice::imitation::keeper::Keeper;
use apprentice::imitation::session::{Phase, Session, SessionPlugin, attend, begin};
use apprentice::physics::Threads;
use apprentice::pilot::hand::HandCommand;
use apprentice::pilot::{Pilot, PilotPlugin};
use apprentice::scene::plan::Plan;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Episodes of a session.
const EPISODES: usize = 12;
/// Control steps after an episode's end in which it counts as being on its way: more than it takes to write one.
const RESET: u32 = 12;
/// Faster than in life, so that the benchmark is short; a frame has still ten times as long as it needs.
const FRAME: Duration = Duration::from_millis(8);

#[expect(clippy::print_stdout, reason = "a benchmark speaks to people")]
fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "| scene | frames | a frame, median, ms | 99 % | an episode ends, median, ms | longest | it is being written, median, ms | longest |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    for scene in ["balance", "push", "clear"] {
        let plan = Arc::new(Plan::load(format!("scenes/{scene}"))?);
        let folder = tempfile::TempDir::new()?;
        let [mut others, mut ends, mut written] = frames(&plan, &folder.path().join("set"))?;
        let frames = others.len() + ends.len() + written.len();
        let others = spread(&mut others);
        let (ends, written) = (spread(&mut ends), spread(&mut written));
        println!(
            "| {scene} | {frames} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} |",
            others[0], others[1], ends[0], ends[2], written[0], written[2]
        );
    }
    Ok(())
}

/// How long frames took, ms: those in which nothing was saved, those in which an episode ended, those after them.
fn frames(plan: &Arc<Plan>, data_set: &std::path::Path) -> Result<[Vec<f64>; 3], Box<dyn Error>> {
    let mut app = headless_app(Threads(1));
    app.add_plugins((
        ControlPlugin { timing: plan.timing },
        ArenaPlugin { plans: vec![plan.clone()], count: 1, seed: 5, pilot: Pilot::expert() },
        PilotPlugin,
        SessionPlugin,
    ));
    start(&mut app);
    let (writer, _) = Writer::open(data_set, plan, false)?;
    let author = Author { pilot: "expert".into(), operator: "bench".into(), ..Author::default() };
    begin(app.world_mut(), Session::new(Keeper::new(writer, author), Some(EPISODES), RESET));
    app.world_mut().write_message(HandCommand::Start);
    let mut took = [Vec::new(), Vec::new(), Vec::new()];
    let mut kept = 0;
    while app.world().resource::<Session>().phase != Phase::Done {
        #[expect(clippy::disallowed_methods, reason = "measures speed; nothing simulated reads it")]
        let begin = Instant::now();
        app.update();
        let spent = begin.elapsed();
        let session = app.world().resource::<Session>();
        let kind = match session.phase {
            _ if session.kept > kept => 1,
            Phase::Resetting(_) => 2,
            _ => 0,
        };
        kept = session.kept;
        if session.phase == Phase::Review {
            // Of poor quality: it is kept nevertheless.
            app.world_mut().write_message(HandCommand::Finish);
            app.world_mut().run_system_cached(attend)?;
        }
        took[kind].push(1e3 * spent.as_secs_f64());
        std::thread::sleep(FRAME.saturating_sub(spent));
    }
    let problems = app.world_mut().resource_mut::<Session>().end();
    if problems.is_empty() { Ok(took) } else { Err(problems.join("\n").into()) }
}

/// Median, 99 % and longest.
fn spread(values: &mut [f64]) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values.get(((values.len() as f64 - 1.0) * share) as usize).copied().unwrap_or(f64::NAN);
    [at(0.5), at(0.99), at(1.0)]
}
