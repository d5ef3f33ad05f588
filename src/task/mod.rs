//! Tasks: what counts as success and failure, what is paid, when it is over.

mod condition;
mod judge;
mod payment;
mod watch;

pub use judge::{AddTask, Judge, Judgement};
pub use watch::Watch;

use crate::physics::rapier::prelude::*;
use crate::scene::plan::{Plan, Situation, ThingId, ThingKind};
use crate::scene::schema::{Expert, Task};
use crate::signal::{Outcome, Reward};
use bevy::math::{Vec2, Vec3};
use condition::Condition;
use judge::Vocabulary;
use payment::Payment;

/// A task of a scene, made ready to run.
pub struct TaskPlan {
    judge: Box<dyn Judge>,
    weights: Vec<f32>,
    /// Control steps after which an episode times out.
    pub steps: usize,
    ends_on_success: bool,
    /// The script that knows how it is done.
    pub expert: Option<Expert>,
}

/// What a task says of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Verdict {
    /// What is paid.
    pub reward: Reward,
    /// Whether success holds.
    pub success: bool,
    /// How the episode stands.
    pub outcome: Outcome,
}

impl TaskPlan {
    /// Looks up the names of a scene's task.
    pub fn new(task: &Task, plan: &Plan) -> Self {
        let mut memory = 0;
        let success = Condition::new(&task.success, plan, &mut memory);
        let failure = task.failure.as_ref().map(|failure| Condition::new(failure, plan, &mut memory));
        let reward = task.reward.iter().map(|(weight, term)| (*weight, Payment::new(term, plan, &mut memory))).collect();
        let (time_limit, ends_on_success) = (task.time_limit, task.ends_on_success);
        let vocabulary = Vocabulary { success, failure, reward, memory, time_limit, ends_on_success };
        Self::judged_by(vocabulary, task.expert.clone(), plan)
    }

    /// A task in which `judge` has the say.
    pub(crate) fn judged_by(judge: impl Judge + 'static, expert: Option<Expert>, plan: &Plan) -> Self {
        let steps = (judge.time_limit() * plan.timing.control_hz as f32).round().max(1.0) as usize;
        Self { steps, weights: judge.weights(), ends_on_success: judge.ends_on_success(), judge: Box::new(judge), expert }
    }

    /// What its judge remembers when an episode starts.
    pub fn memory(&self) -> Vec<f32> {
        vec![0.0; self.judge.memory()]
    }

    /// Judges the step that was just simulated, the `step`th of its episode (from 1), and adds each reward term to its sum in `sums`. Called
    /// once per step: judges may remember.
    pub fn judge(&self, situation: &Situation<'_>, memory: &mut [f32], sums: &mut [f32], step: usize) -> Verdict {
        let mut terms = vec![0.0; self.weights.len()];
        let Judgement { success, failure: failed } = self.judge.judge(situation, memory, &mut terms);
        let (mut paid, mut weights) = (0.0, 0.0);
        for ((weight, value), sum) in self.weights.iter().zip(terms).zip(sums) {
            // A judge that writes nonsense must not poison what is learnt.
            let value = if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) };
            paid += weight * value;
            weights += weight;
            *sum += value;
        }
        let success = success && !failed;
        let dense = if success {
            1.0
        } else if weights > 0.0 {
            (paid / weights).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let outcome = if failed {
            Outcome::Failed
        } else if success && self.ends_on_success {
            Outcome::Succeeded
        } else if step >= self.steps {
            Outcome::TimedOut
        } else {
            Outcome::Running
        };
        Verdict { reward: Reward { dense, sparse: if success { 1.0 } else { 0.0 } }, success, outcome }
    }

    /// Score of an episode from the sum of its dense rewards: their mean over the time limit, with 1 for the steps that a success
    /// saved and 0 for those that a failure lost. In [0, 1].
    pub fn score(&self, rewards: f32, length: usize, outcome: Outcome) -> f32 {
        let saved = if outcome == Outcome::Succeeded { self.steps.saturating_sub(length) } else { 0 };
        ((rewards + saved as f32) / self.steps as f32).clamp(0.0, 1.0)
    }

    /// How many reward terms it has.
    pub fn terms(&self) -> usize {
        self.weights.len()
    }
}

/// The rigid bodies of a thing that are present in this level.
pub(crate) fn present<'a>(situation: &Situation<'a>, thing: ThingId) -> impl Iterator<Item = RigidBodyHandle> + use<'a> {
    let bodies = situation.world.bodies;
    situation.plan.things[thing.0].members.iter().copied().filter(|member| bodies[*member].is_enabled())
}

/// Where a thing is: its centre, or the mean of those of a group's members.
pub fn centre(situation: &Situation<'_>, thing: ThingId) -> Vec3 {
    match situation.plan.things[thing.0].kind {
        ThingKind::Zone(zone) => return situation.setting.zones[zone].centre.extend(0.0),
        ThingKind::Point(point) => return situation.setting.points[point],
        ThingKind::Spot(link, at) => return situation.world.bodies[link].position().transform_point(at),
        _ => {}
    }
    let (mut sum, mut count) = (Vec3::ZERO, 0);
    for member in present(situation, thing) {
        sum += member_centre(situation, member);
        count += 1;
    }
    sum / count.max(1) as f32
}

/// The middle of one rigid body: its centre of mass, which for a pole is not its origin.
pub(crate) fn member_centre(situation: &Situation<'_>, member: RigidBodyHandle) -> Vec3 {
    situation.world.bodies[member].center_of_mass()
}

/// How far a point is on its way from the zone's centre (0) to its edge (1) and beyond. Of walls: the larger share of a half width.
pub(crate) fn way_out(situation: &Situation<'_>, point: Vec2, zone: ThingId) -> f32 {
    match situation.plan.things[zone.0].kind {
        ThingKind::Zone(zone) => {
            let zone = situation.setting.zones[zone];
            point.distance(zone.centre) / zone.radius.max(1e-6)
        }
        ThingKind::Walls(half) => (point.abs() / Vec2::from(half)).max_element(),
        _ => f32::INFINITY,
    }
}
