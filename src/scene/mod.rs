//! Scenes: the RON schema, its checks and its errors, and what an arena is built from.

pub mod check;
pub mod disturbance;
pub mod import;
pub mod load;
pub mod maze;
pub mod named;
pub mod number;
pub mod place;
pub mod plan;
pub mod schema;
pub mod scores;
