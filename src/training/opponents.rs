//! Self-play: a team's agents learn by one policy, against each other and against past checkpoints of the run.
//!
//! Playing against the past keeps a policy from forgetting how to beat what it left behind (fictitious self-play; Heinrich, Lanctot and Silver
//! 2015; "Emergent Complexity via Multi-Agent Competition", Bansal et al. 2018, section 3.2, draws opponents uniformly from the past).

use crate::arena::{Arena, Others};
use crate::control::{ControlStep, ControlSystems};
use crate::learn::policy::Policy;
use crate::pilot::Pilot;
use crate::pilot::policy::{self, Opponents};
use crate::scene::plan::Plan;
use crate::stream::{Purpose, Stream};
use crate::training::checkpoint;
use crate::training::recipe::Recipe;
use bevy::prelude::*;
use std::path::Path;
use std::sync::Arc;

/// Gives a team's other agents their pilots, at the beginning of every episode.
pub struct OpponentsPlugin {
    /// The run's seed.
    pub seed: u64,
    /// In so many arenas, the first ones, every agent learns; in the others all but the first are flown by past checkpoints.
    pub learning: usize,
}

/// See [`OpponentsPlugin`].
#[derive(Resource)]
struct Matches {
    seed: u64,
    learning: usize,
}

/// In how many arenas past checkpoints fly.
pub fn past(recipe: &Recipe) -> usize {
    (recipe.past_opponents * recipe.arenas as f32).round() as usize
}

/// How many agents learn in all arenas together.
pub fn rows(recipe: &Recipe, plans: &[Arc<Plan>]) -> usize {
    let learning = recipe.arenas - past(recipe);
    (0..recipe.arenas).map(|arena| if arena < learning { 1 + plans[arena % plans.len()].team.len() } else { 1 }).sum()
}

/// Brings the policies of the checkpoints that a run had judged when it stood at `updates`: at least the newest one.
///
/// # Errors
/// Where a checkpoint refuses.
pub fn recall(world: &mut World, run: &Path, updates: u64, wanted: bool) -> Result<(), crate::learn::policy::CheckpointError> {
    let judged = if wanted { checkpoint::judged(run, updates) } else { Vec::new() };
    let policies = judged.iter().map(|path| Policy::load(path)).collect::<Result<_, _>>()?;
    world.insert_resource(Opponents(policies));
    Ok(())
}

impl Plugin for OpponentsPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins(policy::plugin);
        app.insert_resource(Matches { seed: self.seed, learning: self.learning });
        app.add_systems(ControlStep, pair.in_set(ControlSystems::Observe));
    }
}

/// At the beginning of an episode: who flies the other agents. The first of all opponents stands idle: without somebody who lets one have it, nobody
/// finds out what the task is about.
fn pair(mut arenas: Query<(&Arena, &mut Others)>, matches: Res<Matches>, opponents: Res<Opponents>) {
    for (arena, mut others) in &mut arenas {
        if arena.episode.step > 0 || others.0.is_empty() {
            continue;
        }
        let mut draw = Stream::new(matches.seed, Purpose::Opponent, arena.index as u64, arena.episode.number);
        others.0.fill_with(|| match draw.below(1 + opponents.0.len()) {
            _ if arena.index < matches.learning => Pilot::policy(),
            0 => Pilot::Idle,
            past => Pilot::opponent(past - 1),
        });
    }
}
