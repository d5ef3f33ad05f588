//! What is measured of a body's links and joints: how fast they are simulated, how far they give, how still they stand, and whether they
//! keep their energy where nothing drives them. `cargo bench --bench joints` compares Rapier's two kinds of joint by it, and
//! `cargo bench --bench links` hands it to the comparison with an outside engine.

use super::apart::Apart;
use super::stage::processor_seconds;
use crate::physics::rapier::prelude::IntegrationParameters;
use crate::scene::plan::Plan;
use crate::stream::{Purpose, Stream};
use std::sync::Arc;

/// Length of an episode, simulated s.
pub const EPISODE: u32 = 10;
/// Length of a swing, simulated s.
pub const SWING: u32 = 2;

/// A level in the middle of what varies, on level ground, without a load.
pub fn middle(plan: &Plan) -> Vec<f32> {
    let varies = plan.scene.varies.0.iter();
    varies.map(|(name, _)| if ["payload", "slope"].contains(&name.as_str()) { 0.0 } else { 0.5 }).collect()
}

/// An episode's actions: none at all, or each channel drawn anew in [-1, 1] in every control step.
pub fn actions(plan: &Plan, random: bool) -> Vec<Vec<f32>> {
    let mut draw = Stream::new(1, Purpose::Exploration, 0, 0);
    let steps = EPISODE * plan.timing.control_hz;
    let mut action = || plan.action.0.iter().map(|_| if random { draw.between(-1.0, 1.0) } else { 0.0 }).collect();
    (0..steps).map(|_| action()).collect()
}

/// What was seen in an episode.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// How far the joint gave that gave most, m.
    pub gap: f32,
    /// How far the followed link went along the floor, m.
    pub drift: f32,
    /// How far it sank, m.
    pub sag: f32,
    /// Contact points of a tick, in the mean.
    pub contacts: f32,
    /// Whether the world broke down.
    pub broke: bool,
}

/// Looks on for an episode as arenas play it. `link` is the one that is followed.
pub fn episode(plan: &Arc<Plan>, random: bool, link: usize) -> Seen {
    let mut apart = Apart::new(plan.clone(), &middle(plan), plan.parameters());
    let [begin_x, begin_y, begin_z] = apart.places()[link];
    let mut seen = Seen::default();
    let (mut contacts, mut ticks) = (0, 0);
    'episode: for action in actions(plan, random) {
        apart.act(&action);
        for _ in 0..plan.timing.ticks_per_step() {
            if !apart.tick(1) {
                seen.broke = true;
                break 'episode;
            }
            seen.gap = seen.gap.max(apart.gap());
            contacts += apart.with(|physics| physics.view().contacts().count());
            ticks += 1;
        }
    }
    let [x, y, z] = apart.places()[link];
    seen.contacts = contacts as f32 / ticks.max(1) as f32;
    seen.drift = libm::hypotf(x - begin_x, y - begin_y);
    seen.sag = begin_z - z;
    seen
}

/// Ticks for a second of processor time on one thread, in whole episodes that together take about `seconds` of it.
pub fn rate(plan: &Arc<Plan>, random: bool, seconds: f64) -> f64 {
    let (actions, cube, per_step) = (actions(plan, random), middle(plan), plan.timing.ticks_per_step());
    let play = || {
        let mut apart = Apart::new(plan.clone(), &cube, plan.parameters());
        let begin = processor_seconds();
        let played = actions.iter().take_while(|action| {
            apart.act(action);
            apart.tick(per_step)
        });
        let ticks = played.count() as f64 * f64::from(per_step);
        (ticks, processor_seconds() - begin)
    };
    play();
    let (mut ticks, mut took) = (0.0, 0.0);
    while took < seconds {
        let (more, longer) = play();
        (ticks, took) = (ticks + more, took + longer);
    }
    ticks / took
}

/// A swing of the links from where an episode begins, its root held, without motors, ends of ranges and contacts.
#[derive(Clone, Debug)]
pub struct Swing {
    /// Largest change of the energy, % of the largest kinetic energy.
    pub energy: f64,
    /// How far the joint gave that gave most, m.
    pub gap: f32,
    /// Where the links are after each quarter of a second, m.
    pub places: Vec<Vec<[f32; 3]>>,
}

/// Lets the links swing.
pub fn swing(plan: &Arc<Plan>, parameters: IntegrationParameters) -> Swing {
    let mut apart = Apart::new(plan.clone(), &middle(plan), parameters);
    apart.release(true);
    let mut seen = Swing { energy: 0.0, gap: 0.0, places: Vec::new() };
    // (A body has its mass once it was simulated: the energy at the beginning is read from a copy that was.)
    let begin = {
        let mut copy = Apart::new(plan.clone(), &middle(plan), IntegrationParameters { dt: 1e-6, ..parameters });
        copy.release(true);
        copy.tick(1);
        copy.energy().total()
    };
    let (mut kinetic, mut change): (f64, f64) = (0.0, 0.0);
    let hz = (1.0 / parameters.dt).round() as u32;
    for tick in 1..=SWING * hz {
        apart.tick(1);
        let energy = apart.energy();
        kinetic = kinetic.max(energy.kinetic);
        change = change.max((energy.total() - begin).abs());
        seen.gap = seen.gap.max(apart.gap());
        if tick.is_multiple_of(hz / 4) {
            seen.places.push(apart.places());
        }
    }
    seen.energy = 100.0 * change / kinetic;
    seen
}
