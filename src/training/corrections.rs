//! Corrections in a run: the oracles look at what the learner decided, before it is done.

use crate::arena::Arena;
use crate::control::{ControlStep, ControlSystems};
use crate::imitation::corrections::{Corrections, Look, Rule, Watch};
use crate::learn::algorithm::sac::Paid;
use crate::learn::{LearnerSettings, Use};
use crate::physics::{PhysicsQueryReadOnly, Threads, in_parallel};
use crate::pilot::Pilot;
use crate::pilot::hand::hands::Latch;
use crate::pilot::hand::{HandCommand, Hands};
use crate::ron::{Document, Spot};
use crate::scene::plan::Plan;
use crate::signal::Action;
use crate::training::recipe::Recipe;
use crate::training::stages::{Stage, stage_spots};
use crate::training::trainer::{StudentsDecide, Trainer};
use bevy::prelude::*;

/// Puts an oracle into every arena of a run in which one student learns.
pub struct CorrectionsPlugin {
    /// Who they are, and when they steer. (Already checked: [`Corrections::problems`].)
    pub corrections: Corrections,
    /// How many arenas there are.
    pub arenas: usize,
    /// The run's seed.
    pub seed: u64,
    /// How they stood when the run was left; empty at its beginning.
    pub watches: Vec<Watch>,
}

/// The oracles, by arena.
#[derive(Resource)]
pub struct Watches(pub Vec<Watch>);

/// The hands of a person, who may take over in one arena while the others go on: as long as the right bumper is held, what the sticks say is done
/// there, and its rows are steered and labelled ones as an oracle's are. The arena may be changed at any time.
#[derive(Resource, Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandsOn {
    /// Which arena, from 0.
    pub arena: usize,
}

/// Lets a person take over in one arena: feed [`Hands`] with what is moved. (What they do is no part of any seed: such a run is not to be
/// repeated bit for bit.)
pub fn hands_plugin(app: &mut App) {
    app.init_resource::<Hands>().add_message::<HandCommand>().add_systems(ControlStep, latch.in_set(Latch).in_set(ControlSystems::Decide));
    app.configure_sets(ControlStep, Latch.before(StudentsDecide));
}

/// Latches the hands for the arena that they are on.
fn latch(mut hands: ResMut<Hands>, on: Option<Res<HandsOn>>, arenas: Query<&Arena>, mut asked: MessageWriter<HandCommand>) {
    if let Some(arena) = on.and_then(|on| arenas.iter().find(|arena| arena.index == on.arena)) {
        let (plan, step) = (&arena.plan, arena.episode.step as u64);
        hands.latch(step * u64::from(plan.timing.ticks_per_step()), plan.timing.control_dt());
        hands.drive(&plan.bindings, &plan.steering);
        // (Nobody records here: raw events are not kept.)
        hands.take_log();
    }
    asked.write_batch(hands.take_asked());
}

/// What they go by.
#[derive(Resource)]
struct Rules {
    rule: Rule,
    seed: u64,
}

impl Plugin for CorrectionsPlugin {
    fn build(&self, app: &mut App) {
        let watch = self.corrections.watch().unwrap_or_else(|_| Watch::new(Pilot::Idle, None));
        let watches = if self.watches.len() == self.arenas { self.watches.clone() } else { vec![watch; self.arenas] };
        app.insert_resource(Watches(watches)).insert_resource(Rules { rule: self.corrections.rule.clone(), seed: self.seed });
        app.add_systems(ControlStep, correct.in_set(ControlSystems::Decide).after(StudentsDecide));
    }
}

/// Every oracle looks at its arena; where it steers, its action is done.
fn correct(
    mut arenas: Query<(&Arena, PhysicsQueryReadOnly, &mut Action)>,
    mut trainer: ResMut<Trainer>,
    mut watches: ResMut<Watches>,
    rules: Res<Rules>,
    (hands, on): (Option<Res<Hands>>, Option<Res<HandsOn>>),
    threads: Res<Threads>,
) {
    let hands = hands.as_deref().filter(|hands| hands.intervening).zip(on.map(|on| on.arena));
    let updates = trainer.progress.updates;
    let mut by_index: Vec<_> = arenas.iter_mut().collect();
    by_index.sort_by_key(|(arena, ..)| arena.index);
    let items = by_index.into_iter().zip(&mut watches.0);
    let mut items: Vec<_> = items
        .map(|((arena, physics, action), watch)| (arena, physics.view(), &mut action.into_inner().0, watch, Look::default()))
        .collect();
    in_parallel(*threads, &mut items, 8, |(arena, world, action, watch, look)| {
        if arena.episode.step == 0 {
            watch.begin(rules.seed, arena.index as u64, arena.episode.number);
        }
        *look = watch.look(&rules.rule, &arena.plan, &arena.episode, *world, updates, action);
        if let Some((hands, _)) = hands.filter(|(hands, on)| *on == arena.index && hands.wanted().len() == arena.plan.steering.width()) {
            let seconds = arena.episode.step as f32 * arena.plan.timing.control_dt();
            arena.plan.body.steer(&arena.plan.parts, *world, seconds, hands.wanted(), action);
            *look = Look { steers: true, label: Some(action.to_vec()) };
        }
    });
    let Some(student) = trainer.students.first_mut() else { return };
    for (arena, _, action, _, look) in &items {
        student.rollout.correct(arena.index, look.steers.then_some(action.as_slice()), look.label.as_deref());
    }
}

/// What is wrong with a recipe's corrections.
pub(super) fn problems(recipe: &Recipe, document: &Document, wrong: &mut impl FnMut(Spot<'_>, String)) {
    let (root, stages) = (document.root(), recipe.stages());
    let Some(corrections) = &recipe.corrections else {
        for (stage, spot) in
            stages.iter().zip(stage_spots(recipe, document)).filter(|(stage, _)| stage.learner.corrections() == Use::Needed)
        {
            let learner = stage.learner.name();
            wrong(
                spot.step("learner"),
                format!("`{learner}` learns from being corrected, and nobody does: `corrections: (oracle: \"expert\")`"),
            );
        }
        return;
    };
    let spot = root.step("corrections");
    if let Some(stage) = stages.first().filter(|_| stages.iter().all(|stage| stage.learner.corrections() == Use::None)) {
        let learner = stage.learner.name();
        wrong(spot, format!("`{learner}` cannot learn from what somebody else decides while it drives; `Dagger` and `Sac` can"));
    }
    let paid = |stage: &Stage| matches!(&stage.learner, LearnerSettings::Sac(sac) if sac.paid == Paid::Interventions);
    if matches!(corrections.rule, Rule::Mixed(_)) && stages.iter().any(paid) {
        wrong(spot.step("rule"), "nobody takes over by this rule, and taking over is what is paid for: `Gated(..)` is meant".into());
    }
    for (fields, message) in corrections.problems() {
        wrong(fields.iter().fold(spot, |spot, field| spot.step(*field)), message);
    }
}

/// Why nobody can correct a learner in a scene.
pub(super) fn unfit(plan: &Plan) -> Option<String> {
    let why = match &plan.task {
        _ if !plan.team.is_empty() => "it has a team",
        Some(task) if task.expert.is_some() => return None,
        _ => "it has no expert",
    };
    Some(format!("nobody can correct in `{}`: {why}", plan.name))
}
