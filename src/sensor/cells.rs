//! A map of the maze around the body, turning with it: how much wall there is at points a cell apart.
//!
//! The points lie on a square whose middle is the body. Between the middles of cells the map is linear, so that a small step changes it a little:
//! the point at the body itself is 0 in the middle of its cell, and rises towards a wall beside it.

use super::Sense;
use crate::body::{heading, turned};
use crate::scene::plan::{Plan, Situation};
use crate::signal::Channels;
use bevy::math::Vec2;

/// The sensor.
pub struct Cells {
    /// Points from behind to ahead, and from right to left.
    pub across: usize,
}

impl Sense for Cells {
    fn channels(&self, _plan: &Plan, channels: &mut Channels) {
        for column in 0..self.across {
            for row in 0..self.across {
                channels.push(format!("cells.{column}.{row}"), "", 0.0, 1.0);
            }
        }
    }

    fn sense(&self, situation: &Situation<'_>, out: &mut [f32]) {
        // (The checks refuse the sensor where there is no maze; all is wall then.)
        let Some(maze) = &situation.setting.maze else { return out.fill(1.0) };
        let body = &situation.world.bodies[situation.plan.parts.root()];
        let (at, heading) = (body.translation().truncate(), heading(body.rotation()));
        let middle = (self.across as f32 - 1.0) / 2.0;
        for (index, slot) in out.iter_mut().enumerate() {
            let (column, row) = (index / self.across, index % self.across);
            let offset = Vec2::new(column as f32 - middle, row as f32 - middle) * maze.cell;
            *slot = maze.wall(at + turned(offset, heading));
        }
    }
}
