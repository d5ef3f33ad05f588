//! What each column means: the `features` of `meta/info.json`.
//!
//! A column of one number is a plain column, one of several numbers a list of fixed length: that is how the format's own reader casts them.
//!
//! Of a team a row holds all agents: in each column their channels stand side by side, behind their agent's name (`red.motion.left`). What is
//! one number for an agent is the first agent's; rewards and successes of all of them stand in [`TEAM_REWARD`] and [`TEAM_SUCCESS`].

use crate::scene::named::Named;
use crate::scene::plan::Plan;
use crate::sensor::SensorPlan;
use crate::signal::Channels;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Proprioception: joints, motion, last action.
pub const STATE: &str = "observation.state";
/// Every other sensor.
pub const ENVIRONMENT: &str = "observation.environment_state";
/// What was applied.
pub const ACTION: &str = "action";
/// Dense reward.
pub const REWARD: &str = "next.reward";
/// The task ended the episode with this row.
pub const DONE: &str = "next.done";
/// The time limit, or a hand, ended the episode with this row.
pub const TRUNCATED: &str = "next.truncated";
/// Success held after this row.
pub const SUCCESS: &str = "next.success";
/// Of a team: dense reward of each agent.
pub const TEAM_REWARD: &str = "sim.reward";
/// Of a team: for each agent, 1 where success held after this row, else 0.
pub const TEAM_SUCCESS: &str = "sim.success";
/// `frame_index / fps`, s.
pub const TIMESTAMP: &str = "timestamp";
/// From 0 in each episode.
pub const FRAME: &str = "frame_index";
/// From 0 in each data set, without gaps.
pub const EPISODE: &str = "episode_index";
/// From 0 in each data set, without gaps.
pub const INDEX: &str = "index";
/// Row of `tasks.parquet`.
pub const TASK: &str = "task_index";
/// Simulator tick of the observation.
pub const TICK: &str = "sim.tick";
/// See [`crate::imitation::demonstration::Rows::hashes`]; the bits of a `u64`.
pub const HASH: &str = "sim.state_hash";
/// The level's seed; the bits of a `u64`.
pub const SEED: &str = "sim.seed";
/// Whether a person had taken over.
pub const INTERVENTION: &str = "teleop.intervention";
/// From the oldest new input to the decision that took it, ms.
pub const LATENCY: &str = "teleop.latency_ms";
/// What an oracle would have done; zeros where it was not asked.
pub const EXPERT: &str = "expert.action";
/// Whether the oracle was asked.
pub const LABELLED: &str = "expert.labelled";

/// What a column means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// `float32`, `float64`, `int64`, `bool`, `string`, `image`, `video`, ..
    pub dtype: String,
    /// Of one row's value.
    pub shape: Vec<usize>,
    /// Of the value's elements, or null.
    #[serde(default)]
    pub names: Value,
    /// Whatever else stands there.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Feature {
    fn new(dtype: &str, shape: usize, names: Value) -> Self {
        Self { dtype: dtype.into(), shape: vec![shape], names, rest: Map::new() }
    }

    /// How many numbers a row's value has.
    pub fn width(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether its values stand in files of their own.
    pub fn is_video(&self) -> bool {
        self.dtype == "video"
    }
}

/// What each column means, in the columns' order.
pub type Features = Named<Feature>;

/// Which channels of an observation stand in which column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Division {
    /// Of [`STATE`].
    pub state: Vec<usize>,
    /// Of [`ENVIRONMENT`].
    pub environment: Vec<usize>,
}

impl Division {
    /// How the observations of a scene are divided.
    pub fn of(plan: &Plan) -> Self {
        let own: Vec<bool> = plan.agents().flat_map(|agent| SensorPlan::proprioceptive(&agent.sensors)).collect();
        let (state, environment): (Vec<usize>, Vec<usize>) = (0..own.len()).partition(|channel| own[*channel]);
        // A policy needs a state: where the body senses nothing of itself, the surroundings are all there is.
        if state.is_empty() { Self { state: environment, environment: Vec::new() } } else { Self { state, environment } }
    }

    /// How many channels an observation has.
    pub fn width(&self) -> usize {
        self.state.len() + self.environment.len()
    }
}

/// The columns of a data set recorded in the scene of `plan`. (A column without channels is left out.)
pub fn features(plan: &Plan) -> Features {
    let division = Division::of(plan);
    let names = |channels: &Channels, which: &[usize]| json!(which.iter().map(|index| &channels.0[*index].name).collect::<Vec<_>>());
    let floats = |name: &str, width: usize, names: Value| (name.to_owned(), Feature::new("float32", width, names));
    let single = |name: &str, dtype: &str| (name.to_owned(), Feature::new(dtype, 1, Value::Null));
    let (observed, acted) = (plan.observed(), plan.acted());
    let actions: Vec<usize> = (0..acted.width()).collect();
    let agents: Vec<&String> = plan.agents().map(|agent| &agent.agent).collect();
    let team = if plan.team.is_empty() { 0 } else { agents.len() };
    let columns = [
        floats(STATE, division.state.len(), names(&observed, &division.state)),
        floats(ENVIRONMENT, division.environment.len(), names(&observed, &division.environment)),
        floats(ACTION, actions.len(), names(&acted, &actions)),
        single(REWARD, "float32"),
        single(DONE, "bool"),
        single(TRUNCATED, "bool"),
        single(SUCCESS, "bool"),
        single(TIMESTAMP, "float32"),
        single(FRAME, "int64"),
        single(EPISODE, "int64"),
        single(INDEX, "int64"),
        single(TASK, "int64"),
        single(TICK, "int64"),
        single(HASH, "int64"),
        single(INTERVENTION, "bool"),
        single(LATENCY, "float32"),
        floats(EXPERT, actions.len(), names(&acted, &actions)),
        single(LABELLED, "bool"),
        single(SEED, "int64"),
        floats(TEAM_REWARD, team, json!(agents)),
        floats(TEAM_SUCCESS, team, json!(agents)),
    ];
    Named(columns.into_iter().filter(|(_, feature)| feature.width() > 0).collect())
}

/// The first difference between two sets' columns, as a sentence.
pub fn difference(theirs: &Features, ours: &Features) -> Option<String> {
    for (name, our) in &ours.0 {
        let Some(their) = theirs.get(name) else { return Some(format!("it has no column `{name}`")) };
        if (&their.dtype, &their.shape) != (&our.dtype, &our.shape) {
            let (there, here) = (format!("{} {:?}", their.dtype, their.shape), format!("{} {:?}", our.dtype, our.shape));
            return Some(format!("its column `{name}` is {there}, where {here} is to be written"));
        }
        if their.names != our.names {
            return Some(format!("the elements of its column `{name}` are {}, where {} are to be written", their.names, our.names));
        }
    }
    let extra = theirs.names().find(|name| ours.get(name).is_none())?;
    Some(format!("it has a column `{extra}` that is not to be written"))
}
