//! What practice makes of a policy that was learnt before: see [`Before`] and [`Anchor`](super::Anchor).
//!
//! The actor then sees other numbers than the critic. A network that is gone on from keeps the scale of observations that it was learnt with (a
//! moving one would change what it does, and what it was told to ignore it never sees), while the critic begins anew and sees everything. A
//! residual also sees what it is added to; the critic does not, since nobody knows what the frozen policy would have done after an ending.

use super::{Before, Ppo, PpoLearner};
use crate::learn::actor::Actor;
use crate::learn::actor::direct::{Direct, Family};
use crate::learn::batch::Batch;
use crate::learn::chunk::Chunk;
use crate::learn::network::mlp::Mlp;
use crate::learn::normaliser::Normaliser;
use crate::learn::policy::{Contract, Policy};
use crate::learn::residual::{self, Residual};
use crate::learn::{Rows, SettingsError};
use crate::stream::Stream;
use serde::{Deserialize, Serialize};

/// What the actor sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Sight {
    /// What the critic sees.
    Shared,
    /// Observations on a scale of its own, which stands still; none: as they are.
    Own(Option<Normaliser>),
    /// What the critic sees, and beside it what the frozen policy decided.
    Beside,
}

/// How an actor begins.
pub(super) struct Beginning {
    pub actor: Direct,
    pub sight: Sight,
    /// The policy that every decision asks.
    pub before: Option<Policy>,
    /// The standard deviations that it is taken to have, where the actor is held to it.
    pub anchor_log_std: Vec<f32>,
}

/// An actor as the settings say it should begin, where this policy was learnt `before`.
pub(super) fn begin(
    settings: &Ppo,
    contract: &Contract,
    before: Option<&Policy>,
    weights: &mut Stream,
) -> Result<Beginning, SettingsError> {
    if let (None, Some(field)) = (before, settings.builds_upon()) {
        return Err(SettingsError::Before(format!("`{field}` needs one, and there is none")));
    }
    if let Some(before) = before {
        before.contract.shares(contract).map_err(|problem| SettingsError::Before(problem.to_string()))?;
    }
    let (observed, channels) = (contract.observation.width(), contract.action.width());
    let (actor, sight) = match (before, settings.before) {
        (Some(before), Before::Continue) => (continued(settings, before)?, Sight::Own(before.normaliser.clone())),
        (Some(_), Before::Residual(_)) => (anew(settings, observed + channels, channels, 0.0, weights), Sight::Beside),
        _ => (anew(settings, observed, channels, 0.01, weights), Sight::Shared),
    };
    let anchor_log_std = match (settings.anchor, before) {
        (Some(anchor), Some(before)) => match (anchor.std, gaussian_log_std(before)) {
            (None, Some(log_std)) => log_std.to_vec(),
            (std, _) => vec![libm::logf(std.unwrap_or(settings.initial_std)); channels],
        },
        _ => Vec::new(),
    };
    let asked = settings.builds_upon().is_some();
    Ok(Beginning { actor, sight, before: before.filter(|_| asked).cloned(), anchor_log_std })
}

/// A network that knows nothing: with a `last_gain` of 0 its mean is 0 wherever it looks.
fn anew(settings: &Ppo, inputs: usize, channels: usize, last_gain: f32, weights: &mut Stream) -> Direct {
    let log_std = libm::logf(settings.initial_std);
    let (outputs, free) = if settings.observed_std { (2 * channels, vec![]) } else { (channels, vec![log_std; channels]) };
    let sizes = [&[inputs], &settings.hidden[..], &[outputs]].concat();
    let mut network = Mlp::new(&sizes, settings.activation, last_gain, weights);
    if settings.observed_std {
        network.add_to_biases(channels..outputs, log_std);
    }
    Direct { network, log_std: free, family: settings.actor }
}

/// The actor of a policy that is gone on from.
fn continued(settings: &Ppo, before: &Policy) -> Result<Direct, SettingsError> {
    let no = |problem: &str| Err(SettingsError::Before(format!("{problem}; `before: Residual(0.1)` refines a policy of any kind")));
    let Some(actor) = plain(before) else {
        return no("`before: Continue` takes a plain network that decides one step by one observation, and this one is more");
    };
    match (actor.family, settings.actor) {
        (Family::Deterministic, Family::Gaussian) => {
            let log_std = vec![libm::logf(settings.initial_std); actor.channels()];
            Ok(Direct { network: actor.network.clone(), log_std, family: Family::Gaussian })
        }
        (was, is) if was == is => Ok(actor.clone()),
        (was, is) => no(&format!("`before: Continue` cannot make a {is:?} actor of a {was:?} one")),
    }
}

/// What a policy learnt `before` decides, `[N, A]`: its action where something is added to that; where it is held to, its mean, which in a plain
/// network may lie beyond [-1, 1] (held in there, it would be another one than that of a policy which goes on from it).
pub(super) fn ask(policy: &Policy, before: Before, rows: Rows<'_>) -> Batch {
    let unbounded = plain(policy).filter(|actor| matches!(actor.family, Family::Deterministic | Family::Gaussian));
    let (Before::Continue | Before::Anew, Some(actor)) = (before, unbounded) else {
        return policy.act(rows);
    };
    let seen = policy.normaliser.as_ref().map_or_else(|| rows.observations.clone(), |normaliser| normaliser.normalise(rows.observations));
    let (outputs, channels) = (actor.network.forward(&seen), actor.channels());
    let means = (0..outputs.rows()).flat_map(|row| &outputs.row(row)[..channels]).copied().collect();
    Batch::new(channels, means)
}

/// The network of a policy that is no more than one: by one observation it decides one step.
fn plain(policy: &Policy) -> Option<&Direct> {
    let one = policy.history == 1 && policy.encoder.is_none() && policy.chunk == Chunk::default() && policy.residuals.is_empty();
    match &policy.actor {
        Actor::Direct(actor) if one => Some(actor),
        _ => None,
    }
}

/// The logarithms of a Gaussian policy's standard deviations, where each is one number.
fn gaussian_log_std(policy: &Policy) -> Option<&[f32]> {
    plain(policy).filter(|actor| actor.family == Family::Gaussian && !actor.log_std.is_empty()).map(|actor| &actor.log_std[..])
}

/// A normaliser that also lets through so many numbers beside an observation, as they are.
pub(super) fn widened(normaliser: Option<&Normaliser>, more: usize) -> Option<Normaliser> {
    let normaliser = normaliser?;
    let beside = |values: &[f64], value: f64| [values, &vec![value; more]].concat();
    // A variance of 1, whatever the count.
    Some(Normaliser::from_moments(normaliser.count(), beside(normaliser.mean(), 0.0), beside(normaliser.spread(), normaliser.count())))
}

/// The learner's policy, whatever it was built upon.
pub(super) fn policy(learner: &PpoLearner) -> Policy {
    let PpoLearner { settings, contract, before, state, .. } = learner;
    let plain = |normaliser: Option<Normaliser>| Policy {
        contract: contract.clone(),
        normaliser,
        history: 1,
        encoder: None,
        chunk: Chunk::default(),
        actor: state.actor.clone().into(),
        residuals: Vec::new(),
    };
    match (&state.sight, before, settings.before) {
        (Sight::Beside, Some(before), Before::Residual(scale)) => {
            let normaliser = widened(state.normaliser.as_ref(), contract.action.width());
            let added = Policy { contract: residual::contract(contract), ..plain(normaliser) };
            let mut policy = Policy { contract: contract.clone(), ..before.clone() };
            policy.residuals.push(Residual { scale, policy: added });
            policy
        }
        (Sight::Own(normaliser), ..) => plain(normaliser.clone()),
        _ => plain(state.normaliser.clone()),
    }
}
