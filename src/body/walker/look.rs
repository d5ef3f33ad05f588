//! What the walker looks like: a shell with a head, drums at the hips, tapering legs, rubber feet.

use super::{FOOT_RADIUS, LOAD, OUT, SHIN, THIGH, TRUNK, side};
use crate::body::look::{Finish, Form, Framing, Look, Piece};
use bevy::math::Vec3;

const ORANGE: [f32; 3] = [0.93, 0.45, 0.12];
const WHITE: [f32; 3] = [0.90, 0.91, 0.93];
const DARK: [f32; 3] = [0.11, 0.12, 0.14];
const STEEL: [f32; 3] = [0.62, 0.64, 0.68];

/// With a load of `payload` kg.
pub(super) fn look(payload: f32) -> Look {
    let block = |x: f32, y: f32, z: f32| Piece::block(Vec3::new(x, y, z));
    let mut trunk = vec![
        block(TRUNK.x * 0.92, TRUNK.y * 0.82, TRUNK.z * 0.8).painted(DARK, Finish::Matt),
        block(TRUNK.x * 0.78, TRUNK.y, TRUNK.z * 0.62).at(0.0, 0.0, 0.014).painted(ORANGE, Finish::Gloss),
        block(TRUNK.x * 0.6, TRUNK.y * 0.5, 0.006).at(-0.01, 0.0, TRUNK.z * 0.9).painted(WHITE, Finish::Gloss),
        // The head, with a visor and two lamps: it shows which way is ahead.
        block(0.045, 0.055, 0.036).at(TRUNK.x + 0.035, 0.0, 0.018).painted(WHITE, Finish::Gloss),
        block(0.006, 0.048, 0.018).at(TRUNK.x + 0.078, 0.0, 0.022).painted([0.05, 0.07, 0.10], Finish::Gloss),
        block(0.01, 0.012, 0.03).at(-TRUNK.x - 0.005, 0.0, 0.02).painted(DARK, Finish::Matt),
    ];
    for y in [-0.03, 0.03] {
        trunk.push(Piece::cylinder(0.008, 0.004).along_x().at(TRUNK.x + 0.084, y, 0.022).painted([0.55, 0.95, 1.0], Finish::Lamp));
    }
    if payload > 0.0 {
        // Its height shows how heavy it is.
        let half = (LOAD * payload / 3.0).clamp(0.008, 0.08);
        trunk.push(block(0.1, 0.07, half).at(0.0, 0.0, TRUNK.z + half).painted([0.55, 0.40, 0.24], Finish::Matt));
        trunk.push(block(0.012, 0.072, half + 0.002).at(0.0, 0.0, TRUNK.z + half).painted(DARK, Finish::Matt));
    }
    let mut links = vec![trunk];
    for leg in 0..4 {
        let out = side(leg).y;
        let across = |radius: f32, half: f32| Piece::cylinder(radius, half).along_y();
        links.push(vec![
            Piece::cylinder(0.042, 0.03).along_x().painted(DARK, Finish::Matt),
            across(0.04, 0.026).at(0.0, out * (OUT - 0.045), 0.0).painted(STEEL, Finish::Metal),
        ]);
        links.push(vec![
            across(0.046, 0.022).painted(DARK, Finish::Matt),
            across(0.03, 0.025).painted(ORANGE, Finish::Gloss),
            block(0.026, 0.017, THIGH / 2.0 - 0.01).at(0.0, 0.0, -THIGH / 2.0).painted(WHITE, Finish::Gloss),
            across(0.026, 0.02).at(0.0, 0.0, -THIGH).painted(DARK, Finish::Matt),
        ]);
        let half = SHIN / 2.0 - 0.014;
        links.push(vec![
            Piece::new(Form::Capsule { radius: 0.013, half }).at(0.0, 0.0, -SHIN / 2.0).painted(DARK, Finish::Gloss),
            Piece::new(Form::Ball { radius: FOOT_RADIUS }).at(0.0, 0.0, -SHIN).painted([0.05, 0.05, 0.06], Finish::Rubber),
        ]);
    }
    let framing = Framing { target: Vec3::new(0.0, 0.0, 0.2), reach: 0.9, bearing: -0.9, elevation: 0.35, behind: (1.3, 0.6), ground: 0.0 };
    Look { links, still: Vec::new(), framing, hull: ORANGE }
}
