//! Pilots: who decides in an arena.

pub mod cast;
pub mod expert;
pub mod hand;
pub mod operator;
pub mod policy;

use crate::arena::{Arena, Episode, Others};
use crate::control::{ControlStep, ControlSystems};
use crate::physics::{PhysicsQueryReadOnly, PhysicsView, Threads, in_parallel};
use crate::scene::plan::{Plan, Situation};
use crate::signal::{Action, parts_mut};
use crate::stream::{Purpose, Stream};
use bevy::prelude::*;
use expert::{ExpertMemory, Preference};
use hand::{HandCommand, Hands};
use operator::{Operator, Traits};
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
        /// Of the episode, for what it draws.
        seed: u64,
        /// Which policy: 0 is the one that flies or learns, the others are opponents (see [`policy::Opponents`]).
        of: usize,
    },
    /// Hands: what sticks, buttons and keys say (see [`hand`]).
    Hand,
    /// Somebody who does what the expert would do, with traits of their own (see [`operator`]).
    Operator(Box<Operator>),
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

    /// Somebody with these traits.
    pub fn operator(traits: Traits) -> Self {
        Self::Operator(Box::new(traits.into()))
    }

    /// Recorded actions.
    pub fn replay(actions: Vec<Vec<f32>>) -> Self {
        Self::Replay { actions, next: 0 }
    }

    /// A policy.
    pub fn policy() -> Self {
        Self::policy_of(0)
    }

    /// One of the opponents' policies (see [`policy::Opponents`]), from 0.
    pub fn opponent(index: usize) -> Self {
        Self::policy_of(1 + index)
    }

    /// The policy of this number (see [`Pilot::Policy`]).
    pub fn policy_of(of: usize) -> Self {
        Self::Policy { memory: Vec::new(), seed: 0, of }
    }

    /// Its kind, as the command line and data sets call it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Random { .. } => "random",
            Self::Expert { .. } => "expert",
            Self::Replay { .. } => "replay",
            Self::Policy { .. } => "policy",
            Self::Hand => "hand",
            Self::Operator(_) => "operator",
        }
    }

    /// Forgets the last episode, before the episode `number` of an arena.
    pub fn begin(&mut self, seed: u64, arena: u64, number: u64) {
        match self {
            Self::Idle | Self::Hand => {}
            Self::Random { stream } => *stream = Some(Stream::new(seed, Purpose::Pilot, arena, number)),
            Self::Expert { memory } => *memory = ExpertMemory::default(),
            Self::Replay { next, .. } => *next = 0,
            Self::Policy { memory, seed: own, .. } => {
                memory.fill(0.0);
                *own = Stream::new(seed, Purpose::Pilot, arena, number).bits();
            }
            Self::Operator(operator) => operator.begin(Stream::new(seed, Purpose::Pilot, arena, number)),
        }
    }

    /// Writes what it would do in an arena that somebody else flies. (Neither policies nor hands say anything here.)
    pub fn advise(&mut self, plan: &Plan, episode: &Episode, world: PhysicsView<'_>, action: &mut [f32]) {
        self.decide(plan, episode, world, &Hands::default(), action);
    }

    /// Writes the action of one step. (Policies write theirs elsewhere.)
    fn decide(&mut self, plan: &Plan, episode: &Episode, world: PhysicsView<'_>, hands: &Hands, action: &mut [f32]) {
        match self {
            Self::Idle => action.fill(0.0),
            Self::Random { stream: Some(stream) } => action.iter_mut().for_each(|channel| *channel = stream.between(-1.0, 1.0)),
            Self::Random { stream: None } | Self::Policy { .. } => {}
            Self::Expert { .. } | Self::Operator(_) => match plan.task.as_ref().and_then(|task| task.expert.as_ref()) {
                Some(expert) => {
                    // Experts look at the world alone: what they write to is not what they see.
                    let situation = Situation { plan, world, setting: &episode.setting, action: &[] };
                    match self {
                        Self::Expert { memory } => memory.decide(expert, Preference::default(), &situation, action),
                        Self::Operator(operator) => operator.decide(expert, &situation, action),
                        _ => {}
                    }
                }
                None => action.fill(0.0),
            },
            Self::Replay { actions, next } => {
                let row = actions.get(*next).into_iter().flatten().chain(std::iter::repeat(&0.0));
                action.iter_mut().zip(row).for_each(|(channel, value)| *channel = *value);
                *next += 1;
            }
            Self::Hand if hands.wanted().len() == plan.steering.width() => {
                let seconds = episode.step as f32 * plan.timing.control_dt();
                plan.body.steer(&plan.parts, world, seconds, hands.wanted(), action);
            }
            Self::Hand => action.fill(0.0),
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

fn decide(
    mut arenas: Query<(&Arena, PhysicsQueryReadOnly, &mut Pilot, &mut Others, &mut Action)>,
    hands: Res<Hands>,
    threads: Res<Threads>,
) {
    let mut items: Vec<_> = Vec::new();
    for (arena, physics, pilot, others, action) in &mut arenas {
        let pilots = std::iter::once(pilot.into_inner()).chain(&mut others.into_inner().0);
        let rows = parts_mut(&mut action.into_inner().0, arena.plan.decided());
        for ((plan, pilot), row) in arena.plan.agents().zip(pilots).zip(rows) {
            if !matches!(*pilot, Pilot::Policy { .. }) {
                items.push((plan, &arena.episode, physics.view(), pilot, row));
            }
        }
    }
    in_parallel(*threads, &mut items, 32, |(plan, episode, world, pilot, row)| pilot.decide(plan, episode, *world, &hands, row));
}
