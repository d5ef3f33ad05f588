//! The verbs that change data sets or make new ones.

use crate::cli::{Failure, General};
use crate::imitation::data_set::repair;
use crate::imitation::data_set::{DataSet, DataSetError};
use crate::imitation::quality::Verdict;
use crate::imitation::{edit, export};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct TrimArgs {
    /// The data set
    #[arg(value_name = "DATASET")]
    data_set: PathBuf,
    /// The episode, from 0
    #[arg(long, value_name = "I")]
    episode: usize,
    /// The rows to keep, from 0, without the last one: 10..120, 10.. or ..120
    #[arg(long, value_name = "A..B")]
    rows: String,
    /// A new data set [default: in place]
    #[arg(long, value_name = "DATASET")]
    out: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct SplitArgs {
    /// The data set
    #[arg(value_name = "DATASET")]
    data_set: PathBuf,
    /// The folder for the new data sets
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Names and shares, such as train=0.8,test=0.2; episodes go to them in order
    #[arg(long, value_name = "NAME=SHARE,..", value_delimiter = ',', required = true)]
    parts: Vec<String>,
}

#[derive(Args)]
pub(super) struct DropArgs {
    /// The data set
    #[arg(value_name = "DATASET")]
    data_set: PathBuf,
    /// These episodes, from 0, such as 3,7-9
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    episodes: Vec<String>,
    /// Those that did not succeed
    #[arg(long)]
    unsuccessful: bool,
    /// Those whose verdict was not good
    #[arg(long)]
    not_good: bool,
    /// Those of this operator
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
    /// A new data set [default: in place]
    #[arg(long, value_name = "DATASET")]
    out: Option<PathBuf>,
}

/// Tells of a set that was written.
fn written(path: &Path, general: &General) -> Result<(), Failure> {
    let set = DataSet::open(path)?;
    let text = || format!("{}: {} episodes, {} frames", path.display(), set.len(), set.info.total_frames);
    Ok(general.output().print(text, &json!({ "data_set": path, "episodes": set.len(), "frames": set.info.total_frames }))?)
}

pub(super) fn repair(path: &Path, drop: bool, general: &General) -> Result<(), Failure> {
    let repaired = repair::repair(path, drop)?;
    let text = || {
        let recounted = if repaired.recounted { "; frames and tasks counted anew" } else { "" };
        format!("{} episodes; {} adopted, {} files removed{recounted}", repaired.episodes, repaired.adopted, repaired.removed)
    };
    Ok(general.output().print(text, &repaired)?)
}

pub(super) fn compact(path: &Path, general: &General) -> Result<(), Failure> {
    edit::compact(&DataSet::open(path)?)?;
    written(path, general)
}

pub(super) fn trim(args: &TrimArgs, general: &General) -> Result<(), Failure> {
    let set = DataSet::open(&args.data_set)?;
    let length = set.row(args.episode)?.length;
    let wrong = || Failure::input(format!("`{}` is no range of rows: write 10..120, 10.. or ..120", args.rows));
    let (from, to) = args.rows.split_once("..").ok_or_else(wrong)?;
    let number = |text: &str, absent: usize| if text.is_empty() { Ok(absent) } else { text.parse().map_err(|_| wrong()) };
    let out = args.out.as_deref().unwrap_or(&args.data_set);
    edit::trim(&set, args.episode, number(from, 0)?..number(to, length)?, out)?;
    written(out, general)
}

pub(super) fn merge(paths: &[PathBuf], out: &Path, general: &General) -> Result<(), Failure> {
    let sets = paths.iter().map(DataSet::open).collect::<Result<Vec<_>, DataSetError>>()?;
    edit::merge(&sets.iter().collect::<Vec<_>>(), out)?;
    written(out, general)
}

pub(super) fn split(args: &SplitArgs, general: &General) -> Result<(), Failure> {
    let set = DataSet::open(&args.data_set)?;
    let mut parts = Vec::new();
    let possible = |share: &f64| *share > 0.0 && *share <= 1e9;
    for text in &args.parts {
        let part = text.split_once('=').and_then(|(name, share)| Some((name, share.parse::<f64>().ok().filter(possible)?)));
        let wrong = || Failure::input(format!("`{text}` is no part: write a name and a share above 0, such as train=0.8"));
        let (name, share) = part.ok_or_else(wrong)?;
        if name.is_empty() || name.contains(['/', '\\']) || parts.iter().any(|(other, _)| *other == name) {
            return Err(Failure::input(format!("`{name}` cannot name a part: names are folders, and differ")));
        }
        parts.push((name, share));
    }
    let total: f64 = parts.iter().map(|(_, share)| share).sum();
    let (mut first, mut sum) = (0, 0.0);
    for (name, share) in parts {
        sum += share;
        let last = ((sum / total) * set.len() as f64).round() as usize;
        let out = args.out.join(name);
        edit::select(&set, &(first..last).collect::<Vec<_>>(), &out)?;
        written(&out, general)?;
        first = last;
    }
    Ok(())
}

pub(super) fn drop(args: &DropArgs, general: &General) -> Result<(), Failure> {
    let set = DataSet::open(&args.data_set)?;
    let mut listed = Vec::new();
    for text in &args.episodes {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let number =
            |text: &str| text.trim().parse::<usize>().map_err(|_| Failure::input(format!("`{text}` is no episode: write 3 or 7-9")));
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return Err(Failure::input(format!("`{text}` names no episode: write the smaller number first, as in 7-9")));
        }
        for episode in first..=last {
            set.row(episode)?;
            listed.push(episode);
        }
    }
    let mut dropped = Vec::new();
    for episode in 0..set.len() {
        let line = set.line(episode)?;
        let matches = listed.contains(&episode)
            || (args.unsuccessful && !line.success)
            || (args.not_good && line.quality.verdict != Verdict::Good)
            || args.operator.as_ref().is_some_and(|operator| *operator == line.operator);
        if matches {
            dropped.push(episode);
        }
    }
    if args.episodes.is_empty() && !args.unsuccessful && !args.not_good && args.operator.is_none() {
        return Err(Failure::input("say which episodes: `--episodes 3,7-9`, `--unsuccessful`, `--not-good` or `--operator NAME`"));
    }
    let out = args.out.as_deref().unwrap_or(&args.data_set);
    let kept: Vec<usize> = (0..set.len()).filter(|episode| !dropped.contains(episode)).collect();
    edit::select(&set, &kept, out)?;
    if !general.quiet {
        eprintln!("{} episodes dropped", dropped.len());
    }
    written(out, general)
}

pub(super) fn export(path: &Path, out: &Path, name: Option<&str>, agent: Option<&str>, general: &General) -> Result<(), Failure> {
    let set = DataSet::open(path)?;
    let of = agent.map_or(String::new(), |agent| format!("-{agent}"));
    let index = export::agent_of(&set, agent)?;
    let name = name.map_or_else(|| Ok::<_, Failure>(format!("apprentice/{}{of}-v0", set.line(0)?.scene)), |name| Ok(name.to_owned()))?;
    let folder = export::minari(&set, out, &name, index)?;
    let text = || format!("{}: with MINARI_DATASETS_PATH={}, minari.load_dataset(\"{name}\") reads it", folder.display(), out.display());
    Ok(general.output().print(text, &json!({ "folder": folder, "name": name, "episodes": set.len() }))?)
}
