//! Mirrors `src/pilot/`.

mod hand;
mod operator;
