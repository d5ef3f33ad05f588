//! The built program, as people and scripts use it.

mod check;
mod cloning;
mod diagnose;
mod evaluate;
mod killed;
mod record;
mod stages;
mod train;
mod watching;
mod words;
