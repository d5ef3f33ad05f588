//! Corrections while a learner drives: who looks over its shoulder, and when they take over.
//!
//! The field `corrections` of a recipe. In every arena an oracle of its own sees what the learner is about to do, and what it would do
//! itself. A [`Rule`] says which of both is done, and of which rows the learner is told what the oracle would have done. What an oracle
//! remembers, and how long it has been watching or steering, is a [`Watch`]: plain data, an arena's own, part of every checkpoint.

use crate::arena::Episode;
use crate::control::ControlTiming;
use crate::physics::PhysicsView;
use crate::pilot::Pilot;
use crate::pilot::operator::{PRESETS, Traits};
use crate::ron;
use crate::scene::plan::Plan;
use crate::stream::{Purpose, Stream};
use serde::{Deserialize, Serialize};

/// Who corrects a learner, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Corrections {
    /// Who knows better: `expert`, or one of its operators, as `--pilot` says them: `okay`, `expert(noise: 0.3)`.
    pub oracle: String,
    /// When it steers, and which rows it labels.
    pub rule: Rule,
}

/// When an oracle steers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Rule {
    /// By chance, step by step; it labels every row.
    Mixed(Mixed),
    /// When it must; it labels the rows that it steers.
    Gated(Gate),
    /// Never: a person in the window does, in the arena that they watch; the rows that they steer are labelled.
    Person,
}

/// The mixture of oracle and learner that drives: Ross et al. 2011, section 3.1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mixed {
    /// The chance that the oracle decides a step (the paper's β) before the first update, in [0, 1].
    pub first: f32,
    /// What the chance is multiplied by with every update, in [0, 1]. (0: the oracle alone until the first update, the learner alone from
    /// then on, which the paper found to do well.)
    pub decay: f32,
}

/// Taking over, and handing back: a scripted stand-in for the person of Kelly et al. 2019, section III, who does so at will. What is not said
/// is no reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gate {
    /// Whose opinion it is, as `oracle` says who steers; none: its own. One sees a mistake more easily than one's own hands avoid it: an
    /// `okay` operator who is told by the `expert` when to take over. (Luo et al. 2024 let what an expert's critic says decide when, and a
    /// poorer policy what is done.)
    pub judge: Option<String>,
    /// It takes over where the learner's action is further than this from the judge's (the root of the mean squared distance over channels,
    /// in half ranges of an action) ..
    pub differs: Option<f32>,
    /// .. for so long, s.
    pub differs_for: f32,
    /// It takes over where there was no progress for so long, s: the task's dense reward did not rise above the best since the episode's
    /// start, or since it handed back, by `progress`.
    pub stalls: Option<f32>,
    /// The least that counts as progress, in dense reward, which lies in [0, 1].
    pub progress: f32,
    /// It steers for at least so long, s ..
    pub least: f32,
    /// .. and until the learner's action is at most so far from the judge's.
    pub agrees: Option<f32>,
}

impl Default for Corrections {
    fn default() -> Self {
        Self { oracle: "expert".into(), rule: Rule::Mixed(Mixed::default()) }
    }
}

impl Default for Mixed {
    fn default() -> Self {
        Self { first: 1.0, decay: 0.0 }
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self { judge: None, differs: None, differs_for: 0.3, stalls: None, progress: 0.02, least: 1.0, agrees: None }
    }
}

impl Corrections {
    /// Those who watch an arena, at their beginning.
    ///
    /// # Errors
    /// With the names of the fields that lead there, and a sentence, where nobody has a name, or nobody can be like that.
    pub fn watch(&self) -> Result<Watch, (Vec<&'static str>, String)> {
        let judge = match &self.rule {
            Rule::Gated(Gate { judge, .. }) => judge.as_deref(),
            Rule::Mixed(_) | Rule::Person => None,
        };
        let judge = judge.map(pilot).transpose().map_err(|problem| (vec!["rule", "judge"], problem))?;
        Ok(Watch::new(pilot(&self.oracle).map_err(|problem| (vec!["oracle"], problem))?, judge))
    }

    /// Everything wrong with them: the names of the fields that lead there, and a sentence.
    pub fn problems(&self) -> Vec<(Vec<&'static str>, String)> {
        let mut problems = Vec::new();
        problems.extend(self.watch().err());
        let mut within = |field: &'static str, value: Option<f32>, low: f32, high: f32| {
            if let Some(value) = value.filter(|value| !(low..=high).contains(value)) {
                problems.push((vec!["rule", field], format!("`{field}` is {value} and must lie in {low} to {high}")));
            }
        };
        match &self.rule {
            Rule::Mixed(mixed) => {
                within("first", Some(mixed.first), 0.0, 1.0);
                within("decay", Some(mixed.decay), 0.0, 1.0);
            }
            Rule::Person => {}
            Rule::Gated(gate) => {
                within("differs", gate.differs, 0.0, 2.0);
                within("agrees", gate.agrees, 0.0, 2.0);
                within("progress", Some(gate.progress), 0.0, 1.0);
                let times = [("differs_for", Some(gate.differs_for)), ("stalls", gate.stalls), ("least", Some(gate.least))];
                times.into_iter().for_each(|(field, time)| within(field, time, 0.0, 3600.0));
                if gate.differs.is_none() && gate.stalls.is_none() {
                    problems.push((vec!["rule"], "nothing makes it take over: say `differs`, or `stalls`, or both".into()));
                }
            }
        }
        problems
    }
}

/// An expert or an operator by name.
fn pilot(name: &str) -> Result<Pilot, String> {
    match Traits::named(name) {
        Some(Ok(traits)) => Ok(Pilot::operator(traits)),
        Some(Err(problems)) => Err(problems.0.iter().map(|problem| problem.sentence()).collect::<Vec<_>>().join("; ")),
        None => {
            let known = || PRESETS.iter().map(|preset| preset.name);
            let near = ron::nearest(name.split('(').next().unwrap_or_default(), known());
            let near = near.map_or(String::new(), |near| format!(": did you mean `{near}`?"));
            Err(format!("nobody is called `{name}`; there are {}{near}", known().collect::<Vec<_>>().join(", ")))
        }
    }
}

/// Somebody who looks over the learner's shoulder in one arena.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    oracle: Pilot,
    judge: Option<Pilot>,
    chance: Stream,
    /// Whether it steers.
    steers: bool,
    /// Steps since it took over or handed back.
    steps: u32,
    /// Steps in a row in which the learner's action was too far from the judge's.
    apart: u32,
    /// The best dense reward since then, and how many steps ago it was.
    best: f32,
    still: u32,
}

/// Tells a judge's random streams from those of the oracle in the same arena.
const JUDGE: u64 = 1 << 48;

/// What came of looking at one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// Whether the oracle steers.
    pub steers: bool,
    /// What it would do, where it tells so.
    pub label: Option<Vec<f32>>,
}

impl Watch {
    /// An oracle who has seen nothing yet, and whose opinion counts where it is not its own.
    pub fn new(oracle: Pilot, judge: Option<Pilot>) -> Self {
        Self { oracle, judge, chance: Stream::new(0, Purpose::Corrections, 0, 0), steers: false, steps: 0, apart: 0, best: 0.0, still: 0 }
    }

    /// Begins the episode `number` of an arena.
    pub fn begin(&mut self, seed: u64, arena: u64, number: u64) {
        self.oracle.begin(seed, arena, number);
        if let Some(judge) = &mut self.judge {
            // (An operator's draws are not the oracle's.)
            judge.begin(seed, arena | JUDGE, number);
        }
        self.chance = Stream::new(seed, Purpose::Corrections, arena, number);
        (self.steers, self.steps, self.apart, self.best, self.still) = (false, 0, 0, 0.0, 0);
    }

    /// Looks at what the learner is about to do, and writes over it where it steers. `updates` are those that the learner has had.
    pub fn look(&mut self, rule: &Rule, plan: &Plan, episode: &Episode, world: PhysicsView<'_>, updates: u64, action: &mut [f32]) -> Look {
        let mut own = vec![0.0; action.len()];
        self.oracle.advise(plan, episode, world, &mut own);
        let labels = match rule {
            Rule::Mixed(Mixed { first, decay }) => {
                self.steers = self.chance.unit() < first * libm::powf(*decay, updates as f32);
                true
            }
            Rule::Person => false,
            Rule::Gated(gate) => {
                let paid = episode.agents.first().and_then(|agent| agent.rewards.last()).copied().unwrap_or(0.0);
                let mut opinion = own.clone();
                if let Some(judge) = &mut self.judge {
                    judge.advise(plan, episode, world, &mut opinion);
                }
                self.decide(gate, plan.timing, distance(action, &opinion), paid);
                self.steers
            }
        };
        if self.steers {
            action.copy_from_slice(&own);
        }
        Look { steers: self.steers, label: labels.then_some(own) }
    }

    /// Takes over, or hands back, where it must: the learner's action is so far from the judge's, and the last step was `paid` so much.
    pub fn decide(&mut self, gate: &Gate, timing: ControlTiming, distance: f32, paid: f32) {
        // (Times of at least one step: a rule that holds for no time at all would hold always.)
        let steps = |time: f32| libm::roundf(time * timing.control_hz as f32).max(1.0) as u32;
        let far = |limit: Option<f32>| limit.is_some_and(|limit| distance > limit);
        self.steps += 1;
        self.apart = if far(gate.differs) { self.apart + 1 } else { 0 };
        self.still += 1;
        if paid > self.best + gate.progress {
            (self.best, self.still) = (paid, 0);
        }
        let turns = if self.steers {
            self.steps > steps(gate.least) && !far(gate.agrees)
        } else {
            self.apart >= steps(gate.differs_for) || gate.stalls.is_some_and(|time| self.still >= steps(time))
        };
        if turns {
            (self.steers, self.steps, self.apart, self.best, self.still) = (!self.steers, 1, 0, paid, 0);
        }
    }

    /// Whether the oracle steers.
    pub fn steers(&self) -> bool {
        self.steers
    }
}

/// The root of the mean squared distance.
fn distance(one: &[f32], other: &[f32]) -> f32 {
    let squares: f32 = one.iter().zip(other).map(|(one, other)| (one - other) * (one - other)).sum();
    libm::sqrtf(squares / one.len().max(1) as f32)
}
