//! Tests of `src/training/`.

mod corrections;
mod curves;
mod machine;
mod metrics;
mod overrides;
mod progress;
mod requirement;
mod run;
mod statistics;
mod summary;
