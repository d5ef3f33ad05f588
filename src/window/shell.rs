//! Surfaces: the primitives of a look, and the props' own forms, as triangles with colours.

use crate::body::look::{Form, Piece};
use bevy::asset::RenderAssetUsages;
use bevy::math::{Quat, Vec3};
use bevy::mesh::{Indices, Mesh, PrimitiveTopology};
use bevy::prelude::{Color, ColorToComponents};
use std::f32::consts::{FRAC_PI_2, PI, TAU};

/// Sectors of what is round.
const SECTORS: usize = 28;

/// A surface that is being put together.
#[derive(Default)]
pub struct Shell {
    positions: Vec<[f32; 3]>,
    normals: Vec<[f32; 3]>,
    colours: Vec<[f32; 4]>,
    indices: Vec<u32>,
}

/// Where a part of a shell goes, and its colour.
#[derive(Clone, Copy)]
struct Place {
    at: Vec3,
    turn: Quat,
    colour: [f32; 4],
}

/// A colour as it is stored in a mesh: linear.
pub fn linear(colour: [f32; 3]) -> [f32; 4] {
    Color::srgb_from_array(colour).to_linear().to_f32_array()
}

impl Shell {
    /// The shell of some pieces.
    pub fn of(pieces: impl IntoIterator<Item = Piece>) -> Self {
        let mut shell = Self::default();
        for piece in pieces {
            shell.add(&piece);
        }
        shell
    }

    /// Adds a piece.
    pub fn add(&mut self, piece: &Piece) {
        let place = Place { at: piece.at, turn: piece.turn, colour: linear(piece.colour) };
        match piece.form {
            Form::Box { half, chamfer } => self.block(place, half, chamfer),
            Form::Ball { radius } => self.lathe(place, &arc(radius, 0.0, 0.0, 12)),
            Form::Cylinder { radius, half } => {
                let chamfer = (0.12 * radius).min(0.3 * half);
                let (r, h) = (radius - chamfer, half - chamfer);
                for ends in [[(0.0, -half), (r, -half)], [(r, -half), (radius, -h)], [(radius, -h), (radius, h)], [(radius, h), (r, half)]]
                {
                    self.facet(place, ends);
                }
                self.facet(place, [(r, half), (0.0, half)]);
            }
            Form::Capsule { radius, half } => self.lathe(place, &arc(radius, half, 0.0, 12)),
            Form::Ring { radius, tube } => {
                let point = |index: usize| {
                    let (sine, cosine) = libm::sincosf(TAU * index as f32 / 10.0);
                    (radius + tube * cosine, tube * sine, cosine, sine)
                };
                self.lathe(place, &(0..=10).map(point).collect::<Vec<_>>());
            }
        }
    }

    /// A flat polygon with the normal `normal`; it is seen from there, whichever way round its corners are given.
    fn polygon(&mut self, place: Place, corners: &[Vec3], normal: Vec3) {
        let first = self.positions.len() as u32;
        for corner in corners {
            self.positions.push((place.at + place.turn * *corner).to_array());
            self.normals.push((place.turn * normal).to_array());
            self.colours.push(place.colour);
        }
        let outwards = (corners[1] - corners[0]).cross(corners[2] - corners[0]).dot(normal) > 0.0;
        for corner in 1..corners.len() as u32 - 1 {
            let (b, c) = if outwards { (corner, corner + 1) } else { (corner + 1, corner) };
            self.indices.extend([first, first + b, first + c]);
        }
    }

    fn block(&mut self, place: Place, half: Vec3, chamfer: f32) {
        let inner = half - chamfer;
        let signs = [-1.0, 1.0];
        for a in 0..3 {
            let (b, c) = ((a + 1) % 3, (a + 2) % 3);
            let (ea, eb, ec) = (Vec3::AXES[a], Vec3::AXES[b], Vec3::AXES[c]);
            for sa in signs {
                let face = |sb: f32, sc: f32| ea * sa * half[a] + eb * sb * inner[b] + ec * sc * inner[c];
                self.polygon(place, &[face(-1.0, -1.0), face(1.0, -1.0), face(1.0, 1.0), face(-1.0, 1.0)], ea * sa);
                if chamfer > 0.0 {
                    for sb in signs {
                        let edge = |out_a: bool, sc: f32| {
                            let (x, y) = if out_a { (half[a], inner[b]) } else { (inner[a], half[b]) };
                            ea * sa * x + eb * sb * y + ec * sc * inner[c]
                        };
                        let corners = [edge(true, -1.0), edge(true, 1.0), edge(false, 1.0), edge(false, -1.0)];
                        self.polygon(place, &corners, (ea * sa + eb * sb) * std::f32::consts::FRAC_1_SQRT_2);
                    }
                }
            }
        }
        if chamfer > 0.0 {
            for corner in 0..8 {
                let sign = Vec3::from_array(std::array::from_fn(|axis| if corner >> axis & 1 == 0 { -1.0 } else { 1.0 }));
                let corner = |axis: usize| {
                    let mut at = inner;
                    at[axis] = half[axis];
                    at * sign
                };
                self.polygon(place, &[corner(0), corner(1), corner(2)], sign.normalize_or_zero());
            }
        }
    }

    /// One straight stretch of a profile, turned around z, with the normal that goes with it.
    fn facet(&mut self, place: Place, [(r0, z0), (r1, z1)]: [(f32, f32); 2]) {
        let along = Vec3::new(r1 - r0, z1 - z0, 0.0).normalize_or_zero();
        self.lathe(place, &[(r0, z0, along.y, -along.x), (r1, z1, along.y, -along.x)]);
    }

    /// A profile turned around z: radius and height of each point, and its normal outwards and upwards. From below to above.
    fn lathe(&mut self, place: Place, profile: &[(f32, f32, f32, f32)]) {
        self.turned(place, profile, |_| place.colour);
    }

    fn turned(&mut self, place: Place, profile: &[(f32, f32, f32, f32)], colour: impl Fn(usize) -> [f32; 4]) {
        for sector in 0..SECTORS {
            let first = self.positions.len() as u32;
            for edge in [sector, sector + 1] {
                let (sine, cosine) = libm::sincosf(TAU * edge as f32 / SECTORS as f32);
                for &(radius, z, out, up) in profile {
                    self.positions.push((place.at + place.turn * Vec3::new(radius * cosine, radius * sine, z)).to_array());
                    self.normals.push((place.turn * Vec3::new(out * cosine, out * sine, up)).to_array());
                    self.colours.push(colour(sector));
                }
            }
            let count = profile.len() as u32;
            for point in 0..count - 1 {
                let (a, b) = (first + point, first + point + 1);
                let (c, d) = (a + count, b + count);
                self.indices.extend([a, c, d, a, d, b]);
            }
        }
    }

    /// The mesh.
    pub fn mesh(self) -> Mesh {
        Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
            .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, self.positions)
            .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, self.normals)
            .with_inserted_attribute(Mesh::ATTRIBUTE_COLOR, self.colours)
            .with_inserted_indices(Indices::U32(self.indices))
    }
}

/// The profile of a ball, or of a capsule whose middle is `2 half` high: points with their normals.
fn arc(radius: f32, half: f32, from: f32, steps: usize) -> Vec<(f32, f32, f32, f32)> {
    let point = |index: usize, shift: f32| {
        let (sine, cosine) = libm::sincosf(from - FRAC_PI_2 + PI * index as f32 / steps as f32);
        (radius * cosine, radius * sine + shift, cosine, sine)
    };
    let middle = steps / 2;
    (0..=middle).map(|index| point(index, -half)).chain((middle..=steps).map(|index| point(index, half))).collect()
}

/// A crate within the cube of edge 1: a frame of beams in full white, panels a shade darker, so that one sees it turn.
pub fn boxed() -> Mesh {
    let (outer, beam) = (0.5, 0.055);
    let mut shell = Shell::default();
    let shade = |light: f32| [light; 3];
    shell.add(&Piece::new(Form::Box { half: Vec3::splat(outer - 0.028), chamfer: 0.0 }).painted(shade(0.80), Default::default()));
    for axis in 0..3 {
        let (b, c) = ((axis + 1) % 3, (axis + 2) % 3);
        for (sb, sc) in [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)] {
            let mut half = Vec3::splat(beam);
            half[axis] = outer;
            let mut at = Vec3::ZERO;
            at[b] = sb * (outer - beam);
            at[c] = sc * (outer - beam);
            shell.add(&Piece { at, ..Piece::new(Form::Box { half, chamfer: 0.016 }).painted(shade(1.0), Default::default()) });
        }
    }
    shell.mesh()
}

/// A ball of radius 1 in white and grey stripes.
pub fn ball() -> Mesh {
    let mut shell = Shell::default();
    let place = Place { at: Vec3::ZERO, turn: Quat::IDENTITY, colour: linear([1.0; 3]) };
    shell.turned(place, &arc(1.0, 0.0, 0.0, 16), |sector| linear([if (sector * 8 / SECTORS).is_multiple_of(2) { 1.0 } else { 0.72 }; 3]));
    shell.mesh()
}

/// A barrel of radius 1 and height 2 along y (as Rapier's cylinders stand): two hoops, and staves of two shades.
pub fn barrel() -> Mesh {
    let mut shell = Shell::default();
    let place = Place { at: Vec3::ZERO, turn: Quat::from_xyzw(-0.5f32.sqrt(), 0.0, 0.0, 0.5f32.sqrt()), colour: linear([0.9; 3]) };
    let side = [(0.97, -1.0, 1.0, 0.0), (0.97, 1.0, 1.0, 0.0)];
    shell.turned(place, &side, |sector| linear([if sector % 4 < 2 { 0.92 } else { 0.78 }; 3]));
    shell.facet(place, [(0.97, 1.0), (0.0, 1.0)]);
    shell.facet(place, [(0.0, -1.0), (0.97, -1.0)]);
    for middle in [-0.62, 0.62] {
        let (low, high) = (middle - 0.09, middle + 0.09);
        for ends in [[(0.97, low), (1.0, low)], [(1.0, low), (1.0, high)], [(1.0, high), (0.97, high)]] {
            shell.facet(Place { colour: linear([0.45; 3]), ..place }, ends);
        }
    }
    shell.mesh()
}

/// A flat ring around z at height 0, of outer radius 1, filled from `inner` on; seen from above.
pub fn disc(inner: f32) -> Mesh {
    let mut shell = Shell::default();
    let place = Place { at: Vec3::ZERO, turn: Quat::IDENTITY, colour: [1.0; 4] };
    // Twice as many sectors would be rounder; three times the profile costs nothing.
    shell.turned(place, &[(1.0, 0.0, 0.0, 1.0), (inner, 0.0, 0.0, 1.0)], |_| [1.0; 4]);
    shell.mesh()
}
