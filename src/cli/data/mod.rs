//! `apprentice data`: what can be done with data sets on the disk.

mod edit;
mod look;

use super::{Failure, General};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Args)]
#[command(
    after_help = "Editing writes a whole new set and swaps it in last: a kill leaves the old set or the new one. What else stands in its folder stays.\n\nExamples:\n  apprentice data drop data/push --unsuccessful\n  apprentice data split data/push --out data/parts --parts train=0.8,test=0.2"
)]
pub(super) struct DataArgs {
    #[command(subcommand)]
    verb: DataVerb,
}

#[derive(Subcommand)]
enum DataVerb {
    /// List data sets: those given, or those in a folder
    List {
        /// Data sets, or folders with data sets in them
        #[arg(default_value = "data", value_name = "DATASET|FOLDER")]
        paths: Vec<PathBuf>,
    },
    /// Show what a data set holds: columns, episodes, what is known of them
    Show {
        /// The data set
        #[arg(value_name = "DATASET")]
        data_set: PathBuf,
        /// Only this episode, with its level and statistics
        #[arg(long, value_name = "I")]
        episode: Option<usize>,
    },
    /// Check indices, timestamps and file hashes, and replay every episode
    Verify {
        /// The data sets
        #[arg(required = true, value_name = "DATASET")]
        data_sets: Vec<PathBuf>,
        /// Check the files alone
        #[arg(long)]
        no_replay: bool,
    },
    /// Mend what a crash left: adopt whole episodes, remove incomplete ones
    Repair {
        /// The data set
        #[arg(value_name = "DATASET")]
        data_set: PathBuf,
        /// Remove episodes that were not counted yet, whole or not
        #[arg(long)]
        drop: bool,
    },
    /// Merge the files of single episodes into few large ones
    Compact {
        /// The data set
        #[arg(value_name = "DATASET")]
        data_set: PathBuf,
    },
    /// Cut an episode to some of its rows
    Trim(edit::TrimArgs),
    /// Make one data set of several
    Merge {
        /// The data sets, in the order of their episodes
        #[arg(required = true, num_args = 2.., value_name = "DATASET")]
        data_sets: Vec<PathBuf>,
        /// The new data set
        #[arg(long, value_name = "DATASET")]
        out: PathBuf,
    },
    /// Share a data set's episodes out among new ones
    Split(edit::SplitArgs),
    /// Take episodes out
    Drop(edit::DropArgs),
    /// Copy into another format: Minari's Parquet layout
    Export {
        /// The data set
        #[arg(value_name = "DATASET")]
        data_set: PathBuf,
        /// Where Minari looks for data sets (its MINARI_DATASETS_PATH)
        #[arg(value_name = "FOLDER")]
        out: PathBuf,
        /// The copy's name [default: apprentice/SCENE-v0; with `--agent`: apprentice/SCENE-AGENT-v0]
        #[arg(long, value_name = "ID")]
        name: Option<String>,
        /// Of a team: whose copy it is, Minari knowing one agent; the others are then part of the world [default: the first]
        #[arg(long, value_name = "AGENT")]
        agent: Option<String>,
    },
}

pub(super) fn run(args: &DataArgs, general: &General) -> Result<(), Failure> {
    match &args.verb {
        DataVerb::List { paths } => look::list(paths, general),
        DataVerb::Show { data_set, episode } => look::show(data_set, *episode, general),
        DataVerb::Verify { data_sets, no_replay } => look::verify(data_sets, *no_replay, general),
        DataVerb::Repair { data_set, drop } => edit::repair(data_set, *drop, general),
        DataVerb::Compact { data_set } => edit::compact(data_set, general),
        DataVerb::Trim(args) => edit::trim(args, general),
        DataVerb::Merge { data_sets, out } => edit::merge(data_sets, out, general),
        DataVerb::Split(args) => edit::split(args, general),
        DataVerb::Drop(args) => edit::drop(args, general),
        DataVerb::Export { data_set, out, name, agent } => edit::export(data_set, out, name.as_deref(), agent.as_deref(), general),
    }
}
