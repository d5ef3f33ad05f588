//! How much room a body takes at least.

use super::schema::Body;

/// Radius of a disc around the body's start that it fills in any case, m.
pub fn core(body: &Body) -> f32 {
    match body {
        Body::CartPole { .. } => 0.05,
        Body::Rover { .. } => 0.13,
    }
}
