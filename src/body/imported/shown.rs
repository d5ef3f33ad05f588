//! What it looks like, and what sticks and keys do to it.

use crate::body::look::{Finish, Form as Drawn, Framing, Look, Piece};
use crate::pilot::hand::{Bindings, Input};
use crate::scene::import::{Form, Robot, Shape};
use bevy::math::{Quat, Vec3};

/// The sticks take the first four channels, pairs of keys the first eight.
pub fn bindings(name: &str, robot: &Robot) -> Bindings {
    const STICKS: [Input; 4] = [Input::LeftStickX, Input::LeftStickY, Input::RightStickX, Input::RightStickY];
    const KEYS: [(&str, &str); 8] = [
        ("KeyD", "KeyA"),
        ("KeyW", "KeyS"),
        ("KeyL", "KeyJ"),
        ("KeyI", "KeyK"),
        ("KeyT", "KeyG"),
        ("KeyY", "KeyH"),
        ("KeyE", "KeyF"),
        ("KeyX", "KeyZ"),
    ];
    let mut bindings = Bindings::of(name);
    for (index, (actuator, (plus, minus))) in robot.actuators.iter().zip(KEYS).enumerate() {
        let moves = [(actuator.name.as_str(), 1.0)];
        if let Some(stick) = STICKS.get(index) {
            bindings = bindings.with(&actuator.name, stick.clone(), &moves);
        }
        bindings = bindings.keys(&actuator.name, plus, minus, &moves);
    }
    bindings
}

/// Its shapes, in two colours.
pub fn look(robot: &Robot, height: f32, clearance: f32) -> Look {
    const COLOURS: [[f32; 3]; 2] = [[0.86, 0.55, 0.24], [0.30, 0.34, 0.42]];
    let piece = |shape: &Shape, colour: [f32; 3]| {
        let (drawn, middle) = match &shape.form {
            Form::Ball(radius) => (Drawn::Ball { radius: *radius }, Vec3::ZERO),
            Form::Box(x, y, z) => (Drawn::Box { half: Vec3::new(*x, *y, *z), chamfer: 0.0 }, Vec3::ZERO),
            Form::Cylinder(radius, half) => (Drawn::Cylinder { radius: *radius, half: *half }, Vec3::ZERO),
            Form::Capsule(radius, half) => (Drawn::Capsule { radius: *radius, half: *half }, Vec3::ZERO),
            // Of a hull the box around it is drawn.
            Form::Hull(points) => {
                let corners = || points.iter().map(|point| Vec3::from(*point));
                let (low, high) = (corners().fold(Vec3::INFINITY, Vec3::min), corners().fold(Vec3::NEG_INFINITY, Vec3::max));
                (Drawn::Box { half: (high - low) / 2.0, chamfer: 0.0 }, (low + high) / 2.0)
            }
        };
        let (at, turn) = (Vec3::from(shape.at), Quat::from_array(shape.turn));
        let middle = at + turn * middle;
        Piece::new(drawn).at(middle.x, middle.y, middle.z).turned(turn).painted(colour, Finish::Gloss)
    };
    let links = robot.links.iter().enumerate();
    let links = links.map(|(index, link)| link.shapes.iter().map(|shape| piece(shape, COLOURS[index % 2])).collect());
    let reach = 3.0 * clearance.max(height).max(0.3);
    let framing = Framing {
        target: Vec3::new(0.0, 0.0, height * 0.7),
        reach,
        bearing: -0.85,
        elevation: 0.45,
        behind: (reach, reach * 0.5),
        ground: 0.0,
    };
    Look { links: links.collect(), still: Vec::new(), framing, hull: COLOURS[0] }
}
