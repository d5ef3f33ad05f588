//! The one integration-test binary: its modules mirror `src/`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in what its functions share too")]

mod arena;
mod arm;
mod body;
mod border;
mod cli;
mod contract;
mod curriculum;
mod durable;
mod imitation;
mod judge;
mod learn;
mod malformed;
mod maze;
mod mechanics;
mod physics;
mod pilot;
mod place;
mod robots;
mod ron;
mod scene;
mod sensor;
mod stage;
mod stream;
mod task;
mod teams;
mod training;
mod walker;
#[cfg(feature = "window")]
mod window;
mod workshop;
