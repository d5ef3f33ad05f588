//! Walks as the scene's command says: the gait generator, held to its direction, told more where it turns out slower than it should be.

use super::ExpertMemory;
use crate::body::walker::gait::Gait;
use crate::body::{heading, turned};
use crate::scene::plan::Situation;

/// How strongly it turns back to where it looked, rad/s for each rad.
const BACK: f32 = 2.0;
/// How fast it learns what the gait falls short of, 1/s.
const MAKE_UP: f32 = 1.0;
/// How much more it is told at most, m/s.
const MOST: f32 = 0.5;

/// Decides one action.
pub(super) fn decide(memory: &mut ExpertMemory, situation: &Situation<'_>, action: &mut [f32]) {
    let plan = situation.plan;
    let trunk = &situation.world.bodies[plan.parts.root()];
    let (_, began) = plan.body.start(&situation.setting.values);
    let heading = heading(trunk.rotation());
    let (sine, cosine) = libm::sincosf(began - heading);
    let turn = (BACK * libm::atan2f(sine, cosine)).clamp(-1.0, 1.0);
    let (command, dt) = (situation.command(), plan.timing.control_dt());
    memory.goal = (memory.goal + MAKE_UP * dt * (command - trunk.linvel().truncate())).clamp_length_max(MOST);
    let seconds = (memory.steps - 1) as f32 * dt;
    Gait::of(&plan.parts, situation.world).step(seconds, turned(command + memory.goal, -heading), turn, action);
}
