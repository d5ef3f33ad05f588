//! Swinging a pole up and balancing it: energy is pumped in until the pole can reach the top (Åström and Furuta 2000), then linear
//! feedback holds it there.

use crate::scene::plan::Situation;

pub(super) fn decide(situation: &Situation<'_>, action: &mut [f32]) {
    let world = situation.world;
    let [slider, hinge] = [0, 1].map(|joint| &situation.plan.parts.joints[joint]);
    let (x, v) = (slider.position(world), slider.velocity(world));
    let (sine, cosine) = hinge.sine_cosine(world);
    let (angle, turn) = (libm::atan2f(sine, cosine), hinge.velocity(world));
    let pole = &world.bodies[situation.plan.parts.links[1]];
    // Of a uniform rod about its end: length l, ω² = 3 g / (2 l).
    let half = pole.local_center_of_mass().length();
    let gravity = situation.plan.scene.gravity;
    let pace = libm::sqrtf(0.75 * gravity / half.max(1e-3));
    // Energy above hanging still, as a share of what the top needs.
    let energy = (turn / pace) * (turn / pace) / 4.0 + (1.0 + cosine) / 2.0;
    let force = if cosine > 0.85 && (turn / pace).abs() < 1.2 {
        // Pole placement by hand for the pole's own pace: fast in the angle, slow along the rail.
        40.0 * angle + 14.0 * turn / pace + 3.0 * x + 6.0 * v
    } else {
        let pump = (1.02 - energy) * turn * cosine;
        -60.0 * pump.clamp(-0.2, 0.2) - 4.0 * x - 2.0 * v
    };
    action[0] = (force / 15.0).clamp(-1.0, 1.0);
}
