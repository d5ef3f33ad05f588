//! Recording without hands: a pilot demonstrates in many arenas at once, headless.

use crate::arena::ArenaPlugin;
use crate::control::{ControlPlugin, headless_app, start};
use crate::imitation::demonstration::Demonstration;
use crate::imitation::recorder::{Recorded, Recorder, record_all};
use crate::physics::Threads;
use crate::pilot::cast::Cast;
use crate::pilot::{Pilot, PilotPlugin};
use crate::scene::plan::Plan;
use crate::signal::Outcome;
use crate::stream::{Purpose, Stream};
use std::ops::ControlFlow;
use std::sync::Arc;

/// What is to be demonstrated.
pub struct Order<'a> {
    /// The scene.
    pub plan: &'a Arc<Plan>,
    /// Who demonstrates.
    pub cast: &'a Cast,
    /// How many demonstrations.
    pub episodes: usize,
    /// Whether only those count that succeeded.
    pub successes_only: bool,
    /// Seed of levels and of a random pilot.
    pub seed: u64,
    /// How many demonstrations the data set has already: they are gone on from, not repeated.
    pub before: usize,
    /// Threads.
    pub threads: Threads,
}

/// How many episodes run side by side.
const ARENAS: usize = 64;

/// So many episodes in a row whose worlds broke down are enough: no more are begun.
pub const HOPELESS: usize = 256;

/// What became of the episodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Demonstrations handed over.
    pub kept: usize,
    /// Episodes that failed or timed out where only successes count.
    pub unsuccessful: usize,
    /// Episodes whose world broke down.
    pub diverged: usize,
    /// The latest of these, since an episode ended otherwise.
    pub diverged_in_a_row: usize,
}

/// Demonstrates, and hands every demonstration to `keep` as soon as it is whole, until there are enough, `keep` breaks, or [`HOPELESS`]
/// episodes in a row diverged. `keep` is called after every step too, with none: there it may break, and tell how far it is.
///
/// Every episode that is begun is waited for: the shortest ones are not preferred.
pub fn demonstrate<B>(order: &Order<'_>, mut keep: impl FnMut(Option<Demonstration>, Tally) -> ControlFlow<B>) -> (Tally, Option<B>) {
    // The levels of a second session are others than those of the first one.
    let seed = if order.before == 0 { order.seed } else { Stream::new(order.seed, Purpose::Teacher, 0, order.before as u64).bits() };
    let arenas = ARENAS.min(order.episodes).max(1);
    let mut app = headless_app(order.threads);
    app.add_plugins((
        ControlPlugin { timing: order.plan.timing },
        ArenaPlugin { plans: vec![order.plan.clone()], count: arenas, seed, pilot: Pilot::Idle },
        PilotPlugin,
    ));
    order.cast.enter(&mut app);
    let entities = record_all(&mut app);
    start(&mut app);

    let (mut tally, mut open) = (Tally::default(), arenas);
    while tally.kept < order.episodes && open > 0 && tally.diverged_in_a_row < HOPELESS {
        app.update();
        for (arena, demonstration) in std::mem::take(&mut app.world_mut().resource_mut::<Recorded>().0) {
            open -= 1;
            let diverged = demonstration.outcome == Outcome::Diverged;
            tally.diverged_in_a_row = if diverged { tally.diverged_in_a_row + 1 } else { 0 };
            if diverged {
                tally.diverged += 1;
            } else if order.successes_only && !demonstration.success() {
                tally.unsuccessful += 1;
            } else if tally.kept < order.episodes {
                tally.kept += 1;
                if let ControlFlow::Break(why) = keep(Some(demonstration), tally) {
                    return (tally, Some(why));
                }
            }
            if tally.kept + open < order.episodes {
                open += 1;
            } else if let Some(mut recorder) = app.world_mut().get_mut::<Recorder>(entities[arena]) {
                recorder.on = false;
            }
        }
        if let ControlFlow::Break(why) = keep(None, tally) {
            return (tally, Some(why));
        }
    }
    (tally, None)
}
