//! The one integration-test binary: its modules mirror `src/`.

mod learn;
mod ron;
mod training;
