//! The policy pilot: one forward for all arenas that it flies.

use super::Pilot;
use crate::arena::{Arena, ArenaQueryItem};
use crate::control::{ControlStep, ControlSystems};
use crate::learn::Rows;
use crate::learn::batch::Batch;
use crate::learn::policy::Policy;
use crate::signal::{Action, Observation};
use bevy::prelude::*;

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

/// Lets the policy that is [`Flying`] decide, as soon as there is one: for an app in which it changes while it runs.
pub fn plugin(app: &mut App) {
    app.add_systems(ControlStep, decide.in_set(ControlSystems::Decide).run_if(resource_exists::<Flying>));
}

/// What a batched decision reads and writes of an arena.
type Row<'w> = (&'w Arena, Mut<'w, Pilot>, &'w Observation, Mut<'w, Action>);

fn decide(mut arenas: Query<(&Arena, &mut Pilot, &Observation, &mut Action)>, flying: Res<Flying>) {
    let mut rows: Vec<Row<'_>> = arenas.iter_mut().filter(|(_, pilot, ..)| matches!(**pilot, Pilot::Policy { .. })).collect();
    if rows.is_empty() {
        return;
    }
    rows.sort_by_key(|(arena, ..)| arena.index);
    let observations = gather(rows.iter().map(|(_, _, observation, _)| observation.0.as_slice()));
    let begins: Vec<bool> = rows.iter().map(|(arena, ..)| arena.episode.step == 0).collect();
    let mut memory = Batch::zeros(rows.len(), flying.0.memory());
    for (index, (_, pilot, ..)) in rows.iter().enumerate() {
        if let Pilot::Policy { memory: kept } = &**pilot
            && kept.len() == memory.width()
            && !kept.is_empty()
        {
            memory.row_mut(index).copy_from_slice(kept);
        }
    }
    let actions = flying.0.act(Rows { observations: &observations, begins: &begins, memory: &mut memory }, None);
    for (index, (_, pilot, _, action)) in rows.iter_mut().enumerate() {
        action.0.copy_from_slice(actions.row(index));
        if memory.width() > 0 {
            **pilot = Pilot::Policy { memory: memory.row(index).to_vec() };
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

/// The observations of arenas, one row each.
pub fn observations(items: &[ArenaQueryItem<'_, '_>]) -> Batch {
    gather(items.iter().map(|item| item.observation.0.as_slice()))
}
