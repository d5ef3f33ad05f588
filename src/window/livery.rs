//! The colours of a team: each agent's hull has its own, and so has what the scene calls the agent's (`red_ring` of `red`).

use crate::scene::plan::Plan;
use bevy::math::Vec3;

/// Colours (sRGB), in the order in which they are given, with the names of agents who get theirs in any case.
const COLOURS: [(&str, [f32; 3]); 8] = [
    ("red", [0.84, 0.13, 0.10]),
    ("blue", [0.10, 0.34, 0.86]),
    ("green", [0.14, 0.58, 0.26]),
    ("yellow", [0.96, 0.76, 0.10]),
    ("violet", [0.52, 0.24, 0.74]),
    ("orange", [0.96, 0.48, 0.08]),
    ("white", [0.92, 0.93, 0.94]),
    ("black", [0.10, 0.10, 0.12]),
];

/// The colour of each agent of a team: by its name, or the next one that is left. Nothing where there is no team.
pub fn colours(plan: &Plan) -> Vec<[f32; 3]> {
    if plan.team.is_empty() {
        return Vec::new();
    }
    let mut left = COLOURS.to_vec();
    let named = plan.agents().map(|agent| left.iter().position(|(name, _)| *name == agent.agent).map(|at| left.remove(at).1));
    let named: Vec<_> = named.collect();
    let mut left = left.into_iter().map(|(_, colour)| colour);
    named.into_iter().map(|colour| colour.or_else(|| left.next()).unwrap_or_default()).collect()
}

/// The colours among `all` that nobody takes for an agent's; all of them, where that leaves none.
pub fn neutral(all: &[[f32; 3]], agents: &[[f32; 3]]) -> Vec<[f32; 3]> {
    /// From here on two colours differ enough (of channels in [0, 1]).
    const APART: f32 = 0.35;
    let apart = |colour: &[f32; 3]| agents.iter().all(|theirs| Vec3::from(*theirs).distance(Vec3::from(*colour)) > APART);
    let neutral: Vec<_> = all.iter().copied().filter(apart).collect();
    if neutral.is_empty() { all.to_vec() } else { neutral }
}

/// The agent of a team that a prop is named after.
pub fn owner(plan: &Plan, prop: &str) -> Option<usize> {
    let is_theirs = |agent: &Plan| prop.strip_prefix(&agent.agent).is_some_and(|rest| rest.starts_with('_'));
    let theirs = plan.agents().enumerate().filter(|(_, agent)| !plan.team.is_empty() && is_theirs(agent));
    // `red_two_ring` is not that of `red`, where there is a `red_two`.
    theirs.max_by_key(|(_, agent)| agent.agent.len()).map(|(index, _)| index)
}
