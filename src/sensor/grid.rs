//! A map of what lies around the body, turning with it: the share of each cell that a prop or group covers.

use super::Sense;
use crate::body::{heading, turned};
use crate::scene::plan::{Plan, Situation, ThingId};
use crate::signal::Channels;
use bevy::math::Vec2;

/// The sensor.
pub struct Grid {
    /// Cells from behind to ahead.
    pub columns: usize,
    /// Cells from right to left.
    pub rows: usize,
    /// Edge of a cell, m.
    pub cell: f32,
    /// What is drawn.
    pub of: ThingId,
}

impl Sense for Grid {
    fn channels(&self, plan: &Plan, channels: &mut Channels) {
        let name = &plan.things[self.of.0].name;
        for column in 0..self.columns {
            for row in 0..self.rows {
                channels.push(format!("grid.{name}.{column}.{row}"), "", 0.0, 1.0);
            }
        }
    }

    fn sense(&self, situation: &Situation<'_>, out: &mut [f32]) {
        out.fill(0.0);
        let root = &situation.world.bodies[situation.plan.parts.root()];
        let (origin, back) = (root.translation().truncate(), -heading(root.rotation()));
        let half = Vec2::new(self.columns as f32, self.rows as f32) / 2.0;
        for body in situation.plan.things[self.of.0].members.iter().map(|member| &situation.world.bodies[*member]) {
            if !body.is_enabled() {
                continue;
            }
            let Some(collider) = body.colliders().first().and_then(|collider| situation.world.colliders.get(*collider)) else { continue };
            // Drawn as a square of the same area, aligned with the map: exact for a box that lies so, near enough otherwise.
            let bounds = collider.shape().compute_local_aabb().half_extents();
            let reach = libm::sqrtf(bounds.x * bounds.y) / self.cell;
            let at = turned(body.translation().truncate() - origin, back) / self.cell + half;
            let span =
                |middle: f32, count: usize| ((middle - reach).max(0.0) as usize)..((middle + reach).max(0.0).ceil() as usize).min(count);
            let covered = |middle: f32, cell: usize| ((middle + reach).min(cell as f32 + 1.0) - (middle - reach).max(cell as f32)).max(0.0);
            for column in span(at.x, self.columns) {
                for row in span(at.y, self.rows) {
                    let slot = &mut out[column * self.rows + row];
                    *slot = (*slot + covered(at.x, column) * covered(at.y, row)).min(1.0);
                }
            }
        }
    }
}
