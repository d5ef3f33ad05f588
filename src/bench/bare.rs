//! What the control step is measured against: Rapier's worlds with nothing around them, in the parallel loop that one would write by hand.
//!
//! It runs on the same threads as the arenas do, and a control step is over when every world has been moved, because that is when a policy
//! wants to see them all.

use crate::arena::ArenaQueryItem;
use crate::physics::Physics;
use crate::physics::rapier::prelude::*;
use crate::pilot::Pilot;
use crate::scene::plan::Plan;
use crate::stream::Stream;
use rayon::prelude::*;
use std::sync::Arc;

/// A world of Rapier's own sets, and what it takes to act in it.
pub struct BareWorld {
    pipeline: PhysicsPipeline,
    parameters: IntegrationParameters,
    islands: IslandManager,
    broad_phase: DefaultBroadPhase,
    narrow_phase: NarrowPhase,
    ccd_solver: CCDSolver,
    bodies: RigidBodySet,
    colliders: ColliderSet,
    impulse_joints: ImpulseJointSet,
    multibody_joints: MultibodyJointSet,
    plan: Arc<Plan>,
    values: Vec<f32>,
    action: Vec<f32>,
    stream: Option<Stream>,
}

impl BareWorld {
    /// A copy of an arena's world, whose pilot will draw the same actions.
    pub fn copy(arena: &mut ArenaQueryItem<'_, '_>) -> Self {
        let state = arena.physics.physics().capture();
        let mut pipeline = PhysicsPipeline::new();
        pipeline.counters.disable();
        Self {
            pipeline,
            parameters: arena.arena.plan.parameters(),
            islands: state.islands,
            broad_phase: state.broad_phase,
            narrow_phase: state.narrow_phase,
            ccd_solver: state.ccd_solver,
            bodies: state.bodies,
            colliders: state.colliders,
            impulse_joints: state.impulse_joints,
            multibody_joints: state.multibody_joints,
            plan: arena.arena.plan.clone(),
            values: arena.arena.episode.setting.values.clone(),
            action: arena.action.0.clone(),
            stream: match &*arena.pilot {
                Pilot::Random { stream } => stream.clone(),
                _ => None,
            },
        }
    }

    /// One control step: random actions, then all of its ticks.
    pub fn step(&mut self) {
        if let Some(stream) = &mut self.stream {
            // (The others of a team stand idle, on both sides.)
            self.action.iter_mut().take(self.plan.action.width()).for_each(|channel| *channel = stream.between(-1.0, 1.0));
        }
        let mut physics = Physics {
            pipeline: &mut self.pipeline,
            parameters: &self.parameters,
            islands: &mut self.islands,
            broad_phase: &mut self.broad_phase,
            narrow_phase: &mut self.narrow_phase,
            ccd_solver: &mut self.ccd_solver,
            bodies: &mut self.bodies,
            colliders: &mut self.colliders,
            impulse_joints: &mut self.impulse_joints,
            multibody_joints: &mut self.multibody_joints,
        };
        self.plan.act(&self.values, &self.action, &mut physics);
        let gravity = self.plan.scene.gravity * self.plan.down(&self.values);
        for _ in 0..self.plan.timing.ticks_per_step() {
            self.pipeline.step(
                gravity,
                &self.parameters,
                &mut self.islands,
                &mut self.broad_phase,
                &mut self.narrow_phase,
                &mut self.bodies,
                &mut self.colliders,
                &mut self.impulse_joints,
                &mut self.multibody_joints,
                &mut self.ccd_solver,
                &(),
                &(),
            );
        }
    }

    /// Whether every body is where the arena's is, bit for bit.
    pub fn equals(&self, arena: &ArenaQueryItem<'_, '_>) -> bool {
        let there = arena.physics.view().bodies;
        self.bodies.iter().all(|(handle, body)| {
            let other = &there[handle];
            body.position() == other.position() && body.vels() == other.vels()
        })
    }
}

/// Worlds that are moved together.
#[derive(Default)]
pub struct Team(Vec<BareWorld>);

impl Team {
    /// Gives the team other worlds.
    pub fn hold(&mut self, worlds: Vec<BareWorld>) {
        self.0 = worlds;
    }

    /// One control step of every world.
    pub fn step(&mut self) {
        self.0.par_iter_mut().for_each(BareWorld::step);
    }

    /// Whether every world equals its arena.
    pub fn equals(&self, arenas: &[ArenaQueryItem<'_, '_>]) -> bool {
        self.0.len() == arenas.len() && self.0.iter().zip(arenas).all(|(world, arena)| world.equals(arena))
    }
}
