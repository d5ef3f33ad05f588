//! The one integration-test binary: its modules mirror `src/`.

mod arena;
mod border;
mod contract;
mod malformed;
mod physics;
mod ron;
mod scene;
mod stage;
mod training;
