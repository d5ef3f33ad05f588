//! How high the body stands over what is below and around it: a raster of points that keeps level and turns with the body's heading, each
//! looked at from above, as on a map. Where nothing is found within reach, the reach.

use super::Sense;
use crate::physics::rapier::prelude::*;
use crate::scene::plan::{Plan, Situation};
use crate::signal::Channels;

/// How far below the body is looked, m, and from how far above it.
const REACH: f32 = 2.0;

/// The sensor.
pub struct HeightMap {
    /// Points from behind to ahead.
    pub columns: usize,
    /// Points from right to left.
    pub rows: usize,
    /// From one to the next, m.
    pub spacing: f32,
}

/// Where the points lie, from the body, m: level, and turned as the body looks (`ahead`).
pub fn raster(ahead: Vector, down: Vector, [columns, rows]: [usize; 2], spacing: f32) -> impl Iterator<Item = Vector> {
    let ahead = (ahead - down * ahead.dot(down)).normalize_or(Vector::X);
    let left = ahead.cross(down);
    let along = move |index: usize, count: usize| (index as f32 - (count as f32 - 1.0) / 2.0) * spacing;
    (0..columns * rows).map(move |index| ahead * along(index / rows, columns) + left * along(index % rows, rows))
}

impl Sense for HeightMap {
    fn channels(&self, _plan: &Plan, channels: &mut Channels) {
        for column in 0..self.columns {
            for row in 0..self.rows {
                channels.push(format!("height.{column}.{row}"), "m", -REACH, REACH);
            }
        }
    }

    fn sense(&self, situation: &Situation<'_>, out: &mut [f32]) {
        let body = &situation.world.bodies[situation.plan.parts.root()];
        let down = situation.plan.down(&situation.setting.values);
        let seen = InteractionGroups::new(Group::ALL, situation.plan.sees, InteractionTestMode::And);
        let query = situation.world.query(QueryFilter::default().groups(seen));
        for (slot, over) in out.iter_mut().zip(raster(body.rotation() * Vector::X, down, [self.columns, self.rows], self.spacing)) {
            let ray = Ray::new(body.translation() + over - down * REACH, down);
            *slot = query.cast_ray(&ray, 2.0 * REACH, true).map_or(REACH, |(_, distance)| distance - REACH);
        }
    }
}
