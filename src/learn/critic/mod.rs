//! Critics: what a situation is worth.

pub mod twin;
pub mod value;
