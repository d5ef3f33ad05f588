//! Algorithms, one readable file each.

pub mod cloning;
pub mod ppo;
mod range;
