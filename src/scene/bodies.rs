//! What names the parts of a body have, and how much room one takes at least.

use super::schema::Body;

/// Names of the links, without the `body.` before them.
pub fn links(body: &Body) -> &'static [&'static str] {
    match body {
        Body::CartPole { .. } => &["cart", "pole"],
        Body::Rover { .. } => &["chassis", "wheel_0", "wheel_1", "wheel_2", "wheel_3"],
    }
}

/// Names of the joints, without the `body.` before them.
pub fn joints(body: &Body) -> &'static [&'static str] {
    match body {
        Body::CartPole { .. } => &["slider", "hinge"],
        Body::Rover { .. } => &["wheel_0", "wheel_1", "wheel_2", "wheel_3"],
    }
}

/// Radius of a disc around the body's start that it fills in any case, m.
pub fn core(body: &Body) -> f32 {
    match body {
        Body::CartPole { .. } => 0.05,
        Body::Rover { .. } => 0.15,
    }
}
