//! What the control step is measured against: Rapier's worlds with nothing around them, moved by threads that do nothing else.
//!
//! It is the fast loop that one would write by hand: threads that stay alive draw worlds from a counter, the caller among them, and
//! all meet at the end of a control step, because that is when a policy wants to see every arena.

use crate::arena::ArenaQueryItem;
use crate::physics::Physics;
use crate::physics::rapier::prelude::*;
use crate::pilot::Pilot;
use crate::scene::plan::Plan;
use crate::stream::Stream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;

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
            self.action.iter_mut().for_each(|channel| *channel = stream.between(-1.0, 1.0));
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
        self.plan.body.act(&self.values, &self.plan.parts, &self.action, &mut physics);
        let gravity = Vector::new(0.0, 0.0, -self.plan.scene.gravity);
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

/// Threads that move bare worlds.
pub struct Team {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    worlds: RwLock<Vec<Mutex<BareWorld>>>,
    next: AtomicUsize,
    over: AtomicBool,
    begin: Barrier,
    end: Barrier,
}

fn lock(world: &Mutex<BareWorld>) -> MutexGuard<'_, BareWorld> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn draw(&self) {
        let worlds = self.worlds.read().unwrap_or_else(PoisonError::into_inner);
        while let Some(world) = worlds.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            lock(world).step();
        }
    }
}

impl Team {
    /// A team of `threads`, the caller's included.
    pub fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            worlds: RwLock::default(),
            next: AtomicUsize::new(0),
            over: AtomicBool::new(false),
            begin: Barrier::new(threads),
            end: Barrier::new(threads),
        });
        let work = |shared: Arc<Shared>| {
            move || loop {
                shared.begin.wait();
                if shared.over.load(Ordering::Relaxed) {
                    return;
                }
                shared.draw();
                shared.end.wait();
            }
        };
        Self { threads: (1..threads).map(|_| std::thread::spawn(work(shared.clone()))).collect(), shared }
    }

    /// Gives the team other worlds.
    pub fn hold(&mut self, worlds: Vec<BareWorld>) {
        *self.shared.worlds.write().unwrap_or_else(PoisonError::into_inner) = worlds.into_iter().map(Mutex::new).collect();
    }

    /// One control step of every world.
    pub fn step(&mut self) {
        self.shared.next.store(0, Ordering::Relaxed);
        // A single world is not worth waking anybody.
        if self.threads.is_empty() || self.shared.worlds.read().unwrap_or_else(PoisonError::into_inner).len() < 2 {
            return self.shared.draw();
        }
        self.shared.begin.wait();
        self.shared.draw();
        self.shared.end.wait();
    }

    /// Whether every world equals its arena.
    pub fn equals(&self, arenas: &[ArenaQueryItem<'_, '_>]) -> bool {
        let worlds = self.shared.worlds.read().unwrap_or_else(PoisonError::into_inner);
        worlds.len() == arenas.len() && worlds.iter().zip(arenas).all(|(world, arena)| lock(world).equals(arena))
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        if !self.threads.is_empty() {
            self.shared.begin.wait();
        }
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}
