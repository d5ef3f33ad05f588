//! Tests of `src/training/`.

mod curves;
mod durable;
mod machine;
mod metrics;
mod overrides;
mod progress;
mod requirement;
mod statistics;
mod summary;
