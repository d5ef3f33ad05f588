//! Headless training: what a run writes, and what its numbers say.
//!
//! [`metrics`] is what is written while training, [`summary`] what is left at the end, [`stages`] how learners follow each other.
//! ([`crate::durable`] is how what is written reaches the disk.)

pub mod checkpoint;
pub mod corrections;
pub mod curves;
pub mod evaluation;
pub mod events;
pub mod folder;
pub mod machine;
pub mod metrics;
pub mod opponents;
pub mod overrides;
mod paths;
pub mod progress;
pub mod recipe;
pub mod report;
pub mod requirement;
pub mod rollouts;
pub mod run;
pub mod stages;
pub mod statistics;
mod study;
pub mod summary;
pub mod trainer;
