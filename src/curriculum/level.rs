//! Levels: points of the unit cube, a grid for layouts, and a seed. Plain data: a level knows no scene.

pub use super::grid::Grid;
use crate::ron::{self, Document, Problems, Spot};
use crate::stream::{Purpose, Stream};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;
use twox_hash::XxHash3_64;

/// One draw of what may vary.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// One number in [0, 1] for each varied number of the scene, in the scene's order. See [`crate::scene::number::Span`].
    pub cube: Vec<f32>,
    /// The maze; where there is none, a scene that has mazes draws one from the seed.
    #[serde(default)]
    pub grid: Option<Grid>,
    /// For what is drawn at random within the level: placements, heaps, noise.
    pub seed: u64,
}

/// What the levels of a scene are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelForm {
    /// How many numbers vary.
    pub varies: usize,
    /// Columns and rows of the largest grid that a level may carry; none where the scene has no maze.
    pub grid: Option<(usize, usize)>,
}

impl LevelForm {
    /// Why a level is of another form; none where it fits.
    pub fn refuses(&self, level: &Level) -> Option<String> {
        let grid = level.grid.as_ref().and_then(|grid| match self.grid {
            Some(most) => grid.mistakes(Some(most)).into_iter().next().map(|mistake| mistake.message),
            None => Some(NO_MAZE.into()),
        });
        self.refuses_count(level).or(grid)
    }

    fn refuses_count(&self, level: &Level) -> Option<String> {
        let (given, varies) = (level.cube.len(), self.varies);
        (given != varies).then(|| format!("a level of {given} numbers, where the scene varies {varies}"))
    }
}

/// Said of a grid that has no place.
const NO_MAZE: &str = "a level with a grid, where the scene has no maze";

/// Names a level: the same for equal levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LevelId(pub u64);

impl fmt::Display for LevelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Level {
    /// The level from which an arena is built: the cube's centre, seed 0.
    pub fn canonical(varies: usize) -> Self {
        Self { cube: vec![0.5; varies], grid: None, seed: 0 }
    }

    /// Any level alike.
    pub fn draw(varies: usize, rng: &mut Stream) -> Self {
        Self { cube: (0..varies).map(|_| rng.unit()).collect(), grid: None, seed: rng.bits() }
    }

    /// Its name.
    pub fn id(&self) -> LevelId {
        let mut bytes: Vec<u8> = self.cube.iter().flat_map(|unit| unit.to_bits().to_le_bytes()).collect();
        if let Some(grid) = &self.grid {
            bytes.extend(grid.columns.to_le_bytes());
            bytes.extend(&grid.cells);
        }
        bytes.extend(self.seed.to_le_bytes());
        LevelId(XxHash3_64::oneshot(&bytes))
    }
}

/// The first `count` of the held-out levels of a scene with `varies` varied numbers: the same whatever the run's seed, never trained on.
pub fn held_out(varies: usize, count: usize) -> Vec<Level> {
    (0..count as u64).map(|index| held_out_level(varies, index)).collect()
}

/// One of the [`held_out`] levels, from 0.
pub fn held_out_level(varies: usize, index: u64) -> Level {
    Level::draw(varies, &mut Stream::new(0, Purpose::HeldOut, index, 0))
}

/// Reads levels written by hand: a list of at least one. Where they are for a scene, they must be of its form.
pub fn read_levels(path: &Path, form: Option<LevelForm>) -> Result<Vec<Level>, Problems> {
    let check = |levels: &Vec<Level>, document: &Document| {
        let mut problems = Problems::default();
        if levels.is_empty() {
            problems.0.push(document.root().problem("there is no level in the list"));
        }
        for (index, level) in levels.iter().enumerate() {
            let spot = document.root().step(index);
            check_cube(level, form, spot.step("cube"), &mut problems);
            check_grid(level, form, spot.step("grid"), &mut problems);
        }
        problems
    };
    ron::read_file::<Vec<Level>>(path)?.check(check).finish().map(|(levels, _)| levels)
}

fn check_cube(level: &Level, form: Option<LevelForm>, spot: Spot<'_>, problems: &mut Problems) {
    if let Some(refusal) = form.and_then(|form| form.refuses_count(level)).filter(|_| !spot.is_doubtful()) {
        problems.0.push(spot.problem(refusal));
    }
    for (number, unit) in level.cube.iter().enumerate() {
        let spot = spot.step(number);
        if !(0.0..=1.0).contains(unit) && !spot.is_doubtful() {
            problems.0.push(spot.problem(format!("{unit} is outside of the unit cube")).expecting("a number in [0, 1]"));
        }
    }
}

fn check_grid(level: &Level, form: Option<LevelForm>, spot: Spot<'_>, problems: &mut Problems) {
    let Some(grid) = &level.grid else { return };
    let cells = spot.step("cells");
    if spot.is_doubtful() || spot.step("columns").is_doubtful() || cells.is_doubtful() || cells.is_partial() {
        return;
    }
    let most = form.and_then(|form| form.grid);
    if form.is_some() && most.is_none() {
        problems.0.push(spot.problem(NO_MAZE).expecting("no `grid`"));
        return;
    }
    for mistake in grid.mistakes(most) {
        let spot = mistake.cell.map_or(spot, |cell| cells.step(cell));
        if !spot.is_doubtful() {
            problems.0.push(spot.problem(mistake.message).expecting(mistake.expected));
        }
    }
}
