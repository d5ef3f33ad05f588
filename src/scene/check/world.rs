//! Surroundings, body, props, sensors and disturbances.

use super::Checker;
use super::names::{LINK, MAPPED, MOVABLE, PUSHED, SEEING, SEEN};
use super::numbers::{
    ANGLE, COORDINATE, DAMPING, DELAY, DURATION, FORCE, FRICTION, GRAVITY, LENGTH, LOAD, MASS, NOISE, PART, SLOPE, SPEED, SPREAD,
};
use crate::body::rover::CLEARANCE;
use crate::ron::{Note, Spot};
use crate::scene::maze::LARGEST;
use crate::scene::number::Number;
use crate::scene::schema::{Body, Disturbance, Item, Prop, Sensor, Surrounding};

impl Checker<'_> {
    pub(super) fn world(&mut self, root: Spot<'_>) {
        let scene = self.scene;
        self.fixed("`gravity`", scene.gravity, GRAVITY, root.step("gravity"));
        if let Some(command) = &scene.command {
            let spot = root.step("command");
            self.number("`speed`", &command.speed, SPEED, spot.step("speed"));
            self.number("`heading`", &command.heading, ANGLE, spot.step("heading"));
        }
        let around = root.step("surroundings");
        let mut seen: [Option<Spot<'_>>; 2] = [None; 2];
        for (index, surrounding) in scene.surroundings.iter().enumerate() {
            if self.is_full() {
                return;
            }
            let spot = around.step(index);
            let kind = match surrounding {
                Surrounding::Floor { friction, slope } => {
                    self.number("`friction`", friction, FRICTION, spot.step("friction"));
                    self.number("`slope`", slope, SLOPE, spot.step("slope"));
                    0
                }
                Surrounding::Walls { size, height, friction } => {
                    self.fixed("the walls' width along x", size.0, LENGTH, spot.step("size").step(0));
                    self.fixed("the walls' width along y", size.1, LENGTH, spot.step("size").step(1));
                    self.fixed("`height`", *height, LENGTH, spot.step("height"));
                    self.number("`friction`", friction, FRICTION, spot.step("friction"));
                    1
                }
                Surrounding::Maze { .. } => {
                    self.maze(surrounding, spot);
                    1
                }
            };
            if spot.is_doubtful() {
                continue;
            }
            if let Some(first) = seen[kind] {
                let name = ["Floor", "Walls"][kind];
                let mazes = scene.surroundings.iter().filter(|surrounding| matches!(surrounding, Surrounding::Maze { .. })).count();
                self.wrong(spot, |spot| {
                    let mut problem = match (kind, mazes) {
                        (0, _) | (_, 0) => spot.problem(format!("there are two `{name}`")).expecting("one at most"),
                        _ => spot.problem("a `Maze` has walls of its own, and there are others").expecting("one `Maze` or one `Walls`"),
                    };
                    let (line, column) = first.place();
                    problem.note = Some(Note { line, column, message: "the first one is here".into() });
                    problem
                });
            }
            seen[kind].get_or_insert(spot);
        }
        self.body(self.body_spot());
        self.ground(root, seen[0].is_some() || around.is_doubtful());
    }

    fn maze(&mut self, maze: &Surrounding, spot: Spot<'_>) {
        let Surrounding::Maze { columns, rows, cell, height, walls, apart: _, friction } = maze else { return };
        for (name, count) in [("columns", *columns), ("rows", *rows)] {
            if !(2..=LARGEST as u32).contains(&count) {
                self.wrong(spot.step(name), |spot| spot.problem(format!("`{name}` is {count}")).expecting(format!("2 to {LARGEST} cells")));
            }
        }
        self.fixed("`cell`", *cell, LENGTH, spot.step("cell"));
        self.fixed("`height`", *height, LENGTH, spot.step("height"));
        self.number("`walls`", walls, PART, spot.step("walls"));
        self.number("`friction`", friction, FRICTION, spot.step("friction"));
        match crate::body::place(&self.scene.body) {
            _ if self.body_spot().is_doubtful() => {}
            None => self.wrong(spot, |spot| {
                spot.problem("the body stands at the origin, where a maze may have a wall").expecting("a body that drives, `Rover(..)`")
            }),
            // Whichever way it looks at the start, it does not touch the walls.
            Some(at) => {
                let least = 2.0 * (CLEARANCE + [&at.0, &at.1].iter().filter_map(|at| self.farthest(at)).fold(0.0, f32::max));
                if *cell < least {
                    self.wrong(spot.step("cell"), |spot| {
                        let message = format!("the body does not fit into a cell of {cell} m");
                        spot.problem(message).expecting(format!("{least} m or more"))
                    });
                }
            }
        }
    }

    /// How far from 0 a number may be.
    fn farthest(&self, number: &Number) -> Option<f32> {
        Some(self.most(number)?.abs().max(self.least(number)?.abs()))
    }

    /// Whether loose things and wheels have something to stand on.
    fn ground(&mut self, root: Spot<'_>, floor: bool) {
        if floor || self.scene.gravity == 0.0 {
            return;
        }
        let props = root.step("props");
        let loose = |prop: &Prop| !matches!(prop, Prop::Block { .. } | Prop::Zone { .. } | Prop::Point { .. });
        let falling = self.scene.props.0.iter().find(|(name, prop)| loose(prop) && !props.step(name.as_str()).is_doubtful());
        if let Some((name, _)) = falling {
            self.wrong(props.key(name), |spot| {
                spot.problem(format!("`{name}` would fall for ever: there is no floor")).expecting("`Floor` among the surroundings")
            });
        } else if crate::body::place(&self.scene.body).is_some() {
            self.wrong(self.body_spot(), |spot| {
                spot.problem("the body would fall for ever: there is no floor").expecting("`Floor` among the surroundings")
            });
        }
    }

    fn body_place(&mut self, at: &(Number, Number, Number), spot: Spot<'_>) {
        for (index, number) in [&at.0, &at.1, &at.2].into_iter().enumerate() {
            self.number("the body's place", number, COORDINATE, spot.step("at").step(index));
        }
    }

    fn body(&mut self, spot: Spot<'_>) {
        match &self.scene.body {
            // Each of its bodies is looked at by itself.
            Body::Team(_) => {}
            Body::CartPole { pole_length, pole_mass, cart_friction, angle, joints: _ } => {
                self.number("`pole_length`", pole_length, LENGTH, spot.step("pole_length"));
                self.number("`pole_mass`", pole_mass, MASS, spot.step("pole_mass"));
                self.number("`cart_friction`", cart_friction, DAMPING, spot.step("cart_friction"));
                self.number("`angle`", angle, ANGLE, spot.step("angle"));
            }
            Body::Arm { control: _, payload, joints: _ } => self.number("`payload`", payload, LOAD, spot.step("payload")),
            Body::Mjcf(import) | Body::Urdf(import) => {
                self.body_place(&import.at, spot);
                self.number("`heading`", &import.heading, ANGLE, spot.step("heading"));
            }
            Body::Rover { at, heading, control: _, joints: _ } => {
                self.body_place(at, spot);
                self.number("`heading`", heading, ANGLE, spot.step("heading"));
            }
            Body::Walker { at, heading, payload, joints: _ } => {
                self.body_place(at, spot);
                self.number("`heading`", heading, ANGLE, spot.step("heading"));
                self.number("`payload`", payload, LOAD, spot.step("payload"));
            }
        }
    }

    /// What the props are; where they stand is said in `placement`.
    pub(super) fn props(&mut self, spot: Spot<'_>) {
        for (index, (name, prop)) in self.scene.props.0.iter().enumerate() {
            if self.is_full() {
                return;
            }
            self.name(name, spot.key(name), "prop");
            self.prop(prop, spot.step(name.as_str()));
            self.place(index, spot.step(name.as_str()));
        }
        self.overlaps(spot);
    }

    fn prop(&mut self, prop: &Prop, spot: Spot<'_>) {
        match prop {
            Prop::Box { size, mass, friction, at: _ } => {
                self.size(size, spot.step("size"));
                self.matter(mass, friction, spot);
            }
            Prop::Ball { radius, mass, friction, at: _ } => {
                self.number("`radius`", radius, LENGTH, spot.step("radius"));
                self.matter(mass, friction, spot);
            }
            Prop::Cylinder { radius, height, mass, friction, at: _ } => {
                self.number("`radius`", radius, LENGTH, spot.step("radius"));
                self.number("`height`", height, LENGTH, spot.step("height"));
                self.matter(mass, friction, spot);
            }
            Prop::Block { size, friction, at: _ } => {
                self.size(size, spot.step("size"));
                self.number("`friction`", friction, FRICTION, spot.step("friction"));
            }
            Prop::Zone { radius, at: _ } => self.number("`radius`", radius, LENGTH, spot.step("radius")),
            Prop::Point { at: _ } => {}
            Prop::Heap { of, count, radius, at: _ } => {
                self.item(of, spot.step("of"));
                self.count(count, spot.step("count"));
                self.number("`radius`", radius, LENGTH, spot.step("radius"));
            }
            Prop::Row { of, count, gap, heading, at: _ } => {
                self.item(of, spot.step("of"));
                self.count(count, spot.step("count"));
                self.number("`gap`", gap, super::numbers::DISTANCE, spot.step("gap"));
                self.number("`heading`", heading, ANGLE, spot.step("heading"));
            }
            Prop::Stack { of, count, at: _ } => {
                self.item(of, spot.step("of"));
                self.count(count, spot.step("count"));
            }
            Prop::Scatter { of, count, min_distance } => {
                self.item(of, spot.step("of"));
                self.count(count, spot.step("count"));
                self.number("`min_distance`", min_distance, super::numbers::DISTANCE, spot.step("min_distance"));
            }
        }
    }

    fn item(&mut self, item: &Item, spot: Spot<'_>) {
        let (mass, friction, spread) = match item {
            Item::Box { size, mass, friction, spread } => {
                self.size(size, spot.step("size"));
                (mass, friction, spread)
            }
            Item::Ball { radius, mass, friction, spread } => {
                self.number("`radius`", radius, LENGTH, spot.step("radius"));
                (mass, friction, spread)
            }
        };
        self.matter(mass, friction, spot);
        self.number("`spread`", spread, SPREAD, spot.step("spread"));
    }

    fn size(&mut self, size: &(Number, Number, Number), spot: Spot<'_>) {
        for (index, edge) in [&size.0, &size.1, &size.2].into_iter().enumerate() {
            self.number(["the edge along x", "the edge along y", "the edge along z"][index], edge, LENGTH, spot.step(index));
        }
    }

    fn matter(&mut self, mass: &Number, friction: &Number, spot: Spot<'_>) {
        self.number("`mass`", mass, MASS, spot.step("mass"));
        self.number("`friction`", friction, FRICTION, spot.step("friction"));
    }

    pub(super) fn sensors(&mut self, spot: Spot<'_>) {
        for (index, sensor) in self.scene.sensors.iter().enumerate() {
            if self.is_full() {
                return;
            }
            let spot = spot.step(index);
            let (noise, delay) = match sensor {
                Sensor::Joints { noise, delay } | Sensor::Motion { noise, delay } | Sensor::LastAction { noise, delay } => (noise, delay),
                Sensor::Velocity { of, noise, delay } => {
                    self.refers("`of`", of, &MOVABLE, spot.step("of"));
                    (noise, delay)
                }
                Sensor::Offset { to, noise, delay } => {
                    self.refers("`to`", to, &SEEN, spot.step("to"));
                    (noise, delay)
                }
                Sensor::Pose { of, from, noise, delay } => {
                    self.refers("`of`", of, &SEEN, spot.step("of"));
                    self.refers("`from`", from, &SEEING, spot.step("from"));
                    (noise, delay)
                }
                Sensor::Touch { of, most, noise, delay } => {
                    for (index, link) in of.iter().enumerate() {
                        self.refers("what is touched", link, &LINK, spot.step("of").step(index));
                    }
                    if of.is_empty() {
                        self.wrong(spot.step("of"), |spot| spot.problem("nothing is touched").expecting("links of the body"));
                    }
                    self.fixed("`most`", *most, FORCE, spot.step("most"));
                    (noise, delay)
                }
                Sensor::Gripper { noise, delay } => {
                    let grips = matches!(self.scene.body, Body::Arm { .. });
                    if !grips && !self.body_spot().is_doubtful() {
                        self.wrong(spot, |spot| spot.problem("the body has no gripper").expecting("`body: Arm(..)`, or another sensor"));
                    }
                    (noise, delay)
                }
                Sensor::Rays { count, reach, height, noise, delay } => {
                    if !(1..=1024).contains(count) {
                        self.wrong(spot.step("count"), |spot| spot.problem(format!("`count` is {count}")).expecting("1 to 1024 rays"));
                    }
                    self.fixed("`reach`", *reach, LENGTH, spot.step("reach"));
                    self.fixed("`height`", *height, COORDINATE, spot.step("height"));
                    (noise, delay)
                }
                Sensor::Command { noise, delay } => {
                    self.commanded(spot);
                    (noise, delay)
                }
                Sensor::HeightMap { points, spacing, noise, delay } => {
                    self.raster("points", *points, spot.step("points"));
                    self.fixed("`spacing`", *spacing, LENGTH, spot.step("spacing"));
                    (noise, delay)
                }
                Sensor::Cells { across, noise, delay } => {
                    if !(2..=15).contains(across) {
                        self.wrong(spot.step("across"), |spot| spot.problem(format!("`across` is {across}")).expecting("2 to 15 points"));
                    }
                    self.needs_maze(spot);
                    (noise, delay)
                }
                Sensor::Grid { cells, cell, of, noise, delay } => {
                    self.raster("cells", *cells, spot.step("cells"));
                    self.fixed("`cell`", *cell, LENGTH, spot.step("cell"));
                    self.refers("`of`", of, &MAPPED, spot.step("of"));
                    (noise, delay)
                }
            };
            self.number("`noise`", noise, NOISE, spot.step("noise"));
            self.number("`delay`", delay, DELAY, spot.step("delay"));
        }
    }

    /// The counts of a raster along both of its sides.
    fn raster(&mut self, what: &str, counts: (u32, u32), spot: Spot<'_>) {
        for (index, count) in [counts.0, counts.1].into_iter().enumerate() {
            if !(1..=64).contains(&count) {
                self.wrong(spot.step(index), |spot| spot.problem(format!("there are {count} {what}")).expecting("1 to 64"));
            }
        }
    }

    pub(super) fn disturbances(&mut self, spot: Spot<'_>) {
        for (index, disturbance) in self.scene.disturbances.iter().enumerate() {
            if self.is_full() {
                return;
            }
            let spot = spot.step(index);
            let Disturbance::Push { on, force, every, lasting } = disturbance;
            self.refers("`on`", on, &PUSHED, spot.step("on"));
            self.number("`force`", force, FORCE, spot.step("force"));
            self.number("`every`", every, DURATION, spot.step("every"));
            self.number("`lasting`", lasting, DURATION, spot.step("lasting"));
        }
    }
}
