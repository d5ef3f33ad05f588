//! Reading demonstrations for a learner: our own data sets, and any LeRobot v3 set with low-dimensional features.
//!
//! [`columns`] finds the scene's channels in a set's columns, [`selection`] chooses episodes, and [`read`] brings their rows. Episodes are
//! learnt from or judged by as a whole: rows of one episode are so alike that a split by rows would judge by what was learnt.

pub mod columns;
mod error;
pub mod selection;

pub use error::ReadingError;
pub use selection::Selection;

use self::columns::Columns;
use self::selection::About;
use crate::imitation::data_set::features::{REWARD, SUCCESS, TRUNCATED};
use crate::imitation::data_set::table::{read_bools, read_numbers};
use crate::imitation::data_set::{DataSet, DataSetError};
use crate::learn::batch::Batch;
use crate::learn::experience::demonstrations::{Demonstrations, Episodes, Watched};
use crate::learn::policy::Contract;
use crate::signal::Channels;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use twox_hash::XxHash3_64;

/// What was read, in short. Two that are equal are of the same rows, bit for bit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Episodes that are learnt from.
    pub training_episodes: usize,
    /// Their rows.
    pub training_rows: usize,
    /// Episodes that only judge.
    pub validation_episodes: usize,
    /// Their rows.
    pub validation_rows: usize,
    /// Episodes that are learnt from without their actions.
    #[serde(default)]
    pub watched_episodes: usize,
    /// Their rows.
    #[serde(default)]
    pub watched_rows: usize,
    /// XXH3 of all observations and actions.
    pub hash: String,
}

/// Demonstrations, and what a user should know of them.
#[derive(Clone, Debug)]
pub struct Read {
    /// What is learnt from.
    pub demonstrations: Demonstrations,
    /// What is known of each of its episodes with actions: those that are learnt from, those that only judge.
    pub chosen: [Vec<About>; 2],
    /// Of it, in short.
    pub account: Account,
    /// Sentences.
    pub notes: Vec<String>,
}

/// Reads the episodes of data sets that `selection` lets through, for a policy with this `contract`. What has no actions, or is not to be
/// read with them, is [`Watched`].
///
/// # Errors
/// Where a set cannot be read or does not fit, a value is no number, or nothing is left.
pub fn read(paths: &[PathBuf], selection: &Selection, contract: &Contract) -> Result<Read, ReadingError> {
    let mut notes = Vec::new();
    let mut sets = Vec::new();
    let mut episodes = Vec::new();
    for path in paths {
        let set = DataSet::open(path)?;
        let columns = columns_of(&set, contract)?;
        notes.extend(columns.notes.iter().map(|note| format!("{}: {note}", path.display())));
        for episode in 0..set.len() {
            let line = set.lines.get(episode).cloned();
            let success = match &line {
                Some(line) => Some(line.success),
                None if selection.success.is_some() => {
                    read_bools(&set.frames(episode)?, SUCCESS).ok().and_then(|held| held.last().copied())
                }
                None => None,
            };
            episodes.push(About { path: path.clone(), set: sets.len(), episode, success, line, labelled: true });
        }
        sets.push((set, columns));
    }
    let mut beyond = 0;
    let mut gathered = |mut chosen: Vec<About>| -> Result<(Vec<About>, Episodes, Watched), ReadingError> {
        let mut episodes = Episodes::new(contract.observation.width(), contract.action.width());
        let mut watched = Watched::new(contract.observation.width());
        let (mut rewards, mut successes) = (Vec::new(), Vec::new());
        for about in &mut chosen {
            let (set, columns) = &sets[about.set];
            let frames = set.frames(about.episode)?;
            let rows = columns.rows(&frames, about.labelled);
            let (observations, actions) = rows.map_err(|message| DataSetError::Content { path: set.root.clone(), message })?;
            let cut_off = read_bools(&frames, TRUNCATED).is_ok_and(|cut_off| cut_off.last() == Some(&true));
            all_finite(about, &observations, &contract.observation)?;
            about.labelled = actions.is_some();
            let Some(mut actions) = actions else {
                watched.push(&observations);
                if cut_off {
                    watched.cut_off();
                }
                continue;
            };
            all_finite(about, &actions, &contract.action)?;
            for value in actions.values_mut().iter_mut().filter(|value| value.abs() > 1.0) {
                *value = value.clamp(-1.0, 1.0);
                beyond += 1;
            }
            episodes.push(&observations, &actions);
            if cut_off {
                episodes.cut_off();
            }
            if let (Ok((1, paid)), Ok(held)) = (read_numbers(&frames, REWARD), read_bools(&frames, SUCCESS)) {
                rewards.extend(paid.into_iter().map(|paid| if paid.is_finite() { paid.clamp(0.0, 1.0) } else { 0.0 }));
                successes.extend(held);
            }
        }
        // (Of other tools' sets that is said of all rows, or does not count.)
        if rewards.len() == episodes.rows() && successes.len() == episodes.rows() {
            episodes.judge(rewards, successes);
        }
        chosen.retain(|about| about.labelled);
        Ok((chosen, episodes, watched))
    };
    let [training, validation] = selection.apply(episodes)?;
    let (learnt, training, watched) = gathered(training)?;
    let (judging, validation, mute) = gathered(validation)?;
    let demonstrations = Demonstrations { training, validation, watched };
    if mute.count() > 0 {
        notes.push(format!("{} episodes were to judge, but say no actions to judge by: they are left out", mute.count()));
    }
    if beyond > 0 {
        notes.push(format!(
            "{beyond} numbers of actions lie beyond [-1, 1], where no action of the scene can: the nearest that can is learnt"
        ));
    }
    Ok(Read { account: Account::of(&demonstrations), demonstrations, chosen: [learnt, judging], notes })
}

/// Where the scene's channels stand in a set that has any.
fn columns_of(set: &DataSet, contract: &Contract) -> Result<Columns, ReadingError> {
    let path = set.root.clone();
    if set.is_empty() {
        return Err(ReadingError::Empty(path));
    }
    let columns = Columns::find(&set.info.features, contract, !set.lines.is_empty());
    let columns = columns.map_err(|message| ReadingError::Channels { path: path.clone(), message })?;
    if set.info.fps != contract.control_hz {
        return Err(ReadingError::Rate { path, fps: set.info.fps, control_hz: contract.control_hz });
    }
    Ok(columns)
}

fn all_finite(about: &About, rows: &Batch, channels: &Channels) -> Result<(), ReadingError> {
    let Some(at) = rows.values().iter().position(|value| !value.is_finite()) else { return Ok(()) };
    Err(ReadingError::NotFinite {
        path: about.path.clone(),
        episode: about.episode,
        row: at / rows.width(),
        channel: channels.0[at % rows.width()].name.clone(),
        value: rows.values()[at],
    })
}

impl Account {
    /// Of these.
    pub fn of(demonstrations: &Demonstrations) -> Self {
        let Demonstrations { training, validation, watched } = demonstrations;
        let mut bytes = Vec::new();
        let labelled = [training, validation].into_iter().flat_map(|episodes| [episodes.observations(), episodes.actions()]);
        for batch in labelled.chain((watched.rows() > 0).then(|| watched.observations())) {
            bytes.extend_from_slice(&(batch.rows() as u64).to_le_bytes());
            batch.values().iter().for_each(|value| bytes.extend_from_slice(&value.to_bits().to_le_bytes()));
        }
        Self {
            training_episodes: training.count(),
            training_rows: training.rows(),
            validation_episodes: validation.count(),
            validation_rows: validation.rows(),
            watched_episodes: watched.count(),
            watched_rows: watched.rows(),
            hash: format!("{:016x}", XxHash3_64::oneshot(&bytes)),
        }
    }
}
