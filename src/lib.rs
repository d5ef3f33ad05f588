//! *Show it once, let it practise.* A 3D physics sandbox in which embodied agents learn from demonstrations and practice.

pub mod learn;
pub mod scene;
pub mod signal;
pub mod stream;
pub mod training;
