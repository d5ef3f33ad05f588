//! What a body looks like, as plain data: primitive pieces for each link, and how a camera frames it. The window makes meshes of it; headless
//! never asks.

use bevy::math::{Quat, Vec3};

/// A body's look in one level.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// The pieces of each link (see [`Names::links`](super::Names::links)), in the link's frame.
    pub links: Vec<Vec<Piece>>,
    /// Pieces that stand still, in the arena's frame: a rail, a pedestal.
    pub still: Vec<Piece>,
    /// Where a camera looks at first.
    pub framing: Framing,
    /// The colour of its hull: of a team, each agent's is painted over. See [`Look::hulled`].
    pub hull: [f32; 3],
}

/// One primitive of a look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    /// Its form, around its own origin.
    pub form: Form,
    /// Where that origin is, m.
    pub at: Vec3,
    /// How it is turned.
    pub turn: Quat,
    /// Its colour: red, green, blue in [0, 1] (sRGB).
    pub colour: [f32; 3],
    /// How it takes the light.
    pub finish: Finish,
}

/// Forms, around their own origin. Lengths in m.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// A box with chamfered edges.
    Box {
        /// Half edges.
        half: Vec3,
        /// Width of the chamfer; 0 for sharp edges.
        chamfer: f32,
    },
    /// A ball.
    Ball {
        /// Its radius.
        radius: f32,
    },
    /// A cylinder along z.
    Cylinder {
        /// Its radius.
        radius: f32,
        /// Half of its height.
        half: f32,
    },
    /// A cylinder along z with round ends.
    Capsule {
        /// Of the cylinder and its ends.
        radius: f32,
        /// Half of the height without the ends.
        half: f32,
    },
    /// A ring around z.
    Ring {
        /// From the middle of the ring to the middle of its tube.
        radius: f32,
        /// Radius of the tube.
        tube: f32,
    },
}

/// How a surface takes the light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Finish {
    /// Dull paint or plastic.
    #[default]
    Matt,
    /// Smooth paint.
    Gloss,
    /// Bare metal.
    Metal,
    /// Black as a tyre: hardly any shine.
    Rubber,
    /// Shines by itself: a lamp.
    Lamp,
}

/// How a camera looks at a body before anybody turns it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Framing {
    /// What it looks at, m, in the arena's frame.
    pub target: Vec3,
    /// Radius of what is to be seen where nothing else says it (walls do), m.
    pub reach: f32,
    /// From the target to the camera: rad from the x axis.
    pub bearing: f32,
    /// From the target to the camera: rad above the level.
    pub elevation: f32,
    /// Of a camera that follows: how far behind the root link and how far above it, m.
    pub behind: (f32, f32),
    /// Height of the ground that is drawn where the scene has no floor, m.
    pub ground: f32,
}

impl Default for Framing {
    fn default() -> Self {
        Self { target: Vec3::ZERO, reach: 2.0, bearing: -1.2, elevation: 0.6, behind: (1.6, 0.9), ground: 0.0 }
    }
}

impl Look {
    /// The same with a hull of another colour (sRGB).
    pub fn hulled(mut self, colour: [f32; 3]) -> Self {
        for piece in self.links.iter_mut().flatten().chain(&mut self.still).filter(|piece| piece.colour == self.hull) {
            piece.colour = colour;
        }
        self.hull = colour;
        self
    }
}

impl Piece {
    /// A piece at the origin, matt and grey.
    pub fn new(form: Form) -> Self {
        Self { form, at: Vec3::ZERO, turn: Quat::IDENTITY, colour: [0.6; 3], finish: Finish::Matt }
    }

    /// A box with half edges `half` and a small chamfer.
    pub fn block(half: Vec3) -> Self {
        Self::new(Form::Box { half, chamfer: 0.12 * half.min_element() })
    }

    /// A cylinder along z.
    pub fn cylinder(radius: f32, half: f32) -> Self {
        Self::new(Form::Cylinder { radius, half })
    }

    /// The same, at `at`.
    pub fn at(mut self, x: f32, y: f32, z: f32) -> Self {
        self.at = Vec3::new(x, y, z);
        self
    }

    /// The same, turned.
    pub fn turned(mut self, turn: Quat) -> Self {
        self.turn = turn;
        self
    }

    /// The same, with its z axis along y: as a wheel's axle lies.
    pub fn along_y(self) -> Self {
        self.turned(Quat::from_xyzw(-std::f32::consts::FRAC_1_SQRT_2, 0.0, 0.0, std::f32::consts::FRAC_1_SQRT_2))
    }

    /// The same, with its z axis along x.
    pub fn along_x(self) -> Self {
        self.turned(Quat::from_xyzw(0.0, std::f32::consts::FRAC_1_SQRT_2, 0.0, std::f32::consts::FRAC_1_SQRT_2))
    }

    /// The same, in this colour and finish.
    pub fn painted(mut self, colour: [f32; 3], finish: Finish) -> Self {
        self.colour = colour;
        self.finish = finish;
        self
    }
}
