//! Judging a pilot on fixed levels: an `App` of its own, so that judging changes no bit of the training.

use crate::arena::{ArenaPlugin, ArenaQuery, FinishedEpisodes, in_order};
use crate::control::{ControlPlugin, headless_app, start};
use crate::curriculum::Level;
use crate::imitation::demonstration::Rows;
use crate::imitation::recorder::{Recorded, record_all};
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
    let chunks = levels.chunks(ARENAS).zip(0..);
    chunks.flat_map(|(levels, number)| evaluate_chunk(plan, cast, levels, threads, seed, number, None)).collect()
}

/// As [`evaluate`], with the rows of each episode (of a team: of all agents). The first time (`repeat` 0) they are the very same episodes; each
/// other time the levels are the same, and pilots and policies draw anew.
pub fn evaluate_recorded(
    plan: &Arc<Plan>,
    cast: &Cast,
    levels: &[Level],
    threads: Threads,
    seed: u64,
    repeat: u64,
) -> Vec<(EpisodeResult, Rows)> {
    let chunks = levels.chunks(ARENAS);
    let first = repeat * chunks.len() as u64;
    let recorded = |(levels, number): (&[Level], u64)| {
        let mut rows = vec![Rows::default(); levels.len()];
        let results = evaluate_chunk(plan, cast, levels, threads, seed, number, Some(&mut rows));
        results.into_iter().zip(rows).collect::<Vec<_>>()
    };
    chunks.zip(first..).flat_map(recorded).collect()
}

/// The rows of each level's episode are `recorded` where they are wanted.
fn evaluate_chunk(
    plan: &Arc<Plan>,
    cast: &Cast,
    levels: &[Level],
    threads: Threads,
    seed: u64,
    number: u64,
    mut recorded: Option<&mut Vec<Rows>>,
) -> Vec<EpisodeResult> {
    let mut app = headless_app(threads);
    app.add_plugins((
        ControlPlugin { timing: plan.timing },
        ArenaPlugin { plans: vec![plan.clone()], count: levels.len(), seed, pilot: Pilot::Idle },
        PilotPlugin,
    ));
    cast.enter(&mut app);
    if recorded.is_some() {
        record_all(&mut app);
    }
    start(&mut app);
    let world = app.world_mut();
    let mut query = world.query::<ArenaQuery>();
    let mut arenas = query.query_mut(world);
    let mut items: Vec<_> = in_order(&mut arenas).into_iter().zip(levels).collect();
    // The episode's number tells a random pilot's streams apart between chunks.
    in_parallel(threads, &mut items, 1, |(item, level)| item.start((*level).clone().into(), number, seed));

    let mut results: Vec<Option<EpisodeResult>> = vec![None; levels.len()];
    let limit = plan.task.as_ref().map_or(0, |task| task.steps);
    for _ in 0..limit {
        app.update();
        // Only the first episode of an arena counts: what it starts afterwards is no level of ours.
        if let Some(recorded) = &mut recorded {
            for (arena, demonstration) in std::mem::take(&mut app.world_mut().resource_mut::<Recorded>().0) {
                if results[arena].is_none() {
                    recorded[arena] = demonstration.rows;
                }
            }
        }
        let finished = &app.world().resource::<FinishedEpisodes>().0;
        for report in finished.iter().map(|finished| &finished.report).filter(|report| report.agent == cast.seat) {
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
