//! Rapier's worlds inside Bevy: one per arena, stepped in parallel, copied whole, hashed.
//!
//! bevy_rapier holds the worlds (its components sit on the arena's entity, so that its scene queries and debug lines work); we fill
//! and move them through Rapier's own sets. Its synchronisation is not run for arenas: it would insert bodies in the order of
//! Bevy's archetype table, which a window changes.

use bevy::ecs::query::QueryData;
use bevy::prelude::*;
use bevy_rapier3d::plugin::context::{RapierContextColliders, RapierContextJoints, RapierContextSimulation, RapierRigidBodySet};
use bevy_rapier3d::prelude::{NoUserData, RapierConfiguration, RapierContextInitialization, RapierPhysicsPlugin};
pub use bevy_rapier3d::rapier;
use rapier::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError};
use twox_hash::XxHash3_64;

/// What moves the worlds, with the features that matter for bits. (A test holds the version equal to the lock file's.)
pub const ENGINE: &str = "rapier3d 0.35.0-glamx0.2, dim3, f32, enhanced-determinism";

/// How many threads the parallel loops use.
#[derive(Resource, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threads(pub usize);

impl Default for Threads {
    /// As many as the machine has cores.
    fn default() -> Self {
        Self(std::thread::available_parallelism().map_or(1, Into::into))
    }
}

/// bevy_rapier without its synchronisation and stepping: types, messages and configuration alone.
pub struct PhysicsPlugin;

impl Plugin for PhysicsPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins(
            RapierPhysicsPlugin::<NoUserData>::default()
                .with_custom_initialization(RapierContextInitialization::NoAutomaticRapierContext)
                .with_default_system_setup(false),
        );
    }
}

/// The components that hold an arena's world.
#[derive(QueryData)]
#[query_data(mutable)]
pub struct PhysicsQuery {
    simulation: &'static mut RapierContextSimulation,
    bodies: &'static mut RapierRigidBodySet,
    colliders: &'static mut RapierContextColliders,
    joints: &'static mut RapierContextJoints,
}

/// How arenas are integrated, in ticks of `dt` seconds.
///
/// Rapier's defaults are made for rooms and cars: boxes of 0.2 m rest 5 mm deep in each other. These let things of a decimetre rest as
/// they should, faster (`benches/peers/README.md` has the measurements): contacts as stiff as the iterations can hold, found
/// anew after a centimetre, and looked for half a centimetre ahead.
pub fn integration(dt: f32) -> IntegrationParameters {
    let defaults = IntegrationParameters::default();
    let iterations = 2;
    let stiffest = iterations as f32 / (4.0 * dt);
    IntegrationParameters {
        dt,
        num_solver_iterations: iterations,
        contact_softness: SpringCoefficients { natural_frequency: stiffest, ..defaults.contact_softness },
        static_contact_softness: SpringCoefficients { natural_frequency: 2.0 * stiffest, ..defaults.static_contact_softness },
        normalized_prediction_distance: 0.005,
        normalized_contact_recycle_distance: 0.01,
        ..defaults
    }
}

/// The same for a body that stands or holds by friction: it is solved in the pass that mends penetration, too. Else that pass, in every tick,
/// moves what is pressed a little along the surface, and feet that stand and blocks that are held creep (45 mm/s under a dog of 12.6 kg at 200
/// ticks a second; 0.01 with it). Contacts are then found anew in every tick: with stale ones that pass makes towers jitter.
pub fn holding(parameters: IntegrationParameters) -> IntegrationParameters {
    IntegrationParameters { friction_in_bias_pass: true, contact_recycling: false, ..parameters }
}

/// The components of an empty world.
pub fn empty_world(parameters: IntegrationParameters) -> impl Bundle {
    let mut simulation = RapierContextSimulation::default();
    simulation.integration_parameters = parameters;
    simulation.pipeline.counters.disable();
    // bevy_rapier would add the configuration at startup, which moves every arena to another table and leaves the old one behind.
    let configuration = RapierConfiguration::new(1.0);
    (simulation, RapierRigidBodySet::default(), RapierContextColliders::default(), RapierContextJoints::default(), configuration)
}

/// An arena's world, to be changed.
pub struct Physics<'a> {
    pub(crate) pipeline: &'a mut PhysicsPipeline,
    pub(crate) parameters: &'a IntegrationParameters,
    pub(crate) islands: &'a mut IslandManager,
    pub(crate) broad_phase: &'a mut DefaultBroadPhase,
    pub(crate) narrow_phase: &'a mut NarrowPhase,
    pub(crate) ccd_solver: &'a mut CCDSolver,
    /// Rigid bodies, by handle.
    pub bodies: &'a mut RigidBodySet,
    /// Colliders, by handle.
    pub colliders: &'a mut ColliderSet,
    /// Constraints between bodies.
    pub impulse_joints: &'a mut ImpulseJointSet,
    /// Reduced coordinates.
    pub multibody_joints: &'a mut MultibodyJointSet,
}

/// An arena's world, to be read: what sensors, tasks and experts see.
#[derive(Clone, Copy)]
pub struct PhysicsView<'a> {
    /// Rigid bodies, by handle.
    pub bodies: &'a RigidBodySet,
    /// Colliders, by handle.
    pub colliders: &'a ColliderSet,
    /// Constraints between bodies.
    pub impulse_joints: &'a ImpulseJointSet,
    /// Reduced coordinates.
    pub multibody_joints: &'a MultibodyJointSet,
    broad_phase: &'a DefaultBroadPhase,
    narrow_phase: &'a NarrowPhase,
}

impl<'w> PhysicsQueryItem<'w, '_> {
    /// The world, to be changed.
    pub fn physics(&mut self) -> Physics<'_> {
        physics(&mut self.simulation, &mut self.bodies, &mut self.colliders, &mut self.joints)
    }

    /// The world, to be changed, for as long as the query lasts.
    pub fn into_physics(self) -> Physics<'w> {
        physics(self.simulation.into_inner(), self.bodies.into_inner(), self.colliders.into_inner(), self.joints.into_inner())
    }

    /// The world, to be read.
    pub fn view(&self) -> PhysicsView<'_> {
        view(&self.simulation, &self.bodies, &self.colliders, &self.joints)
    }
}

impl<'w> PhysicsQueryReadOnlyItem<'w, '_> {
    /// The world, to be read.
    pub fn view(&self) -> PhysicsView<'w> {
        view(self.simulation, self.bodies, self.colliders, self.joints)
    }
}

fn physics<'a>(
    simulation: &'a mut RapierContextSimulation,
    bodies: &'a mut RapierRigidBodySet,
    colliders: &'a mut RapierContextColliders,
    joints: &'a mut RapierContextJoints,
) -> Physics<'a> {
    Physics {
        pipeline: &mut simulation.pipeline,
        parameters: &simulation.integration_parameters,
        islands: &mut simulation.islands,
        broad_phase: &mut simulation.broad_phase,
        narrow_phase: &mut simulation.narrow_phase,
        ccd_solver: &mut simulation.ccd_solver,
        bodies: &mut bodies.bodies,
        colliders: &mut colliders.colliders,
        impulse_joints: &mut joints.impulse_joints,
        multibody_joints: &mut joints.multibody_joints,
    }
}

fn view<'a>(
    simulation: &'a RapierContextSimulation,
    bodies: &'a RapierRigidBodySet,
    colliders: &'a RapierContextColliders,
    joints: &'a RapierContextJoints,
) -> PhysicsView<'a> {
    PhysicsView {
        bodies: &bodies.bodies,
        colliders: &colliders.colliders,
        impulse_joints: &joints.impulse_joints,
        multibody_joints: &joints.multibody_joints,
        broad_phase: &simulation.broad_phase,
        narrow_phase: &simulation.narrow_phase,
    }
}

/// Further than this from the origin, m, a state is absurd.
const FARTHEST: f32 = 1e4;
/// Faster than this, m/s, a state is absurd. (Rapier holds free bodies at 400 m/s, so that a world that breaks down may look fast, not infinite.)
const FASTEST: f32 = 200.0;
/// Turning faster than this, rad/s, a state is absurd.
const SPINNING: f32 = 1e4;
/// A push stronger than this, N or N m, is absurd.
const STRONGEST: f32 = 1e6;

impl Physics<'_> {
    /// Simulates `ticks` ticks under `gravity` (m/s²). False where the world broke down, before or on the way: it is then
    /// left as it is, because Rapier may panic on what is not finite (`clamp` in the limits of a multibody's joints).
    pub fn simulate(&mut self, gravity: Vector, ticks: u32) -> bool {
        self.is_sane() && (0..ticks).all(|_| self.tick(gravity) && self.is_sane())
    }

    /// Simulates one tick. False where Rapier met a non-finite state (and froze what had it).
    fn tick(&mut self, gravity: Vector) -> bool {
        self.pipeline.step(
            gravity,
            self.parameters,
            self.islands,
            self.broad_phase,
            self.narrow_phase,
            self.bodies,
            self.colliders,
            self.impulse_joints,
            self.multibody_joints,
            self.ccd_solver,
            &(),
            &(),
        );
        self.pipeline.quarantine().is_empty()
    }

    /// Whether every enabled body is at a sane place, moves at a sane speed and is pushed by a sane force.
    pub fn is_sane(&self) -> bool {
        self.bodies.iter().filter(|(_, body)| body.is_enabled() && !body.is_fixed()).all(|(_, body)| {
            let within = |v: Vector, most: f32| v.length_squared() < most * most;
            within(body.translation(), FARTHEST)
                && body.rotation().is_finite()
                && within(body.linvel(), FASTEST)
                && within(body.angvel(), SPINNING)
                && within(body.user_force(), STRONGEST)
                && within(body.user_torque(), STRONGEST)
        })
    }

    /// A copy of the whole world.
    pub fn capture(&self) -> WorldState {
        WorldState {
            islands: self.islands.clone(),
            broad_phase: self.broad_phase.clone(),
            narrow_phase: self.narrow_phase.clone(),
            ccd_solver: self.ccd_solver.clone(),
            bodies: self.bodies.clone(),
            colliders: self.colliders.clone(),
            impulse_joints: self.impulse_joints.clone(),
            multibody_joints: self.multibody_joints.clone(),
        }
    }

    /// Makes this world a copy of `state`, with the same future, whatever was here before.
    pub fn restore(&mut self, state: &WorldState) {
        *self.islands = state.islands.clone();
        *self.broad_phase = state.broad_phase.clone();
        *self.narrow_phase = state.narrow_phase.clone();
        *self.ccd_solver = state.ccd_solver.clone();
        *self.bodies = state.bodies.clone();
        *self.colliders = state.colliders.clone();
        *self.impulse_joints = state.impulse_joints.clone();
        *self.multibody_joints = state.multibody_joints.clone();
        // A kept pipeline remembers joints by counters that may collide with the restored ones, and was seen to give wrong futures.
        *self.pipeline = PhysicsPipeline::new();
        self.pipeline.counters.disable();
    }

    /// Moves colliders to their bodies and tells the broad phase, so that the first rays, cast before any tick, see the world as it is.
    pub fn refresh_colliders(&mut self) {
        self.bodies.propagate_modified_body_positions_to_colliders(self.colliders);
        for (handle, collider) in self.colliders.iter_enabled() {
            let absent = collider.parent().and_then(|parent| self.bodies.get(parent)).is_some_and(|body| !body.is_enabled());
            if !absent {
                let bounds = collider.compute_broad_phase_aabb(self.parameters, self.bodies);
                self.broad_phase.set_aabb(self.parameters, handle, bounds);
            }
        }
    }

    /// The world, to be read.
    pub fn view(&self) -> PhysicsView<'_> {
        PhysicsView {
            bodies: self.bodies,
            colliders: self.colliders,
            impulse_joints: self.impulse_joints,
            multibody_joints: self.multibody_joints,
            broad_phase: self.broad_phase,
            narrow_phase: self.narrow_phase,
        }
    }
}

impl<'a> PhysicsView<'a> {
    /// Queries such as ray casts, over the colliders that `filter` lets through.
    pub fn query(self, filter: QueryFilter<'a>) -> QueryPipeline<'a> {
        self.broad_phase.as_query_pipeline(self.narrow_phase.query_dispatcher(), self.bodies, self.colliders, filter)
    }

    /// Whether two colliders touch.
    pub fn touching(self, one: ColliderHandle, other: ColliderHandle) -> bool {
        self.narrow_phase.contact_pair(one, other).is_some_and(ContactPair::has_any_active_contact)
    }

    /// All colliders that touch `collider`.
    pub fn touched_by(self, collider: ColliderHandle) -> impl Iterator<Item = ColliderHandle> + use<'a> {
        self.narrow_phase
            .contact_pairs_with(collider)
            .filter(|pair| pair.has_any_active_contact())
            .map(move |pair| if pair.collider1 == collider { pair.collider2 } else { pair.collider1 })
    }

    /// The impulse with which all that touches `collider` pressed against it in the last tick, N s.
    pub fn impulse_on(self, collider: ColliderHandle) -> f32 {
        self.narrow_phase.contact_pairs_with(collider).map(ContactPair::total_impulse_magnitude).sum()
    }

    /// The points in which colliders press against each other, m, with the direction in which each pushes.
    pub fn contacts(self) -> impl Iterator<Item = (Vector, Vector)> + use<'a> {
        self.narrow_phase.contact_pairs().filter(|pair| pair.has_any_active_contact()).flat_map(move |pair| {
            let collider = self.colliders.get(pair.collider1);
            pair.manifolds.iter().flat_map(move |manifold| {
                let points = manifold.points.iter().filter(|point| point.data.impulse > 0.0);
                points.filter_map(move |point| Some((collider?.position().transform_point(point.local_p1), manifold.data.normal)))
            })
        })
    }

    /// 64 bits that differ where the action or any body's pose or velocity differs in a single bit.
    pub fn state_hash(self, action: &[f32]) -> u64 {
        let mut bytes = Vec::with_capacity(4 * action.len() + 4 * 13 * self.bodies.len());
        bytes.extend(action.iter().flat_map(|value| value.to_bits().to_le_bytes()));
        for (_, body) in self.bodies.iter().filter(|(_, body)| body.is_enabled() && !body.is_fixed()) {
            let ([x, y, z], [i, j, k, w]) = (body.translation().to_array(), body.rotation().to_array());
            let ([vx, vy, vz], [wx, wy, wz]) = (body.linvel().to_array(), body.angvel().to_array());
            // Written whole: number by number would cost as much as the hash itself.
            let state = [x, y, z, i, j, k, w, vx, vy, vz, wx, wy, wz].map(|value| value.to_bits().to_le_bytes());
            bytes.extend_from_slice(state.as_flattened());
        }
        XxHash3_64::oneshot(&bytes)
    }
}

/// The multibody that a link is part of, where its joints are those of reduced coordinates.
pub fn multibody_of(joints: &mut MultibodyJointSet, link: RigidBodyHandle) -> Option<&mut Multibody> {
    let multibody = joints.rigid_body_link(link)?.multibody;
    joints.get_multibody_mut(multibody)
}

/// Everything that the future of a world depends on.
#[derive(Clone, Serialize, Deserialize)]
pub struct WorldState {
    pub(crate) islands: IslandManager,
    pub(crate) broad_phase: DefaultBroadPhase,
    pub(crate) narrow_phase: NarrowPhase,
    pub(crate) ccd_solver: CCDSolver,
    pub(crate) bodies: RigidBodySet,
    pub(crate) colliders: ColliderSet,
    pub(crate) impulse_joints: ImpulseJointSet,
    pub(crate) multibody_joints: MultibodyJointSet,
}

/// Runs `work` on a thread of the pool on which [`in_parallel`] shares out its loops (rayon's).
///
/// A loop that begins there wakes nobody whom it does not need, and takes back what the others have not begun. From elsewhere it works
/// too, but each loop waits for another thread to wake up: with few arenas a step then takes up to half as long again.
pub fn in_pool<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    rayon::scope(|_| work())
}

/// Does `work` on all `items`, on every thread of the pool: each draws `batch` items at a time, so that none waits for a slow one.
pub fn in_parallel<T: Send>(threads: Threads, items: &mut [T], batch: usize, work: impl Fn(&mut T) + Sync) {
    let batch = batch.max(1);
    let workers = threads.0.min(items.len().div_ceil(batch));
    if workers <= 1 {
        return items.iter_mut().for_each(work);
    }
    let queue = Mutex::new(items.chunks_mut(batch));
    let draw = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work_on = || {
        while let Some(chunk) = draw() {
            chunk.iter_mut().for_each(&work);
        }
    };
    rayon::in_place_scope(|scope| {
        for _ in 1..workers {
            scope.spawn(|_| work_on());
        }
        // The caller begins while the others wake up. One that wakes too late finds nothing to do.
        work_on();
    });
}
