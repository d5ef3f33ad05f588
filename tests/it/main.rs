//! The integration tests: their modules mirror `src/`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in what its functions share too")]

mod malformed;
mod ron;
mod scene;
