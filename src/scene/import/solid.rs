//! Mass, centre and inertia of solids, and how poses are chained. Numbers are `f64` until the robot is whole.

use bevy::math::{DMat3, DQuat, DVec3};
use std::f64::consts::PI;

/// A place and a turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pose {
    pub at: DVec3,
    pub turn: DQuat,
}

impl Pose {
    pub const ORIGIN: Self = Self { at: DVec3::ZERO, turn: DQuat::IDENTITY };

    /// `inner`, which is given in this pose's frame, in the frame that this pose is given in.
    pub fn then(self, inner: Self) -> Self {
        Self { at: self.at + self.turn * inner.at, turn: (self.turn * inner.turn).normalize() }
    }

    /// As three and four numbers.
    pub fn parts(self) -> ([f32; 3], [f32; 4]) {
        (self.at.as_vec3().to_array(), self.turn.normalize().as_quat().to_array())
    }
}

/// A turn by `angle` (rad) about an axis of length 1.
pub(super) fn spin(axis: DVec3, angle: f64) -> DQuat {
    let (sine, cosine) = libm::sincos(angle / 2.0);
    let axis = axis * sine;
    DQuat::from_xyzw(axis.x, axis.y, axis.z, cosine)
}

/// A solid.
#[derive(Clone, Debug)]
pub(super) enum Solid {
    Ball(f64),
    Box(DVec3),
    Ellipsoid(DVec3),
    /// Radius and half of the height.
    Cylinder(f64, f64),
    /// Radius and half of the height without the ends.
    Capsule(f64, f64),
    /// Triangles, outside in the direction of their right-hand turn.
    Mesh(Vec<[DVec3; 3]>),
}

/// What weighs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matter {
    /// kg
    pub mass: f64,
    /// m
    pub centre: DVec3,
    /// About the centre, kg m².
    pub inertia: DMat3,
}

impl Solid {
    /// Volume (m³), centre (m), and the inertia about the centre of a mass of 1 kg.
    pub fn matter(&self) -> (f64, Matter) {
        let diagonal = |volume: f64, x: f64, y: f64, z: f64| {
            (volume, Matter { mass: 1.0, centre: DVec3::ZERO, inertia: DMat3::from_diagonal(DVec3::new(x, y, z)) })
        };
        match *self {
            Self::Ball(radius) => {
                let inertia = 0.4 * radius * radius;
                diagonal(4.0 / 3.0 * PI * radius * radius * radius, inertia, inertia, inertia)
            }
            Self::Box(half) => {
                let square = half * half / 3.0;
                diagonal(8.0 * half.x * half.y * half.z, square.y + square.z, square.x + square.z, square.x + square.y)
            }
            Self::Ellipsoid(half) => {
                let square = half * half / 5.0;
                let volume = 4.0 / 3.0 * PI * half.x * half.y * half.z;
                diagonal(volume, square.y + square.z, square.x + square.z, square.x + square.y)
            }
            Self::Cylinder(radius, half) => {
                let across = radius * radius / 4.0 + half * half / 3.0;
                diagonal(2.0 * PI * radius * radius * half, across, across, radius * radius / 2.0)
            }
            Self::Capsule(radius, half) => {
                let square = radius * radius;
                let (middle, ends) = (2.0 * PI * square * half, 4.0 / 3.0 * PI * square * radius);
                let volume = middle + ends;
                // Each end is half a ball, whose centre of mass lies 3/8 of the radius outside of the cylinder.
                let across =
                    (middle * (square / 4.0 + half * half / 3.0) + ends * (0.4 * square + half * half + 0.75 * half * radius)) / volume;
                diagonal(volume, across, across, (middle * square / 2.0 + ends * 0.4 * square) / volume)
            }
            Self::Mesh(ref triangles) => mesh(triangles),
        }
    }
}

/// Sums of the tetrahedra between the origin and each triangle. A mesh that encloses nothing counts as the box around it.
fn mesh(triangles: &[[DVec3; 3]]) -> (f64, Matter) {
    let (mut volume, mut moment, mut square) = (0.0, DVec3::ZERO, DMat3::ZERO);
    let outer = |v: DVec3| DMat3::from_cols(v * v.x, v * v.y, v * v.z);
    for [a, b, c] in triangles {
        let six = a.dot(b.cross(*c));
        let sum = *a + *b + *c;
        volume += six / 6.0;
        moment += sum * (six / 24.0);
        square += (outer(sum) + outer(*a) + outer(*b) + outer(*c)) * (six / 120.0);
    }
    let corners = || triangles.iter().flatten();
    let low = corners().fold(DVec3::INFINITY, |low, corner| low.min(*corner));
    let high = corners().fold(DVec3::NEG_INFINITY, |high, corner| high.max(*corner));
    let edges = (high - low).max(DVec3::splat(1e-4));
    // A closed mesh fills a good part of the box around it.
    if volume.abs() < 1e-3 * edges.x * edges.y * edges.z {
        let (volume, matter) = Solid::Box(edges / 2.0).matter();
        return (volume, matter.placed(Pose { at: (low + high) / 2.0, turn: DQuat::IDENTITY }));
    }
    let centre = moment / volume;
    let spread = square * (1.0 / volume) - outer(centre);
    let trace = spread.x_axis.x + spread.y_axis.y + spread.z_axis.z;
    (volume.abs(), Matter { mass: 1.0, centre, inertia: DMat3::from_diagonal(DVec3::splat(trace)) - spread })
}

impl Default for Matter {
    /// Nothing. (The default of a matrix is the identity.)
    fn default() -> Self {
        Self { mass: 0.0, centre: DVec3::ZERO, inertia: DMat3::ZERO }
    }
}

impl Matter {
    /// The same, given in the frame that `pose` is given in.
    pub fn placed(self, pose: Pose) -> Self {
        let turn = DMat3::from_quat(pose.turn);
        Self { mass: self.mass, centre: pose.at + pose.turn * self.centre, inertia: turn * self.inertia * turn.transpose() }
    }

    /// The same, `factor` times as heavy.
    pub fn scaled(self, factor: f64) -> Self {
        Self { mass: self.mass * factor, inertia: self.inertia * factor, ..self }
    }

    /// Both together.
    pub fn with(self, other: Self) -> Self {
        let mass = self.mass + other.mass;
        if mass == 0.0 {
            return Self { inertia: self.inertia + other.inertia, ..self };
        }
        let centre = (self.centre * self.mass + other.centre * other.mass) / mass;
        let about = |matter: Self| {
            let away = matter.centre - centre;
            let outer = DMat3::from_cols(away * away.x, away * away.y, away * away.z);
            matter.inertia + (DMat3::from_diagonal(DVec3::splat(away.length_squared())) - outer) * matter.mass
        };
        Self { mass, centre, inertia: about(self) + about(other) }
    }

    /// As a link keeps it: mass, centre, and xx, yy, zz, xy, xz, yz of the inertia.
    pub fn parts(self) -> (f32, [f32; 3], [f32; 6]) {
        let DMat3 { x_axis: x, y_axis: y, z_axis: z } = self.inertia;
        (self.mass as f32, self.centre.as_vec3().to_array(), [x.x, y.y, z.z, x.y, x.z, y.z].map(|value| value as f32))
    }
}
