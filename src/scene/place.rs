//! Props in the world: built once for the largest level, then sized, weighed and placed for each level.

use super::maze::{Maze, MazePlan};
use super::number::Number;
use super::plan::{Quantities, Quantity, world_collider};
use super::schema::{Item, Place, Prop, Scene};
use crate::body::{Embodiment, standing, turned};
use crate::physics::Physics;
use crate::physics::rapier::prelude::*;
use crate::stream::{Purpose, Stream};
use bevy::math::{Vec2, Vec3};
use serde::{Deserialize, Serialize};
use std::f32::consts::TAU;

/// A disc on the floor, where a level put it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Zone {
    /// m
    pub centre: Vec2,
    /// m
    pub radius: f32,
}

/// How the surroundings and props of a scene are laid out.
pub struct Layout {
    /// Half of the clear width along x and along y, m.
    pub room: [f32; 2],
    /// Fixed bodies and their friction.
    pub surroundings: Vec<(RigidBodyHandle, Quantity)>,
    /// The maze, if there is one.
    pub maze: Option<MazePlan>,
    /// Props, in the scene's order.
    pub props: Vec<PropPlan>,
}

/// A prop of a scene.
pub struct PropPlan {
    /// Its rigid bodies, as many as the largest level has.
    pub members: Vec<RigidBodyHandle>,
    shape: Shape,
    arrangement: Arrangement,
}

/// What one of a prop's things is.
enum Shape {
    Box { size: [Quantity; 3], mass: Quantity, friction: Quantity, spread: Quantity },
    Ball { radius: Quantity, mass: Quantity, friction: Quantity, spread: Quantity },
    Cylinder { radius: Quantity, height: Quantity, mass: Quantity, friction: Quantity },
    Zone { radius: Quantity },
    Point,
}

/// How a prop's things lie.
enum Arrangement {
    Single { at: PlacePlan },
    Heap { count: Quantity, radius: Quantity, at: PlacePlan },
    Row { count: Quantity, gap: Quantity, heading: Quantity, at: PlacePlan },
    Stack { count: Quantity, at: PlacePlan },
    Scatter { count: Quantity, min_distance: Quantity },
}

/// A [`Place`] whose names have been looked up. A prop is meant by its index, the body by none.
enum PlacePlan {
    At { x: Quantity, y: Quantity, z: Quantity, heading: Quantity },
    Ring { radius: Quantity, around: Option<usize>, bearing: Option<Quantity> },
    Anywhere { min_distance: Quantity, from: Option<usize> },
    On { prop: usize, x: Quantity, y: Quantity },
    Grid { column: Quantity, row: Quantity, cell: f32 },
    Beacon,
}

impl PropPlan {
    /// Builds the prop's rigid bodies into a pristine world.
    pub fn build(prop: &Prop, quantities: &Quantities, scene: &Scene, physics: &mut Physics<'_>) -> Self {
        let q = |number: &Number| quantities.resolve(number);
        let place = |place: &Place| match place {
            Place::At { x, y, z, heading } => PlacePlan::At { x: q(x), y: q(y), z: q(z), heading: q(heading) },
            Place::Ring { radius, around, bearing } => {
                PlacePlan::Ring { radius: q(radius), around: scene.props.index(around), bearing: bearing.as_ref().map(q) }
            }
            Place::Anywhere { min_distance, from } => PlacePlan::Anywhere { min_distance: q(min_distance), from: scene.props.index(from) },
            Place::On { prop, x, y } => PlacePlan::On { prop: scene.props.index(prop).unwrap_or(0), x: q(x), y: q(y) },
            Place::Grid { column, row, cell } => PlacePlan::Grid { column: q(column), row: q(row), cell: *cell },
            Place::Beacon => PlacePlan::Beacon,
        };
        let item = |item: &Item| match item {
            Item::Box { size, mass, friction, spread } => {
                Shape::Box { size: [q(&size.0), q(&size.1), q(&size.2)], mass: q(mass), friction: q(friction), spread: q(spread) }
            }
            Item::Ball { radius, mass, friction, spread } => {
                Shape::Ball { radius: q(radius), mass: q(mass), friction: q(friction), spread: q(spread) }
            }
        };
        let none = Quantity::Fixed(0.0);
        let (shape, arrangement) = match prop {
            Prop::Box { size, mass, friction, at } => {
                let size = [q(&size.0), q(&size.1), q(&size.2)];
                (Shape::Box { size, mass: q(mass), friction: q(friction), spread: none }, Arrangement::Single { at: place(at) })
            }
            Prop::Block { size, friction, at } => {
                let size = [q(&size.0), q(&size.1), q(&size.2)];
                (Shape::Box { size, mass: none, friction: q(friction), spread: none }, Arrangement::Single { at: place(at) })
            }
            Prop::Ball { radius, mass, friction, at } => (
                Shape::Ball { radius: q(radius), mass: q(mass), friction: q(friction), spread: none },
                Arrangement::Single { at: place(at) },
            ),
            Prop::Cylinder { radius, height, mass, friction, at } => (
                Shape::Cylinder { radius: q(radius), height: q(height), mass: q(mass), friction: q(friction) },
                Arrangement::Single { at: place(at) },
            ),
            Prop::Zone { radius, at } => (Shape::Zone { radius: q(radius) }, Arrangement::Single { at: place(at) }),
            Prop::Point { at } => (Shape::Point, Arrangement::Single { at: place(at) }),
            Prop::Heap { of, count, radius, at } => (item(of), Arrangement::Heap { count: q(count), radius: q(radius), at: place(at) }),
            Prop::Row { of, count, gap, heading, at } => {
                (item(of), Arrangement::Row { count: q(count), gap: q(gap), heading: q(heading), at: place(at) })
            }
            Prop::Stack { of, count, at } => (item(of), Arrangement::Stack { count: q(count), at: place(at) }),
            Prop::Scatter { of, count, min_distance } => {
                (item(of), Arrangement::Scatter { count: q(count), min_distance: q(min_distance) })
            }
        };
        let most = match &arrangement {
            Arrangement::Single { .. } => usize::from(!matches!(shape, Shape::Zone { .. } | Shape::Point)),
            Arrangement::Heap { count, .. }
            | Arrangement::Row { count, .. }
            | Arrangement::Stack { count, .. }
            | Arrangement::Scatter { count, .. } => quantities.most(*count).max(1.0) as usize,
        };
        let fixed = matches!(prop, Prop::Block { .. });
        let members = (0..most)
            .map(|_| {
                let body = if fixed { RigidBodyBuilder::fixed() } else { RigidBodyBuilder::dynamic().can_sleep(false) };
                let handle = physics.bodies.insert(body);
                physics.colliders.insert_with_parent(world_collider(shape.collider()), handle, physics.bodies);
                handle
            })
            .collect();
        Self { members, shape, arrangement }
    }
}

/// One of a prop's things in a level: how large it is.
#[derive(Clone, Copy)]
struct Size {
    scale: f32,
    /// Radius of the smallest upright cylinder around it, m.
    footprint: f32,
    /// m
    height: f32,
}

impl Shape {
    fn collider(&self) -> ColliderBuilder {
        match self {
            Self::Box { .. } | Self::Zone { .. } | Self::Point => ColliderBuilder::cuboid(0.1, 0.1, 0.1),
            Self::Ball { .. } => ColliderBuilder::ball(0.1),
            // Rapier's cylinder stands along y.
            Self::Cylinder { .. } => ColliderBuilder::cylinder(0.1, 0.1).rotation(Vector::new(TAU / 4.0, 0.0, 0.0)),
        }
    }

    fn spread(&self, values: &[f32]) -> f32 {
        match self {
            Self::Box { spread, .. } | Self::Ball { spread, .. } => spread.of(values),
            Self::Cylinder { .. } | Self::Zone { .. } | Self::Point => 0.0,
        }
    }

    /// How large it is when scaled by `scale`.
    fn size(&self, values: &[f32], scale: f32) -> Size {
        let (footprint, height) = match self {
            Self::Box { size, .. } => {
                let [x, y, z] = size.map(|edge| edge.of(values));
                (Vec2::new(x, y).length() / 2.0, z)
            }
            Self::Ball { radius, .. } => (radius.of(values), 2.0 * radius.of(values)),
            Self::Cylinder { radius, height, .. } => (radius.of(values), height.of(values)),
            Self::Zone { radius } => (radius.of(values), 0.0),
            Self::Point => (0.0, 0.0),
        };
        Size { scale, footprint: footprint * scale, height: height * scale }
    }

    /// Gives one thing its size, mass and friction.
    fn apply(&self, values: &[f32], scale: f32, handle: RigidBodyHandle, physics: &mut Physics<'_>) {
        let body = &mut physics.bodies[handle];
        let Some(collider) = body.colliders().first().and_then(|collider| physics.colliders.get_mut(*collider)) else { return };
        let (shape, mass, friction) = match self {
            Self::Box { size, mass, friction, .. } => {
                let [x, y, z] = size.map(|edge| (edge.of(values) * scale / 2.0).max(1e-3));
                (SharedShape::cuboid(x, y, z), mass, friction)
            }
            Self::Ball { radius, mass, friction, .. } => (SharedShape::ball((radius.of(values) * scale).max(1e-3)), mass, friction),
            Self::Cylinder { radius, height, mass, friction } => {
                (SharedShape::cylinder(height.of(values).max(1e-3) / 2.0, radius.of(values).max(1e-3)), mass, friction)
            }
            Self::Zone { .. } | Self::Point => return,
        };
        collider.set_shape(shape);
        collider.set_mass(mass.of(values) * scale * scale * scale);
        collider.set_friction(friction.of(values));
        body.recompute_mass_properties_from_colliders(physics.colliders);
    }
}

/// A circle of the floor that is taken.
#[derive(Clone, Copy)]
struct Taken {
    at: Vec2,
    radius: f32,
    /// Height of its upper side, m.
    top: f32,
    /// Whether it stands in the way (zones do not).
    solid: bool,
}

/// A placement: where the underside's middle is, and the heading.
struct Spot {
    at: Vec3,
    heading: f32,
}

/// Draws until a place is free; after so many draws, the best one is taken.
const DRAWS: usize = 200;
/// Free space kept between things, m.
const CLEARANCE: f32 = 0.02;

impl Layout {
    /// Sizes and places all props for a level; returns where the zones lie, and where the points are.
    pub fn place(
        &self,
        seed: u64,
        values: &[f32],
        bodies: &[&dyn Embodiment],
        maze: Option<&Maze>,
        physics: &mut Physics<'_>,
    ) -> (Vec<Zone>, Vec<Vec3>) {
        let mut rng = Stream::new(seed, Purpose::Layout, 0, 0);
        let (origin, beacon) = maze.map_or((Vec2::ZERO, Vec2::ZERO), |maze| (maze.start, maze.beacon));
        let stand = |body: &&dyn Embodiment| {
            let (start, heading) = body.start(values);
            (Taken { at: origin + start.truncate(), radius: body.clearance(), top: 0.0, solid: true }, heading)
        };
        let (body, heading) = stand(&bodies[0]);
        // A circle around a cell reaches a little into its neighbours, whose middles stay free.
        let blocks = maze.into_iter().flat_map(|maze| maze.blocks().map(|at| (at, maze.cell * std::f32::consts::FRAC_1_SQRT_2)));
        let mut taken: Vec<Taken> = blocks.map(|(at, radius)| Taken { at, radius, top: 0.0, solid: true }).collect();
        taken.extend(bodies.iter().map(|body| stand(body).0));
        let mut placing = Placing { room: self.room, beacon, body, body_heading: heading, props: Vec::new(), taken, rng: &mut rng };
        let (mut zones, mut points) = (Vec::new(), Vec::new());
        for prop in &self.props {
            placing.prop(prop, values, physics, (&mut zones, &mut points));
        }
        (zones, points)
    }
}

struct Placing<'a> {
    room: [f32; 2],
    /// Of the maze, m.
    beacon: Vec2,
    body: Taken,
    body_heading: f32,
    /// One for each prop placed so far.
    props: Vec<Taken>,
    taken: Vec<Taken>,
    rng: &'a mut Stream,
}

impl Placing<'_> {
    fn prop(&mut self, prop: &PropPlan, values: &[f32], physics: &mut Physics<'_>, (zones, points): (&mut Vec<Zone>, &mut Vec<Vec3>)) {
        let spread = prop.shape.spread(values);
        let present = |count: &Quantity| (count.of(values).max(0.0) as usize).min(prop.members.len());
        let largest = prop.shape.size(values, 1.0 + spread);
        // (place, footprint of the whole, things present)
        let (spot, radius, count) = match &prop.arrangement {
            Arrangement::Single { at } => (self.spot(at, values, largest.footprint), largest.footprint, 1),
            Arrangement::Heap { count, radius, at } => {
                let radius = radius.of(values).max(largest.footprint);
                (self.spot(at, values, radius), radius, present(count))
            }
            Arrangement::Row { count, gap, at, .. } => {
                let pitch = 2.0 * largest.footprint + gap.of(values);
                let radius = (present(count).max(1) - 1) as f32 * pitch / 2.0 + largest.footprint;
                (self.spot(at, values, radius), radius, present(count))
            }
            Arrangement::Stack { count, at } => (self.spot(at, values, largest.footprint), largest.footprint, present(count)),
            Arrangement::Scatter { count, .. } => (Spot { at: Vec3::ZERO, heading: 0.0 }, 0.0, present(count)),
        };
        let centre = spot.at.truncate();
        if let Shape::Zone { .. } = prop.shape {
            zones.push(Zone { centre, radius });
            self.props.push(Taken { at: centre, radius, top: 0.0, solid: false });
            return;
        }
        if let Shape::Point = prop.shape {
            points.push(spot.at);
            self.props.push(Taken { at: centre, radius: 0.0, top: spot.at.z, solid: false });
            return;
        }
        let mut layers = HeapLayers::default();
        let mut top = spot.at.z;
        for (index, &member) in prop.members.iter().enumerate() {
            if index >= count {
                physics.bodies[member].set_enabled(false);
                continue;
            }
            let scale = 1.0 + spread * self.rng.between(-1.0, 1.0);
            let size = prop.shape.size(values, scale);
            let (at, turn) = match &prop.arrangement {
                Arrangement::Single { .. } => (spot.at, spot.heading),
                Arrangement::Heap { radius, .. } => {
                    let at = layers.next(radius.of(values), largest, self.rng);
                    (spot.at + at, self.rng.between(0.0, TAU))
                }
                Arrangement::Row { gap, heading, .. } => {
                    let pitch = 2.0 * largest.footprint + gap.of(values);
                    let along = (index as f32 - (count - 1) as f32 / 2.0) * pitch;
                    let heading = heading.of(values);
                    (spot.at + turned(Vec2::new(along, 0.0), heading).extend(0.0), heading)
                }
                Arrangement::Stack { .. } => (Vec3::new(spot.at.x, spot.at.y, top), spot.heading),
                Arrangement::Scatter { min_distance, .. } => {
                    let from = (self.body.at, min_distance.of(values));
                    let at = self.anywhere(from, size.footprint);
                    self.taken.push(Taken { at, radius: size.footprint, top: size.height, solid: true });
                    (at.extend(0.0), self.rng.between(0.0, TAU))
                }
            };
            top = at.z + size.height;
            prop.shape.apply(values, size.scale, member, physics);
            physics.bodies[member].set_position(standing(at + Vec3::Z * (size.height / 2.0), turn), true);
        }
        let taken = Taken { at: centre, radius, top, solid: true };
        self.props.push(taken);
        if radius > 0.0 {
            self.taken.push(taken);
        }
    }

    /// Where a thing of radius `radius` goes.
    fn spot(&mut self, place: &PlacePlan, values: &[f32], radius: f32) -> Spot {
        match place {
            PlacePlan::At { x, y, z, heading } => {
                Spot { at: Vec3::new(x.of(values), y.of(values), z.of(values)), heading: heading.of(values) }
            }
            PlacePlan::Grid { column, row, cell } => {
                Spot { at: Vec3::new(column.of(values) * cell, row.of(values) * cell, 0.0), heading: 0.0 }
            }
            PlacePlan::Beacon => Spot { at: self.beacon.extend(0.0), heading: 0.0 },
            PlacePlan::On { prop, x, y } => {
                let below = self.centre(Some(*prop));
                Spot { at: (below.at + Vec2::new(x.of(values), y.of(values))).extend(below.top), heading: 0.0 }
            }
            PlacePlan::Ring { radius: distance, around, bearing } => {
                let (centre, distance) = (self.centre(*around).at, distance.of(values));
                let at = match bearing {
                    Some(bearing) => {
                        let ahead = if around.is_none() { self.body_heading } else { 0.0 };
                        centre + turned(Vec2::new(distance, 0.0), ahead + bearing.of(values))
                    }
                    None => self.free(radius, |rng| centre + turned(Vec2::new(distance, 0.0), rng.between(0.0, TAU))),
                };
                Spot { at: at.extend(0.0), heading: self.rng.between(0.0, TAU) }
            }
            PlacePlan::Anywhere { min_distance, from } => {
                let from = (self.centre(*from).at, min_distance.of(values));
                let at = self.anywhere(from, radius);
                Spot { at: at.extend(0.0), heading: self.rng.between(0.0, TAU) }
            }
        }
    }

    /// A free place at least `from.1` from the point `from.0`.
    fn anywhere(&mut self, from: (Vec2, f32), radius: f32) -> Vec2 {
        let [x, y] = self.room.map(|half| (half - radius - CLEARANCE).max(0.0));
        self.taken.push(Taken { at: from.0, radius: (from.1 - radius).max(0.0), top: 0.0, solid: true });
        let at = self.free(radius, |rng| Vec2::new(rng.between(-x, x), rng.between(-y, y)));
        self.taken.pop();
        at
    }

    /// The first of many draws where a circle of radius `radius` overlaps nothing, or the one that overlaps least.
    fn free(&mut self, radius: f32, mut draw: impl FnMut(&mut Stream) -> Vec2) -> Vec2 {
        let room = Vec2::from(self.room);
        let mut best = (f32::NEG_INFINITY, Vec2::ZERO);
        for _ in 0..DRAWS {
            let at = draw(self.rng);
            let from_walls = (room - at.abs()).min_element() - radius;
            let from_things = self.taken.iter().filter(|taken| taken.solid).map(|taken| taken.at.distance(at) - taken.radius - radius);
            let space = from_things.fold(from_walls, f32::min);
            if space > best.0 {
                best = (space, at);
            }
            if space >= CLEARANCE {
                break;
            }
        }
        best.1
    }

    fn centre(&self, prop: Option<usize>) -> Taken {
        prop.and_then(|index| self.props.get(index).copied()).unwrap_or(self.body)
    }
}

/// Places for the things of a heap: cells of a square grid within the disc, layer upon layer, each layer in random order.
#[derive(Default)]
struct HeapLayers {
    cells: Vec<Vec2>,
    layer: usize,
}

impl HeapLayers {
    fn next(&mut self, radius: f32, largest: Size, rng: &mut Stream) -> Vec3 {
        // Neighbours never overlap, whatever their headings.
        let pitch = 2.0 * largest.footprint + CLEARANCE;
        if self.cells.is_empty() {
            let reach = (radius - largest.footprint).max(0.0);
            let cells = (reach / pitch) as i32;
            for x in -cells..=cells {
                for y in -cells..=cells {
                    let cell = Vec2::new(x as f32, y as f32) * pitch;
                    if cell.length() <= reach {
                        self.cells.push(cell);
                    }
                }
            }
            rng.shuffle(&mut self.cells);
            self.layer += 1;
        }
        let at = self.cells.pop().unwrap_or_default();
        let height = (self.layer - 1) as f32 * (largest.height + CLEARANCE);
        at.extend(height)
    }
}
