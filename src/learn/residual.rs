//! [`Residual`]: what is learnt on top of a frozen policy, and added to its decisions.
//!
//! Silver et al., "Residual Policy Learning", 2018; on top of clones of any kind: Ankile et al., "From Imitation to Refinement: Residual RL for
//! Precise Assembly", 2024 (ResiP), section 4. It sees what the policy sees, and what that decided.

use super::Rows;
use super::batch::Batch;
use super::policy::{CheckpointError, Contract, Policy};
use std::path::{Path, PathBuf};

/// A correction of another policy's decisions.
#[derive(Clone, Debug, PartialEq)]
pub struct Residual {
    /// So many times its decisions count, in (0, 1].
    pub scale: f32,
    /// Observes the other's observation and then its decision; see [`contract`]. Has no memory.
    pub policy: Policy,
}

impl Residual {
    /// Adds what it decides to the `actions` `[N, A]` that were decided on `observations` `[N, O]`; both in [-1, 1] afterwards.
    pub fn add(&self, observations: &Batch, actions: &mut Batch) {
        let (seen, mut memory) = (beside(observations, actions), Batch::zeros(actions.rows(), 0));
        let (begins, seeds) = (vec![false; actions.rows()], vec![0; actions.rows()]);
        let added = self.policy.act(Rows { observations: &seen, begins: &begins, seeds: &seeds, memory: &mut memory });
        add(actions, &added, self.scale);
    }

    /// Whether it refines policies of so many channels.
    pub fn is_of(&self, observed: usize, decided: usize) -> bool {
        let Contract { observation, action, .. } = &self.policy.contract;
        observation.width() == observed + decided && action.width() == decided && self.policy.memory() == 0
    }
}

/// `actions + scale · added`, held in [-1, 1].
pub fn add(actions: &mut Batch, added: &Batch, scale: f32) {
    for (action, added) in actions.values_mut().iter_mut().zip(added.values()) {
        *action = (*action + scale * added).clamp(-1.0, 1.0);
    }
}

/// Observations `[N, O]` and decisions `[N, A]` side by side.
pub fn beside(observations: &Batch, actions: &Batch) -> Batch {
    let mut rows = Vec::with_capacity(observations.values().len() + actions.values().len());
    for row in 0..actions.rows() {
        rows.extend_from_slice(observations.row(row));
        rows.extend_from_slice(actions.row(row));
    }
    Batch::new(observations.width() + actions.width(), rows)
}

/// What a residual of policies with this `contract` reads and writes: their observations, and their actions as `before.NAME`.
pub fn contract(contract: &Contract) -> Contract {
    let mut contract = contract.clone();
    for channel in &contract.action.0 {
        contract.observation.push(format!("before.{}", channel.name), &channel.unit, channel.low, channel.high);
    }
    contract
}

/// Where a policy's folder keeps one of its residuals.
fn place(folder: &Path, index: usize) -> PathBuf {
    folder.join(format!("residual-{index}"))
}

/// Writes their policies into folders of their own, in `folder`.
///
/// # Errors
/// Where the disk refuses.
pub fn save(residuals: &[Residual], folder: &Path) -> Result<(), CheckpointError> {
    for (index, residual) in residuals.iter().enumerate() {
        let path = place(folder, index);
        std::fs::create_dir_all(&path).map_err(|source| CheckpointError::File { path: path.clone(), source })?;
        residual.policy.save(&path)?;
    }
    Ok(())
}

/// Reads what [`save`] wrote of residuals with these `scales`.
///
/// # Errors
/// Where one is not there, or holds something else.
pub fn load(scales: &[f32], folder: &Path) -> Result<Vec<Residual>, CheckpointError> {
    let each = scales.iter().enumerate().map(|(index, scale)| Ok(Residual { scale: *scale, policy: Policy::load(&place(folder, index))? }));
    each.collect()
}
