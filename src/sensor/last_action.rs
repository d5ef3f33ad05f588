//! The action of the step before.

use super::Sense;
use crate::scene::plan::{Plan, Situation};
use crate::signal::Channels;

/// The sensor.
pub struct LastAction;

impl Sense for LastAction {
    fn channels(&self, plan: &Plan, channels: &mut Channels) {
        for channel in &plan.action.0 {
            channels.push(format!("last_action.{}", channel.name), "", -1.0, 1.0);
        }
    }

    fn sense(&self, situation: &Situation<'_>, out: &mut [f32]) {
        out.copy_from_slice(situation.action);
    }
}
