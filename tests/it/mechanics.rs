//! Bodies against the equations of motion, with both of Rapier's kinds of joint, integrated as arenas are: pendulums, momentum, friction.
//! With `--nocapture` the numbers of `docs/results/scenes.md` are printed. The bounds lie just above what is measured.

use crate::stage::plan_from;
use apprentice::bench::apart::{Apart, Momentum};
use apprentice::bench::links::actions;
use apprentice::body::{Joint, link_groups};
use apprentice::physics::rapier::prelude::*;
use apprentice::physics::{Physics, PhysicsQuery, empty_world, holding, integration};
use apprentice::scene::schema::Joints;
use bevy::prelude::{Entity, QueryState, World};
use std::f64::consts::{FRAC_PI_8, PI};
use std::sync::Arc;

const GRAVITY: f64 = 9.81;

/// A rod: length and width, m, and mass, kg. It hinges at its upper end.
const LENGTH: f64 = 0.4;
const WIDTH: f64 = 0.03;
const MASS: f64 = 0.5;
/// About its middle, kg m².
const INERTIA: f64 = MASS / 12.0 * (LENGTH * LENGTH + WIDTH * WIDTH);
/// About its end.
const ABOUT_END: f64 = INERTIA + MASS * LENGTH * LENGTH / 4.0;

/// A world of its own.
struct Bare {
    world: World,
    query: QueryState<PhysicsQuery>,
    entity: Entity,
}

impl Bare {
    fn new(parameters: IntegrationParameters) -> Self {
        let mut world = World::new();
        let entity = world.spawn(empty_world(parameters)).id();
        let query = world.query::<PhysicsQuery>();
        Self { world, query, entity }
    }

    fn with<T>(&mut self, work: impl FnOnce(&mut Physics<'_>) -> T) -> T {
        work(&mut self.query.get_mut(&mut self.world, self.entity).unwrap().physics())
    }
}

/// Rods that hang on each other, each turned against the one above by so much, rad.
fn pendulum(kind: Joints, hz: u32, turned: &[f64]) -> (Bare, Vec<Joint>) {
    let mut bare = Bare::new(integration(1.0 / hz as f32));
    let joints = bare.with(|physics| {
        let base = physics.bodies.insert(RigidBodyBuilder::fixed());
        let (mut parent, mut on, mut joints) = (base, Vector::ZERO, Vec::new());
        for _ in turned {
            let rod = physics.bodies.insert(RigidBodyBuilder::dynamic().can_sleep(false));
            let (half, wide) = (LENGTH as f32 / 2.0, WIDTH as f32 / 2.0);
            let shape = ColliderBuilder::cuboid(wide, wide, half).translation(Vector::new(0.0, 0.0, -half)).mass(MASS as f32);
            physics.colliders.insert_with_parent(shape.collision_groups(link_groups()), rod, physics.bodies);
            let hinge = RevoluteJointBuilder::new(Vector::Y).local_anchor1(on).contacts_enabled(false).build();
            joints.push(Joint::connect(kind, physics, parent, rod, hinge));
            (parent, on) = (rod, Vector::new(0.0, 0.0, -(LENGTH as f32)));
        }
        if let Some(link) = physics.multibody_joints.rigid_body_link(parent).copied() {
            let multibody = physics.multibody_joints.get_multibody_mut(link.multibody).unwrap();
            multibody.forward_kinematics(physics.bodies, true);
            multibody.damping_mut().fill(0.0);
        }
        for (joint, angle) in joints.iter().zip(turned) {
            joint.displace(physics, *angle as f32);
        }
        joints
    });
    (bare, joints)
}

/// Simulates a tick, and tells how far each rod then leans, rad.
fn leans(bare: &mut Bare, joints: &[Joint]) -> Vec<f64> {
    bare.with(|physics| {
        assert!(physics.simulate(Vector::Z * -(GRAVITY as f32), 1));
        let angles = joints.iter().map(|joint| f64::from(joint.position(physics.view())));
        angles.scan(0.0, |lean, angle| Some(std::mem::replace(lean, *lean + angle) + angle)).collect()
    })
}

/// The difference of two angles, rad.
fn apart(one: f64, other: f64) -> f64 {
    let difference = (one - other).rem_euclid(2.0 * PI);
    difference.min(2.0 * PI - difference)
}

/// Jacobi's cd(u, k) = cn / dn, and the quarter period K(k), by arithmetic and geometric means (Abramowitz and Stegun 16.4, 17.6).
fn jacobi(u: f64, k: f64) -> (f64, f64) {
    let (mut means, mut b) = (vec![(1.0, k)], (1.0 - k * k).sqrt());
    while means.last().unwrap().1 > 1e-15 {
        let a = means.last().unwrap().0;
        means.push(((a + b) / 2.0, (a - b) / 2.0));
        b = (a * b).sqrt();
    }
    let last = means.last().unwrap().0;
    let mut phase = f64::from(1 << (means.len() - 1)) * last * u;
    for (a, c) in means[1..].iter().rev() {
        phase = (phase + (c / a * phase.sin()).asin()) / 2.0;
    }
    (phase.cos() / (1.0 - (k * phase.sin()).powi(2)).sqrt(), PI / (2.0 * last))
}

#[test]
fn the_closed_form_is_the_one_of_the_book() {
    // K(0) = pi/2, K(sin 45°) = 1.854075 (Abramowitz and Stegun, table 17.1); cd(0) = 1, cd(K) = 0; for k = 0 it is the cosine.
    assert!((jacobi(0.0, 0.5f64.sqrt()).1 - 1.854_074_677).abs() < 1e-8 && (jacobi(0.0, 1e-9).1 - PI / 2.0).abs() < 1e-12);
    assert!((jacobi(0.0, 0.8).0 - 1.0).abs() < 1e-12 && jacobi(jacobi(0.0, 0.8).1, 0.8).0.abs() < 1e-9);
    assert!((jacobi(0.7, 1e-9).0 - 0.7f64.cos()).abs() < 1e-12);
}

#[test]
fn a_pendulum_swings_as_its_closed_form_says() {
    let pull = (MASS * GRAVITY * LENGTH / 2.0 / ABOUT_END).sqrt();
    for (kind, hz, angle, most, slow) in [
        // Impulse joints lose swing at wide angles; half a tick's error of phase is in all of them.
        (Joints::Impulse, 120, 0.1, 1.5e-3, 1e-4),
        (Joints::Impulse, 240, 0.1, 0.8e-3, 1e-4),
        (Joints::Impulse, 120, 2.0, 0.65, 0.1),
        (Joints::Impulse, 240, 2.0, 0.37, 0.065),
        (Joints::Multibody, 120, 0.1, 1.5e-3, 1e-4),
        (Joints::Multibody, 240, 0.1, 0.8e-3, 1e-4),
        (Joints::Multibody, 120, 2.0, 0.025, 1e-4),
        (Joints::Multibody, 240, 2.0, 0.0125, 1e-4),
    ] {
        // From rest at the angle: sin(θ/2) = k cd(w t), k = sin(θ0/2); a period is 4 K(k) / w.
        let k = (angle / 2.0f64).sin();
        let (mut bare, joints) = pendulum(kind, hz, &[angle]);
        let dt = 1.0 / f64::from(hz);
        let (mut off, mut last, mut crossings): (f64, f64, Vec<f64>) = (0.0, angle, Vec::new());
        for tick in 1..=6 * hz {
            let lean = leans(&mut bare, &joints)[0];
            let time = f64::from(tick) * dt;
            if tick <= 2 * hz {
                off = off.max(apart(lean, 2.0 * (k * jacobi(pull * time, k).0).asin()));
            }
            if last > 0.0 && lean <= 0.0 {
                crossings.push(time - dt * lean / (lean - last));
            }
            last = lean;
        }
        assert!(crossings.len() >= 3, "it swings: {crossings:?}");
        let period = (crossings[crossings.len() - 1] - crossings[0]) / (crossings.len() - 1) as f64;
        let error = period / (4.0 * jacobi(0.0, k).1 / pull) - 1.0;
        eprintln!("{kind:?}, {hz} ticks/s, from {angle} rad: off by {:.2} mrad in 2 s, period by {:.3} %", 1e3 * off, 1e2 * error);
        assert!(off < most && error.abs() < slow, "{kind:?} {hz} {angle}: {off} rad, {error}");
    }
}

/// How two rods lean, rad, and their rates: `f64`, Runge and Kutta's fourth order.
fn double(state: [f64; 4], seconds: f64) -> [f64; 4] {
    let rates = |[one, two, first, second]: [f64; 4]| {
        let (half, between) = (LENGTH / 2.0, one - two);
        let coupling = MASS * LENGTH * half;
        let (a, b, c) = (ABOUT_END + MASS * LENGTH * LENGTH, coupling * between.cos(), ABOUT_END);
        let pull = [
            -coupling * between.sin() * second * second - MASS * (half + LENGTH) * GRAVITY * one.sin(),
            coupling * between.sin() * first * first - MASS * half * GRAVITY * two.sin(),
        ];
        let determinant = a * c - b * b;
        [first, second, (c * pull[0] - b * pull[1]) / determinant, (a * pull[1] - b * pull[0]) / determinant]
    };
    let steps = (seconds * 48_000.0).round();
    let h = seconds / steps;
    (0..steps as u32).fold(state, |s, _| {
        let add = |b: [f64; 4], by: f64| std::array::from_fn(|i| s[i] + by * b[i]);
        let a = rates(s);
        let b = rates(add(a, h / 2.0));
        let c = rates(add(b, h / 2.0));
        let d = rates(add(c, h));
        std::array::from_fn(|i| s[i] + h / 6.0 * (a[i] + 2.0 * b[i] + 2.0 * c[i] + d[i]))
    })
}

#[test]
fn a_double_pendulum_swings_as_runge_and_kutta_have_it() {
    for (kind, hz, most) in
        [(Joints::Impulse, 120, 0.04), (Joints::Impulse, 240, 0.023), (Joints::Multibody, 120, 0.027), (Joints::Multibody, 240, 0.0135)]
    {
        // From rest, well below the energies at which it is chaotic.
        let (mut bare, joints) = pendulum(kind, hz, &[0.8, 0.4]);
        let (mut exact, mut off): ([f64; 4], f64) = ([0.8, 1.2, 0.0, 0.0], 0.0);
        for _ in 0..2 * hz {
            exact = double(exact, 1.0 / f64::from(hz));
            let leans = leans(&mut bare, &joints);
            off = off.max(apart(leans[0], exact[0])).max(apart(leans[1], exact[1]));
        }
        eprintln!("{kind:?}, {hz} ticks/s: off by {:.1} mrad in 2 s", 1e3 * off);
        assert!(off < most, "{kind:?} {hz}: {off} rad");
    }
}

/// A rod that a motor's spring and damper bring back from 0.3 rad, without gravity: how far it is from the equation's, in % of the 0.3
/// rad, at most in half a second.
fn sprung(kind: Joints, stiffness: f64, damping: f64) -> f64 {
    let hz = 200;
    let (mut bare, joints) = pendulum(kind, hz, &[0.3]);
    joints[0].set_motor(&mut bare.query.get_mut(&mut bare.world, bare.entity).unwrap().physics(), |data| {
        data.set_motor(JointAxis::AngX, 0.0, 0.0, stiffness as f32, damping as f32);
        data.set_motor_model(JointAxis::AngX, MotorModel::ForceBased);
        data.set_motor_max_force(JointAxis::AngX, 1e3);
    });
    let (mut state, mut off): ([f64; 2], f64) = ([0.3, 0.0], 0.0);
    for _ in 0..hz / 2 {
        // I θ'' = -k θ - d θ', in steps so small that their order does not matter.
        let h = 1e-6;
        for _ in 0..1_000_000 / hz {
            state[1] -= h * (stiffness * state[0] + damping * state[1]) / ABOUT_END;
            state[0] += h * state[1];
        }
        let lean = bare.with(|physics| {
            assert!(physics.simulate(Vector::ZERO, 1));
            f64::from(joints[0].position(physics.view()))
        });
        off = off.max(100.0 * apart(lean, state[0]) / 0.3);
    }
    off
}

#[test]
fn a_motor_is_a_spring_with_a_damper_but_in_reduced_coordinates_only_for_light_links() {
    // The rod has 0.027 kg m² about its end. With reduced coordinates Rapier 0.35 solves a motor as if it were stiff and takes the
    // compliance off afterwards (`unit_joint_motor_constraint`: `inv_lhs` leaves `cfm_gain` out), which diverges where the inertia is
    // above dt (dt k + d), with dt the solver's step, here 1 / 400 s: 0.011 kg m² for the first motor, the walker's, and 0.11 for the
    // second.
    for (kind, stiffness, damping, range) in [
        (Joints::Impulse, 150.0, 4.0, 0.0..8.0),
        (Joints::Impulse, 1500.0, 40.0, 0.0..12.0),
        (Joints::Multibody, 150.0, 4.0, 100.0..f64::INFINITY),
        (Joints::Multibody, 1500.0, 40.0, 0.0..3.0),
    ] {
        let off = sprung(kind, stiffness, damping);
        eprintln!("{kind:?}, {stiffness} N m/rad, {damping} N m s/rad: off by {off:.1} %");
        assert!(range.contains(&off), "{kind:?} {stiffness} {damping}: {off} %");
    }
}

/// A dog thrown into the air, spinning, for a second, its motors driven at random or off. By how much its linear momentum is off what
/// gravity made of it, and its angular momentum about its centre off what it was: of what it had, in %.
fn thrown(kind: Joints, driven: bool, gyroscopic: bool) -> [f64; 2] {
    let plan = plan_from(&format!(
        r#"Scene(about: "A dog.", timing: (control_hz: 25, physics_hz: 200), surroundings: [Floor],
            body: Walker(joints: {kind:?}), sensors: [Joints])"#
    ));
    let mut world = Apart::new(Arc::clone(&plan), &[], plan.parameters());
    let (velocity, spin) = (Vector::new(1.0, 0.5, 3.0), Vector::new(2.0, 3.0, 1.0));
    if !driven {
        world.release(false);
    }
    world.with(|physics| {
        for (_, collider) in physics.colliders.iter_mut() {
            collider.set_collision_groups(InteractionGroups::none());
        }
        let links = &plan.parts.links;
        for link in links {
            physics.bodies[*link].recompute_mass_properties_from_colliders(physics.colliders);
            physics.bodies[*link].enable_gyroscopic_forces(gyroscopic);
        }
        let mass: f32 = links.iter().map(|link| physics.bodies[*link].mass()).sum();
        let centre = links.iter().map(|link| physics.bodies[*link].mass() * physics.bodies[*link].center_of_mass()).sum::<Vector>() / mass;
        for link in links {
            let body = &mut physics.bodies[*link];
            let arm = body.center_of_mass() - centre;
            body.set_linvel(velocity + spin.cross(arm), true);
            body.set_angvel(spin, true);
        }
        let root = physics.bodies[links[0]].linvel();
        if let Some(link) = physics.multibody_joints.rigid_body_link(links[0]).copied() {
            let multibody = physics.multibody_joints.get_multibody_mut(link.multibody).unwrap();
            multibody.forward_kinematics(physics.bodies, true);
            multibody.damping_mut().fill(0.0);
            multibody.generalized_velocity_mut().as_mut_slice()[..6].copy_from_slice(&[root.x, root.y, root.z, spin.x, spin.y, spin.z]);
        }
    });
    let begin = world.momentum();
    let mass = 12.6;
    let length = |v: [f64; 3]| v.iter().map(|v| v * v).sum::<f64>().sqrt();
    let between = |one: [f64; 3], other: [f64; 3]| length(std::array::from_fn(|axis| one[axis] - other[axis]));
    assert!(length(begin.linear) > 40.0 && length(begin.angular) > 0.5, "{begin:?}");
    let mut off = [0.0f64; 2];
    for (step, action) in actions(&plan, true)[..25].iter().enumerate() {
        if driven {
            world.act(action);
        }
        assert!(world.tick(8));
        let Momentum { mut linear, angular } = world.momentum();
        linear[2] += mass * GRAVITY * (step + 1) as f64 / 25.0;
        off[0] = off[0].max(100.0 * between(linear, begin.linear) / length(begin.linear));
        off[1] = off[1].max(100.0 * between(angular, begin.angular) / length(begin.angular));
    }
    off
}

#[test]
fn what_is_thrown_keeps_its_momentum_as_far_as_each_kind_of_joint_lets_it() {
    for (kind, driven, gyroscopic, straight, turning) in [
        // Rapier leaves gyroscopic torques out unless a body asks for them, and ours do not: spinning, they keep their rate and not their
        // momentum.
        (Joints::Impulse, false, false, 0.002, 12.0),
        (Joints::Impulse, true, false, 0.002, 15.0),
        (Joints::Impulse, false, true, 0.002, 0.5),
        (Joints::Impulse, true, true, 0.002, 7.0),
        // Reduced coordinates have them in their equations; their motors overshoot (see the walker's header), and what they swing drags the
        // rest along.
        (Joints::Multibody, false, false, 1.0, 0.6),
        (Joints::Multibody, true, false, 4.5, 35.0),
    ] {
        let off = thrown(kind, driven, gyroscopic);
        eprintln!("{kind:?}, driven {driven}, gyroscopic {gyroscopic}: off by {:.4} % and, turning, {:.2} % in 1 s", off[0], off[1]);
        assert!(off[0] < straight && off[1] < turning, "{kind:?} {driven} {gyroscopic}: {off:?} %");
    }
}

/// A box on a slope of `rise` (its tangent) that falls along `direction`: its speed down the slope and across after a second, m/s, and how
/// fast it creeps in the four seconds after, m/s.
fn slope(parameters: IntegrationParameters, rise: f64, direction: f64) -> ([f64; 2], f64) {
    let mut bare = Bare::new(parameters);
    let block = bare.with(|physics| {
        physics.colliders.insert(ColliderBuilder::new(SharedShape::halfspace(Vector::Z)).friction(0.5));
        let block = physics.bodies.insert(RigidBodyBuilder::dynamic().translation(Vector::new(0.0, 0.0, 0.05)).can_sleep(false));
        physics.colliders.insert_with_parent(ColliderBuilder::cuboid(0.05, 0.05, 0.05).mass(0.5).friction(0.5), block, physics.bodies);
        block
    });
    let level = 1.0 / (1.0 + rise * rise).sqrt();
    let (sine, cosine) = direction.sin_cos();
    let gravity = [cosine * rise * level, sine * rise * level, -level].map(|part| (GRAVITY * part) as f32);
    let mut run = |seconds: f32| {
        bare.with(|physics| {
            assert!(physics.simulate(Vector::from_array(gravity), (seconds / parameters.dt).round() as u32));
            let block = &physics.bodies[block];
            (block.linvel().to_array().map(f64::from), block.translation())
        })
    };
    let (velocity, begin) = run(1.0);
    let (_, end) = run(4.0);
    let down = [velocity[0] * cosine + velocity[1] * sine, velocity[1] * cosine - velocity[0] * sine];
    (down, f64::from((end - begin).length()) / 4.0)
}

#[test]
fn friction_is_a_cone_that_holds_below_its_angle_and_gives_above_it() {
    let fine = integration(1.0 / 240.0);
    for (name, parameters, off) in [
        ("as rollers are, 120 ticks/s", integration(1.0 / 120.0), 0.035),
        ("as rollers are, 240 ticks/s", fine, 0.02),
        ("as holders are, 200 ticks/s", holding(integration(1.0 / 200.0)), 0.005),
        ("as holders are, 240 ticks/s", holding(fine), 0.005),
    ] {
        let (mut creep, mut pace, mut aside): (f64, f64, f64) = (0.0, 0.0, 0.0);
        for eighth in 0..8 {
            let direction = f64::from(eighth) * FRAC_PI_8;
            // The friction's coefficient is 0.5: a fiftieth less steep it lies, a tenth steeper it slides with g (sin - 0.5 cos) of the
            // slope.
            creep = creep.max(slope(parameters, 0.49, direction).1);
            let ([down, across], _) = slope(parameters, 0.55, direction);
            let book = GRAVITY * 0.05 / (1.0 + 0.55 * 0.55f64).sqrt();
            pace = pace.max((down / book - 1.0).abs());
            aside = aside.max((across / book).abs());
        }
        eprintln!("{name}: creeps by {:.5} mm/s; slides off by {:.2} %, aside by {:.3} %", 1e3 * creep, 1e2 * pace, 1e2 * aside);
        assert!(creep < 1e-6 && pace < off && aside < 1e-3, "{name}: {creep} m/s, {pace}, {aside}");
    }
}
