//! Operators: demonstrators who know what the expert knows, and do it as people do: slower, late, with an unsteady hand, by another way.
//!
//! In every step an operator either works, that is, asks the expert, or is in a lapse: a pause, a detour, a slip. (The expert's own clock stands
//! still meanwhile.) What was decided is slowed down, waits for the delay, and is then done by a hand that is noisy and trembles:
//!
//! 1. decide: the expert's action, or the lapse's;
//! 2. slow down: speeds are multiplied by [`Traits::speed`];
//! 3. wait: what is done was decided some steps ago;
//! 4. do: noise and tremor are added, and every channel is cut to [-1, 1].
//!
//! Everything that is drawn comes from the episode's own stream ([`Purpose::Pilot`](crate::stream::Purpose::Pilot)), and what an operator
//! remembers is plain data: a snapshot in the middle of an episode goes on bit for bit, and neighbours change nothing.

mod traits;

pub use traits::{PRESETS, Preset, Traits};

use super::expert::{ExpertMemory, Preference, Side};
use crate::scene::plan::Situation;
use crate::scene::schema::{ArmControl, Body, Expert};
use crate::stream::Stream;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::f32::consts::TAU;

/// Somebody with traits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Operator {
    /// Theirs.
    pub traits: Traits,
    /// What they remember of the episode; none before the first one.
    memory: Option<Memory>,
}

/// What an operator remembers of an episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Memory {
    expert: ExpertMemory,
    preference: Preference,
    stream: Stream,
    /// Steps since the episode's start.
    steps: u32,
    lapse: Lapse,
    /// What is being done: what was decided last of all that is no longer waited for.
    done: Vec<f32>,
    /// What was decided later, the oldest first.
    waiting: VecDeque<Vec<f32>>,
    /// The noise of each channel, in standard deviations, and the phase of its tremor, rad.
    hand: Vec<(f32, f32)>,
}

/// What keeps them from their work.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Lapse {
    /// Nothing does.
    #[default]
    None,
    /// They do nothing.
    Pause,
    /// They do this, on purpose.
    Detour(Vec<f32>),
    /// They do this, and did not mean to.
    Slip(Vec<f32>),
}

impl From<Traits> for Operator {
    fn from(traits: Traits) -> Self {
        Self { traits, memory: None }
    }
}

impl Operator {
    /// Begins an episode with its stream.
    pub(super) fn begin(&mut self, mut stream: Stream) {
        let Traits { left, orders, .. } = self.traits;
        let side = left.map(|share| if stream.unit() < share { Side::Left } else { Side::Right });
        let rank = (orders > 0.0 && stream.unit() < orders).then(|| stream.unit());
        self.memory = Some(Memory {
            expert: ExpertMemory::default(),
            preference: Preference { side, rank },
            stream,
            steps: 0,
            lapse: Lapse::None,
            done: Vec::new(),
            waiting: VecDeque::new(),
            hand: Vec::new(),
        });
    }

    /// Writes the action of one step.
    pub(super) fn decide(&mut self, expert: &Expert, situation: &Situation<'_>, action: &mut [f32]) {
        let Self { traits, memory: Some(memory) } = self else { return action.fill(0.0) };
        let (rate, dt) = (situation.plan.timing.control_hz as f32, situation.plan.timing.control_dt());
        let body = &situation.plan.scene.body;
        if memory.hand.is_empty() {
            memory.done = vec![0.0; action.len()];
            let Memory { stream, hand, .. } = memory;
            hand.extend(action.iter().map(|_| (stream.normal(), stream.between(0.0, TAU))));
        }
        memory.lapse = memory.next_lapse(traits, dt, body, action.len());
        match &memory.lapse {
            Lapse::None => {
                memory.expert.decide(expert, memory.preference, situation, action);
                action.iter_mut().take(speeds(body)).for_each(|channel| *channel *= traits.speed);
            }
            Lapse::Pause => action.fill(0.0),
            Lapse::Detour(row) | Lapse::Slip(row) => action.copy_from_slice(row),
        }
        memory.wait(traits, rate, action);
        memory.do_it(traits, rate, dt, body, action);
        memory.steps += 1;
    }
}

impl Memory {
    /// What keeps them from their work in this step.
    fn next_lapse(&mut self, traits: &Traits, dt: f32, body: &Body, width: usize) -> Lapse {
        let stream = &mut self.stream;
        let lapse = std::mem::take(&mut self.lapse);
        let length = match &lapse {
            Lapse::None => 0.0,
            Lapse::Pause => traits.pause,
            Lapse::Detour(_) => traits.detour,
            Lapse::Slip(_) => traits.slip,
        };
        if lapse != Lapse::None && stream.unit() < decay(dt, length) {
            return lapse;
        }
        // A trait that is not theirs draws nothing.
        let mut begins = |often: f32| often > 0.0 && stream.unit() >= libm::expf(-often * dt);
        let (pauses, strays, slips) = (begins(traits.pauses), begins(traits.detours), begins(traits.slips));
        if slips {
            Lapse::Slip((0..width).map(|_| stream.between(-1.0, 1.0)).collect())
        } else if strays {
            Lapse::Detour(elsewhere(body, stream, width).into_iter().map(|channel| channel * traits.speed).collect())
        } else if pauses {
            Lapse::Pause
        } else {
            Lapse::None
        }
    }

    /// What was decided now has to wait; what has waited long enough is done.
    fn wait(&mut self, traits: &Traits, rate: f32, decided: &[f32]) {
        let unsteady = if traits.jitter > 0.0 { traits.jitter * self.stream.normal().clamp(-3.0, 3.0) } else { 0.0 };
        let steps = libm::roundf((traits.delay + unsteady) * rate).max(0.0) as usize;
        self.waiting.push_back(decided.to_vec());
        while self.waiting.len() > steps
            && let Some(row) = self.waiting.pop_front()
        {
            self.done = row;
        }
    }

    /// Writes what the hand makes of what is to be done.
    fn do_it(&mut self, traits: &Traits, rate: f32, dt: f32, body: &Body, action: &mut [f32]) {
        let Self { stream, steps, done, hand, .. } = self;
        let forgets = decay(dt, traits.noise_time);
        let angle = TAU * traits.tremor_hz.min(0.4 * rate) * (*steps as f32 * dt);
        let moved = match speeds(body) {
            0 => action.len(),
            speeds => speeds,
        };
        let strongest = done.iter().take(moved).fold(0.0, |most: f32, channel| most.max(channel.abs()));
        for (index, ((channel, done), (noise, phase))) in action.iter_mut().zip(done).zip(hand).enumerate() {
            // Nothing is added where there is nothing: -0 + 0 would be another bit.
            let mut value = *done;
            if traits.tremor > 0.0 {
                value += traits.tremor * libm::sinf(angle + *phase);
            }
            let deviation = traits.noise + if index < moved { traits.wobble * strongest } else { 0.0 };
            if deviation > 0.0 {
                value += deviation * *noise;
            }
            if traits.noise > 0.0 || traits.wobble > 0.0 {
                // The exact step of the process: it keeps its deviation whatever the rate.
                *noise = forgets * *noise + libm::sqrtf(1.0 - forgets * forgets) * stream.normal();
            }
            *channel = value.clamp(-1.0, 1.0);
        }
    }
}

/// What is left after a step of what lasts so many seconds on average.
fn decay(dt: f32, time: f32) -> f32 {
    if time > 0.0 { libm::expf(-dt / time) } else { 0.0 }
}

/// How many of a body's first channels are speeds, which may be scaled and the same is done more slowly.
fn speeds(body: &Body) -> usize {
    match body {
        Body::Rover { .. } => 2,
        // Not the grip: what is held would be let go.
        Body::Arm { .. } => 5,
        Body::CartPole { .. } | Body::Walker { .. } | Body::Mjcf(_) | Body::Urdf(_) | Body::Team(_) => 0,
    }
}

/// A steady motion that leads elsewhere.
fn elsewhere(body: &Body, stream: &mut Stream, width: usize) -> Vec<f32> {
    /// As a share of full action.
    const MOST: f32 = 0.7;
    let mut row = vec![0.0; width];
    // Of an arm neither wrist nor roll, which lead nowhere.
    let moved = match body {
        Body::Arm { .. } => 3,
        body => speeds(body),
    };
    row.iter_mut().take(moved).for_each(|channel| *channel = stream.between(-MOST, MOST));
    if let Body::Arm { control: ArmControl::Tip, .. } = body {
        // Up, not into the floor.
        row[2] = row[2].abs();
    }
    row
}
