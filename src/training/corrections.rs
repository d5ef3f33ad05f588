//! Corrections in a run: the oracles look at what the learner decided, before it is done.

use crate::arena::Arena;
use crate::control::{ControlStep, ControlSystems};
use crate::imitation::corrections::{Corrections, Look, Rule, Watch};
use crate::physics::{PhysicsQueryReadOnly, Threads, in_parallel};
use crate::pilot::Pilot;
use crate::signal::Action;
use crate::training::trainer::{StudentsDecide, Trainer};
use bevy::prelude::*;

/// Puts an oracle into every arena of a run in which one student learns.
pub struct CorrectionsPlugin {
    /// Who they are, and when they steer. (Already checked: [`Corrections::problems`].)
    pub corrections: Corrections,
    /// How many arenas there are.
    pub arenas: usize,
    /// The run's seed.
    pub seed: u64,
    /// How they stood when the run was left; empty at its beginning.
    pub watches: Vec<Watch>,
}

/// The oracles, by arena.
#[derive(Resource)]
pub struct Watches(pub Vec<Watch>);

/// What they go by.
#[derive(Resource)]
struct Rules {
    rule: Rule,
    seed: u64,
}

impl Plugin for CorrectionsPlugin {
    fn build(&self, app: &mut App) {
        let oracle = self.corrections.pilot().unwrap_or(Pilot::Idle);
        let watches = if self.watches.len() == self.arenas { self.watches.clone() } else { vec![Watch::new(oracle); self.arenas] };
        app.insert_resource(Watches(watches)).insert_resource(Rules { rule: self.corrections.rule.clone(), seed: self.seed });
        app.add_systems(ControlStep, correct.in_set(ControlSystems::Decide).after(StudentsDecide));
    }
}

/// Every oracle looks at its arena; where it steers, its action is done.
fn correct(
    mut arenas: Query<(&Arena, PhysicsQueryReadOnly, &mut Action)>,
    mut trainer: ResMut<Trainer>,
    mut watches: ResMut<Watches>,
    rules: Res<Rules>,
    threads: Res<Threads>,
) {
    let updates = trainer.progress.updates;
    let mut by_index: Vec<_> = arenas.iter_mut().collect();
    by_index.sort_by_key(|(arena, ..)| arena.index);
    let items = by_index.into_iter().zip(&mut watches.0);
    let mut items: Vec<_> =
        items.map(|((arena, physics, action), watch)| (arena, physics.view(), &mut action.into_inner().0, watch, Look::default())).collect();
    in_parallel(*threads, &mut items, 8, |(arena, world, action, watch, look)| {
        if arena.episode.step == 0 {
            watch.begin(rules.seed, arena.index as u64, arena.episode.number);
        }
        *look = watch.look(&rules.rule, &arena.plan, &arena.episode, *world, updates, action);
    });
    let Some(student) = trainer.students.first_mut() else { return };
    for (arena, _, action, _, look) in &items {
        student.rollout.correct(arena.index, look.steers.then_some(action.as_slice()), look.label.as_deref());
    }
}
