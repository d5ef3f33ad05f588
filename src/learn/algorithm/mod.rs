//! Algorithms, one readable file each.

pub mod ppo;
