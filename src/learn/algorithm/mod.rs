//! Algorithms, one readable file each.

pub mod cloning;
pub mod dagger;
pub mod ppo;
mod range;
pub mod sac;
