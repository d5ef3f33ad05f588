//! Judging a pilot on fixed levels: an `App` of its own, so that judging changes no bit of the training.

use crate::arena::{ArenaPlugin, ArenaQuery, FinishedEpisodes, in_order};
use crate::control::{ControlPlugin, headless_app, start};
use crate::curriculum::Level;
use crate::physics::{Threads, in_parallel};
use crate::pilot::cast::Cast;
use crate::pilot::{Pilot, PilotPlugin};
use crate::scene::plan::Plan;
use crate::training::summary::EpisodeResult;
use bevy::prelude::*;
use std::sync::Arc;

/// How many episodes run side by side.
const ARENAS: usize = 128;

/// One episode on each level, in the levels' order, as it went for the one in the `cast` who is looked at. `seed` is that of a random pilot.
pub fn evaluate(plan: &Arc<Plan>, cast: &Cast, levels: &[Level], threads: Threads, seed: u64) -> Vec<EpisodeResult> {
    levels.chunks(ARENAS).enumerate().flat_map(|(chunk, levels)| evaluate_chunk(plan, cast, levels, threads, seed, chunk)).collect()
}

fn evaluate_chunk(plan: &Arc<Plan>, cast: &Cast, levels: &[Level], threads: Threads, seed: u64, chunk: usize) -> Vec<EpisodeResult> {
    let mut app = headless_app(threads);
    app.add_plugins((
        ControlPlugin { timing: plan.timing },
        ArenaPlugin { plans: vec![plan.clone()], count: levels.len(), seed, pilot: Pilot::Idle },
        PilotPlugin,
    ));
    cast.enter(&mut app);
    start(&mut app);
    let world = app.world_mut();
    let mut query = world.query::<ArenaQuery>();
    let mut arenas = query.query_mut(world);
    let mut items: Vec<_> = in_order(&mut arenas).into_iter().zip(levels).collect();
    // The episode's number tells a random pilot's streams apart between chunks.
    in_parallel(threads, &mut items, 1, |(item, level)| item.start((*level).clone().into(), chunk as u64, seed));

    let mut results: Vec<Option<EpisodeResult>> = vec![None; levels.len()];
    let limit = plan.task.as_ref().map_or(0, |task| task.steps);
    for _ in 0..limit {
        app.update();
        let finished = &app.world().resource::<FinishedEpisodes>().0;
        for report in finished.iter().map(|finished| &finished.report).filter(|report| report.agent == cast.seat) {
            // Only the first episode of an arena counts: what it starts afterwards is no level of ours.
            results[report.arena].get_or_insert(EpisodeResult {
                level: report.lesson.level.id().0,
                score: report.score.into(),
                success: report.success,
                success_once: report.success_once,
                length: report.length as u32,
                outcome: report.outcome,
            });
        }
        if results.iter().all(Option::is_some) {
            break;
        }
    }
    results.into_iter().flatten().collect()
}
