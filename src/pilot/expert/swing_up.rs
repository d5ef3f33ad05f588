//! Swinging a pole up and balancing it: energy is pumped in until the pole can reach the top (Åström and Furuta 2000), then linear
//! feedback with placed poles holds it there.

use crate::body::cart_pole::FORCE;
use crate::scene::plan::Situation;

/// How fast the cart is brought back to the middle of the rail, 1/s.
const RETURN: f32 = 1.5;

pub(super) fn decide(situation: &Situation<'_>, action: &mut [f32]) {
    let world = situation.world;
    let [slider, hinge] = [0, 1].map(|joint| &situation.plan.parts.joints[joint]);
    let (x, v) = (slider.position(world), slider.velocity(world));
    let (sine, cosine) = hinge.sine_cosine(world);
    let (angle, turn) = (libm::atan2f(sine, cosine), hinge.velocity(world));
    let pole = &world.bodies[situation.plan.parts.links[1]];
    let gravity = situation.plan.scene.gravity;
    // A uniform rod about its end swings with p² = 3 g / (2 l); upright, θ'' = p² (θ - a / g) for the cart's acceleration a.
    let length = 2.0 * pole.local_center_of_mass().length().max(1e-3);
    let p = libm::sqrtf(1.5 * gravity / length);
    // Energy above hanging still, as a share of what the top needs.
    let energy = (turn / p) * (turn / p) / 4.0 + (1.0 + cosine) / 2.0;
    let acceleration = if cosine > 0.9 && (energy - 1.0).abs() < 0.35 {
        // a = k1 x + k2 v + k3 θ + k4 ω puts the closed loop's poles at -p, -p, -q, -q.
        let (q, alpha) = (RETURN, p * p / gravity);
        let k1 = q * q;
        let k2 = 2.0 * q * (p + q) / p;
        let k3 = (2.0 * p * p + q * q + 4.0 * p * q + k1) / alpha;
        let k4 = (2.0 * (p + q) + k2) / alpha;
        k1 * x + k2 * v + k3 * angle + k4 * turn
    } else {
        let pump = (1.05 - energy) * turn / p * cosine;
        (-24.0 * pump).clamp(-9.0, 9.0) - 3.0 * x - 1.0 * v
    };
    // The force that gives the cart this acceleration, the pole's reaction included.
    let (cart, rod) = (world.bodies[situation.plan.parts.root()].mass(), pole.mass());
    let force = (cart + rod - 0.75 * rod * cosine * cosine) * acceleration + 0.75 * rod * gravity * sine * cosine
        - rod * length / 2.0 * turn * turn * sine;
    action[0] = (force / FORCE).clamp(-1.0, 1.0);
}
