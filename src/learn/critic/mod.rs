//! Critics: what a situation is worth.

pub mod value;
