//! The one integration-test binary: its modules mirror `src/`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in what its functions share too")]

mod arena;
mod border;
mod contract;
mod learn;
mod malformed;
mod physics;
mod ron;
mod scene;
mod stage;
mod training;
