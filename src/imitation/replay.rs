//! Proves that demonstrations replay bit for bit: starting snapshot and actions in, the same state hash on every frame out.

use crate::arena::{Arena, ArenaPlugin, ArenaQuery, ArenaQueryItem, Snapshot, in_order, step_hash};
use crate::control::{ControlPlugin, ControlStep, ControlSystems, headless_app, start};
use crate::imitation::demonstration::Demonstration;
use crate::physics::{Threads, in_parallel};
use crate::pilot::{Pilot, PilotPlugin};
use crate::scene::plan::Plan;
use crate::signal::parts;
use bevy::prelude::*;
use serde::Serialize;
use std::sync::Arc;

/// Most episodes that are replayed side by side.
const ARENAS: usize = 256;

/// How a replay went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// Which of the demonstrations given.
    pub episode: usize,
    /// How many rows it has.
    pub frames: usize,
    /// The first row whose hash differs.
    pub differs: Option<usize>,
}

/// Holds an arena's steps against the hashes that were recorded.
#[derive(Component, Default)]
pub struct Comparison {
    /// What is to come, row by row.
    expected: Vec<u64>,
    /// Rows done.
    done: usize,
    /// The first row whose hash was another, or after which the episode ended too soon.
    differs: Option<usize>,
}

/// Lets arenas that have a [`Comparison`] be compared.
pub struct ReplayPlugin;

impl Plugin for ReplayPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(ControlStep, compare.in_set(ControlSystems::Record));
    }
}

impl Comparison {
    /// With these hashes, from the next step on.
    pub fn with(expected: Vec<u64>) -> Self {
        Self { expected, ..Self::default() }
    }

    /// Rows compared so far, of how many.
    pub fn progress(&self) -> (usize, usize) {
        (self.done, self.expected.len())
    }

    /// The first row whose hash was another.
    pub fn differs(&self) -> Option<usize> {
        self.differs
    }

    fn is_over(&self) -> bool {
        self.differs.is_some() || self.done >= self.expected.len()
    }
}

fn compare(mut arenas: Query<(ArenaQuery, &mut Comparison)>, threads: Res<Threads>) {
    let mut items: Vec<_> = arenas.iter_mut().filter(|(_, comparison)| !comparison.is_over()).collect();
    in_parallel(*threads, &mut items, 32, |(item, comparison)| {
        let row = comparison.done;
        comparison.done += 1;
        if step_hash(item) != comparison.expected[row] || !applied_as_recorded(item) {
            comparison.differs = Some(row);
        } else if item.outcome.is_over() && comparison.done < comparison.expected.len() {
            comparison.differs = Some(comparison.done);
        }
    });
}

/// Whether every agent was given the very bits of the replayed row. (An action is held to [-1, 1] before it is applied: a changed one just
/// outside would do what the right one did.)
fn applied_as_recorded(item: &ArenaQueryItem<'_, '_>) -> bool {
    let mut done = item.pilots().zip(parts(&item.action.0, item.arena.plan.decided()));
    done.all(|(pilot, applied)| {
        let Pilot::Replay { actions, next } = pilot else { return true };
        let row = next.checked_sub(1).and_then(|row| actions.get(row));
        row.is_none_or(|row| row.iter().map(|value| value.to_bits()).eq(applied.iter().map(|value| value.to_bits())))
    })
}

/// Brings an arena of the demonstration's scene to its start, and lets every agent do once more what it did.
pub fn begin(item: &mut ArenaQueryItem<'_, '_>, demonstration: &Demonstration) {
    item.restore(&demonstration.snapshot);
    let cast = demonstration.rows.cast(&item.arena.plan);
    cast.seat(&mut item.pilot, &mut item.others);
}

/// Replays demonstrations of one scene, all together, and compares every row. `arenas` is how many run side by side.
pub fn verify(plan: &Arc<Plan>, demonstrations: &[Demonstration], threads: Threads, arenas: Option<usize>) -> Vec<Replayed> {
    let count = arenas.unwrap_or(ARENAS).clamp(1, demonstrations.len().max(1));
    let mut app = headless_app(threads);
    app.add_plugins((
        ControlPlugin { timing: plan.timing },
        ArenaPlugin { plans: vec![plan.clone()], count, seed: 0, pilot: Pilot::Idle },
        PilotPlugin,
        ReplayPlugin,
    ));
    start(&mut app);
    let entities: Vec<Entity> = app.world_mut().query_filtered::<Entity, With<Arena>>().iter(app.world()).collect();
    for entity in entities {
        app.world_mut().entity_mut(entity).insert(Comparison::default());
    }
    let mut results: Vec<Option<Replayed>> = vec![None; demonstrations.len()];
    let mut at: Vec<Option<usize>> = vec![None; count];
    let mut next = 0;
    let mut query = app.world_mut().query::<(ArenaQuery, &mut Comparison)>();
    loop {
        for (mut item, mut comparison) in query.iter_mut(app.world_mut()) {
            if !comparison.is_over() {
                continue;
            }
            let arena = item.arena.index;
            if let Some(episode) = at[arena].take() {
                results[episode] = Some(Replayed { episode, frames: comparison.expected.len(), differs: comparison.differs });
            }
            if let Some(demonstration) = demonstrations.get(next) {
                begin(&mut item, demonstration);
                *comparison = Comparison::with(demonstration.rows.hashes.clone());
                at[arena] = Some(next);
                next += 1;
            }
        }
        if at.iter().all(Option::is_none) && next >= demonstrations.len() {
            return results.into_iter().flatten().collect();
        }
        app.update();
    }
}

/// The arena of a demonstration before its row `row`.
pub fn snapshot_at(plan: &Arc<Plan>, demonstration: &Demonstration, row: usize) -> Snapshot {
    let mut app = headless_app(Threads(1));
    app.add_plugins((
        ControlPlugin { timing: plan.timing },
        ArenaPlugin { plans: vec![plan.clone()], count: 1, seed: 0, pilot: Pilot::Idle },
        PilotPlugin,
    ));
    start(&mut app);
    let mut query = app.world_mut().query::<ArenaQuery>();
    let mut with_arena = |app: &mut App, work: &mut dyn FnMut(&mut ArenaQueryItem<'_, '_>)| {
        let mut arenas = query.query_mut(app.world_mut());
        in_order(&mut arenas).iter_mut().for_each(work);
    };
    with_arena(&mut app, &mut |item| begin(item, demonstration));
    for _ in 0..row {
        app.update();
    }
    let mut snapshot = demonstration.snapshot.clone();
    with_arena(&mut app, &mut |item| snapshot = item.capture().without_pilot());
    snapshot
}
