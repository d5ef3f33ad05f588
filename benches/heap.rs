//! A heap of loose boxes in one bare Rapier world: how many ticks a second one core moves, and how still and how deep the heap rests.
//!
//! ```text
//! cargo bench --bench heap                                    # 16, 64 and 144 boxes, one JSON line each
//! cargo bench --bench heap -- --boxes 64 --write start.json   # writes the start (poses, kicks) and does nothing else
//! cargo bench --bench heap -- --start start.json              # runs a start from its file, as `benches/peers/` does
//! cargo bench --bench heap -- --start start.json --rest rest.json        # also settles it unkicked and writes where everything lay
//! cargo bench --bench heap -- --start start.json --judge rest.json       # measures poses, whichever engine they come from
//! ```
//!
//! The same start goes to the outside engine (`benches/peers/mujoco_heap.py`), so that both hold the same boxes and kick them alike.
//! Rapier is stepped as arenas step it: its own sets, the arenas' settings, timers off. No box may fall asleep.

use apprentice::physics::integration;
use apprentice::stream::{Purpose, Stream};
use bevy_rapier3d::rapier::parry::query::{ContactManifold, DefaultQueryDispatcher, PersistentQueryDispatcher};
use bevy_rapier3d::rapier::prelude::*;
use clap::Parser;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::path::{Path, PathBuf};

/// Moves a heap of boxes in a bare Rapier world and prints one JSON line.
#[derive(Parser)]
struct Options {
    /// How many boxes; several for one line each
    #[arg(long, value_delimiter = ',', default_values_t = [16, 64, 144])]
    boxes: Vec<usize>,
    /// Seed of the start
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Reads the start from this file instead of drawing it
    #[arg(long)]
    start: Option<PathBuf>,
    /// Writes the start to this file, and does nothing else
    #[arg(long)]
    write: Option<PathBuf>,
    /// Runs whole episodes until about this much processor time has gone, in seconds
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Settles the heap unkicked and writes the poses at the beginning and at the end of its rest to this file
    #[arg(long)]
    rest: Option<PathBuf>,
    /// Measures the rest in this file, and does nothing else
    #[arg(long)]
    judge: Option<PathBuf>,
    /// Integrates with Rapier's own defaults in place of the arenas' settings
    #[arg(long)]
    rapier_defaults: bool,
    /// What `cargo bench` adds by itself
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    fn parameters(&self, dt: f32) -> IntegrationParameters {
        if self.rapier_defaults { IntegrationParameters { dt, ..Default::default() } } else { integration(dt) }
    }
}

/// Everything that two engines must agree on.
#[derive(Serialize, Deserialize)]
struct Start {
    seed: u64,
    /// Length of a tick, s.
    dt: f32,
    /// m/s², downwards.
    gravity: f32,
    /// Of every box, m.
    half_extent: f32,
    /// Of every box, kg.
    mass: f32,
    /// Between boxes, and between a box and the floor.
    friction: f32,
    /// Ticks from one kick to the next.
    kick_every: usize,
    /// Length of an episode, ticks.
    ticks: usize,
    /// Unkicked time before the rest is measured, s.
    settle: f32,
    /// Length of the rest, s.
    rest: f32,
    boxes: Vec<Pose3>,
    /// Change of velocity, m/s: one for every box, for every kick of an episode.
    kicks: Vec<Vec<[f32; 3]>>,
}

/// Where a box is.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Pose3 {
    /// Its centre, m.
    at: [f32; 3],
    /// Unit quaternion x, y, z, w.
    turn: [f32; 4],
}

/// Poses of all boxes when the rest begins and when it ends.
#[derive(Serialize, Deserialize)]
struct Rest {
    begin: Vec<Pose3>,
    end: Vec<Pose3>,
}

/// How deep and how still a heap rests.
#[derive(Serialize)]
struct Quality {
    /// m; over touching pairs, of the deepest point of each.
    deepest: f32,
    mean_depth: f32,
    touching: usize,
    /// m moved by a box's centre from the beginning of the rest to its end.
    drift_max: f32,
    drift_mean: f32,
}

#[derive(Serialize)]
struct Line {
    engine: &'static str,
    boxes: usize,
    ticks: usize,
    cpu_seconds: f64,
    ticks_per_cpu_second: f64,
    /// Contact points handed to the solver, mean over an episode.
    contacts_per_tick: f64,
    /// Mean distance of the boxes from the middle when an episode ends, m: whether the heap is still one.
    spread: f32,
    rest: Option<Quality>,
}

impl Pose3 {
    fn pose(&self) -> Pose {
        Pose::from_parts(Vector::from_array(self.at), Rotation::from_array(self.turn))
    }

    fn of(pose: &Pose) -> Self {
        Self { at: pose.translation.to_array(), turn: pose.rotation.to_array() }
    }
}

impl Start {
    /// A loose grid, about as high as wide, of boxes turned at random: just too far apart to touch, so that it tumbles into a heap.
    fn draw(boxes: usize, seed: u64) -> Self {
        const GAP: f32 = 0.36;
        let mut layout = Stream::new(seed, Purpose::Layout, 0, 0);
        let mut push = Stream::new(seed, Purpose::Disturbance, 0, 0);
        let side = (1..).take_while(|side| side * side * side <= boxes).last().unwrap_or(1);
        let place = |i: usize| {
            let middle = (side as f32 - 1.0) / 2.0;
            let (x, y, z) = (i % side, i / side % side, i / (side * side));
            // Every other layer stands over the gaps of the one below.
            let shift = if z % 2 == 0 { -0.25 } else { 0.25 };
            let at = [(x as f32 - middle + shift) * GAP, (y as f32 - middle + shift) * GAP, z as f32 * GAP + 0.2];
            let turn = [0; 4].map(|_| layout.normal());
            Pose3 { at, turn: Rotation::from_array(turn).normalize().to_array() }
        };
        let boxes: Vec<Pose3> = (0..boxes).map(place).collect();
        let mut kick = |_| [push.between(-0.5, 0.5), push.between(-0.5, 0.5), push.between(-0.1, 0.1)];
        let (ticks, kick_every) = (1200, 20);
        let kicks = (1..ticks / kick_every).map(|_| boxes.iter().map(&mut kick).collect()).collect();
        Self {
            seed,
            dt: 1.0 / 240.0,
            gravity: 9.81,
            half_extent: 0.1,
            mass: 0.5,
            friction: 0.6,
            kick_every,
            ticks,
            settle: 10.0,
            rest: 5.0,
            boxes,
            kicks,
        }
    }

    fn world(&self, parameters: IntegrationParameters) -> World {
        let mut world = World {
            gravity: Vector::new(0.0, 0.0, -self.gravity),
            parameters: IntegrationParameters { dt: self.dt, ..parameters },
            pipeline: PhysicsPipeline::new(),
            islands: IslandManager::new(),
            broad: BroadPhaseBvh::new(),
            narrow: NarrowPhase::new(),
            bodies: RigidBodySet::new(),
            colliders: ColliderSet::new(),
            impulse_joints: ImpulseJointSet::new(),
            multibody_joints: MultibodyJointSet::new(),
            ccd: CCDSolver::new(),
            boxes: Vec::with_capacity(self.boxes.len()),
        };
        world.pipeline.counters.disable();
        world.colliders.insert(ColliderBuilder::new(SharedShape::new(HalfSpace::new(Vector::Z))).friction(self.friction));
        let half = self.half_extent;
        for placed in &self.boxes {
            let body = world.bodies.insert(RigidBodyBuilder::dynamic().pose(placed.pose()).can_sleep(false));
            let shape = ColliderBuilder::cuboid(half, half, half).mass(self.mass).friction(self.friction);
            world.colliders.insert_with_parent(shape, body, &mut world.bodies);
            world.boxes.push(body);
        }
        world
    }

    /// One episode; `look` is called after every tick.
    fn episode(&self, parameters: IntegrationParameters, mut look: impl FnMut(&World)) -> World {
        let mut world = self.world(parameters);
        for tick in 0..self.ticks {
            if tick > 0 && tick % self.kick_every == 0 {
                world.kick(&self.kicks[tick / self.kick_every - 1], self.mass);
            }
            world.step();
            look(&world);
        }
        world
    }

    /// The heap left to itself: where it lies after settling, and where a while later.
    fn left_alone(&self, parameters: IntegrationParameters) -> Rest {
        let mut world = self.world(parameters);
        let mut run = |seconds: f32| {
            (0..(seconds / self.dt).round() as usize).for_each(|_| world.step());
            world.poses()
        };
        Rest { begin: run(self.settle), end: run(self.rest) }
    }

    /// Measured on the poses alone, with fresh contacts: an engine's own may be a few ticks old.
    fn judge(&self, rest: &Rest) -> Quality {
        let half = self.half_extent;
        let shape = Cuboid::new(Vector::splat(half));
        let floor = HalfSpace::new(Vector::Z);
        let mut depths = Vec::new();
        let mut touch = |pose1: &Pose, shape1: &dyn Shape, pose2: &Pose, shape2: &dyn Shape| {
            let mut manifolds: Vec<ContactManifold<(), ()>> = Vec::new();
            let between = pose1.inv_mul(pose2);
            let known = DefaultQueryDispatcher.contact_manifolds(&between, shape1, shape2, 0.0, &mut manifolds, &mut None);
            let depth = manifolds.iter().flat_map(|m| &m.points).map(|point| -point.dist).fold(0.0, f32::max);
            if known.is_ok() && depth > 0.0 {
                depths.push(depth);
            }
        };
        for (i, placed) in rest.end.iter().enumerate() {
            let pose = placed.pose();
            touch(&Pose::IDENTITY, &floor, &pose, &shape);
            for other in &rest.end[i + 1..] {
                touch(&pose, &shape, &other.pose(), &shape);
            }
        }
        let moved = |(begin, end): (&Pose3, &Pose3)| (begin.pose().translation - end.pose().translation).length();
        let drifts: Vec<f32> = rest.begin.iter().zip(&rest.end).map(moved).collect();
        Quality {
            deepest: depths.iter().copied().fold(0.0, f32::max),
            mean_depth: mean(&depths),
            touching: depths.len(),
            drift_max: drifts.iter().copied().fold(0.0, f32::max),
            drift_mean: mean(&drifts),
        }
    }

    fn measure(&self, parameters: IntegrationParameters, seconds: f64, rest: Option<&Path>) -> Result<Line, Box<dyn Error>> {
        let (mut contacts, mut spread) = (0, 0.0);
        // Also the warm-up.
        let world = self.episode(parameters, |world| contacts += world.contacts());
        for placed in world.poses() {
            spread += libm::hypotf(placed.at[0], placed.at[1]) / self.boxes.len() as f32;
        }
        let begin = cpu_seconds();
        let (mut ticks, mut took) = (0, 0.0);
        while took < seconds {
            self.episode(parameters, |_| ());
            ticks += self.ticks;
            took = cpu_seconds() - begin;
        }
        let rest = match rest {
            None => None,
            Some(file) => {
                let rest = self.left_alone(parameters);
                std::fs::write(file, serde_json::to_vec(&rest)?)?;
                Some(self.judge(&rest))
            }
        };
        Ok(Line {
            engine: "rapier",
            boxes: self.boxes.len(),
            ticks,
            cpu_seconds: took,
            ticks_per_cpu_second: ticks as f64 / took,
            contacts_per_tick: contacts as f64 / self.ticks as f64,
            spread,
            rest,
        })
    }
}

/// Rapier's sets, as an arena holds them.
struct World {
    gravity: Vector,
    parameters: IntegrationParameters,
    pipeline: PhysicsPipeline,
    islands: IslandManager,
    broad: BroadPhaseBvh,
    narrow: NarrowPhase,
    bodies: RigidBodySet,
    colliders: ColliderSet,
    impulse_joints: ImpulseJointSet,
    multibody_joints: MultibodyJointSet,
    ccd: CCDSolver,
    boxes: Vec<RigidBodyHandle>,
}

impl World {
    fn step(&mut self) {
        self.pipeline.step(
            self.gravity,
            &self.parameters,
            &mut self.islands,
            &mut self.broad,
            &mut self.narrow,
            &mut self.bodies,
            &mut self.colliders,
            &mut self.impulse_joints,
            &mut self.multibody_joints,
            &mut self.ccd,
            &(),
            &(),
        );
    }

    fn kick(&mut self, kicks: &[[f32; 3]], mass: f32) {
        for (handle, kick) in self.boxes.iter().zip(kicks) {
            self.bodies[*handle].apply_impulse(Vector::from_array(*kick) * mass, true);
        }
    }

    fn poses(&self) -> Vec<Pose3> {
        self.boxes.iter().map(|handle| Pose3::of(self.bodies[*handle].position())).collect()
    }

    fn contacts(&self) -> usize {
        self.narrow.contact_pairs().flat_map(|pair| &pair.manifolds).map(|manifold| manifold.data.solver_contacts.len()).sum()
    }
}

fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len().max(1) as f32
}

/// Processor time of this thread, s; where the system does not tell, the wall clock.
fn cpu_seconds() -> f64 {
    static BEGIN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|line| line.split(' ').next()?.parse::<f64>().ok());
    #[expect(clippy::disallowed_methods, reason = "measures speed; nothing simulated reads it")]
    nanoseconds.map_or_else(|| BEGIN.get_or_init(std::time::Instant::now).elapsed().as_secs_f64(), |nanoseconds| nanoseconds * 1e-9)
}

#[expect(clippy::print_stdout, reason = "its output is the measurement")]
fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let starts: Vec<Start> = match &options.start {
        Some(file) => vec![serde_json::from_slice(&std::fs::read(file)?)?],
        None => options.boxes.iter().map(|boxes| Start::draw(*boxes, options.seed)).collect(),
    };
    for start in &starts {
        if let Some(file) = &options.write {
            std::fs::write(file, serde_json::to_vec(start)?)?;
        } else if let Some(file) = &options.judge {
            let rest: Rest = serde_json::from_slice(&std::fs::read(file)?)?;
            println!("{}", serde_json::to_string(&start.judge(&rest))?);
        } else {
            println!("{}", serde_json::to_string(&start.measure(options.parameters(start.dt), options.seconds, options.rest.as_deref())?)?);
        }
    }
    Ok(())
}
