//! [`Traits`]: what tells one demonstrator from another, as plain data, and those that have a name.
//!
//! Traits that say nothing are the expert's own. The names imitate people and what is known of them: `better`, `okay` and `worse` the three kinds
//! of operators whose demonstrations robomimic compares (Mandlekar et al. 2021, "What matters in learning from offline human demonstrations");
//! `human` somebody at a gamepad, who sees late and whose hand is never quite still (McRuer and Jex 1967 find 0.1 to 0.2 s between an error and
//! the hand's answer); `noisy` is smooth noise (Uhlenbeck and Ornstein 1930), as it is added to widen what a clone sees (Laskey et al. 2017).

use crate::ron::{self, Document, Problems};
use serde::{Deserialize, Serialize};

/// How somebody does what the expert knows how to do. The defaults change nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Traits {
    /// Share of the expert's speed, above 0 to 1: of a rover driving and turning, of an arm all but its grip. (Other bodies' actions are no
    /// speeds, and stay as they are.)
    pub speed: f32,
    /// Standard deviation of what is added to each channel, as a share of full action, smoothly (Ornstein and Uhlenbeck's process).
    pub noise: f32,
    /// Standard deviation of what is added beside it to each channel that is a speed, as a share of the strongest of these: who moves faster is less
    /// sure, and near the goal the hand is steady (Harris and Wolpert 1998).
    pub wobble: f32,
    /// How long noise and wobble remember, s: its values `t` apart are correlated by exp(-t / noise_time). 0: not at all.
    pub noise_time: f32,
    /// How often a pause begins while at work, 1/s: nothing is done.
    pub pauses: f32,
    /// How long a pause takes on average, s (exponentially distributed, as the times between them are).
    pub pause: f32,
    /// How often a detour begins while at work, 1/s: a steady motion in a random direction, with the grip as it is.
    pub detours: f32,
    /// How long a detour takes on average, s.
    pub detour: f32,
    /// How often the hand slips while at work, 1/s: every channel at random, the grip too.
    pub slips: f32,
    /// How long a slip takes on average, s.
    pub slip: f32,
    /// From seeing to doing, s, in whole steps: what is done was decided for the world as it was so long ago. (Until then nothing is done.)
    pub delay: f32,
    /// Standard deviation of the delay from step to step, s. What was decided later never comes first; what comes late holds what was before it.
    pub jitter: f32,
    /// How far the hand trembles, as a share of full action: the amplitude of a sine on each channel, each with a phase of its own.
    pub tremor: f32,
    /// How fast it trembles, Hz. (A hand's own 8 to 12 Hz are more than 10 or 20 actions a second can carry: 0.4 of their rate is the most.)
    pub tremor_hz: f32,
    /// Share of the episodes in which they go left around what is in the way; none: the nearer way, as the expert does.
    pub left: Option<f32>,
    /// Share of the episodes in which they take what comes first as they like, not as is best: where an expert chooses among several.
    pub orders: f32,
}

impl Default for Traits {
    fn default() -> Self {
        Self {
            speed: 1.0,
            noise: 0.0,
            wobble: 0.0,
            noise_time: 0.2,
            pauses: 0.0,
            pause: 0.5,
            detours: 0.0,
            detour: 0.5,
            slips: 0.0,
            slip: 0.15,
            delay: 0.0,
            jitter: 0.0,
            tremor: 0.0,
            tremor_hz: 4.0,
            left: None,
            orders: 0.0,
        }
    }
}

/// Somebody known by name.
pub struct Preset {
    /// As `--pilot` says it.
    pub name: &'static str,
    /// Who that is, in a sentence.
    pub about: &'static str,
    /// Theirs.
    pub traits: fn() -> Traits,
}

/// Who is known by name. The expert, who stands first, has none of the traits.
pub const PRESETS: [Preset; 9] = [
    Preset { name: "expert", about: "The scene's expert, as it is.", traits: Traits::default },
    Preset {
        name: "noisy",
        about: "Knows the way, with smooth noise that grows with the speed.",
        traits: || Traits { noise: 0.025, wobble: 0.4, noise_time: 0.3, ..Traits::default() },
    },
    Preset {
        name: "slow",
        about: "Does everything right at three fifths of the speed.",
        traits: || Traits { speed: 0.6, ..Traits::default() },
    },
    Preset {
        name: "hesitant",
        about: "Stops again and again, a quarter of the time altogether.",
        traits: || Traits { pauses: 0.5, pause: 0.7, ..Traits::default() },
    },
    Preset {
        name: "detouring",
        about: "Heads elsewhere now and then, and finds back.",
        traits: || Traits { detours: 0.2, detour: 0.6, ..Traits::default() },
    },
    Preset {
        name: "better",
        about: "A practised operator: hardly slower than the expert, hardly a wrong move.",
        traits: || Traits { speed: 0.95, noise: 0.01, wobble: 0.1, delay: 0.04, ..Traits::default() },
    },
    Preset {
        name: "okay",
        about: "An operator who gets there: slower, with pauses, detours and an unsteady hand.",
        traits: || Traits {
            speed: 0.75,
            noise: 0.02,
            wobble: 0.2,
            pauses: 0.15,
            detours: 0.08,
            slips: 0.05,
            delay: 0.1,
            ..Traits::default()
        },
    },
    Preset {
        name: "worse",
        about: "An operator who struggles: slow, late, astray, with a hand that slips.",
        traits: || Traits {
            speed: 0.6,
            noise: 0.025,
            wobble: 0.3,
            pauses: 0.2,
            detours: 0.1,
            slips: 0.1,
            slip: 0.2,
            delay: 0.1,
            jitter: 0.03,
            ..Traits::default()
        },
    },
    Preset {
        name: "human",
        about: "Somebody at a gamepad: sees late, answers unevenly, with a hand that trembles.",
        traits: || Traits {
            speed: 0.8,
            noise: 0.01,
            wobble: 0.15,
            noise_time: 0.5,
            pauses: 0.1,
            delay: 0.15,
            jitter: 0.03,
            tremor: 0.02,
            ..Traits::default()
        },
    },
];

impl Traits {
    /// Those of `human`, or of `human(delay: 0.3)`: a name, and in brackets what differs from its traits. None where the name is nobody's.
    ///
    /// # Errors
    /// What is wrong with what stands in brackets.
    pub fn named(text: &str) -> Option<Result<Self, Problems>> {
        let (name, settings) = text.trim().split_at(text.trim().find('(').unwrap_or(text.trim().len()));
        let preset = PRESETS.iter().find(|preset| preset.name == name.trim_end())?;
        let traits = (preset.traits)();
        Some(if settings.is_empty() { Ok(traits) } else { traits.with(settings, preset.name) })
    }

    /// The same with other `settings`, in brackets.
    fn with(&self, settings: &str, name: &str) -> Result<Self, Problems> {
        // By themselves first: what is wrong is then told in the words that were written.
        ron::read::<Self>(settings, name).check(check).finish()?;
        let fields = |text: &str| -> Vec<String> {
            let inner = text.trim().trim_start_matches('(').trim_end_matches([')', ',', ' ']);
            inner.split(',').map(|entry| entry.trim().to_owned()).filter(|entry| !entry.is_empty()).collect()
        };
        let given = fields(settings);
        let is_given = |field: &str| given.iter().any(|entry| entry.split(':').next().map(str::trim_end) == field.split(':').next());
        // Writing numbers into a string does not fail.
        let own = fields(&::ron::ser::to_string(self).unwrap_or_default());
        let all: Vec<String> = own.into_iter().filter(|field| !is_given(field)).chain(given.iter().cloned()).collect();
        ron::read::<Self>(&format!("({})", all.join(",")), name).check(check).finish().map(|(traits, _)| traits)
    }
}

/// What is wrong with traits.
fn check(traits: &Traits, document: &Document) -> Problems {
    let Traits {
        speed,
        noise,
        wobble,
        noise_time,
        pauses,
        pause,
        detours,
        detour,
        slips,
        slip,
        delay,
        jitter,
        tremor,
        tremor_hz,
        left,
        orders,
    } = traits;
    let mut problems = Problems::default();
    let mut within = |field: &str, value: f32, low: f32, high: f32, unit: &str| {
        let spot = document.root().step(field);
        if !(low..=high).contains(&value) && !spot.is_doubtful() {
            problems.0.push(spot.problem(format!("`{field}` is {value}")).expecting(format!("{low} to {high}{unit}")));
        }
    };
    for (field, share) in [("noise", *noise), ("tremor", *tremor), ("orders", *orders), ("left", left.unwrap_or(0.0))] {
        within(field, share, 0.0, 1.0, "");
    }
    for (field, rate) in [("pauses", *pauses), ("detours", *detours), ("slips", *slips)] {
        within(field, rate, 0.0, 10.0, " a second");
    }
    for (field, time) in [("pause", *pause), ("detour", *detour), ("slip", *slip), ("noise_time", *noise_time)] {
        within(field, time, 0.0, 60.0, " s");
    }
    for (field, time) in [("delay", *delay), ("jitter", *jitter)] {
        within(field, time, 0.0, 2.0, " s");
    }
    within("wobble", *wobble, 0.0, 2.0, "");
    within("speed", *speed, 0.05, 1.0, "");
    within("tremor_hz", *tremor_hz, 0.1, 50.0, " Hz");
    problems
}
