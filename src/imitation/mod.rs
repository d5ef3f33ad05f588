//! Demonstrations: recorded, kept, replayed, edited.
//!
//! [`recorder`] keeps the rows of live arenas, [`demonstration`] is one recorded episode, [`quality`] what is said of it before it is kept.
//! [`data_set`] is the folder on the disk, in the format that the field's tools open as it is; [`edit`] makes new sets of old ones, [`export`] copies into another layout, [`reading`] gives them to learners. [`record`]
//! lets pilots demonstrate headlessly, [`session`] people in the window (their episodes are saved by a [`keeper`]), [`replay`] proves that a demonstration replays bit for bit,
//! [`route`] tells which way it went, [`diagnosis`] what a policy makes of it all.

pub mod corrections;
pub mod data_set;
pub mod demonstration;
pub mod diagnosis;
pub mod edit;
pub mod export;
pub mod keeper;
pub mod quality;
pub mod reading;
pub mod record;
pub mod recorder;
pub mod replay;
pub mod route;
pub mod session;
