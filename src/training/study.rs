//! Runs that take no step in any world: a learner and its demonstrations, until the budget is spent.
//!
//! All that a run leaves it leaves by the same [`Journal`] as one that practises: metrics, evaluations, checkpoints, each exact to go on
//! from.

use crate::imitation::reading::{self, Account, Read, ReadingError};
use crate::learn::algorithm::sac::Paid;
use crate::learn::experience::demonstrations::Demonstrations;
use crate::learn::{Experience, LearnerSettings};
use crate::physics::Threads;
use crate::training::folder;
use crate::training::recipe::{Prepared, Reading};
use crate::training::run::{Ending, Journal, RunError};
use crate::training::stages::Stage;
use crate::training::trainer::Trainer;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// The recorded demonstrations of a stage, where its learner wants any.
///
/// # Errors
/// Where they cannot be learnt from.
pub(super) fn demonstrations(prepared: &Prepared, stage: &Stage) -> Result<Option<Read>, RunError> {
    if stage.demonstrations.is_empty() {
        return Ok(None);
    }
    let paths: Vec<PathBuf> = stage.demonstrations.iter().map(PathBuf::from).collect();
    let mut read = reading::read(&paths, &stage.selection, &prepared.contracts()[0].1)?;
    let learner = &stage.learner;
    if learner.wants_actions() && read.account.training_episodes == 0 {
        return Err(ReadingError::NoActions { learner: learner.name() }.into());
    }
    let paid = matches!(learner, LearnerSettings::Sac(sac) if sac.paid == Paid::Task && sac.prior > 0.0);
    if paid && read.demonstrations.training.rewards().is_empty() {
        let what = "what each row was paid, and whether success held";
        return Err(ReadingError::NotTold { path: paths[0].clone(), what }.into());
    }
    if stage.reward == Reading::Sparse {
        read.demonstrations.training.pay_success_alone();
    }
    Ok(Some(read))
}

/// Refuses to go on with other demonstrations than a run was started with.
///
/// # Errors
/// Where they have changed, or the run does not say what they were.
pub(super) fn same_demonstrations(run: &Path, stage: usize, account: &Account) -> Result<(), RunError> {
    if folder::demonstrations(run, stage)? == *account {
        return Ok(());
    }
    Err(RunError::OtherRecipe { path: run.into(), difference: "the demonstrations have changed since".into() })
}

/// Says what is learnt from.
pub(super) fn introduce(journal: &Journal, read: &Read) {
    let Account { training_episodes, training_rows, validation_episodes, watched_episodes, watched_rows, .. } = &read.account;
    journal.bar.say(&format!("learns from {training_episodes} episodes ({training_rows} rows), judged by {validation_episodes} others"));
    if *watched_episodes > 0 {
        journal.bar.say(&format!("{watched_episodes} more ({watched_rows} rows) show only what was seen"));
    }
    read.notes.iter().for_each(|note| journal.bar.say(note));
}

/// Updates until the budget is spent, or one is told to stop.
///
/// # Errors
/// Where a file refuses.
pub(super) fn study(
    mut journal: Journal,
    mut trainer: Trainer,
    demonstrations: &Demonstrations,
    threads: Threads,
) -> Result<Ending, RunError> {
    loop {
        let stop = journal.stop.load(Ordering::Relaxed);
        if !stop {
            let progress = trainer.spent().min(1.0) as f32;
            let experience = Experience { rollout: None, demonstrations: Some(demonstrations), progress };
            // (There is one: `policies: PerAgent` is refused beside demonstrations.)
            trainer.updated = trainer.students.first_mut().map(|student| student.learner.update(experience));
            trainer.progress.updates += 1;
        }
        journal.keep(&mut trainer, Default::default, threads, stop)?;
        if let Some(ending) = journal.outcome.take() {
            return Ok(ending);
        }
    }
}
