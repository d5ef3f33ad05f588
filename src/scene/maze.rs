//! Mazes: walls on a grid of square cells around the origin, built once for the largest level, then set for each.
//!
//! The cells of a level that carries a grid are exactly that grid, in the middle of the scene's largest one, with walls all around. A level
//! without one draws its cells from its seed.

use super::plan::{Quantity, walls, world_collider};
use crate::curriculum::Level;
use crate::curriculum::grid::{BEACON, FREE, Grid, START, WALL};
use crate::physics::Physics;
use crate::physics::rapier::prelude::*;
use crate::stream::{Purpose, Stream};
use bevy::math::Vec2;
use std::collections::VecDeque;

/// What a scene says of its mazes.
pub struct MazePlan {
    /// Columns and rows of the largest one.
    pub size: (usize, usize),
    /// Edge of a cell, m.
    cell: f32,
    /// m
    height: f32,
    /// Share of the cells that are walls.
    walls: Quantity,
    /// Steps from start to beacon at least.
    apart: usize,
    /// As many as a level can need, all of them parts of one fixed body at the origin.
    blocks: Vec<ColliderHandle>,
}

/// The maze of a level.
#[derive(Clone, Debug, PartialEq)]
pub struct Maze {
    /// Its cells, as many as the scene's largest maze has.
    pub grid: Grid,
    /// Edge of a cell, m.
    pub cell: f32,
    /// The middle of the cell in which the body starts, m.
    pub start: Vec2,
    /// The middle of the cell of the beacon, m.
    pub beacon: Vec2,
}

/// How far it is to a point through a maze: see [`Maze::way`].
pub struct Way<'a> {
    maze: &'a Maze,
    to: Vec2,
    /// From the middle of each cell, m; infinite for walls and for what cannot be reached.
    far: Vec<f32>,
}

/// Columns and rows of a scene's mazes at most.
pub const LARGEST: usize = 32;

/// Columns, rows and edge of a cell of a scene's mazes.
pub type Measures = ((usize, usize), f32);

impl MazePlan {
    /// Builds outer walls and blocks for mazes of at most `size` cells into a pristine world, as parts of `fixed`.
    pub fn build(
        (size, cell): Measures,
        height: f32,
        walls_share: Quantity,
        apart: usize,
        fixed: RigidBodyHandle,
        physics: &mut Physics<'_>,
    ) -> Self {
        let size = (size.0.clamp(2, LARGEST), size.1.clamp(2, LARGEST));
        for wall in walls([size.0, size.1].map(|count| count as f32 * cell / 2.0), height) {
            physics.colliders.insert_with_parent(world_collider(wall), fixed, physics.bodies);
        }
        // Each bar takes two cells or more, and no cell is part of more than two bars.
        let blocks = (0..size.0 * size.1)
            .map(|_| {
                let block = ColliderBuilder::cuboid(cell / 2.0, cell / 2.0, height / 2.0).enabled(false);
                physics.colliders.insert_with_parent(world_collider(block), fixed, physics.bodies)
            })
            .collect();
        Self { size, cell, height, walls: walls_share, apart, blocks }
    }

    /// Half of the width along x and along y, m.
    pub fn room(&self) -> [f32; 2] {
        [self.size.0, self.size.1].map(|count| count as f32 * self.cell / 2.0)
    }

    /// The maze of a level.
    pub fn of(&self, level: &Level, values: &[f32]) -> Maze {
        let (columns, rows) = self.size;
        // (The checks refuse other grids; the seed stands for one that slipped through.)
        let given = level.grid.as_ref().filter(|grid| grid.mistakes(Some(self.size)).is_empty());
        let grid = match given {
            Some(given) => {
                let mut cells = vec![WALL; columns * rows];
                let (left, above) = ((columns - given.columns) / 2, (rows - given.rows()) / 2);
                for (row, line) in given.cells.chunks(given.columns).enumerate() {
                    let first = (above + row) * columns + left;
                    cells[first..first + line.len()].copy_from_slice(line);
                }
                Grid { columns, cells }
            }
            None => self.draw(level.seed, self.walls.of(values)),
        };
        let mut maze = Maze { grid, cell: self.cell, start: Vec2::ZERO, beacon: Vec2::ZERO };
        [maze.start, maze.beacon] = [START, BEACON].map(|what| maze.middle(maze.grid.find(what).unwrap_or(0)));
        maze
    }

    /// Cells at random: walls one after the other, but for those that would cut the free cells in two; start and beacon among the free ones.
    fn draw(&self, seed: u64, share: f32) -> Grid {
        let rng = &mut Stream::new(seed, Purpose::Maze, 0, 0);
        let (columns, rows) = self.size;
        let count = columns * rows;
        let mut grid = Grid { columns, cells: vec![FREE; count] };
        let mut order: Vec<usize> = (0..count).collect();
        rng.shuffle(&mut order);
        let mut left = ((share * count as f32 + 0.5) as usize).min(count - 2);
        for &cell in &order {
            if left == 0 {
                break;
            }
            grid.cells[cell] = WALL;
            if is_whole(&grid) {
                left -= 1;
            } else {
                grid.cells[cell] = FREE;
            }
        }
        let mut free: Vec<usize> = order.into_iter().filter(|cell| grid.cells[*cell] == FREE).collect();
        rng.shuffle(&mut free);
        let start = free[0];
        let steps = grid.steps(start);
        let far = |cell: &usize| steps[*cell].unwrap_or(0);
        let beacon = free[1..].iter().copied().find(|cell| far(cell) >= self.apart);
        // Where no cell is so far away, the farthest one.
        let beacon = beacon.or_else(|| free[1..].iter().copied().max_by_key(far)).unwrap_or(start);
        grid.cells[start] = START;
        grid.cells[beacon] = BEACON;
        grid
    }

    /// Gives the blocks the places and sizes of a level's walls, and switches off those that it does not need.
    pub fn set(&self, maze: &Maze, physics: &mut Physics<'_>) {
        let mut bars = bars(&maze.grid).into_iter();
        for block in &self.blocks {
            let Some(collider) = physics.colliders.get_mut(*block) else { continue };
            let Some(Bar { from, to }) = bars.next() else {
                collider.set_enabled(false);
                continue;
            };
            let (low, high) = (maze.point(from), maze.point(to));
            let (middle, half) = ((low + high) / 2.0, (high - low).abs() / 2.0);
            let at = Pose::from_translation(middle.extend(self.height / 2.0));
            collider.set_enabled(true);
            collider.set_shape(SharedShape::cuboid(half.x, half.y, self.height / 2.0));
            collider.set_position_wrt_parent(at);
            // Their body stands at the origin, and rays are cast before Rapier moves them there.
            collider.set_position(at);
        }
    }
}

/// Whether each free cell can be reached from each other one.
fn is_whole(grid: &Grid) -> bool {
    let Some(first) = grid.find(FREE) else { return false };
    grid.steps(first).iter().zip(&grid.cells).all(|(steps, cell)| steps.is_some() || *cell == WALL)
}

/// A straight piece of wall, in cells from the grid's first corner.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bar {
    from: Vec2,
    to: Vec2,
}

/// How far a bar's end keeps back inside of the bar that crosses it there, cells.
const RECESS: f32 = 0.05;

/// The walls of a grid as few bars: one for each run of neighbouring cells along a row or a column, and one for each cell that has no neighbour.
///
/// So no face of a wall is put together of several: a bumper that slides along would be caught where one begins. Where a bar ends within another
/// one it is a little shorter than its cells, so that their faces do not lie in each other either.
fn bars(grid: &Grid) -> Vec<Bar> {
    let (columns, rows) = (grid.columns as i32, grid.rows() as i32);
    let wall = |column: i32, row: i32| (0..columns).contains(&column) && (0..rows).contains(&row) && grid.is_wall(column, row);
    let mut bars = Vec::new();
    for row in 0..rows {
        for column in 0..columns {
            if !wall(column, row) {
                continue;
            }
            let across = |column: i32, row: i32| wall(column, row - 1) || wall(column, row + 1);
            let along = |column: i32, row: i32| wall(column - 1, row) || wall(column + 1, row);
            let recess = |crossed: bool| if crossed { RECESS } else { 0.0 };
            let (x, y) = (column as f32, row as f32);
            if !wall(column - 1, row) && (wall(column + 1, row) || !across(column, row)) {
                let last = (column..columns).take_while(|column| wall(*column, row)).last().unwrap_or(column);
                let long = last > column;
                let from = Vec2::new(x + recess(long && across(column, row)), y);
                let to = Vec2::new(last as f32 + 1.0 - recess(long && across(last, row)), y + 1.0);
                bars.push(Bar { from, to });
            }
            if !wall(column, row - 1) && wall(column, row + 1) {
                let last = (row..rows).take_while(|row| wall(column, *row)).last().unwrap_or(row);
                let from = Vec2::new(x, y + recess(along(column, row)));
                let to = Vec2::new(x + 1.0, last as f32 + 1.0 - recess(along(column, last)));
                bars.push(Bar { from, to });
            }
        }
    }
    bars
}

impl Maze {
    /// A point, given in cells from the corner of the first cell: m.
    fn point(&self, at: Vec2) -> Vec2 {
        let half = Vec2::new(self.grid.columns as f32, self.grid.rows() as f32) / 2.0;
        Vec2::new(at.x - half.x, half.y - at.y) * self.cell
    }

    /// A point, given in m: in cells from the corner of the first cell.
    fn in_cells(&self, at: Vec2) -> Vec2 {
        let half = Vec2::new(self.grid.columns as f32, self.grid.rows() as f32) / 2.0;
        Vec2::new(half.x + at.x / self.cell, half.y - at.y / self.cell)
    }

    /// The middle of a cell, m.
    pub fn middle(&self, cell: usize) -> Vec2 {
        let columns = self.grid.columns.max(1);
        self.middle_of((cell % columns) as i32, (cell / columns) as i32)
    }

    /// The middle of the cell in that column and row, which may lie outside of the maze, m.
    pub fn middle_of(&self, column: i32, row: i32) -> Vec2 {
        self.point(Vec2::new(column as f32 + 0.5, row as f32 + 0.5))
    }

    /// Column and row of the cell in which a point lies.
    pub fn cell_at(&self, at: Vec2) -> (i32, i32) {
        let at = self.in_cells(at).floor();
        (at.x as i32, at.y as i32)
    }

    /// The middles of all wall cells, m.
    pub fn blocks(&self) -> impl Iterator<Item = Vec2> {
        (0..self.grid.cells.len()).filter(|cell| self.grid.cells[*cell] == WALL).map(|cell| self.middle(cell))
    }

    /// How much wall there is at a point: 1 in the middle of a wall's cell (and of any cell outside of the maze), 0 in the middle of a free one, and
    /// linear in between.
    pub fn wall(&self, at: Vec2) -> f32 {
        let at = self.in_cells(at) - 0.5;
        let (corner, share) = (at.floor(), at - at.floor());
        let wall = |x: i32, y: i32| if self.grid.is_wall(corner.x as i32 + x, corner.y as i32 + y) { 1.0 } else { 0.0 };
        let upper = wall(0, 0) * (1.0 - share.x) + wall(1, 0) * share.x;
        let lower = wall(0, 1) * (1.0 - share.x) + wall(1, 1) * share.x;
        upper * (1.0 - share.y) + lower * share.y
    }

    /// How far it is from anywhere to the point `to`, from middle to middle of neighbouring free cells, diagonally where nothing is in the way.
    pub fn way(&self, to: Vec2) -> Way<'_> {
        let columns = self.grid.columns as i32;
        let mut way = Way { maze: self, to, far: vec![f32::INFINITY; self.grid.cells.len()] };
        let mut open = VecDeque::new();
        let (column, row) = self.cell_at(to);
        for (column, row) in self.around(column, row) {
            let cell = (row * columns + column) as usize;
            way.far[cell] = self.middle(cell).distance(to);
            open.push_back(cell);
        }
        // What became nearer makes its neighbours nearer (Bellman 1958, with a queue), until nothing does.
        while let Some(cell) = open.pop_front() {
            let (column, row) = (cell as i32 % columns, cell as i32 / columns);
            for (next_column, next_row) in self.around(column, row) {
                let length = if next_column != column && next_row != row { std::f32::consts::SQRT_2 } else { 1.0 };
                let (next, far) = ((next_row * columns + next_column) as usize, way.far[cell] + length * self.cell);
                if far < way.far[next] {
                    way.far[next] = far;
                    open.push_back(next);
                }
            }
        }
        way
    }

    /// A free cell itself, and those of its eight neighbours to which a straight way leads from it.
    fn around(&self, column: i32, row: i32) -> impl Iterator<Item = (i32, i32)> + use<'_> {
        let free = move |x: i32, y: i32| !self.grid.is_wall(column + x, row + y);
        let all = (-1..=1).flat_map(|x| (-1..=1).map(move |y| (x, y)));
        all.filter(move |(x, y)| free(0, 0) && free(*x, *y) && free(*x, 0) && free(0, *y)).map(move |(x, y)| (column + x, row + y))
    }
}

impl Way<'_> {
    /// How far it is from a point, m; infinite from within walls.
    pub fn from(&self, at: Vec2) -> f32 {
        let (column, row) = self.maze.cell_at(at);
        let end = self.maze.cell_at(self.to);
        let straight = self.maze.around(column, row).find(|cell| *cell == end).map(|_| at.distance(self.to));
        straight.into_iter().chain(self.next(at).map(|(_, far)| far)).fold(f32::INFINITY, f32::min)
    }

    /// The cell to whose middle one goes from a point, and how far it is by it, m.
    pub fn next(&self, at: Vec2) -> Option<(usize, f32)> {
        let (column, row) = self.maze.cell_at(at);
        let cells = self.maze.around(column, row).map(|(column, row)| row as usize * self.maze.grid.columns + column as usize);
        let far = cells.map(|cell| (cell, self.far[cell] + self.maze.middle(cell).distance(at)));
        far.min_by(|one, other| one.1.total_cmp(&other.1)).filter(|(_, far)| far.is_finite())
    }

    /// The cells on the way from a point, one after the other, the last one near the end.
    pub fn cells(&self, at: Vec2) -> Vec<usize> {
        let columns = self.maze.grid.columns;
        let mut cells: Vec<usize> = self.next(at).map(|(cell, _)| cell).into_iter().collect();
        while let Some(&cell) = cells.last() {
            let around = self.maze.around((cell % columns) as i32, (cell / columns) as i32);
            let around = around.map(|(column, row)| row as usize * columns + column as usize);
            // By the length of the whole way, not to the cell that is nearest to the end.
            let by = |next: &usize| self.far[*next] + self.maze.middle(cell).distance(self.maze.middle(*next));
            match around.filter(|next| *next != cell).min_by(|one, other| by(one).total_cmp(&by(other))) {
                Some(next) if self.far[next] < self.far[cell] && by(&next) < self.far[cell] + 1e-3 => cells.push(next),
                _ => break,
            }
        }
        cells
    }

    /// The longest way that there is in this maze, m.
    pub fn longest(&self) -> f32 {
        self.far.iter().copied().filter(|far| far.is_finite()).fold(0.0, f32::max)
    }
}
