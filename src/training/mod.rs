//! Headless training: what a run writes, and what its numbers say.
//!
//! [`durable`] is how anything reaches the disk, [`metrics`] what is written while training, [`summary`] what is left at the end.

pub mod checkpoint;
pub mod curves;
pub mod durable;
pub mod evaluation;
pub mod events;
pub mod machine;
pub mod metrics;
pub mod overrides;
pub mod progress;
pub mod recipe;
pub mod report;
pub mod requirement;
pub mod run;
pub mod statistics;
pub mod summary;
pub mod trainer;
