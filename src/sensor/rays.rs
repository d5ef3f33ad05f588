//! Distances along level rays around the body, as a share of the reach: 1 where nothing is near.

use super::Sense;
use crate::body::heading;
use crate::physics::rapier::prelude::*;
use crate::scene::plan::{Plan, Situation};
use crate::signal::Channels;
use std::f32::consts::TAU;

/// The sensor.
pub struct Rays {
    /// Sine and cosine of each ray's angle from straight ahead, anticlockwise.
    angles: Vec<(f32, f32)>,
    reach: f32,
    height: f32,
}

impl Rays {
    /// `count` rays of `reach` metres, `height` metres above the body's origin.
    pub fn new(count: u32, reach: f32, height: f32) -> Self {
        let angles = (0..count).map(|index| libm::sincosf(TAU * index as f32 / count as f32)).collect();
        Self { angles, reach, height }
    }
}

impl Sense for Rays {
    fn channels(&self, _plan: &Plan, channels: &mut Channels) {
        for index in 0..self.angles.len() {
            channels.push(format!("ray.{index}"), "", 0.0, 1.0);
        }
    }

    fn sense(&self, situation: &Situation<'_>, out: &mut [f32]) {
        let body = &situation.world.bodies[situation.plan.parts.root()];
        let origin = body.translation() + Vector::Z * self.height;
        let (sine, cosine) = libm::sincosf(heading(body.rotation()));
        let seen = InteractionGroups::new(Group::ALL, situation.plan.sees, InteractionTestMode::And);
        let query = situation.world.query(QueryFilter::default().groups(seen));
        for (slot, (s, c)) in out.iter_mut().zip(&self.angles) {
            let direction = Vector::new(cosine * c - sine * s, sine * c + cosine * s, 0.0);
            *slot = query.cast_ray(&Ray::new(origin, direction), self.reach, true).map_or(1.0, |(_, distance)| distance / self.reach);
        }
    }
}
