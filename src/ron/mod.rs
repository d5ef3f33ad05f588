//! Reading RON files with the place of everything that is wrong in them.
//!
//! ```
//! #[derive(serde::Deserialize)]
//! struct Timing { control_hz: u32, physics_hz: u32 }
//!
//! let read = apprentice::ron::read::<Timing>("(control_hz: 20.5, phisics_hz: 120)", "timing.ron");
//! let problems = read.finish().err().unwrap();
//! assert_eq!(problems.0.len(), 3); // a fraction, an unknown field and a missing one: all of them in one go
//! ```
//!
//! The `ron` crate writes RON very well; its reading has other aims than ours. It forgets where a value stood once it is read, stops at
//! the first error, cannot tell `Vary("x")` from a number where either may stand, and wants `Motion()` where all fields of `Motion` have defaults.
//! So here a text becomes a tree whose nodes keep their places ([`Document`]), and a serde deserialiser walks the tree. What cannot be
//! read is noted and replaced by a stand-in, so that the rest of the file is looked at too.
//!
//! Leniencies beyond RON: `Some` may always be left out; a bare name stands for a struct or variant whose fields all have defaults; the
//! fields of a struct may stand directly in the variant that holds it (`Ppo(rate: 3e-4)`). Strictness beyond RON: a field or key may be given once;
//! numbers are finite and at most a million in size, except where the type is an integer; at most 1 MiB, at most 64 levels deep.

mod access;
mod document;
mod failure;
mod figure;
mod file;
mod node;
mod problem;
mod read;
mod reader;
mod stand_in;
mod token;
mod tree;

pub use document::{Document, Spot, Step};
pub use file::{MOST_BYTES, read_file, read_text};
pub use problem::{Note, Problem, Problems, nearest};
pub use read::{Read, read};
