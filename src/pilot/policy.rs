//! The policy pilot: one forward for all arenas that it flies.

use super::Pilot;
use crate::arena::{Arena, Others};
use crate::control::{ControlStep, ControlSystems};
use crate::learn::Rows;
use crate::learn::batch::Batch;
use crate::learn::policy::Policy;
use crate::signal::{Action, Observation, parts, parts_mut};
use bevy::prelude::*;
use std::collections::BTreeMap;

/// Lets a frozen policy decide, deterministically, in every arena whose pilot is [`Pilot::Policy`].
pub struct PolicyPilotPlugin {
    /// The policy. (Its contract must fit the scene: [`crate::learn::policy::Contract::fits`].)
    pub policy: Policy,
}

/// The policy that flies.
#[derive(Resource)]
pub struct Flying(pub Policy);

impl Plugin for PolicyPilotPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(Flying(self.policy.clone())).add_plugins(plugin);
    }
}

/// Policies of opponents: what flies where a pilot is [`Pilot::opponent`]. Past checkpoints of a run that plays against itself, or the run that
/// another one is held against.
#[derive(Resource)]
pub struct Opponents {
    /// What a pilot calls the first of them: those before fly, or learn.
    pub first: usize,
    /// In order.
    pub policies: Vec<Policy>,
}

impl Default for Opponents {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl From<Vec<Policy>> for Opponents {
    /// Beside a single policy that flies.
    fn from(policies: Vec<Policy>) -> Self {
        Self { first: 1, policies }
    }
}

/// Lets the policy that is [`Flying`] decide, as soon as there is one (for an app in which it changes while it runs), and the [`Opponents`].
pub fn plugin(app: &mut App) {
    app.init_resource::<Opponents>().add_systems(ControlStep, decide.in_set(ControlSystems::Decide));
}

/// What is read and written of one agent that a policy flies.
pub struct Row<'w> {
    /// Its arena, from 0.
    pub arena: usize,
    /// Which of its agents, from 0.
    pub agent: usize,
    /// Whether an episode begins.
    pub begins: bool,
    /// A random seed of its episode.
    pub seed: u64,
    /// What the policy remembers.
    pub memory: &'w mut Vec<f32>,
    /// What it sees.
    pub observation: &'w [f32],
    /// What it decides.
    pub action: &'w mut [f32],
}

/// What a batched decision reads and writes of an arena.
pub type Flown<'w> = (&'w Arena, &'w mut Pilot, &'w mut Others, &'w Observation, &'w mut Action);

/// All agents that policies fly, by the number of the policy ([`Pilot::Policy`]), each in the order of arenas and agents.
pub fn rows<'w>(arenas: &'w mut Query<'_, '_, Flown<'static>>) -> BTreeMap<usize, Vec<Row<'w>>> {
    let mut rows: BTreeMap<usize, Vec<Row<'w>>> = BTreeMap::new();
    for (arena, pilot, others, observation, action) in arenas {
        let pilots = std::iter::once(pilot.into_inner()).chain(&mut others.into_inner().0);
        let signals = parts(&observation.0, arena.plan.seen()).zip(parts_mut(&mut action.into_inner().0, arena.plan.decided()));
        for (agent, (pilot, (observation, action))) in pilots.zip(signals).enumerate() {
            if let Pilot::Policy { memory, seed, of } = pilot {
                let row = Row { arena: arena.index, agent, begins: arena.episode.step == 0, seed: *seed, memory, observation, action };
                rows.entry(*of).or_default().push(row);
            }
        }
    }
    for rows in rows.values_mut().filter(|rows| !rows.is_sorted_by_key(|row| (row.arena, row.agent))) {
        rows.sort_by_key(|row| (row.arena, row.agent));
    }
    rows
}

/// The policy's own decision for each row.
fn fly(policy: &Policy, mut rows: Vec<Row<'_>>) {
    let observations = gather(rows.iter().map(|row| row.observation));
    let begins: Vec<bool> = rows.iter().map(|row| row.begins).collect();
    let seeds: Vec<u64> = rows.iter().map(|row| row.seed).collect();
    let mut memory = recalled(&rows, policy.memory());
    let actions = policy.act(Rows { observations: &observations, begins: &begins, seeds: &seeds, memory: &mut memory });
    for (index, row) in rows.iter_mut().enumerate() {
        row.action.copy_from_slice(actions.row(index));
    }
    remember(&mut rows, &memory);
}

/// What the rows remember, `[N, width]`; nothing yet is all zeros.
pub fn recalled(rows: &[Row<'_>], width: usize) -> Batch {
    let mut memory = Batch::zeros(rows.len(), width);
    for (index, row) in rows.iter().enumerate().filter(|(_, row)| width > 0 && row.memory.len() == width) {
        memory.row_mut(index).copy_from_slice(row.memory);
    }
    memory
}

/// Lets each row remember its part of `memory`.
pub fn remember(rows: &mut [Row<'_>], memory: &Batch) {
    for (index, row) in rows.iter_mut().enumerate().filter(|_| memory.width() > 0) {
        *row.memory = memory.row(index).to_vec();
    }
}

/// The policy that flies decides, and so do the opponents. (A learner decides for itself.)
fn decide(mut arenas: Query<Flown<'static>>, flying: Option<Res<Flying>>, opponents: Res<Opponents>) {
    if flying.is_none() && opponents.policies.is_empty() {
        return;
    }
    for (of, rows) in rows(&mut arenas) {
        let opponent = || opponents.policies.get(of.checked_sub(opponents.first)?);
        if let Some(policy) = flying.as_ref().filter(|_| of == 0).map(|flying| &flying.0).or_else(opponent) {
            fly(policy, rows);
        }
    }
}

/// Rows of equal width, one after the other.
pub fn gather<'a>(rows: impl Iterator<Item = &'a [f32]>) -> Batch {
    let mut values = Vec::new();
    let mut width = 0;
    for row in rows {
        width = row.len();
        values.extend_from_slice(row);
    }
    Batch::new(width, values)
}
