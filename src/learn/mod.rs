//! What is learnt: burn, never the world.

pub mod batch;
