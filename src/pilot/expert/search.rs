//! Driving through a maze: the shortest way over the cells, and always straight on to the farthest of them that is in sight.

use super::driving::{Rover, drive_to};
use crate::scene::maze::Maze;
use crate::scene::plan::{Situation, ThingId};
use crate::task::centre;
use bevy::math::Vec2;

/// Kept free to both sides of where the rover's middle goes, m: it can then turn anywhere on its way.
const CLEAR: f32 = 0.36;
/// Between two points of a line that is looked along, m.
const STRIDE: f32 = 0.05;

pub(super) fn decide(situation: &Situation<'_>, thing: ThingId, action: &mut [f32]) {
    let Some(maze) = &situation.setting.maze else { return action.fill(0.0) };
    let (rover, goal) = (Rover::of(situation), centre(situation, thing).truncate());
    let cells = maze.way(goal).cells(rover.at);
    let mut way: Vec<Vec2> = cells.into_iter().map(|cell| maze.middle(cell)).collect();
    way.push(goal);
    // The middle of the next cell, where nothing is in sight because the rover is nearer to a wall than it should be.
    let next = way.iter().rev().find(|point| is_clear(maze, rover.at, **point)).unwrap_or(&way[0]);
    drive_to(situation, &rover, *next, action);
}

/// Whether no wall is near the straight line between two points.
fn is_clear(maze: &Maze, from: Vec2, to: Vec2) -> bool {
    let strides = (from.distance(to) / STRIDE) as usize + 1;
    (0..=strides).all(|stride| {
        let at = from.lerp(to, stride as f32 / strides as f32);
        let (column, row) = maze.cell_at(at);
        (-1..=1).flat_map(|x| (-1..=1).map(move |y| (column + x, row + y))).all(|(column, row)| {
            !maze.grid.is_wall(column, row) || {
                let beside = (at - maze.middle_of(column, row)).abs() - maze.cell / 2.0;
                beside.max(Vec2::ZERO).length() >= CLEAR
            }
        })
    })
}
