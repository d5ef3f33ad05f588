//! Both of Rapier's joint kinds for each body: how fast they are, how far they give, how still arm and walker stand and whether they keep
//! their energy, and, for the cart and its pole, how far they stray from the equations of motion, integrated in double precision beside
//! them.
//!
//! ```text
//! cargo bench --bench joints
//! ```

use apprentice::arena::{ArenaQuery, Switches};
use apprentice::bench::apart::Apart;
use apprentice::bench::links::{episode, rate, swing as passive};
use apprentice::bench::stage::{processor_seconds, random_app};
use apprentice::body::Parts;
use apprentice::physics::rapier::prelude::*;
use apprentice::physics::{Physics, Threads, integration};
use apprentice::scene::load::load;
use apprentice::scene::plan::Plan;
use apprentice::scene::schema::Joints;
use bevy::prelude::App;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

/// Two kinds of joint, and how they are integrated.
#[derive(Clone, Copy)]
struct Way {
    joints: Joints,
    /// Ticks per second.
    hz: u32,
    /// Solver iterations in a tick: Rapier integrates once in each.
    iterations: usize,
}

/// What was seen of the cart and its pole; of several levels, the worst.
#[derive(Default)]
struct Swing {
    /// Of processor time, for a tick.
    microseconds: f64,
    /// mrad, after 2 s and after 10 s.
    angle: [f64; 2],
    /// mm, after 10 s.
    cart: f64,
    /// Largest change over 10 s, % of the largest kinetic energy.
    energy: f64,
    /// Largest distance between the pole's end and the cart, or the cart and its rail, mm.
    give: f64,
}

/// A scene's plan with another kind of joint.
fn plan(scene: &str, joints: Joints) -> Result<Arc<Plan>, Box<dyn Error>> {
    Ok(Arc::new(Plan::from(load(Path::new(scene))?).with_joints(joints)))
}

const GRAVITY: f64 = 9.81;
const CART_MASS: f64 = 1.0;

/// Cart and pole in minimal coordinates: position, angle from upright, and their rates. `f64` throughout.
struct Analytic {
    mass: f64,
    /// From the hinge to the centre of mass, m.
    arm: f64,
    /// About the centre of mass, kg m².
    inertia: f64,
    friction: f64,
    state: [f64; 4],
}

impl Analytic {
    fn rates(&self, [_, angle, speed, spin]: [f64; 4], force: f64) -> [f64; 4] {
        let (sine, cosine) = angle.sin_cos();
        let (total, moment) = (CART_MASS + self.mass, self.mass * self.arm);
        let about_hinge = self.inertia + moment * self.arm;
        // (M + m) x'' + m a θ'' cos θ = F - b x' + m a θ'² sin θ;   m a x'' cos θ + (I + m a²) θ'' = m g a sin θ
        let (push, pull) = (force - self.friction * speed + moment * spin * spin * sine, moment * GRAVITY * sine);
        let determinant = total * about_hinge - (moment * cosine).powi(2);
        let acceleration = (about_hinge * push - moment * cosine * pull) / determinant;
        let turning = (total * pull - moment * cosine * push) / determinant;
        [speed, spin, acceleration, turning]
    }

    /// Runge and Kutta's fourth order, 1 / 9,600 s at a time.
    fn advance(&mut self, seconds: f64, force: f64) {
        let steps = (seconds * 9600.0).round() as usize;
        let h = seconds / steps as f64;
        let add = |a: [f64; 4], b: [f64; 4], by: f64| std::array::from_fn(|i| a[i] + by * b[i]);
        for _ in 0..steps {
            let s = self.state;
            let a = self.rates(s, force);
            let b = self.rates(add(s, a, h / 2.0), force);
            let c = self.rates(add(s, b, h / 2.0), force);
            let d = self.rates(add(s, c, h), force);
            self.state = std::array::from_fn(|i| s[i] + h / 6.0 * (a[i] + 2.0 * b[i] + 2.0 * c[i] + d[i]));
        }
    }

    fn energy(&self, [_, angle, speed, spin]: [f64; 4]) -> f64 {
        let (about_hinge, moment) = (self.inertia + self.mass * self.arm * self.arm, self.mass * self.arm);
        (CART_MASS + self.mass) * speed * speed / 2.0
            + about_hinge * spin * spin / 2.0
            + moment * speed * spin * angle.cos()
            + moment * GRAVITY * angle.cos()
    }
}

/// Position, angle (without its turns) and rates, as Rapier has them, and by how much the joints gave, m.
fn state(physics: &Physics<'_>, parts: &Parts) -> ([f64; 4], f64) {
    let (cart, pole) = (&physics.bodies[parts.links[0]], &physics.bodies[parts.links[1]]);
    let up = pole.rotation() * Vector::Z;
    let gap = (pole.translation() - cart.translation()).length();
    let off = libm::hypotf(cart.translation().y, cart.translation().z - 1.0);
    let state = [cart.translation().x, libm::atan2f(up.x, up.z), cart.linvel().x, pole.angvel().y];
    (state.map(f64::from), f64::from(gap.max(off)))
}

/// A free swing of ten seconds from 15° above the horizontal, without friction, that never meets the rail's ends.
fn swing(way: Way, length: f32, mass: f32, worst: &mut Swing) -> Result<(), Box<dyn Error>> {
    let plan = plan("scenes/balance", way.joints)?;
    let cube = [length, mass, 0.0, 0.71];
    let values = plan.quantities.values(&cube);
    let parameters = IntegrationParameters { num_solver_iterations: way.iterations, ..integration(1.0 / way.hz as f32) };
    let mut apart = Apart::new(plan.clone(), &cube, parameters);
    let (length, mass) = (f64::from(values[0]), f64::from(values[1]));
    let inertia = mass / 12.0 * (length * length + 0.04 * 0.04);
    let mut exact =
        Analytic { mass, arm: length / 2.0, inertia, friction: f64::from(values[2]), state: [0.0, f64::from(values[3]), 0.0, 0.0] };
    let begin = exact.energy(exact.state);
    let (mut kinetic, mut energy): (f64, f64) = (0.0, 0.0);
    for tick in 1..=10 * way.hz {
        let (state, gave) = apart.with(|physics| {
            physics.simulate(Vector::Z * -(GRAVITY as f32), 1);
            state(physics, &plan.parts)
        });
        exact.advance(1.0 / f64::from(way.hz), 0.0);
        kinetic = kinetic.max(exact.energy(state) - mass * exact.arm * GRAVITY * state[1].cos());
        energy = energy.max((exact.energy(state) - begin).abs());
        worst.give = worst.give.max(gave * 1000.0);
        let angle = (state[1] - exact.state[1]).sin().asin().abs();
        if tick == 2 * way.hz {
            worst.angle[0] = worst.angle[0].max(angle * 1000.0);
        }
        if tick == 10 * way.hz {
            worst.angle[1] = worst.angle[1].max(angle * 1000.0);
            worst.cart = worst.cart.max((state[0] - exact.state[0]).abs() * 1000.0);
        }
    }
    worst.energy = worst.energy.max(100.0 * energy / kinetic);
    let microseconds = time(100_000, |count| {
        let mut apart = Apart::new(plan.clone(), &cube, parameters);
        apart.with(|physics| physics.simulate(Vector::Z * -(GRAVITY as f32), count));
    });
    worst.microseconds = worst.microseconds.max(microseconds);
    Ok(())
}

/// The rover at random among heaps of boxes: microseconds of processor time for a control step, and the largest distance of a wheel
/// from its place at the chassis, mm.
fn drive(joints: Joints) -> Result<(f64, f32), Box<dyn Error>> {
    let plan = plan("scenes/clear", joints)?;
    let mut app = random_app(&plan, 4, Threads(1));
    let links = plan.parts.links.clone();
    let places = |app: &mut App| -> Vec<Vector> {
        let mut arenas = app.world_mut().query::<ArenaQuery>();
        let mut places = Vec::new();
        for arena in arenas.iter(app.world()) {
            let bodies = arena.physics.view().bodies;
            let chassis = *bodies[links[0]].position();
            places.extend(links[1..].iter().map(|wheel| chassis.inverse_transform_point(bodies[*wheel].translation())));
        }
        places
    };
    let begin = places(&mut app);
    let mut give: f32 = 0.0;
    for _ in 0..500 {
        app.update();
        give = begin.iter().zip(places(&mut app)).map(|(begin, now)| (*begin - now).length()).fold(give, f32::max);
    }
    app.insert_resource(Switches { sensors: false, tasks: false });
    let microseconds = time(500, |count| (0..count).for_each(|_| app.update())) / 4.0;
    Ok((microseconds, give * 1000.0))
}

/// Arm or walker with one kind of joint, as a line of the table. `link` is the one whose drift is told.
fn body(scene: &str, joints: Joints, link: usize) -> Result<String, Box<dyn Error>> {
    let plan = plan(scene, joints)?;
    let (idle, random) = (episode(&plan, false, link), episode(&plan, true, link));
    let fastest = |random: bool| 1e6 / (0..5).map(|_| rate(&plan, random, 0.4)).fold(0.0, f64::max);
    let mm = |m: f32| format!("{:.2} mm", 1000.0 * m);
    let swing = passive(&plan, plan.parameters());
    // Whether what is left of the swing's error is the tick's: it then falls with it.
    let parameters = plan.parameters();
    let finer = passive(&plan, IntegrationParameters { dt: parameters.dt / 4.0, ..parameters });
    let broke = if idle.broke || random.broke { "breaks down" } else { "" };
    Ok(format!(
        "| {scene} | {joints:?} | {:.1} | {:.1} | {} | {} | {} | {:.1} % | {:.1} % | {} | {broke} |",
        fastest(false),
        fastest(true),
        mm(random.gap),
        mm(idle.drift),
        mm(idle.sag),
        swing.energy,
        finer.energy,
        mm(swing.gap),
    ))
}

/// Microseconds of processor time for one of `count` ticks: the fastest of five turns.
fn time(count: u32, mut work: impl FnMut(u32)) -> f64 {
    let turns = (0..5).map(|_| {
        let begin = processor_seconds();
        work(count / 5);
        (processor_seconds() - begin) / f64::from(count / 5)
    });
    turns.fold(f64::INFINITY, f64::min) * 1e6
}

#[expect(clippy::print_stdout, reason = "its output is the measurement")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("Cart and pole: ten seconds of free swing, the worst of four levels (pole of 0.6 and 1.4 m, 0.05 and 0.4 kg).\n");
    println!(
        "| joints | ticks/s | iterations | us/tick | ms/simulated s | angle off at 2 s | at 10 s | cart off at 10 s | energy off | give |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for joints in [Joints::Multibody, Joints::Impulse] {
        for (hz, iterations) in [(60, 1), (60, 2), (60, 4), (120, 1), (120, 2), (120, 4)] {
            let mut seen = Swing::default();
            for (length, mass) in [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)] {
                swing(Way { joints, hz, iterations }, length, mass, &mut seen)?;
            }
            println!(
                "| {joints:?} | {hz} | {iterations} | {:.1} | {:.2} | {:.1} mrad | {:.1} mrad | {:.1} mm | {:.1} % | {:.3} mm |",
                seen.microseconds,
                seen.microseconds * f64::from(hz) / 1000.0,
                seen.angle[0],
                seen.angle[1],
                seen.cart,
                seen.energy,
                seen.give
            );
        }
    }
    println!("\nRover: random actions in `clear`.\n");
    println!("| joints | us/control step | wheels give |");
    println!("|---|--:|--:|");
    for joints in [Joints::Impulse, Joints::Multibody] {
        let (microseconds, give) = drive(joints)?;
        println!("| {joints:?} | {microseconds:.0} | {give:.3} mm |");
    }
    println!(
        "\nArm (`reach`, 240 ticks/s) and walker (`walk`, 200 ticks/s): ten seconds told nothing, ten of random \
         actions, two of swing, root held.\n"
    );
    println!(
        "| body | joints | us/tick, idle | random | joints give, random | drifts, idle | sinks, idle | \
         swing: energy off | at dt/4 | joints give | |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|---|");
    for (scene, link) in [("scenes/reach", 5), ("scenes/walk", 0)] {
        for joints in [Joints::Impulse, Joints::Multibody] {
            println!("{}", body(scene, joints, link)?);
        }
    }
    Ok(())
}
