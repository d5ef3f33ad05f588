//! The last half minute, kept as snapshots: scrub through it, go on from any moment of it.

use super::shown::Shown;
use super::smoothing::settle;
use super::trace::Trace;
use crate::arena::{ArenaQuery, Snapshot, finish, in_order};
use crate::control::{ControlStep, ControlSystems, ControlTiming};
use crate::physics::Threads;
use crate::physics::in_parallel;
use crate::pilot::Pilot;
use bevy::prelude::*;
use std::collections::VecDeque;

/// How far back it reaches, s.
const SECONDS: f32 = 30.0;
/// Memory for it, bytes. Where all arenas' snapshots of half a minute need more, only every second, third, .. step is kept.
const MEMORY: usize = 512 << 20;

/// The moments that are kept, and where in them the window stands.
#[derive(Resource, Default)]
pub struct Rewind {
    /// Control steps since the scene was shown.
    pub step: u64,
    /// The moment that is looked at; none where the present is.
    pub at: Option<usize>,
    moments: VecDeque<Kept>,
    /// Every so many steps one is kept.
    stride: u64,
}

struct Kept {
    step: u64,
    arenas: Vec<Snapshot>,
}

/// Keeps moments.
pub fn plugin(app: &mut App) {
    app.init_resource::<Rewind>()
        .add_systems(ControlStep, (resume.in_set(ControlSystems::Observe), keep.in_set(ControlSystems::Reset).after(finish)));
}

impl Rewind {
    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// How many moments there are.
    pub fn len(&self) -> usize {
        self.moments.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.moments.is_empty()
    }

    /// The step of a moment.
    pub fn step_of(&self, moment: usize) -> Option<u64> {
        self.moments.get(moment).map(|kept| kept.step)
    }

    /// The moment that was so many seconds ago, or the first one.
    pub fn ago(&self, seconds: f32, timing: ControlTiming) -> Option<usize> {
        let last = self.moments.back()?.step;
        let step = last.saturating_sub((seconds * timing.control_hz as f32).round() as u64);
        self.moments.iter().rposition(|kept| kept.step <= step).or(Some(0))
    }
}

/// Where somebody goes on from a moment of the past, what came after it has not happened.
fn resume(mut rewind: ResMut<Rewind>, mut trace: ResMut<Trace>) {
    if let Some(at) = rewind.at.take() {
        rewind.moments.truncate(at + 1);
        rewind.step = rewind.moments.back().map_or(rewind.step, |kept| kept.step);
        trace.forget_after(rewind.step);
    }
    rewind.step += 1;
}

fn keep(mut arenas: Query<ArenaQuery>, mut rewind: ResMut<Rewind>, timing: Res<ControlTiming>, threads: Res<Threads>) {
    let rewind = &mut *rewind;
    let mut items = in_order(&mut arenas);
    let kept_steps = (SECONDS * timing.control_hz as f32) as usize;
    if rewind.stride == 0 {
        // (A snapshot in memory is about twice as large as a written one.)
        let written = items.first_mut().and_then(|item| postcard::to_allocvec(&item.capture()).ok()).map_or(0, |bytes| 2 * bytes.len());
        rewind.stride = (kept_steps * items.len() * written).div_ceil(MEMORY).max(1) as u64;
    }
    if !rewind.step.is_multiple_of(rewind.stride) {
        return;
    }
    let mut captured: Vec<_> = items.iter_mut().map(|item| (item, None)).collect();
    in_parallel(*threads, &mut captured, 1, |(item, snapshot)| *snapshot = Some(item.capture()));
    let arenas = captured.into_iter().filter_map(|(_, snapshot)| snapshot).collect();
    rewind.moments.push_back(Kept { step: rewind.step, arenas });
    while rewind.moments.front().is_some_and(|kept| kept.step + kept_steps as u64 <= rewind.step) {
        rewind.moments.pop_front();
    }
}

/// Brings every arena to a moment.
pub fn go(world: &mut World, moment: usize) {
    world.resource_scope(|world, mut rewind: Mut<Rewind>| {
        let Some(kept) = rewind.moments.get(moment) else { return };
        let shown = world.resource::<Shown>();
        let (pilots, seed) = (shown.pilots(), shown.seed);
        let mut query = world.query::<ArenaQuery>();
        let mut arenas = query.query_mut(world);
        for (mut item, snapshot) in in_order(&mut arenas).into_iter().zip(&kept.arenas) {
            item.restore(snapshot);
            // A pilot of the same kind goes on with what it remembered; another one has come since, and starts.
            let kind = std::mem::discriminant::<Pilot>;
            let come = item.pilots().zip(&pilots).enumerate().filter(|(_, (then, now))| kind(then) != kind(now));
            let come: Vec<_> = come.map(|(agent, (_, now))| (agent, now.clone())).collect();
            come.into_iter().for_each(|(agent, now)| item.seat(agent, now, seed));
        }
        rewind.at = (moment + 1 < rewind.moments.len()).then_some(moment);
    });
    if let Err(error) = world.run_system_cached(settle) {
        tracing::error!("{error}");
    }
}
