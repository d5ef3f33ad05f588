//! Algorithms, one readable file each.

pub mod bco;
pub mod cloning;
pub mod dagger;
pub mod gail;
pub mod ppo;
pub(in crate::learn) mod range;
pub mod sac;
pub mod vpt;
