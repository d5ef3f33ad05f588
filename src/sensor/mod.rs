//! Sensors: each writes a span of the observation. One file per sensor; noise and delay are added here, alike for all.

mod cells;
mod command;
mod grid;
mod gripper;
pub mod height_map;
mod joints;
mod last_action;
mod motion;
mod offset;
mod pose;
mod rays;
mod touch;
mod velocity;

use crate::scene::plan::{Plan, Quantity, Situation};
use crate::scene::schema::Sensor;
use crate::signal::Channels;
use crate::stream::Stream;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What every sensor can do.
pub trait Sense: Send + Sync {
    /// Adds a channel for each number that it writes.
    fn channels(&self, plan: &Plan, channels: &mut Channels);
    /// Writes as many numbers as it has channels.
    fn sense(&self, situation: &Situation<'_>, out: &mut [f32]);
}

/// A sensor of a scene, made ready to run.
pub struct SensorPlan {
    sense: Box<dyn Sense>,
    noise: Quantity,
    delay: Quantity,
    width: usize,
    /// Whether it tells of the body alone.
    proprioceptive: bool,
}

/// What a sensor remembers: its readings that have not been shown yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SensorMemory(VecDeque<Vec<f32>>);

impl SensorPlan {
    /// Looks up the names of a scene's sensor.
    pub fn new(sensor: &Sensor, plan: &Plan) -> Self {
        let (sense, noise, delay): (Box<dyn Sense>, _, _) = match sensor {
            Sensor::Joints { noise, delay } => (Box::new(joints::Joints), noise, delay),
            Sensor::Motion { noise, delay } => (Box::new(motion::Motion), noise, delay),
            Sensor::Velocity { of, noise, delay } => (Box::new(velocity::Velocity { of: plan.thing(of) }), noise, delay),
            Sensor::Offset { to, noise, delay } => (Box::new(offset::Offset { to: plan.thing(to) }), noise, delay),
            Sensor::Pose { of, from, noise, delay } => (Box::new(pose::Pose { of: plan.thing(of), from: plan.thing(from) }), noise, delay),
            Sensor::Touch { of, most, noise, delay } => {
                (Box::new(touch::Touch { of: of.iter().map(|link| plan.thing(link)).collect(), most: *most }), noise, delay)
            }
            Sensor::Gripper { noise, delay } => (Box::new(gripper::Gripper), noise, delay),
            Sensor::Rays { count, reach, height, noise, delay } => (Box::new(rays::Rays::new(*count, *reach, *height)), noise, delay),
            Sensor::Grid { cells, cell, of, noise, delay } => {
                (Box::new(grid::Grid { columns: cells.0 as usize, rows: cells.1 as usize, cell: *cell, of: plan.thing(of) }), noise, delay)
            }
            Sensor::Cells { across, noise, delay } => (Box::new(cells::Cells { across: *across as usize }), noise, delay),
            Sensor::Command { noise, delay } => (Box::new(command::Command), noise, delay),
            Sensor::HeightMap { points, spacing, noise, delay } => {
                (Box::new(height_map::HeightMap { columns: points.0 as usize, rows: points.1 as usize, spacing: *spacing }), noise, delay)
            }
            Sensor::LastAction { noise, delay } => (Box::new(last_action::LastAction), noise, delay),
        };
        let mut channels = Channels::default();
        sense.channels(plan, &mut channels);
        let proprioceptive =
            matches!(sensor, Sensor::Joints { .. } | Sensor::Motion { .. } | Sensor::LastAction { .. } | Sensor::Gripper { .. });
        let (noise, delay) = (plan.quantities.resolve(noise), plan.quantities.resolve(delay));
        Self { sense, noise, delay, width: channels.width(), proprioceptive }
    }

    /// For each channel of a whole observation, whether it tells of the body alone (its joints, its motion, what it did), not of what is around.
    pub fn proprioceptive(sensors: &[Self]) -> Vec<bool> {
        sensors.iter().flat_map(|sensor| std::iter::repeat_n(sensor.proprioceptive, sensor.width)).collect()
    }

    /// How many numbers it writes.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The channels of a whole observation. (A sensor that a scene has twice gets a number: `ray.0`, `ray.0#2`.)
    pub fn channels(sensors: &[Self], plan: &Plan) -> Channels {
        let mut all = Channels::default();
        for sensor in sensors {
            let mut channels = Channels::default();
            sensor.sense.channels(plan, &mut channels);
            for mut channel in channels.0 {
                let name = channel.name.clone();
                let mut copy = 2;
                while all.0.iter().any(|other| other.name == channel.name) {
                    channel.name = format!("{name}#{copy}");
                    copy += 1;
                }
                all.0.push(channel);
            }
        }
        all
    }

    /// Writes one observation: each sensor's reading, or the one of `delay` seconds ago, with noise.
    pub fn observe(sensors: &[Self], memories: &mut [SensorMemory], noise: &mut Stream, situation: &Situation<'_>, out: &mut [f32]) {
        let mut rest = out;
        for (sensor, memory) in sensors.iter().zip(memories) {
            let (span, after) = rest.split_at_mut(sensor.width);
            rest = after;
            sensor.sense.sense(situation, span);
            let values = &situation.setting.values;
            let late = (sensor.delay.of(values) * situation.plan.timing.control_hz as f32 + 0.5) as usize;
            if late > 0 {
                memory.0.push_back(span.to_vec());
                // Before the first reading is old enough, it stands for all earlier ones.
                if memory.0.len() > late + 1 {
                    memory.0.pop_front();
                }
                span.copy_from_slice(&memory.0[0]);
            }
            let deviation = sensor.noise.of(values);
            if deviation > 0.0 {
                span.iter_mut().for_each(|value| *value += deviation * noise.normal());
            }
        }
    }
}
