//! How strongly links of the body are touched: the sum of what presses on each in the last tick, N.

use super::Sense;
use crate::scene::plan::{Plan, Situation, ThingId};
use crate::signal::Channels;

/// The sensor.
pub struct Touch {
    /// The links.
    pub of: Vec<ThingId>,
    /// Stronger than this, N, feels the same.
    pub most: f32,
}

impl Sense for Touch {
    fn channels(&self, plan: &Plan, channels: &mut Channels) {
        for link in &self.of {
            let name = plan.things[link.0].name.trim_start_matches("body.");
            channels.push(format!("touch.{name}"), "N", 0.0, self.most);
        }
    }

    fn sense(&self, situation: &Situation<'_>, out: &mut [f32]) {
        let world = situation.world;
        let dt = situation.plan.timing.physics_dt();
        for (slot, link) in out.iter_mut().zip(&self.of) {
            let links = situation.plan.things[link.0].members.iter();
            let colliders = links.flat_map(|link| world.bodies[*link].colliders());
            *slot = (colliders.map(|collider| world.impulse_on(*collider)).sum::<f32>() / dt).min(self.most);
        }
    }
}
