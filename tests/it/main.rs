//! The integration tests: their modules mirror `src/`.

mod malformed;
mod ron;
mod scene;
