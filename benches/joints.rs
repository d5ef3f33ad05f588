//! Both of Rapier's joint kinds for each body: how fast they are, how far they give, and, for the cart and its pole, how far they stray
//! from the equations of motion, integrated in double precision beside them.
//!
//! ```text
//! cargo bench --bench joints
//! ```

use apprentice::body::Parts;
use apprentice::physics::rapier::prelude::*;
use apprentice::physics::{Physics, PhysicsQuery, empty_world, integration};
use apprentice::scene::load::load;
use apprentice::scene::plan::Plan;
use apprentice::scene::schema::{Body, Joints};
use bevy::prelude::World;
use std::error::Error;
use std::path::Path;

/// Two kinds of joint, and how they are integrated.
#[derive(Clone, Copy)]
struct Way {
    joints: Joints,
    /// Ticks per second.
    hz: u32,
    /// Solver iterations in a tick: Rapier integrates once in each.
    iterations: usize,
}

/// What was seen of the cart and its pole.
struct Swing {
    microseconds: f64,
    /// Of processor time, for a second of simulated time.
    per_second: f64,
    /// rad, after 2 s and after 10 s.
    angle: [f64; 2],
    /// m, after 10 s.
    cart: f64,
    /// Largest change over 10 s, share of the largest kinetic energy.
    energy: f64,
    /// Largest distance between the pole's end and the cart, or the cart and its rail, mm.
    give: f64,
}

/// A scene's plan with another kind of joint.
fn plan(scene: &str, joints: Joints) -> Result<Plan, Box<dyn Error>> {
    let mut loaded = load(Path::new(scene))?;
    match &mut loaded.scene.body {
        Body::CartPole { joints: kind, .. } | Body::Rover { joints: kind, .. } => *kind = joints,
    }
    Ok(loaded.into())
}

/// A world at the start of a scene's level, apart from any app.
struct Apart {
    world: World,
    entity: bevy::prelude::Entity,
}

impl Apart {
    fn new(plan: &Plan, cube: &[f32], parameters: IntegrationParameters) -> Self {
        let mut world = World::new();
        let entity = world.spawn(empty_world(parameters)).id();
        let mut apart = Self { world, entity };
        let level = apprentice::curriculum::Level { cube: cube.to_vec(), grid: None, seed: 1 };
        apart.with(|physics| plan.start(&level, physics));
        apart
    }

    fn with<T>(&mut self, work: impl FnOnce(&mut Physics<'_>) -> T) -> T {
        let mut query = self.world.query::<PhysicsQuery>();
        let mut item = query.get_mut(&mut self.world, self.entity).expect("just spawned");
        work(&mut item.physics())
    }
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

/// A free swing of ten seconds that never meets the rail's ends, in the middle of what the levels vary, without friction.
fn swing(way: Way) -> Result<Swing, Box<dyn Error>> {
    let plan = plan("scenes/balance", way.joints)?;
    let cube = [0.5, 0.5, 0.0, 0.8];
    let values = plan.quantities.values(&cube);
    let parameters = IntegrationParameters { num_solver_iterations: way.iterations, ..integration(1.0 / way.hz as f32) };
    let mut apart = Apart::new(&plan, &cube, parameters);
    let (length, mass) = (f64::from(values[0]), f64::from(values[1]));
    let inertia = mass / 12.0 * (length * length + 0.04 * 0.04);
    let mut exact =
        Analytic { mass, arm: length / 2.0, inertia, friction: f64::from(values[2]), state: [0.0, f64::from(values[3]), 0.0, 0.0] };
    let begin = exact.energy(exact.state);
    let (mut largest, mut energy, mut give): (f64, f64, f64) = (0.0, 0.0, 0.0);
    let mut seen = Swing { microseconds: 0.0, per_second: 0.0, angle: [0.0; 2], cart: 0.0, energy: 0.0, give: 0.0 };
    for tick in 1..=10 * way.hz {
        let (state, gave) = apart.with(|physics| {
            physics.simulate(GRAVITY as f32, 1);
            state(physics, &plan.parts)
        });
        exact.advance(1.0 / f64::from(way.hz), 0.0);
        let potential = mass * exact.arm * GRAVITY * state[1].cos();
        largest = largest.max(exact.energy(state) - potential);
        energy = energy.max((exact.energy(state) - begin).abs());
        give = give.max(gave);
        let angle = (state[1] - exact.state[1]).sin().asin().abs();
        if tick == 2 * way.hz {
            seen.angle[0] = angle;
        }
        if tick == 10 * way.hz {
            seen.angle[1] = angle;
            seen.cart = (state[0] - exact.state[0]).abs();
        }
    }
    seen.energy = energy / largest;
    seen.give = give * 1000.0;
    seen.microseconds = time(5 * 9600, |count| {
        let mut apart = Apart::new(&plan, &cube, parameters);
        apart.with(|physics| physics.simulate(GRAVITY as f32, count));
    });
    seen.per_second = seen.microseconds * f64::from(way.hz);
    Ok(seen)
}

/// Microseconds of processor time for one of `count` ticks: the fastest of five turns.
fn time(count: u32, mut work: impl FnMut(u32)) -> f64 {
    let turns = (0..5).map(|_| {
        let begin = cpu_seconds();
        work(count / 5);
        (cpu_seconds() - begin) / f64::from(count / 5)
    });
    turns.fold(f64::INFINITY, f64::min) * 1e6
}

/// Processor time of this thread, s; where the system does not tell, the wall clock.
fn cpu_seconds() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|line| line.split(' ').next()?.parse::<f64>().ok());
    static BEGIN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    nanoseconds.map_or_else(|| BEGIN.get_or_init(apprentice::bench::stage::now).elapsed().as_secs_f64(), |nanoseconds| nanoseconds * 1e-9)
}

#[expect(clippy::print_stdout, reason = "its output is the measurement")]
fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "| cart and pole | ticks/s | iterations | us/tick | us per simulated s | angle off at 2 s | at 10 s | cart off at 10 s | energy | give |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for joints in [Joints::Multibody, Joints::Impulse] {
        for (hz, iterations) in [(120, 2), (120, 1), (60, 1), (60, 2), (60, 4), (30, 1), (30, 2), (30, 4), (240, 1)] {
            let seen = swing(Way { joints, hz, iterations })?;
            println!(
                "| {joints:?} | {hz} | {iterations} | {:.2} | {:.0} | {:.1} mrad | {:.1} mrad | {:.2} mm | {:.2} % | {:.3} mm |",
                seen.microseconds,
                seen.per_second,
                seen.angle[0] * 1000.0,
                seen.angle[1] * 1000.0,
                seen.cart * 1000.0,
                seen.energy * 100.0,
                seen.give
            );
        }
    }
    Ok(())
}
