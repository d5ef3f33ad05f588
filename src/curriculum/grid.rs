//! Grids: the cells of a layout, as a level may carry one, what they mean in a maze, and what may be wrong with them.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Nothing stands in this cell.
pub const FREE: u8 = 0;
/// A block that fills the cell.
pub const WALL: u8 = 1;
/// Free; the body starts here.
pub const START: u8 = 2;
/// Free; here is what is looked for.
pub const BEACON: u8 = 3;

/// So many cells that are wrong in one way are told at most.
const MOST_TOLD: usize = 10;

/// Cells of a layout, as one draws it: the first row is the farthest one along y, a row's first cell the farthest one against x.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// Cells in a row.
    pub columns: usize,
    /// What stands in each cell, row by row: 0 nothing, 1 a wall, 2 the start, 3 the beacon.
    pub cells: Vec<u8>,
}

/// What is wrong with a grid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where: a cell, or none for the grid as a whole.
    pub cell: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub expected: String,
}

impl Grid {
    /// How many (whole) rows it has.
    pub fn rows(&self) -> usize {
        self.cells.len() / self.columns.max(1)
    }

    /// The first cell in which this stands.
    pub fn find(&self, what: u8) -> Option<usize> {
        self.cells.iter().position(|cell| *cell == what)
    }

    /// Whether a wall fills the cell. Outside of the grid all is wall.
    pub fn is_wall(&self, column: i32, row: i32) -> bool {
        let inside = column >= 0 && row >= 0 && (column as usize) < self.columns && (row as usize) < self.rows();
        !inside || self.cells[row as usize * self.columns + column as usize] == WALL
    }

    /// How many steps from cell to neighbouring cell (along x or y) each cell is from the cell `from`; none for walls and for what cannot be reached.
    pub fn steps(&self, from: usize) -> Vec<Option<usize>> {
        let mut steps = vec![None; self.cells.len()];
        let mut open = VecDeque::new();
        if self.cells.get(from).is_some_and(|cell| *cell != WALL) {
            steps[from] = Some(0);
            open.push_back((from, 0));
        }
        while let Some((cell, so_far)) = open.pop_front() {
            let (column, row) = ((cell % self.columns) as i32, (cell / self.columns) as i32);
            for (column, row) in [(column + 1, row), (column, row - 1), (column - 1, row), (column, row + 1)] {
                if !self.is_wall(column, row) {
                    let next = row as usize * self.columns + column as usize;
                    if steps[next].is_none() {
                        steps[next] = Some(so_far + 1);
                        open.push_back((next, so_far + 1));
                    }
                }
            }
        }
        steps
    }

    /// What is wrong with it as a maze of at most so many columns and rows.
    pub fn mistakes(&self, most: Option<(usize, usize)>) -> Vec<Mistake> {
        let mistake = |cell: Option<usize>, message: String, expected: String| Mistake { cell, message, expected };
        if self.columns == 0 || self.cells.is_empty() || !self.cells.len().is_multiple_of(self.columns) {
            let message = format!("{} cells are no whole rows of {}", self.cells.len(), self.columns);
            return vec![mistake(None, message, "`columns` times as many cells as there are rows".into())];
        }
        let mut mistakes = Vec::new();
        if let Some((columns, rows)) = most.filter(|(columns, rows)| self.columns > *columns || self.rows() > *rows) {
            let message = format!("a maze of {} columns and {} rows", self.columns, self.rows());
            mistakes.push(mistake(None, message, format!("at most {columns} columns and {rows} rows, as the scene's `Maze` has")));
        }
        for (cell, value) in self.cells.iter().enumerate().filter(|(_, value)| **value > BEACON).take(MOST_TOLD) {
            let expected = "0 (nothing), 1 (a wall), 2 (the start) or 3 (the beacon)";
            mistakes.push(mistake(Some(cell), format!("{value} stands for nothing"), expected.into()));
        }
        for (name, what) in [("start", START), ("beacon", BEACON)] {
            let mut there = self.cells.iter().enumerate().filter(|(_, cell)| **cell == what);
            if there.next().is_none() {
                mistakes.push(mistake(None, format!("a maze without a {name}"), format!("one cell that is {what}")));
            }
            mistakes.extend(there.take(MOST_TOLD).map(|(cell, _)| mistake(Some(cell), format!("a second {name}"), "one".into())));
        }
        if mistakes.is_empty()
            && let (Some(start), Some(beacon)) = (self.find(START), self.find(BEACON))
            && self.steps(start)[beacon].is_none()
        {
            let expected = "free cells from the one to the other, side by side";
            mistakes.push(mistake(Some(beacon), "the beacon cannot be reached from the start".into(), expected.into()));
        }
        mistakes
    }
}
