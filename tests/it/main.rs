//! The one integration-test binary: its modules mirror `src/`.

mod ron;
mod training;
