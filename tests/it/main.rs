//! The one integration-test binary: its modules mirror `src/`.

mod learn;
mod malformed;
mod ron;
mod scene;
mod training;
