//! The one integration-test binary: its modules mirror `src/`.

mod arena;
mod body;
mod border;
mod contract;
mod curriculum;
mod malformed;
mod physics;
mod place;
mod ron;
mod scene;
mod sensor;
mod stage;
mod stream;
mod task;
mod training;
