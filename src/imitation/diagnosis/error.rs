//! How far a policy's actions are from those that were recorded.

use crate::learn::Rows;
use crate::learn::batch::Batch;
use crate::learn::experience::demonstrations::Episodes;
use crate::learn::policy::Policy;
use crate::stream::{Purpose, Stream};

/// What the policy would have done in every recorded row, `[rows, A]`: each episode is gone through in the order of time, and what the policy
/// remembers goes with it, as where it flies. What it sees is what the demonstrator saw, whatever it would have done about it.
pub fn would_do(policy: &Policy, episodes: &Episodes) -> Batch {
    let spans = episodes.spans();
    let mut done = Batch::zeros(episodes.rows(), policy.contract.action.width());
    let seeds: Vec<u64> = (0..spans.len() as u64).map(|episode| Stream::new(0, Purpose::Pilot, episode, 0).bits()).collect();
    let mut memory = Batch::zeros(spans.len(), policy.memory());
    for step in 0..spans.iter().map(ExactSizeIterator::len).max().unwrap_or(0) {
        let mut observations = Batch::zeros(0, policy.contract.observation.width());
        // One that is over goes on with its last row, and nobody looks.
        spans.iter().for_each(|span| observations.push(episodes.observations().row((span.start + step).min(span.end - 1))));
        let begins = vec![step == 0; spans.len()];
        let actions = policy.act(Rows { observations: &observations, begins: &begins, seeds: &seeds, memory: &mut memory });
        for (episode, span) in spans.iter().enumerate().filter(|(_, span)| step < span.len()) {
            done.row_mut(span.start + step).copy_from_slice(actions.row(episode));
        }
    }
    done
}

/// The root of the mean squared distance of what the policy would do from what was done, over rows and channels, in half ranges of an action; 0
/// where there is no row. (A policy that draws is asked once: where demonstrators went two ways, it may draw the other one.)
pub fn action_error(policy: &Policy, episodes: &Episodes) -> f64 {
    distance(&would_do(policy, episodes), episodes.actions())
}

/// The root of the mean squared difference of two batches of one size; 0 where they are empty.
pub fn distance(one: &Batch, other: &Batch) -> f64 {
    let differences = one.values().iter().zip(other.values()).map(|(one, other)| f64::from(one - other));
    (differences.map(|difference| difference * difference).sum::<f64>() / one.values().len().max(1) as f64).sqrt()
}
