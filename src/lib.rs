//! *Show it once, let it practise.* A 3D physics sandbox in which embodied agents learn from demonstrations and practice.

pub mod arena;
pub mod body;
pub mod control;
pub mod physics;
pub mod scene;
pub mod sensor;
pub mod signal;
pub mod task;

pub mod pilot;

pub mod cli;
pub mod curriculum;
pub mod learn;
pub mod ron;
pub mod stream;
pub mod training;
