//! Tests of `src/training/`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed, and says where")]

mod curves;
mod durable;
mod machine;
mod metrics;
mod overrides;
mod progress;
mod requirement;
mod statistics;
mod summary;
