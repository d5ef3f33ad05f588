//! Mirrors `src/window/`: what of it needs no picture.

mod film;
mod hands;
mod pad;
mod real;
mod session;
mod team;
