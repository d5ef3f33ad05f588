//! The events, the latch, the log.

use super::input::STICKS;
use super::{Bindings, Drive, HandCommand, HandSettings, Input};
use crate::arena::Arena;
use crate::pilot::Pilot;
use crate::signal::Channels;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

/// A raw event, and the tick at which it counted. For information: a replay does not read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HandInput {
    /// The physics tick of the episode before which it was latched, from 0.
    pub tick: u64,
    /// What was moved.
    pub input: Input,
    /// Where to: a stick or trigger before dead zone and curve, 0 or 1 of a button or key, the way of the mouse.
    pub value: f32,
}

/// As many raw events are kept.
pub const MOST: usize = 1 << 17;

/// From here on an axis or a trigger counts as touched.
const TOUCHED: f32 = 0.6;
/// From here on a button or trigger counts as pressed.
pub const PRESSED: f32 = 0.5;

/// How an input stands.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    /// The last event's value.
    raw: f32,
    /// Whether it was pressed since the last latch, so that a short tap between two steps is not lost.
    tapped: bool,
    /// As latched: after dead zone, curve and ramp.
    value: f32,
}

/// What the hands do. Feed it with events; it is latched once per control step.
#[derive(Resource, Default)]
pub struct Hands {
    /// What the user has changed.
    pub settings: HandSettings,
    /// Whether the hand takes over (the right bumper is held), as latched.
    pub intervening: bool,
    /// Whether the pad that was in use is gone. A recording session pauses while it is. Cleared when a pad comes, or a key is pressed.
    pub lost: bool,
    /// How long the oldest of the events that the last latch took had waited for it while time went on, in ms; 0 where there were none. Told
    /// to people; no simulated number depends on it.
    pub latency_ms: f32,
    /// While a new binding is waited for: what is moved is only noted (see [`Hands::take_touched`]), drives nothing and asks nothing. What is
    /// held already can only be let go.
    pub listening: bool,
    held: BTreeMap<Input, Held>,
    pending: Vec<(Input, f32)>,
    oldest: Option<Instant>,
    asked: Vec<HandCommand>,
    touched: Option<Input>,
    wanted: Vec<f32>,
    log: VecDeque<HandInput>,
}

impl Hands {
    /// An event: `input` now stands at `value` (for the mouse: has moved by `value`, in shares of its reach). Call it when the event
    /// comes; it counts from the next latch on.
    pub fn feed(&mut self, input: Input, mut value: f32) {
        let mouse = matches!(input, Input::MouseX | Input::MouseY);
        let before = self.raw(&input);
        let mut stands = if mouse { before + value } else { value }.clamp(-1.0, 1.0);
        if self.listening {
            if !mouse && value.abs() >= TOUCHED {
                self.touched = Some(input.clone());
            }
            // Towards rest, and not beyond it.
            stands = stands.clamp(before.min(0.0), before.max(0.0));
            if stands == before {
                return;
            }
            value = if mouse { stands - before } else { stands };
        }
        let held = self.held.entry(input.clone()).or_default();
        held.raw = stands;
        if !input.is_axis() && before < PRESSED && held.raw >= PRESSED {
            held.tapped = true;
            // Whoever reaches for the keyboard goes on without the pad.
            self.lost &= input.is_of_pad();
            self.asked.extend(self.settings.asks(&input));
        }
        if self.pending.len() < MOST {
            self.pending.push((input, value));
        }
        self.oldest.get_or_insert_with(clock);
    }

    /// Time stands still: as long as it does, no event waits for a latch. To be called once a frame then.
    pub fn stand_still(&mut self) {
        if let Some(oldest) = &mut self.oldest {
            *oldest = clock();
        }
    }

    /// Lets go of every input for which `which` holds.
    pub fn release(&mut self, which: impl Fn(&Input) -> bool) {
        let moved: Vec<_> = self.held.iter().filter(|(input, held)| held.raw != 0.0 && which(input)).collect();
        let moved: Vec<_> = moved.into_iter().map(|(input, held)| (input.clone(), held.raw)).collect();
        for (input, raw) in moved {
            let mouse = matches!(input, Input::MouseX | Input::MouseY);
            self.feed(input, if mouse { -raw } else { 0.0 });
        }
    }

    /// The pad in use is gone: lets go of everything on it.
    pub fn lose_pad(&mut self) {
        self.release(Input::is_of_pad);
        self.lost = true;
    }

    /// The last event's value of an input: 0 where there was none.
    pub fn raw(&self, input: &Input) -> f32 {
        self.held.get(input).map_or(0.0, |held| held.raw)
    }

    /// The latched value of an input, after dead zone, curve and ramp: sticks and mouse in [-1, 1], all others in [0, 1].
    pub fn value(&self, input: &Input) -> f32 {
        self.held.get(input).map_or(0.0, |held| held.value)
    }

    /// What the latched values stand for in the arena that is flown ([`Plan::steering`](crate::scene::plan::Plan::steering)): every number in
    /// [-1, 1]. Empty where none is flown.
    pub fn wanted(&self) -> &[f32] {
        &self.wanted
    }

    /// The input that was touched last while listening, since this was last asked: for binding it.
    pub fn take_touched(&mut self) -> Option<Input> {
        self.touched.take()
    }

    /// Whether something was asked by buttons.
    pub fn has_asked(&self) -> bool {
        !self.asked.is_empty()
    }

    /// What was asked by buttons since this was last called.
    pub fn take_asked(&mut self) -> Vec<HandCommand> {
        std::mem::take(&mut self.asked)
    }

    /// The raw events since this was last called, in their order, up to [`MOST`] (the oldest are dropped): to be called when an episode
    /// begins, and when it is saved or discarded.
    pub fn take_log(&mut self) -> Vec<HandInput> {
        std::mem::take(&mut self.log).into()
    }

    /// Takes over what was fed since the last latch. `tick` is the episode's, `dt` the time of a control step, s.
    pub fn latch(&mut self, tick: u64, dt: f32) {
        for (input, value) in self.pending.drain(..) {
            if self.log.len() == MOST {
                self.log.pop_front();
            }
            self.log.push_back(HandInput { tick, input, value });
        }
        self.latency_ms = self.oldest.take().map_or(0.0, |oldest| clock().duration_since(oldest).as_secs_f32() * 1e3);
        let gentle = self.is_held(&self.settings.gentle);
        self.intervening = self.is_held(&self.settings.intervene);
        let (shaping, ramp) = (self.settings.shaping, self.settings.keys);
        for (input, held) in &mut self.held {
            let pressed = std::mem::take(&mut held.tapped) || held.raw >= PRESSED;
            held.value = match input {
                Input::Key(_) => ramp.step(held.value, pressed, gentle, dt),
                Input::MouseX | Input::MouseY => held.raw,
                trigger if trigger.is_trigger() => shaping.one(held.raw),
                _ => f32::from(pressed),
            };
        }
        for (x, y) in STICKS {
            let felt = shaping.stick(self.raw(&x), self.raw(&y));
            for (input, value) in [(x, felt.0), (y, felt.1)] {
                if let Some(held) = self.held.get_mut(&input) {
                    held.value = value;
                }
            }
        }
    }

    fn is_held(&self, inputs: &[Input]) -> bool {
        inputs.iter().filter_map(|input| self.held.get(input)).any(|held| held.tapped || held.raw >= PRESSED)
    }

    /// Makes the latched values what a body with these bindings is steered by.
    pub fn drive(&mut self, bindings: &Bindings, channels: &Channels) {
        let mut wanted = std::mem::take(&mut self.wanted);
        add_up(self.settings.drives(bindings), channels, |input| self.value(input), &mut wanted);
        wanted.iter_mut().for_each(|channel| *channel = channel.clamp(-1.0, 1.0));
        self.wanted = wanted;
    }
}

/// The sum of what all drives add to each channel.
fn add_up(drives: &[Drive], channels: &Channels, value: impl Fn(&Input) -> f32, wanted: &mut Vec<f32>) {
    wanted.clear();
    wanted.resize(channels.width(), 0.0);
    for drive in drives {
        let value = value(&drive.input);
        for (channel, by) in &drive.moves {
            if let Some(index) = channels.0.iter().position(|known| known.name == *channel) {
                wanted[index] += by * value;
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "how long an event waited is told to people; no simulated number depends on it")]
fn clock() -> Instant {
    Instant::now()
}

/// Latches, once per control step and before the pilots decide.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Latch;

/// Latches the hands for the first arena that is flown by hand. (All that are get the same action: there is one pair of hands.)
pub(crate) fn latch(mut hands: ResMut<Hands>, arenas: Query<(&Arena, &Pilot)>, mut asked: MessageWriter<HandCommand>) {
    let flown = arenas.iter().filter(|(_, pilot)| **pilot == Pilot::Hand).min_by_key(|(arena, _)| arena.index);
    if let Some((arena, _)) = flown {
        let (plan, step) = (&arena.plan, arena.episode.step as u64);
        hands.latch(step * u64::from(plan.timing.ticks_per_step()), plan.timing.control_dt());
        hands.drive(&plan.bindings, &plan.steering);
    } else if !hands.pending.is_empty() {
        // Nobody flies: buttons still count, and nothing piles up.
        hands.latch(0, 0.0);
        hands.take_log();
    }
    asked.write_batch(hands.take_asked());
}
