//! One world of a scene apart from any app: what measures the physics alone (`benches/`, `tests/it/mechanics.rs`) is built on it.

use crate::curriculum::Level;
use crate::physics::rapier::prelude::*;
use crate::physics::{Physics, PhysicsQuery, empty_world, multibody_of};
use crate::scene::plan::{Plan, Setting};
use crate::scene::schema::{Body, Joints};
use bevy::prelude::{Entity, QueryState, World};
use std::sync::Arc;

impl Plan {
    /// The same scene with another of Rapier's kinds of joint in its body.
    pub fn with_joints(&self, joints: Joints) -> Self {
        let mut scene = self.scene.clone();
        match &mut scene.body {
            Body::CartPole { joints: kind, .. }
            | Body::Rover { joints: kind, .. }
            | Body::Arm { joints: kind, .. }
            | Body::Walker { joints: kind, .. } => *kind = joints,
            Body::Mjcf(import) | Body::Urdf(import) => import.joints = joints,
            Body::Team(_) => {}
        }
        Self::new(scene, self.name.clone(), self.hash)
    }
}

/// A world at the start of a scene's level.
pub struct Apart {
    /// The scene.
    pub plan: Arc<Plan>,
    setting: Setting,
    world: World,
    query: QueryState<PhysicsQuery>,
    entity: Entity,
}

/// Kinetic and potential energy of the body's links, J. Heights count from the world's origin.
#[derive(Clone, Copy, Debug)]
pub struct Energy {
    /// Of moving and turning.
    pub kinetic: f64,
    /// Of height, under a gravity of 9.81 m/s² along -z.
    pub potential: f64,
}

impl Energy {
    /// Their sum.
    pub fn total(self) -> f64 {
        self.kinetic + self.potential
    }
}

/// Momentum of the body's links: linear (kg m/s), and angular about their common centre of mass (kg m²/s).
#[derive(Clone, Copy, Debug)]
pub struct Momentum {
    /// kg m/s
    pub linear: [f64; 3],
    /// kg m²/s
    pub angular: [f64; 3],
}

impl Apart {
    /// A world of `plan` at the start of the level `cube`, integrated as `parameters` say (as arenas are: [`Plan::parameters`]).
    pub fn new(plan: Arc<Plan>, cube: &[f32], parameters: IntegrationParameters) -> Self {
        let mut world = World::new();
        let entity = world.spawn(empty_world(parameters)).id();
        let query = world.query::<PhysicsQuery>();
        let mut apart = Self { plan, setting: Setting::default(), world, query, entity };
        let (plan, level) = (apart.plan.clone(), Level { cube: cube.to_vec(), grid: None, seed: 1 });
        apart.setting = apart.with(|physics| plan.start(&level, physics));
        apart
    }

    /// Works on the world.
    pub fn with<T>(&mut self, work: impl FnOnce(&mut Physics<'_>) -> T) -> T {
        let mut item = self.query.get_mut(&mut self.world, self.entity).expect("spawned by `new`, and never despawned");
        work(&mut item.physics())
    }

    /// The action takes hold of the motors.
    pub fn act(&mut self, action: &[f32]) {
        let (plan, values) = (self.plan.clone(), std::mem::take(&mut self.setting.values));
        self.with(|physics| plan.body.act(&values, &plan.parts, action, physics));
        self.setting.values = values;
    }

    /// Simulates `ticks` ticks under the scene's gravity. False where the world broke down.
    pub fn tick(&mut self, ticks: u32) -> bool {
        let gravity = self.plan.down(&self.setting.values) * self.plan.scene.gravity;
        self.with(|physics| physics.simulate(gravity, ticks))
    }

    /// Leaves the links to their joints alone: no motors, no ends of ranges, no contacts. A root that is `held` stays where it is.
    pub fn release(&mut self, held: bool) {
        let plan = self.plan.clone();
        self.with(|physics| {
            for joint in &plan.parts.joints {
                joint.set_motor(physics, |data| {
                    data.motor_axes = JointAxesMask::empty();
                    data.limit_axes = JointAxesMask::empty();
                });
            }
            for (_, collider) in physics.colliders.iter_mut() {
                collider.set_collision_groups(InteractionGroups::none());
            }
            if held {
                physics.bodies[plan.parts.root()].set_body_type(RigidBodyType::Fixed, true);
                if let Some(multibody) = multibody_of(physics.multibody_joints, plan.parts.root()) {
                    // Lets the multibody notice that its root is fixed.
                    multibody.forward_kinematics(physics.bodies, true);
                    multibody.damping_mut().fill(0.0);
                }
            }
        });
    }

    /// By how much the joint gives that gives most, m.
    pub fn gap(&mut self) -> f32 {
        let plan = self.plan.clone();
        self.with(|physics| plan.parts.joints.iter().map(|joint| joint.gap(physics.view())).fold(0.0, f32::max))
    }

    /// Where the links are, m.
    pub fn places(&mut self) -> Vec<[f32; 3]> {
        let plan = self.plan.clone();
        self.with(|physics| plan.parts.links.iter().map(|link| physics.bodies[*link].translation().to_array()).collect())
    }

    /// The energy of the links.
    pub fn energy(&mut self) -> Energy {
        let (plan, mut energy) = (self.plan.clone(), Energy { kinetic: 0.0, potential: 0.0 });
        self.with(|physics| {
            for body in plan.parts.links.iter().map(|link| &physics.bodies[*link]).filter(|body| body.is_dynamic()) {
                let mass = f64::from(body.mass());
                let speed = body.linvel().to_array().map(|v| f64::from(v) * f64::from(v)).iter().sum::<f64>();
                let turning: f64 = spin(body).map(|(inertia, rate)| inertia * rate * rate).iter().sum();
                energy.kinetic += (mass * speed + turning) / 2.0;
                energy.potential += mass * 9.81 * f64::from(body.center_of_mass().z);
            }
        });
        energy
    }

    /// The momentum of the links.
    pub fn momentum(&mut self) -> Momentum {
        let plan = self.plan.clone();
        self.with(|physics| {
            let links: Vec<&RigidBody> = plan.parts.links.iter().map(|link| &physics.bodies[*link]).collect();
            momentum(&links)
        })
    }
}

/// The moments of inertia of a body about its principal axes, kg m², each with its rate, rad/s.
fn spin(body: &RigidBody) -> [(f64, f64); 3] {
    let properties = body.mass_properties().local_mprops;
    let rates = (body.rotation() * properties.principal_inertia_local_frame).inverse() * body.angvel();
    let inertia = properties.principal_inertia();
    [(inertia.x, rates.x), (inertia.y, rates.y), (inertia.z, rates.z)].map(|(inertia, rate)| (f64::from(inertia), f64::from(rate)))
}

/// The momentum of several bodies together.
pub fn momentum(bodies: &[&RigidBody]) -> Momentum {
    let wide = |v: Vector| v.to_array().map(f64::from);
    let (mut mass, mut linear, mut centre) = (0.0, [0.0; 3], [0.0; 3]);
    for body in bodies {
        let (m, at, velocity) = (f64::from(body.mass()), wide(body.center_of_mass()), wide(body.linvel()));
        mass += m;
        for axis in 0..3 {
            linear[axis] += m * velocity[axis];
            centre[axis] += m * at[axis];
        }
    }
    let mut angular = [0.0; 3];
    for body in bodies {
        let (m, at, velocity) = (f64::from(body.mass()), wide(body.center_of_mass()), wide(body.linvel()));
        let (arm, push): ([f64; 3], [f64; 3]) =
            (std::array::from_fn(|axis| at[axis] - centre[axis] / mass), std::array::from_fn(|axis| m * velocity[axis]));
        let frame = body.rotation() * body.mass_properties().local_mprops.principal_inertia_local_frame;
        let own = spin(body).map(|(inertia, rate)| (inertia * rate) as f32);
        let own = wide(frame * Vector::from_array(own));
        for axis in 0..3 {
            let (next, last) = ((axis + 1) % 3, (axis + 2) % 3);
            angular[axis] += own[axis] + arm[next] * push[last] - arm[last] * push[next];
        }
    }
    Momentum { linear, angular }
}
