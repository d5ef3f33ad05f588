//! What happened lately in the arena that is watched, step by step: what plots are drawn from.

use super::notice::Event;
use super::rewind::Rewind;
use super::shown::Shown;
use crate::arena::{ArenaQuery, FinishedEpisodes, finish};
use crate::control::{ControlStep, ControlSystems};
use crate::scene::plan::Plan;
use crate::task::Watch;
use bevy::prelude::*;
use std::collections::VecDeque;

/// How far back it reaches, s.
const SECONDS: f32 = 60.0;

/// The last steps.
#[derive(Resource, Default)]
pub struct Trace {
    /// Oldest first.
    pub rows: VecDeque<Row>,
    /// What the predicates of the task say.
    pub predicates: Vec<String>,
    /// How the last episode ended, if one did.
    pub ended: Option<Ended>,
    watch: Watch,
    most: usize,
    /// The sums of the reward terms after the last step, and of which arena.
    sums: Vec<f32>,
    watched: Option<usize>,
}

/// One step.
pub struct Row {
    /// Control steps since the scene was shown.
    pub step: u64,
    /// As the pilot saw it.
    pub observation: Vec<f32>,
    /// As it was done.
    pub action: Vec<f32>,
    /// Dense reading.
    pub reward: f32,
    /// Each reward term, unweighted, in [0, 1].
    pub terms: Vec<f32>,
    /// Whether success held after it.
    pub success: bool,
    /// Whether each of [`Trace::predicates`] held after it.
    pub holds: Vec<bool>,
    /// Whether it was the first of its episode.
    pub begins: bool,
}

/// How an episode ended.
pub struct Ended {
    /// How.
    pub outcome: String,
    /// In [0, 1].
    pub score: f32,
    /// Control steps.
    pub steps: usize,
}

/// Writes the trace.
pub fn plugin(app: &mut App) {
    app.init_resource::<Trace>()
        .add_systems(ControlStep, (write.in_set(ControlSystems::Record), tell.in_set(ControlSystems::Reset).after(finish)));
}

impl Trace {
    /// Begins anew, for a scene.
    pub fn set(&mut self, plan: &Plan) {
        let watch = Watch::new(plan);
        let predicates = watch.names().map(str::to_owned).collect();
        *self = Self { predicates, watch, most: (SECONDS * plan.timing.control_hz as f32) as usize, ..Self::default() };
    }

    /// The episode of the watched arena was started anew.
    pub fn restarted(&mut self) {
        self.sums.clear();
    }

    /// Forgets what came after a step.
    pub fn forget_after(&mut self, step: u64) {
        self.rows.retain(|row| row.step <= step);
        self.sums.clear();
    }
}

fn write(arenas: Query<ArenaQuery>, mut trace: ResMut<Trace>, shown: Res<Shown>, rewind: Res<Rewind>) {
    let Some(item) = arenas.iter().find(|item| item.arena.index == shown.watched) else { return };
    let trace = &mut *trace;
    if trace.watched != Some(shown.watched) {
        trace.watched = Some(shown.watched);
        trace.rows.clear();
        trace.sums.clear();
    }
    let episode = &item.arena.episode;
    let begins = episode.step <= 1;
    if begins || trace.sums.len() != episode.agents[0].terms.len() {
        // Where the trace begins in the middle of an episode, the first step's terms are not known: they count as none.
        trace.sums = if begins { vec![0.0; episode.agents[0].terms.len()] } else { episode.agents[0].terms.clone() };
    }
    let terms = episode.agents[0].terms.iter().zip(&trace.sums).map(|(now, before)| now - before).collect();
    trace.sums.clone_from(&episode.agents[0].terms);
    let holds = trace.watch.holds(&item.situation(), begins);
    let row = Row {
        step: rewind.step,
        observation: item.observation.0.clone(),
        action: item.action.0.clone(),
        reward: item.reward.dense,
        terms,
        success: item.success.0,
        holds,
        begins,
    };
    trace.rows.push_back(row);
    while trace.rows.len() > trace.most {
        trace.rows.pop_front();
    }
}

fn tell(finished: Res<FinishedEpisodes>, shown: Res<Shown>, mut trace: ResMut<Trace>, mut events: MessageWriter<Event>) {
    let Some(finished) = finished.0.iter().find(|finished| finished.report.arena == shown.watched) else { return };
    let report = &finished.report;
    let outcome = format!("{:?}", report.outcome);
    trace.ended = Some(Ended { outcome: outcome.clone(), score: report.score, steps: report.length });
    events.write(Event::Ended { outcome, score: report.score, steps: report.length });
}
