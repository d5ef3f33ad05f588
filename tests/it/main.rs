//! One test binary. Its modules mirror `src/`.

mod training;
