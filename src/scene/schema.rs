//! What a scene file may say. Plain data; `check` says what is wrong with it.
//!
//! Lengths are metres, masses kilograms, times seconds, angles radians. The world is right-handed with z up; x is where a body
//! looks at heading 0. A placement's height is that of the underside.
//!
//! A variant whose fields all have defaults is written by its name alone (`Motion`); `Some(..)` is never needed. Names of props are free but for
//! `body`, `floor`, `walls` and `origin`, and have no point in them: `body.pole` is a part of the body. A [`Number`] may be `Vary("name")`, and then
//! its whole span must make sense where it is used: sizes and masses above 0, friction 0 to 10, counts whole numbers from 1 to 1,000. All numbers are finite
//! and at most a million in size; a scene has at most 1,000 props, sensors and varied numbers, and its file at most 1 MiB.

mod body;
mod sensor;
mod task;

pub use body::{ArmControl, Body, Joints, RoverControl};
pub use sensor::Sensor;
pub use task::{Expert, Predicate, Task, Term};

use super::named::Named;
use super::number::{Number, Span};
use serde::{Deserialize, Serialize};

/// A scene: surroundings, body, props, sensors, what may vary, and (optionally) the task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// One sentence for people.
    pub about: String,
    /// How often is decided and how finely is simulated.
    pub timing: Timing,
    /// Downward acceleration, m/s².
    #[serde(default = "earth")]
    pub gravity: f32,
    /// What stands still around the body.
    #[serde(default)]
    pub surroundings: Vec<Surrounding>,
    /// The embodiment.
    pub body: Body,
    /// How the body is told to move.
    #[serde(default)]
    pub command: Option<Command>,
    /// Things in the world, by name.
    #[serde(default)]
    pub props: Named<Prop>,
    /// What is observed, in this order.
    #[serde(default)]
    pub sensors: Vec<Sensor>,
    /// The numbers that a level sets, by name.
    #[serde(default)]
    pub varies: Named<Span>,
    /// Pushes from outside.
    #[serde(default)]
    pub disturbances: Vec<Disturbance>,
    /// What counts as success and failure, and what is paid.
    #[serde(default)]
    pub task: Option<Task>,
}

impl Scene {
    /// The first maze among its surroundings.
    pub fn maze(&self) -> Option<&Surrounding> {
        self.surroundings.iter().find(|surrounding| matches!(surrounding, Surrounding::Maze { .. }))
    }
}

fn earth() -> f32 {
    9.81
}

/// How often is decided and how finely is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// Decisions per second; divides `physics_hz`.
    pub control_hz: u32,
    /// Physics ticks per second.
    pub physics_hz: u32,
}

/// What stands still around the body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Surrounding {
    /// An endless floor at height 0; in tasks it is called `floor`.
    Floor {
        /// Coulomb's coefficient; two surfaces in contact take the mean of theirs.
        #[serde(default = "rough")]
        friction: Number,
        /// How steeply it rises along x, rad. Coordinates stay the floor's, with z upright on it: what is straight down leans.
        #[serde(default = "zero")]
        slope: Number,
    },
    /// Four walls around the origin; in tasks they are called `walls`.
    Walls {
        /// Clear width along x and along y, m.
        size: (f32, f32),
        /// m
        height: f32,
        /// Coulomb's coefficient.
        #[serde(default = "smooth")]
        friction: Number,
    },
    /// A maze around the origin: square cells, some of them filled by walls, and a wall around all; in tasks they are called `walls`. The body starts
    /// in the start cell, and its place is then counted from the middle of that. A level may carry the cells; else they are drawn from its seed. See
    /// [`crate::scene::maze`].
    Maze {
        /// Cells along x, 2 to 32.
        columns: u32,
        /// Cells along y, 2 to 32.
        rows: u32,
        /// Edge of a cell, m.
        cell: f32,
        /// Of the walls, m.
        height: f32,
        /// Share of the cells that are walls, as far as all others stay connected: of drawn mazes.
        walls: Number,
        /// Steps from cell to cell between start and beacon at least, where any is so far away: of drawn mazes.
        #[serde(default = "apart")]
        apart: u32,
        /// Coulomb's coefficient.
        #[serde(default = "smooth")]
        friction: Number,
    },
}

fn apart() -> u32 {
    3
}

fn rough() -> Number {
    Number::Fixed(0.8)
}

fn smooth() -> Number {
    Number::Fixed(0.4)
}

fn zero() -> Number {
    Number::Fixed(0.0)
}

impl Scene {
    /// The agents, in their order: a name (none where there is no team), and the scene with that one's own body.
    pub fn agents(&self) -> Vec<(String, Self)> {
        let Body::Team(team) = &self.body else { return vec![(String::new(), self.clone())] };
        team.0.iter().map(|(name, body)| (name.clone(), Self { body: body.clone(), ..self.clone() })).collect()
    }
}

/// A velocity over the floor that the body is told to have, whichever way it looks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// m/s
    pub speed: Number,
    /// rad from the x axis.
    #[serde(default = "zero")]
    pub heading: Number,
}

/// A thing in the world, or a group of equal things. A predicate over a group means all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Prop {
    /// A loose box.
    Box {
        /// Edges, m.
        size: (Number, Number, Number),
        /// kg
        mass: Number,
        /// Coulomb's coefficient.
        #[serde(default = "medium")]
        friction: Number,
        /// Where it starts.
        at: Place,
    },
    /// A loose ball.
    Ball {
        /// m
        radius: Number,
        /// kg
        mass: Number,
        /// Coulomb's coefficient.
        #[serde(default = "medium")]
        friction: Number,
        /// Where it starts.
        at: Place,
    },
    /// A loose upright cylinder.
    Cylinder {
        /// m
        radius: Number,
        /// m
        height: Number,
        /// kg
        mass: Number,
        /// Coulomb's coefficient.
        #[serde(default = "medium")]
        friction: Number,
        /// Where it starts.
        at: Place,
    },
    /// A box that never moves.
    Block {
        /// Edges, m.
        size: (Number, Number, Number),
        /// Coulomb's coefficient.
        #[serde(default = "medium")]
        friction: Number,
        /// Where it stands.
        at: Place,
    },
    /// A disc on the floor that nothing collides with.
    Zone {
        /// m
        radius: Number,
        /// Where it lies.
        at: Place,
    },
    /// A point in space that nothing collides with.
    Point {
        /// Where it is; its height is its own.
        at: Place,
    },
    /// Loose things heaped within a disc.
    Heap {
        /// What they are.
        of: Item,
        /// How many.
        count: Number,
        /// Of the disc, m.
        radius: Number,
        /// Its centre.
        at: Place,
    },
    /// Loose things in a straight row.
    Row {
        /// What they are.
        of: Item,
        /// How many.
        count: Number,
        /// Free space between neighbours, m.
        gap: Number,
        /// Direction of the row, rad from the x axis.
        #[serde(default = "zero")]
        heading: Number,
        /// Its middle.
        at: Place,
    },
    /// Loose things one upon another.
    Stack {
        /// What they are.
        of: Item,
        /// How many.
        count: Number,
        /// Where the lowest stands.
        at: Place,
    },
    /// Loose things, each anywhere.
    Scatter {
        /// What they are.
        of: Item,
        /// How many.
        count: Number,
        /// Least distance from the body's start, m.
        #[serde(default = "zero")]
        min_distance: Number,
    },
}

fn medium() -> Number {
    Number::Fixed(0.6)
}

/// One of a group's things.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Item {
    /// A box.
    Box {
        /// Edges, m.
        size: (Number, Number, Number),
        /// kg, of one of unscaled size.
        mass: Number,
        /// Coulomb's coefficient.
        #[serde(default = "medium")]
        friction: Number,
        /// Each thing is scaled by a factor drawn from 1 - spread to 1 + spread (its mass with the volume); below 1.
        #[serde(default = "zero")]
        spread: Number,
    },
    /// A ball.
    Ball {
        /// m
        radius: Number,
        /// kg, of one of unscaled size.
        mass: Number,
        /// Coulomb's coefficient.
        #[serde(default = "medium")]
        friction: Number,
        /// As for a box.
        #[serde(default = "zero")]
        spread: Number,
    },
}

/// Where a thing starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Place {
    /// At a point.
    At {
        /// m
        x: Number,
        /// m
        y: Number,
        /// Height of the underside, m.
        #[serde(default = "zero")]
        z: Number,
        /// rad from the x axis.
        #[serde(default = "zero")]
        heading: Number,
    },
    /// At a distance from a thing, in a direction drawn at random unless said.
    Ring {
        /// m
        radius: Number,
        /// `body`, or a prop placed earlier.
        #[serde(default = "the_body")]
        around: String,
        /// rad from the x axis.
        #[serde(default)]
        bearing: Option<Number>,
    },
    /// Drawn at random within the walls (or 5 m of the origin where there are none), overlapping nothing placed earlier.
    Anywhere {
        /// Least distance from `from`, m.
        #[serde(default = "zero")]
        min_distance: Number,
        /// `body`, or a prop placed earlier.
        #[serde(default = "the_body")]
        from: String,
    },
    /// Upon a prop placed earlier.
    On {
        /// Which.
        prop: String,
        /// Away from its middle, m.
        #[serde(default = "zero")]
        x: Number,
        /// Away from its middle, m.
        #[serde(default = "zero")]
        y: Number,
    },
    /// In a cell of a square grid centred on the origin.
    Grid {
        /// Cells from the middle along x.
        column: Number,
        /// Cells from the middle along y.
        row: Number,
        /// Edge of a cell, m.
        cell: f32,
    },
    /// In the middle of the maze's beacon cell.
    Beacon,
}

fn the_body() -> String {
    "body".into()
}

/// A push from outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Disturbance {
    /// A level force in a direction drawn at random, at moments drawn at random.
    Push {
        /// `body`, a link of it (`body.pole`) or a single prop.
        on: String,
        /// N
        force: Number,
        /// Mean time between two pushes, s.
        every: Number,
        /// How long one lasts, s.
        #[serde(default = "tenth")]
        lasting: Number,
    },
}

fn tenth() -> Number {
    Number::Fixed(0.1)
}
