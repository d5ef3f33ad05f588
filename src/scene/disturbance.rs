//! Pushes from outside, so that robustness is a matter of the scene file.

use super::plan::{Plan, Quantity};
use super::schema::Disturbance;
use crate::body::turned;
use crate::control::ControlTiming;
use crate::physics::Physics;
use crate::physics::rapier::prelude::*;
use crate::stream::{Purpose, Stream};
use bevy::math::Vec2;
use serde::{Deserialize, Serialize};
use std::f32::consts::TAU;

/// A [`Disturbance`] made ready to run.
pub struct DisturbancePlan {
    on: Vec<RigidBodyHandle>,
    force: Quantity,
    every: Quantity,
    lasting: Quantity,
}

/// What a disturbance remembers within an episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DisturbanceMemory {
    stream: Stream,
    /// Steps that the present push still lasts.
    left: u32,
    direction: Vec2,
}

impl DisturbanceMemory {
    /// At the start of the level seeded `seed`, for the scene's disturbance `index`.
    pub fn new(seed: u64, index: usize) -> Self {
        Self { stream: Stream::new(seed, Purpose::Disturbance, index as u64, 0), left: 0, direction: Vec2::X }
    }
}

impl DisturbancePlan {
    /// Looks up the names of a scene's disturbance.
    pub fn new(disturbance: &Disturbance, plan: &Plan) -> Self {
        let Disturbance::Push { on, force, every, lasting } = disturbance;
        let q = |number| plan.quantities.resolve(number);
        Self { on: plan.things[plan.thing(on).0].members.clone(), force: q(force), every: q(every), lasting: q(lasting) }
    }

    /// Takes away the last step's push.
    pub fn clear(&self, physics: &mut Physics<'_>) {
        for body in &self.on {
            physics.bodies[*body].reset_forces(false);
        }
    }

    /// Pushes for one control step, if it is time.
    pub fn act(&self, values: &[f32], memory: &mut DisturbanceMemory, timing: ControlTiming, physics: &mut Physics<'_>) {
        if memory.left == 0 {
            let chance = timing.control_dt() / self.every.of(values).max(timing.control_dt());
            if memory.stream.unit() >= chance {
                return;
            }
            memory.left = (self.lasting.of(values) * timing.control_hz as f32).round().max(1.0) as u32;
            memory.direction = turned(Vec2::X, memory.stream.between(0.0, TAU));
        }
        memory.left -= 1;
        let force = memory.direction * self.force.of(values);
        for body in self.on.iter().filter(|body| physics.bodies[**body].is_enabled()).copied().collect::<Vec<_>>() {
            physics.bodies[body].add_force(force.extend(0.0), true);
        }
    }
}
