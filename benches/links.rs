//! A body's links for an outside engine, and what ours makes of them: one JSON line.
//!
//! ```text
//! cargo bench --bench links -- --scene scenes/walk --write walk.json     # links, joints, motors and their goals, and does nothing else
//! cargo bench --bench links -- --scene scenes/walk --seconds 1           # ticks per second of processor time, give, drift, energy
//! cargo bench --bench links -- --scene scenes/walk --joints multibody
//! ```
//!
//! What is written is read from the body's own world, in SI units: `benches/peers/mujoco_links.py` makes a model of it. The goals are
//! those of our motors, told nothing and at random, so that both engines are asked the same.

use apprentice::bench::apart::Apart;
use apprentice::bench::links::{Seen, actions, episode, middle, rate, swing};
use apprentice::body::Joint;
use apprentice::physics::Physics;
use apprentice::physics::rapier::prelude::*;
use apprentice::scene::plan::Plan;
use apprentice::scene::schema::Joints;
use clap::{Parser, ValueEnum};
use serde::Serialize;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

/// Measures a scene's body, alone on its floor, and prints one JSON line.
#[derive(Parser)]
struct Options {
    /// Folder of the scene
    #[arg(long)]
    scene: PathBuf,
    /// Kind of joint
    #[arg(long, value_enum, default_value_t = Kind::Impulse)]
    joints: Kind,
    /// Which of the links is followed where drift is measured
    #[arg(long, default_value_t = 0)]
    link: usize,
    /// Writes the links to this file, and does nothing else
    #[arg(long)]
    write: Option<PathBuf>,
    /// Runs whole episodes until about this much processor time has gone, in seconds; 0 looks at give, drift and energy instead
    #[arg(long, default_value_t = 0.0)]
    seconds: f64,
    /// Random goals rather than none
    #[arg(long)]
    random: bool,
    /// What `cargo bench` adds by itself
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Impulse,
    Multibody,
}

/// Everything that two engines must agree on.
#[derive(Serialize)]
struct Written {
    /// Length of a tick, s.
    dt: f32,
    /// m/s², downwards.
    gravity: f32,
    ticks_per_step: u32,
    /// Of the floor.
    friction: f32,
    links: Vec<Link>,
    joints: Vec<Moved>,
    /// What each joint's motor is to reach in each control step, told nothing and at random.
    goals: [Vec<Vec<f32>>; 2],
}

#[derive(Serialize)]
struct Link {
    name: String,
    /// Whether it never moves.
    fixed: bool,
    /// At the start of the episode: its place, m, and its unit quaternion x, y, z, w.
    start: Placed,
    /// kg
    mass: f32,
    /// Its centre of mass and the frame of its principal axes.
    centre: Placed,
    /// About them, kg m².
    inertia: [f32; 3],
    shapes: Vec<Piece>,
}

#[derive(Serialize)]
struct Placed {
    at: [f32; 3],
    turn: [f32; 4],
}

/// A collider in its link's frame.
#[derive(Serialize)]
struct Piece {
    place: Placed,
    shape: Form,
    friction: f32,
    /// Whether friction is the product of both surfaces', in place of their mean.
    multiplies: bool,
}

#[derive(Serialize)]
enum Form {
    /// Half edges, m.
    Box([f32; 3]),
    /// Along y: half height and radius, m.
    Cylinder(f32, f32),
    /// Both ends of its axis, and its radius, m.
    Capsule([f32; 3], [f32; 3], f32),
}

/// A joint with one degree of freedom.
#[derive(Serialize)]
struct Moved {
    name: String,
    parent: usize,
    child: usize,
    /// Rather than slides.
    turns: bool,
    /// The child in the parent's frame where the joint is at 0.
    at_zero: Placed,
    /// In the child's frame.
    anchor: [f32; 3],
    axis: [f32; 3],
    /// rad or m
    limits: [f32; 2],
    /// Where it is at the start, rad or m.
    start: f32,
    /// Of its motor: N m/rad, N m s/rad, N m (or N/m, N s/m, N).
    stiffness: f32,
    damping: f32,
    strongest: f32,
}

impl Placed {
    fn of(pose: &Pose) -> Self {
        Self { at: pose.translation.to_array(), turn: pose.rotation.to_array() }
    }
}

fn axis(joint: &Joint) -> JointAxis {
    if joint.turns { JointAxis::AngX } else { JointAxis::LinX }
}

/// What the motors are to reach after an action; a speed that is to be kept counts as a goal that lies further ahead.
fn goals(plan: &Plan, physics: &Physics<'_>) -> Vec<f32> {
    let motors = plan.parts.joints.iter().filter_map(|joint| joint.data(physics.view())?.motor(axis(joint)));
    motors.map(|motor| motor.target_pos + motor.target_vel * motor.damping / motor.stiffness).collect()
}

fn link(name: String, handle: RigidBodyHandle, physics: &Physics<'_>) -> Result<Link, Box<dyn Error>> {
    let body = &physics.bodies[handle];
    let properties = body.mass_properties().local_mprops;
    let centre = Pose::from_parts(properties.local_com, properties.principal_inertia_local_frame);
    let mut shapes = Vec::new();
    for collider in body.colliders().iter().map(|collider| &physics.colliders[*collider]) {
        let shape = collider.shape();
        let form = if let Some(cuboid) = shape.as_cuboid() {
            Form::Box(cuboid.half_extents.to_array())
        } else if let Some(cylinder) = shape.as_cylinder() {
            Form::Cylinder(cylinder.half_height, cylinder.radius)
        } else if let Some(capsule) = shape.as_capsule() {
            Form::Capsule(capsule.segment.a.to_array(), capsule.segment.b.to_array(), capsule.radius)
        } else {
            return Err(format!("`{name}` has a shape that is not written yet: {:?}", shape.shape_type()).into());
        };
        let place = Placed::of(collider.position_wrt_parent().unwrap_or(&Pose::IDENTITY));
        let multiplies = collider.friction_combine_rule() == CoefficientCombineRule::Multiply;
        shapes.push(Piece { place, shape: form, friction: collider.friction(), multiplies });
    }
    let inertia = properties.principal_inertia().to_array();
    let (start, fixed) = (Placed::of(body.position()), body.is_fixed());
    Ok(Link { name, fixed, start, mass: properties.mass(), centre: Placed::of(&centre), inertia, shapes })
}

fn moved(name: String, joint: &Joint, plan: &Plan, physics: &Physics<'_>) -> Result<Moved, Box<dyn Error>> {
    let data = joint.data(physics.view()).ok_or("a joint is gone")?;
    let index = |link: RigidBodyHandle| plan.parts.links.iter().position(|other| *other == link).ok_or("a joint's link is gone");
    let motor = data.motor(axis(joint)).ok_or("a joint has no motor")?;
    Ok(Moved {
        name,
        parent: index(joint.parent)?,
        child: index(joint.child)?,
        turns: joint.turns,
        at_zero: Placed::of(&(data.local_frame1 * data.local_frame2.inverse())),
        anchor: data.local_frame2.translation.to_array(),
        axis: (data.local_frame2.rotation * Vector::X).to_array(),
        limits: joint.limits(physics.view()).ok_or("a joint has no ends")?,
        start: joint.position(physics.view()),
        stiffness: motor.stiffness,
        damping: motor.damping,
        strongest: motor.max_force,
    })
}

/// The goals of an episode's motors: the arm's follow from where its joints are, so that it is played.
fn played(plan: &Arc<Plan>, random: bool) -> Vec<Vec<f32>> {
    let mut apart = Apart::new(plan.clone(), &middle(plan), plan.parameters());
    let step = |action: Vec<f32>| {
        apart.act(&action);
        let goals = apart.with(|physics| goals(plan, physics));
        apart.tick(plan.timing.ticks_per_step());
        goals
    };
    actions(plan, random).into_iter().map(step).collect()
}

fn written(plan: &Arc<Plan>) -> Result<Written, Box<dyn Error>> {
    let mut apart = Apart::new(plan.clone(), &middle(plan), plan.parameters());
    let goals = [played(plan, false), played(plan, true)];
    let names = apprentice::body::names(&plan.scene.body);
    apart.act(&vec![0.0; plan.action.width()]);
    let floor = plan.things[plan.thing("floor").0].members.first().copied().ok_or("the scene has no floor")?;
    apart.with(|physics| {
        for handle in &plan.parts.links {
            physics.bodies[*handle].recompute_mass_properties_from_colliders(physics.colliders);
        }
        let collider = physics.bodies[floor].colliders()[0];
        let links = names.links.iter().zip(&plan.parts.links).map(|(name, handle)| link((*name).into(), *handle, physics));
        let joints = names.joints.iter().zip(&plan.parts.joints).map(|(name, joint)| moved((*name).into(), joint, plan, physics));
        Ok(Written {
            dt: plan.timing.physics_dt(),
            gravity: plan.scene.gravity,
            ticks_per_step: plan.timing.ticks_per_step(),
            friction: physics.colliders[collider].friction(),
            links: links.collect::<Result<_, _>>()?,
            joints: joints.collect::<Result<_, _>>()?,
            goals,
        })
    })
}

/// What was measured of ours, for scripts; lengths in m.
fn seen(plan: &Arc<Plan>, link: usize) -> serde_json::Value {
    let told = |seen: Seen| {
        let Seen { gap, drift, sag, contacts, broke } = seen;
        serde_json::json!({ "give": gap, "drift": drift, "sag": sag, "contacts": contacts, "broke": broke })
    };
    let parameters = plan.parameters();
    let swung = |divisor: f32| {
        let swing = swing(plan, IntegrationParameters { dt: parameters.dt / divisor, ..parameters });
        serde_json::json!({ "energy": swing.energy, "give": swing.gap, "places": swing.places })
    };
    let (idle, random) = (told(episode(plan, false, link)), told(episode(plan, true, link)));
    serde_json::json!({ "idle": idle, "random": random, "swing": swung(1.0), "swing_finer": swung(4.0) })
}

#[expect(clippy::print_stdout, reason = "its output is the measurement")]
fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let joints = match options.joints {
        Kind::Impulse => Joints::Impulse,
        Kind::Multibody => Joints::Multibody,
    };
    let plan = Arc::new(Plan::load(&options.scene)?.with_joints(joints));
    if let Some(file) = &options.write {
        std::fs::write(file, serde_json::to_vec(&written(&plan)?)?)?;
    } else if options.seconds > 0.0 {
        println!("{}", serde_json::json!({ "ticks_per_cpu_second": rate(&plan, options.random, options.seconds) }));
    } else {
        println!("{}", seen(&plan, options.link));
    }
    Ok(())
}
