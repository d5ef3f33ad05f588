//! Self-play: a team's agents learn against each other, and against past checkpoints of the run.
//!
//! Playing against the past keeps a policy from forgetting how to beat what it left behind (fictitious self-play; Heinrich, Lanctot and Silver
//! 2015; "Emergent Complexity via Multi-Agent Competition", Bansal et al. 2018, section 3.2, draws opponents uniformly from the past).

use crate::arena::{Arena, Others};
use crate::control::{ControlStep, ControlSystems};
use crate::learn::policy::{CheckpointError, Policy};
use crate::pilot::Pilot;
use crate::pilot::policy::{self, Opponents};
use crate::stream::{Purpose, Stream};
use crate::training::checkpoint;
use crate::training::recipe::{Policies, Recipe};
use crate::training::stages::Stage;
use bevy::prelude::*;
use std::path::Path;

/// Gives a team's agents their pilots, at the beginning of every episode.
pub struct OpponentsPlugin(pub Matches);

/// Who learns where.
#[derive(Resource, Clone, Copy)]
pub struct Matches {
    /// The run's seed.
    seed: u64,
    /// In so many arenas, the first ones, every agent learns; in the others one agent does.
    learning: usize,
    /// By how many policies a team learns.
    policies: Policies,
}

impl Matches {
    /// As a recipe says it of a stage.
    pub fn of(recipe: &Recipe, stage: &Stage) -> Self {
        let past = (recipe.past_opponents * stage.arenas as f32).round() as usize;
        Self { seed: stage.seed, learning: stage.arenas.saturating_sub(past), policies: recipe.policies }
    }

    /// The student by whom an agent of an arena, one of so many `agents`, learns; none where an opponent flies it.
    fn student(self, arena: usize, agent: usize, agents: usize) -> Option<usize> {
        (arena < self.learning || agent == arena % agents).then_some(self.seat(agent))
    }

    /// Whose policy is an agent's.
    fn seat(self, agent: usize) -> usize {
        match self.policies {
            Policies::Shared => 0,
            Policies::PerAgent => agent,
        }
    }

    /// Of how many agents a student learns in each step; `agents` are those of each arena.
    pub fn rows(self, student: usize, agents: impl IntoIterator<Item = usize>) -> usize {
        let learning = |(arena, agents)| (0..agents).filter(move |agent| self.student(arena, *agent, agents) == Some(student)).count();
        agents.into_iter().enumerate().map(learning).sum()
    }
}

/// Brings the policies of the checkpoints that a run had judged when it stood at `updates`: each has one for every one of `agents`.
///
/// # Errors
/// Where a checkpoint refuses.
pub fn recall(run: &Path, updates: u64, agents: &[&str], recipe: &Recipe) -> Result<Opponents, CheckpointError> {
    let judged = if recipe.past_opponents > 0.0 { checkpoint::judged(run, updates) } else { Vec::new() };
    let each = judged.iter().flat_map(|path| agents.iter().map(|agent| Policy::load(&checkpoint::of_agent(path, agent))));
    Ok(Opponents { first: agents.len(), policies: each.collect::<Result<_, _>>()? })
}

impl Plugin for OpponentsPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins(policy::plugin).insert_resource(self.0).add_systems(ControlStep, pair.in_set(ControlSystems::Observe));
    }
}

/// At the beginning of an episode: who flies each agent. The first of all opponents stands idle: without somebody who lets one have it, nobody
/// finds out what the task is about.
fn pair(mut arenas: Query<(&Arena, &mut Pilot, &mut Others)>, matches: Res<Matches>, opponents: Res<Opponents>) {
    for (arena, mut first, mut others) in &mut arenas {
        if arena.episode.step > 0 || others.0.is_empty() {
            continue;
        }
        let mut draw = Stream::new(matches.seed, Purpose::Opponent, arena.index as u64, arena.episode.number);
        let agents = 1 + others.0.len();
        for (agent, pilot) in std::iter::once(&mut *first).chain(&mut others.0).enumerate() {
            let of = match matches.student(arena.index, agent, agents) {
                Some(student) => Some(student),
                // Each of the past checkpoints has a policy for every student.
                None => {
                    let past = draw.below(1 + opponents.policies.len() / opponents.first);
                    past.checked_sub(1).map(|past| opponents.first * (1 + past) + matches.seat(agent))
                }
            };
            *pilot = of.map_or(Pilot::Idle, Pilot::policy_of);
        }
    }
}
