//! Headless training: what a run writes, and what its numbers say.
//!
//! [`durable`] is how anything reaches the disk, [`metrics`] what is written while training, [`summary`] what is left at the end.

pub mod curves;
pub mod durable;
pub mod events;
pub mod machine;
pub mod metrics;
pub mod overrides;
pub mod progress;
pub mod requirement;
pub mod statistics;
pub mod summary;
