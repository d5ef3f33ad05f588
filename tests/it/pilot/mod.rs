//! Mirrors `src/pilot/`.

mod hand;
