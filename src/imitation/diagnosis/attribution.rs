//! What each sensor has to say in a decision: how much an action turns with what it reads (gradient), and how much changes where it always reads its
//! mean (ablation).
//!
//! Both look at rows one by one, each as the first of an episode: a policy with a history sees the row as if it had been so for ever, and a policy
//! that draws is given the same draw before and after. A gradient tells what a small change does, and says little where an action is at its limit;
//! an ablation tells what the sensor's whole reading does, in observations that may never occur. Neither tells what the policy would have
//! learnt without the sensor.

use super::error::distance;
use crate::learn::Rows;
use crate::learn::batch::Batch;
use crate::learn::normaliser::Normaliser;
use crate::learn::policy::Policy;
use crate::scene::plan::Plan;
use serde::Serialize;
use std::ops::Range;

/// How far a channel is moved for the gradient, in standard deviations, up and down.
const STEP: f64 = 0.05;

/// Channels that are one sensor's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sensor {
    /// What its channels' names begin with, such as `offset.cube`.
    pub name: String,
    /// Which of the observation's channels.
    pub channels: Range<usize>,
}

/// What a sensor has to say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attribution {
    /// See [`Sensor::name`].
    pub sensor: String,
    /// The mean over rows of the norm of σ ∂action/∂observation over the sensor's channels and all of the action's, σ the channel's standard
    /// deviation over the rows: in half ranges of an action per deviation.
    pub gradient: f64,
    /// The root of the mean squared change of the action, over rows and its channels, where the sensor's channels stand at their means: in half
    /// ranges of an action.
    pub change: f64,
}

/// The sensors of a scene, in its order. One that it has twice gets a number, as its channels do: `ray#2`.
pub fn sensors(plan: &Plan) -> Vec<Sensor> {
    let mut sensors: Vec<Sensor> = Vec::new();
    for sensor in &plan.sensors {
        let start = sensors.last().map_or(0, |last| last.channels.end);
        let channels = start..start + sensor.width();
        let name = shared(plan.observation.0[channels.clone()].iter().map(|channel| channel.name.as_str()));
        let copies = sensors.iter().filter(|other| other.name.split('#').next() == name.split('#').next()).count();
        let name = if copies > 0 && !name.contains('#') { format!("{name}#{}", copies + 1) } else { name };
        if !channels.is_empty() {
            sensors.push(Sensor { name, channels });
        }
    }
    sensors
}

/// What names that are divided by dots have in common at their beginning.
fn shared<'a>(mut names: impl Iterator<Item = &'a str>) -> String {
    let mut parts: Vec<&str> = names.next().unwrap_or_default().split('.').collect();
    for name in names {
        let equal = parts.iter().zip(name.split('.')).take_while(|(one, other)| **one == *other).count();
        parts.truncate(equal);
    }
    parts.join(".")
}

/// At most `count` rows of episodes' observations, evenly spaced.
pub fn some_rows<'a>(episodes: impl IntoIterator<Item = &'a Batch>, count: usize) -> Batch {
    let all: Vec<&[f32]> = episodes.into_iter().flat_map(|batch| (0..batch.rows()).map(|row| batch.row(row))).collect();
    let wanted = count.min(all.len());
    let mut rows = Batch::zeros(0, all.first().map_or(0, |row| row.len()));
    (0..wanted).for_each(|index| rows.push(all[index * all.len() / wanted]));
    rows
}

/// What each sensor says in these rows `[N, O]`, by central differences.
pub fn attribute(policy: &Policy, rows: &Batch, sensors: &[Sensor]) -> Vec<Attribution> {
    let mut moments = Normaliser::new(rows.width());
    moments.absorb((0..rows.rows()).map(|row| rows.row(row)));
    let deviations: Vec<f64> = moments.variance().into_iter().map(f64::sqrt).collect();
    // A policy's own means are those that it was taught with.
    let means = policy.normaliser.as_ref().unwrap_or(&moments).mean();
    let before = decide(policy, rows);
    let of = |sensor: &Sensor| {
        let mut squares = vec![0.0; rows.rows()];
        for channel in sensor.channels.clone().filter(|channel| deviations[*channel] > 0.0) {
            let moved = |steps: f64| {
                let mut moved = rows.clone();
                let by = (steps * deviations[channel]) as f32;
                (0..rows.rows()).for_each(|row| moved.row_mut(row)[channel] += by);
                decide(policy, &moved)
            };
            let (up, down) = (moved(STEP), moved(-STEP));
            for (row, square) in squares.iter_mut().enumerate() {
                let slopes = up.row(row).iter().zip(down.row(row)).map(|(up, down)| f64::from(up - down) / (2.0 * STEP));
                *square += slopes.map(|slope| slope * slope).sum::<f64>();
            }
        }
        let mut held = rows.clone();
        for row in 0..rows.rows() {
            sensor.channels.clone().for_each(|channel| held.row_mut(row)[channel] = means[channel] as f32);
        }
        let gradient = squares.iter().map(|square| square.sqrt()).sum::<f64>() / rows.rows().max(1) as f64;
        Attribution { sensor: sensor.name.clone(), gradient, change: distance(&decide(policy, &held), &before) }
    };
    sensors.iter().map(of).collect()
}

/// The policy with a sensor's channels at their means, to be flown; none where it, or a policy that is added to it, has no normaliser that could
/// hold them there.
pub fn without(policy: &Policy, sensor: &Sensor) -> Option<Policy> {
    let mut policy = policy.clone();
    hold(&mut policy, sensor)?;
    Some(policy)
}

fn hold(policy: &mut Policy, sensor: &Sensor) -> Option<()> {
    let normaliser = policy.normaliser.as_mut()?;
    sensor.channels.clone().for_each(|channel| normaliser.ignore(channel));
    // A residual sees the same channels first, and then what was decided.
    policy.residuals.iter_mut().try_for_each(|residual| hold(&mut residual.policy, sensor))
}

/// Every row as the first of an episode of its own, which is seeded by the row's number.
fn decide(policy: &Policy, rows: &Batch) -> Batch {
    let seeds: Vec<u64> = (0..rows.rows() as u64).collect();
    let mut memory = Batch::zeros(rows.rows(), policy.memory());
    policy.act(Rows { observations: rows, begins: &vec![true; rows.rows()], seeds: &seeds, memory: &mut memory })
}
