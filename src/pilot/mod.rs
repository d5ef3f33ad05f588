//! Pilots: who decides in an arena.

pub mod expert;
pub mod hand;
pub mod policy;

use crate::arena::{ArenaQuery, ArenaQueryItem};
use crate::control::{ControlStep, ControlSystems};
use crate::physics::{Threads, in_parallel};
use crate::stream::{Purpose, Stream};
use bevy::prelude::*;
use expert::ExpertMemory;
use hand::{HandCommand, Hands};
use serde::{Deserialize, Serialize};

/// Who decides in an arena, and what they remember of the episode.
#[derive(Component, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Pilot {
    /// Nobody: no action.
    #[default]
    Idle,
    /// Uniformly random actions.
    Random {
        /// The episode's stream.
        stream: Option<Stream>,
    },
    /// The task's scripted expert.
    Expert {
        /// What it remembers.
        memory: ExpertMemory,
    },
    /// Recorded actions, one after the other; none after the last.
    Replay {
        /// One row for each step.
        actions: Vec<Vec<f32>>,
        /// The row that is next.
        next: usize,
    },
    /// A policy: a frozen one (see [`policy`]) or, while it learns, the learner (see [`crate::training`]).
    Policy {
        /// What it remembers: recurrent state, a pending chunk; empty for most.
        memory: Vec<f32>,
    },
    /// Hands: what sticks, buttons and keys say (see [`hand`]).
    Hand,
}

impl Pilot {
    /// The random pilot.
    pub fn random() -> Self {
        Self::Random { stream: None }
    }

    /// The expert.
    pub fn expert() -> Self {
        Self::Expert { memory: ExpertMemory::default() }
    }

    /// Recorded actions.
    pub fn replay(actions: Vec<Vec<f32>>) -> Self {
        Self::Replay { actions, next: 0 }
    }

    /// A policy.
    pub fn policy() -> Self {
        Self::Policy { memory: Vec::new() }
    }

    /// Forgets the last episode, before the episode `number` of an arena.
    pub fn begin(&mut self, seed: u64, arena: u64, number: u64) {
        match self {
            Self::Idle | Self::Hand => {}
            Self::Random { stream } => *stream = Some(Stream::new(seed, Purpose::Pilot, arena, number)),
            Self::Expert { memory } => *memory = ExpertMemory::default(),
            Self::Replay { next, .. } => *next = 0,
            Self::Policy { memory } => memory.fill(0.0),
        }
    }
}

/// Lets every pilot but policies decide. (Policies are asked all at once, in one batch.)
pub struct PilotPlugin;

impl Plugin for PilotPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Hands>().add_message::<HandCommand>();
        let latch = hand::hands::latch.in_set(hand::hands::Latch);
        app.add_systems(ControlStep, (latch, decide).chain().in_set(ControlSystems::Decide));
    }
}

fn decide(mut arenas: Query<ArenaQuery>, hands: Res<Hands>, threads: Res<Threads>) {
    let mut items: Vec<_> = arenas.iter_mut().collect();
    items.retain(|item| !matches!(*item.pilot, Pilot::Policy { .. }));
    in_parallel(*threads, &mut items, 32, |item| decide_one(item, &hands));
}

fn decide_one(item: &mut ArenaQueryItem<'_, '_>, hands: &Hands) {
    let mut action = std::mem::take(&mut item.action.0);
    let mut pilot = std::mem::take(&mut *item.pilot);
    match &mut pilot {
        Pilot::Idle => action.fill(0.0),
        Pilot::Random { stream: Some(stream) } => action.iter_mut().for_each(|channel| *channel = stream.between(-1.0, 1.0)),
        Pilot::Random { stream: None } | Pilot::Policy { .. } => {}
        Pilot::Expert { memory } => {
            let situation = item.situation();
            match situation.plan.task.as_ref().and_then(|task| task.expert.as_ref()) {
                Some(expert) => memory.decide(expert, &situation, &mut action),
                None => action.fill(0.0),
            }
        }
        Pilot::Replay { actions, next } => {
            match actions.get(*next) {
                Some(row) => action.copy_from_slice(row),
                None => action.fill(0.0),
            }
            *next += 1;
        }
        Pilot::Hand => {
            if hands.action().len() == action.len() {
                action.copy_from_slice(hands.action());
            } else {
                action.fill(0.0);
            }
        }
    }
    item.action.0 = action;
    *item.pilot = pilot;
}
