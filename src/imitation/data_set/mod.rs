//! The data set on the disk: LeRobotDataset v3.0, written natively and durably, with a sidecar of ours that other readers ignore.
//!
//! ```text
//! <root>/
//!   README.md                                  the card
//!   meta/info.json                             written last
//!   meta/stats.json  meta/tasks.parquet
//!   meta/episodes/chunk-000/file-000.parquet   a row for each episode
//!   data/chunk-000/file-000.parquet            a row for each frame, a row group for each episode
//!   meta/sandbox/                              scene, physics, snapshots, inputs, episodes.jsonl
//!   .recording/                                held by the process that writes
//! ```
//!
//! [`features`] says what each column means, [`frames`] turns rows into columns and back, [`statistics`] sums them up. [`files`] reads and
//! writes what stands in `meta/`, [`sidecar`] what stands in `meta/sandbox/`. [`DataSet`] reads a set; [`writer`] adds to one, an episode at a
//! time; [`repair`] mends what a crash left; [`pack`] writes a whole one.

mod error;
pub mod export_table;
pub mod features;
pub mod files;
pub mod frames;
pub mod pack;
mod read;
pub mod repair;
pub mod sidecar;
pub mod statistics;
pub(super) mod table;
pub mod writer;

pub use error::DataSetError;
pub use read::{DataSet, Entry, is_data_set};
