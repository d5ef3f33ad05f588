//! Where props stand: what they are placed by, whether they fit between the walls, and whether two are in each other.

use super::Checker;
use super::numbers::{ANGLE, CELLS, COORDINATE, DISTANCE, LENGTH, constant};
use crate::body;
use crate::ron::{Note, Spot};
use crate::scene::number::Number;
use crate::scene::schema::{Body, Item, Place, Prop, Surrounding};

/// Less than this in each other is rounding, m.
const SLACK: f32 = 1e-3;
/// Comparing all pairs is for as many props as anybody writes by hand.
const MOST_COMPARED: usize = 1000;

/// What a thing fills in any case, seen from above.
#[derive(Clone, Copy)]
enum Shape {
    Disc(f32),
    /// Half of the edges along x and y.
    Rectangle(f32, f32),
}

impl Shape {
    /// Radius of the largest disc in it.
    fn disc(self) -> f32 {
        match self {
            Self::Disc(radius) => radius,
            Self::Rectangle(x, y) => x.min(y),
        }
    }

    fn half(self) -> (f32, f32) {
        match self {
            Self::Disc(radius) => (radius, radius),
            Self::Rectangle(x, y) => (x, y),
        }
    }
}

/// A thing that stands at a fixed place.
struct Standing<'a> {
    name: &'a str,
    /// Where its name is said, and where what it is.
    said: Spot<'a>,
    step: Spot<'a>,
    at: (f32, f32),
    shape: Shape,
    bottom: f32,
    top: f32,
}

impl<'a> Standing<'a> {
    /// A body with a fixed place.
    fn body(name: &'a str, body: &Body, spot: Spot<'a>) -> Option<Self> {
        let at = body::place(body).filter(|_| !spot.is_doubtful())?;
        let (x, y, z) = (constant(&at.0)?, constant(&at.1)?, constant(&at.2)?);
        // At the height of its axles a rover is massive; what lies flat may be between its wheels.
        let (bottom, top) = (z + 0.05, z + 0.1);
        Some(Self { name, said: spot, step: spot, at: (x, y), shape: Shape::Disc(body::core(body)), bottom, top })
    }

    fn overlaps(&self, other: &Self) -> bool {
        let level = self.top.min(other.top) - self.bottom.max(other.bottom);
        let (x, y) = ((self.at.0 - other.at.0).abs(), (self.at.1 - other.at.1).abs());
        let apart = match (self.shape, other.shape) {
            (Shape::Rectangle(a, b), Shape::Rectangle(c, d)) => (x - a - c).max(y - b - d),
            (Shape::Disc(a), Shape::Disc(b)) => length(x, y) - a - b,
            (Shape::Disc(radius), Shape::Rectangle(a, b)) | (Shape::Rectangle(a, b), Shape::Disc(radius)) => {
                length((x - a).max(0.0), (y - b).max(0.0)) - radius
            }
        };
        level > SLACK && apart < -SLACK
    }
}

impl Checker<'_> {
    /// The place of one prop, by itself.
    pub(super) fn place(&mut self, index: usize, spot: Spot<'_>) {
        let (name, prop) = &self.scene.props.0[index];
        let Some(place) = place_of(prop) else { return };
        let at = spot.step("at");
        match place {
            Place::At { x, y, z, heading } => {
                for (what, number) in [("x", x), ("y", y), ("z", z)] {
                    self.number(&format!("`{what}`"), number, COORDINATE, at.step(what));
                }
                self.number("`heading`", heading, ANGLE, at.step("heading"));
            }
            Place::Ring { radius, around, bearing } => {
                self.number("`radius`", radius, DISTANCE, at.step("radius"));
                if let Some(bearing) = bearing {
                    self.number("`bearing`", bearing, ANGLE, at.step("bearing"));
                }
                let anchor = self.earlier(index, around, at.step("around"), true);
                self.ring(prop, radius, around, anchor, at);
            }
            Place::Anywhere { min_distance, from } => {
                self.number("`min_distance`", min_distance, DISTANCE, at.step("min_distance"));
                self.earlier(index, from, at.step("from"), true);
                self.reachable(min_distance, at);
            }
            Place::On { prop: lower, x, y } => {
                self.number("`x`", x, COORDINATE, at.step("x"));
                self.number("`y`", y, COORDINATE, at.step("y"));
                let known = self.earlier(index, lower, at.step("prop"), false);
                if known
                    && !matches!(
                        self.scene.props.get(lower),
                        Some(Prop::Box { .. } | Prop::Ball { .. } | Prop::Cylinder { .. } | Prop::Block { .. })
                    )
                {
                    let doubtful = self.document.at(&["props".into(), lower.as_str().into()]).is_doubtful();
                    if !doubtful {
                        self.wrong(at.step("prop"), |spot| {
                            spot.problem(format!("nothing can stand on `{lower}`")).expecting("a single prop that is no zone")
                        });
                    }
                }
            }
            Place::Grid { column, row, cell } => {
                self.number("`column`", column, CELLS, at.step("column"));
                self.number("`row`", row, CELLS, at.step("row"));
                self.fixed("`cell`", *cell, LENGTH, at.step("cell"));
            }
            Place::Beacon => self.needs_maze(at),
        }
        self.within_walls(name, prop, at);
    }

    /// Checks the prop (or body) that another one is placed by. Gives whether there is one.
    fn earlier(&mut self, index: usize, name: &str, spot: Spot<'_>, or_body: bool) -> bool {
        if or_body && name == "body" {
            return true;
        }
        let props = &self.scene.props;
        match props.index(name) {
            Some(other) if other < index => true,
            Some(other) if other == index => {
                self.wrong(spot, |spot| spot.problem(format!("`{name}` is placed by itself")).expecting("a prop that is placed earlier"));
                false
            }
            Some(_) => {
                let later = self.document.root().step("props").key(name).place();
                self.wrong(spot, |spot| {
                    let mut problem = spot
                        .problem(format!("`{name}` is placed later than what is placed by it"))
                        .expecting("a prop that is placed earlier");
                    problem.note = Some(Note { line: later.0, column: later.1, message: format!("`{name}` is placed here") });
                    problem
                });
                false
            }
            None if self.document.root().step("props").is_partial() => false,
            None => {
                let mut valid: Vec<&str> = props.names().take(index).collect();
                if or_body {
                    valid.push("body");
                }
                self.wrong(spot, |spot| spot.unknown("prop", name, &valid));
                false
            }
        }
    }

    /// Whether a prop on a ring is in the middle of it in any case.
    fn ring(&mut self, prop: &Prop, radius: &Number, around: &str, known: bool, spot: Spot<'_>) {
        let doubtful = around != "body" && self.document.at(&["props".into(), around.into()]).is_doubtful();
        let (Some(distance), Some((own, _)), true) = (self.most(radius), self.shape(prop), known && !doubtful) else { return };
        let other = match self.scene.props.get(around) {
            Some(other) => self.shape(other).map(|(shape, _)| shape.disc()),
            None => Some(body::core(&self.scene.body)),
        };
        let Some(other) = other else { return };
        if distance + SLACK < own.disc() + other && distance >= 0.0 {
            self.wrong(spot.step("radius"), |spot| {
                let message = format!("at {distance} m from the centre of `{around}` it would be in it");
                spot.problem(message).expecting(format!("more than {:.3} m", own.disc() + other))
            });
        }
    }

    /// Whether anything between the walls is as far away as asked for.
    fn reachable(&mut self, min_distance: &Number, spot: Spot<'_>) {
        let Some(distance) = self.least(min_distance) else { return };
        let (x, y) = self.walls().unwrap_or((10.0, 10.0));
        if distance > length(x, y) && x > 0.0 && y > 0.0 {
            self.wrong(spot.step("min_distance"), |spot| {
                let message = format!("nothing is {distance} m away: the room is {x} m by {y} m");
                spot.problem(message).expecting(format!("at most {:.1} m", length(x, y)))
            });
        }
    }

    /// The clear width between the walls.
    fn walls(&self) -> Option<(f32, f32)> {
        self.scene.surroundings.iter().enumerate().find_map(|(index, surrounding)| {
            let size = match surrounding {
                Surrounding::Walls { size, .. } => *size,
                Surrounding::Maze { columns, rows, cell, .. } => (*columns as f32 * cell, *rows as f32 * cell),
                Surrounding::Floor { .. } => return None,
            };
            let doubtful = self.document.at(&["surroundings".into(), index.into()]).is_doubtful();
            (!doubtful && size.0 > 0.0 && size.1 > 0.0).then_some(size)
        })
    }

    fn within_walls(&mut self, name: &str, prop: &Prop, spot: Spot<'_>) {
        let (Some((x, y)), Some((shape, _))) = (self.walls(), self.shape(prop)) else { return };
        let half = shape.half();
        let solid = !matches!(prop, Prop::Zone { .. } | Prop::Point { .. });
        if solid && (2.0 * half.0.min(half.1) > x.min(y) || 2.0 * half.0.max(half.1) > length(x, y)) && x > 0.0 && y > 0.0 {
            self.wrong(spot, |spot| {
                spot.problem(format!("`{name}` is larger than the room of {x} m by {y} m")).expecting("something smaller, or wider walls")
            });
            return;
        }
        let Some((at, _, _)) = fixed_place(place_of(prop)) else { return };
        let edge = if solid { half } else { (0.0, 0.0) };
        if at.0.abs() + edge.0 > x / 2.0 + SLACK || at.1.abs() + edge.1 > y / 2.0 + SLACK {
            self.wrong(spot, |spot| {
                let message = format!("`{name}` at ({}, {}) does not stand within the walls", at.0, at.1);
                spot.problem(message).expecting(format!("a place within {} m and {} m of the origin", x / 2.0, y / 2.0))
            });
        }
    }

    /// Fixed things that are in each other.
    pub(super) fn overlaps(&mut self, spot: Spot<'_>) {
        let scene = self.scene;
        let mut standing = Vec::new();
        // Those of a team who came before this one stand there already.
        for (name, body) in self.team.iter().flat_map(|team| &team.bodies.0[..team.index]) {
            let spot = self.document.root().step("body").step(0).step(name.as_str());
            standing.extend(Standing::body(name, body, spot).filter(|_| scene.maze().is_none()));
        }
        // (In a maze the body's place is counted from the start cell, which is another one in each level.)
        let name = self.team.map_or("body", |team| team.bodies.0[team.index].0.as_str());
        let own = Standing::body(name, &scene.body, self.body_spot()).filter(|_| scene.maze().is_none());
        if let Some(Standing { at: (x, y), .. }) = own {
            let (spot, core) = (self.body_spot(), body::core(&scene.body));
            if let Some((width, depth)) = self.walls()
                && (x.abs() + core > width / 2.0 || y.abs() + core > depth / 2.0)
            {
                self.wrong(spot.step("at"), |spot| {
                    spot.problem(format!("the body at ({x}, {y}) does not stand within the walls")).expecting("a place between them")
                });
            }
        }
        standing.extend(own);
        for (name, prop) in scene.props.0.iter().take(MOST_COMPARED) {
            let (Some((at, z, turned)), Some((shape, height))) = (fixed_place(place_of(prop)), self.shape(prop)) else { continue };
            if spot.step(name.as_str()).is_doubtful()
                || matches!(prop, Prop::Zone { .. } | Prop::Point { .. } | Prop::Heap { .. } | Prop::Row { .. })
            {
                continue;
            }
            let shape = if turned { Shape::Disc(shape.disc()) } else { shape };
            standing.push(Standing { name, said: spot.key(name), step: spot.step(name.as_str()), at, shape, bottom: z, top: z + height });
        }
        for (index, later) in standing.iter().enumerate() {
            if self.is_full() {
                return;
            }
            let Some(earlier) = standing[..index].iter().find(|earlier| earlier.overlaps(later)) else { continue };
            let first = earlier.said;
            self.wrong(later.step.step("at"), |spot| {
                let mut problem =
                    spot.problem(format!("`{}` would be in `{}`", later.name, earlier.name)).expecting("places that do not overlap");
                let (line, column) = first.place();
                problem.note = Some(Note { line, column, message: format!("`{}` is here", earlier.name) });
                problem
            });
        }
    }

    /// The least that a prop fills: seen from above, and its height.
    fn shape(&self, prop: &Prop) -> Option<(Shape, f32)> {
        let rectangle = |size: &(Number, Number, Number), scale: f32| {
            let (x, y, z) = (self.least(&size.0)?, self.least(&size.1)?, self.least(&size.2)?);
            Some((Shape::Rectangle(scale * x / 2.0, scale * y / 2.0), scale * z))
        };
        match prop {
            Prop::Box { size, .. } | Prop::Block { size, .. } => rectangle(size, 1.0),
            Prop::Ball { radius, .. } => self.least(radius).map(|radius| (Shape::Disc(radius), 2.0 * radius)),
            Prop::Cylinder { radius, height, .. } => Some((Shape::Disc(self.least(radius)?), self.least(height)?)),
            Prop::Zone { radius, .. } => self.least(radius).map(|radius| (Shape::Disc(radius), 0.0)),
            Prop::Stack { of: Item::Box { size, spread, .. }, .. } => rectangle(size, 1.0 - self.most(spread)?),
            Prop::Stack { of: Item::Ball { radius, spread, .. }, .. } => {
                let radius = self.least(radius)? * (1.0 - self.most(spread)?);
                Some((Shape::Disc(radius), 2.0 * radius))
            }
            Prop::Point { .. } => Some((Shape::Disc(0.0), 0.0)),
            Prop::Heap { .. } | Prop::Row { .. } | Prop::Scatter { .. } => None,
        }
    }
}

/// Where a prop is placed; `None` for those that lie about.
fn place_of(prop: &Prop) -> Option<&Place> {
    match prop {
        Prop::Box { at, .. }
        | Prop::Ball { at, .. }
        | Prop::Cylinder { at, .. }
        | Prop::Block { at, .. }
        | Prop::Zone { at, .. }
        | Prop::Point { at }
        | Prop::Heap { at, .. }
        | Prop::Row { at, .. }
        | Prop::Stack { at, .. } => Some(at),
        Prop::Scatter { .. } => None,
    }
}

/// Point, height of the underside, and whether it is turned: of a place that is the same in every level.
fn fixed_place(place: Option<&Place>) -> Option<((f32, f32), f32, bool)> {
    match place? {
        Place::At { x, y, z, heading } => Some(((constant(x)?, constant(y)?), constant(z)?, constant(heading) != Some(0.0))),
        Place::Grid { column, row, cell } => Some(((constant(column)? * cell, constant(row)? * cell), 0.0, false)),
        _ => None,
    }
}

fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}
