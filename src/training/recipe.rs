//! Recipes: scene + learner + teacher + budget. What `train` runs.

use crate::curriculum::Teacher;
use crate::imitation::corrections::{Corrections, Rule};
use crate::imitation::reading::Selection;
use crate::learn::algorithm::sac::Paid;
use crate::learn::backend::Device;
use crate::learn::policy::{CheckpointError, Contract};
use crate::learn::{LearnerSettings, Use};
use crate::ron::{self, Document, Problem, Problems, Spot};
use crate::scene::load;
use crate::scene::plan::Plan;
use crate::training::overrides::{self, Override, OverrideError};
use crate::training::paths;
use crate::training::stages::{Stage, StageRecipe, stage_spots};
use crate::training::summary::thousands;
use ::ron::extensions::Extensions;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Arenas that a recipe may have at most.
const MOST_ARENAS: usize = 65_536;

/// A recipe, with every default written out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Scenes to practise in, relative to the recipe's file: one, a list, or a folder of scenes. Their channels and rates are equal.
    #[serde(default)]
    pub scene: Scenes,
    /// What the learner is paid. (Scores always read the dense one.)
    #[serde(default)]
    pub reward: Reading,
    /// Arenas that are practised in at once, 1 to 65,536.
    #[serde(default = "arenas")]
    pub arenas: usize,
    /// How much may be spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// Of a team: whether its agents learn by one policy, or each by its own.
    #[serde(default)]
    pub policies: Policies,
    /// Of a team: in this share of the arenas one agent learns, a different one from arena to arena, and past checkpoints of the run fly the others
    /// (those that were judged, and nobody at all, drawn anew for each episode). In [0, 1].
    #[serde(default)]
    pub past_opponents: f32,
    /// What learns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learner: Option<LearnerSettings>,
    /// In place of one `learner` and its `budget`: several, one after the other, the policy carried from each to the next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageRecipe>,
    /// A run, or one of its checkpoints, whose policy the (first) learner builds upon; relative to the recipe's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// Data sets to learn from, relative to the recipe's file: one, or a list.
    #[serde(default, with = "paths", skip_serializing_if = "Vec::is_empty")]
    pub demonstrations: Vec<String>,
    /// Who corrects the learner while it drives, and when; nobody where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrections: Option<Corrections>,
    /// Which of their episodes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub selection: Selection,
    /// What chooses the levels.
    #[serde(default)]
    pub teacher: Teacher,
    /// How often, and on how many held-out levels, the policy is judged.
    #[serde(default)]
    pub evaluate: Evaluating,
    /// How often everything is saved.
    #[serde(default)]
    pub checkpoint: Saving,
    /// Of all random streams.
    #[serde(default = "one")]
    pub seed: u64,
    /// Where learning runs.
    #[serde(default)]
    pub device: Device,
}

fn is_default(selection: &Selection) -> bool {
    *selection == Selection::default()
}

fn arenas() -> usize {
    256
}

fn one() -> u64 {
    1
}

/// The scenes of a recipe, as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scenes(#[serde(with = "paths")] pub Vec<String>);

impl Default for Scenes {
    fn default() -> Self {
        Self(vec!["scene.ron".into()])
    }
}

/// Which reading of the task's reward the learner is paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "Reward")]
pub enum Reading {
    /// The weighted mean of the terms where success does not hold.
    #[default]
    Dense,
    /// 1 while success holds, else 0.
    Sparse,
}

/// By how many policies a team's agents learn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Policies {
    /// By one: every agent is a row of its batch. They must have the same sensors and channels.
    #[default]
    Shared,
    /// Each by its own. A checkpoint then holds a folder for each agent but the first.
    PerAgent,
}

/// How much may be spent on learning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Budget {
    /// Control steps, summed over arenas. Training ends with the first update at which they are spent.
    Steps(u64),
    /// Updates.
    Updates(u64),
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps(steps) => write!(f, "{} steps", thousands(*steps)),
            Self::Updates(1) => f.write_str("1 update"),
            Self::Updates(updates) => write!(f, "{} updates", thousands(*updates)),
        }
    }
}

/// How often the policy is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Evaluating {
    /// Updates from one evaluation to the next; the last checkpoint is always judged.
    pub every: u64,
    /// Held-out levels.
    pub levels: usize,
}

impl Default for Evaluating {
    fn default() -> Self {
        Self { every: 50, levels: 100 }
    }
}

/// How often everything is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Saving {
    /// Updates from one checkpoint to the next.
    pub every: u64,
}

impl Default for Saving {
    fn default() -> Self {
        Self { every: 10 }
    }
}

/// A recipe that was read and found right, with its scenes made ready.
#[derive(Clone)]
pub struct Prepared {
    /// The recipe. Where it is read, its paths stand on their own. (Data sets and runs are looked for when they are read.)
    pub recipe: Recipe,
    /// `push-ppo` for `scenes/push/ppo.ron`.
    pub name: String,
    /// The scenes.
    pub plans: Vec<Arc<Plan>>,
    /// Their files' texts, by name.
    pub texts: Vec<(String, String)>,
}

impl Prepared {
    /// What each policy of this recipe reads and writes, with the name of the agent that it is of.
    pub fn contracts(&self) -> Vec<(String, Contract)> {
        let count = match self.recipe.policies {
            Policies::Shared => 1,
            Policies::PerAgent => usize::MAX,
        };
        self.plans[0].agents().take(count).map(|agent| (agent.agent.clone(), contract(agent))).collect()
    }
}

/// What a policy for `plan` reads and writes.
pub fn contract(plan: &Plan) -> Contract {
    Contract {
        observation: plan.observation.clone(),
        action: plan.action.clone(),
        control_hz: plan.timing.control_hz,
        scene_hash: plan.hash,
    }
}

/// Reads a scene and makes it ready; with it comes the text of its file.
pub fn plan(path: &Path) -> Result<(Arc<Plan>, String), Problems> {
    let mut loaded = load::load(path)?;
    let text = std::mem::take(&mut loaded.text);
    Ok((Arc::new(loaded.into()), text))
}

/// Reads and checks a recipe and its scenes. `path` is a recipe's file, or a scene (its folder or file), whose `ppo.ron` is then meant.
pub fn prepare(path: &Path, changes: &[Override]) -> Result<Prepared, Problems> {
    let path = recipe_of(path);
    from_text(&ron::read_text(&path)?, &path, changes)
}

/// Checks the text of a recipe, which stands (or would stand) in the file `path`, and its scenes.
pub fn from_text(text: &str, path: &Path, changes: &[Override]) -> Result<Prepared, Problems> {
    let file = path.display().to_string();
    let edited = overrides::apply(text, changes).map_err(|error| match ron::read::<Recipe>(text, &file).finish() {
        // What is no RON at all the loader describes better.
        Err(problems) if matches!(error, OverrideError::Text { .. }) => problems,
        _ => Problem::of_file("--set", error.to_string()).into(),
    })?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut ready = (Vec::new(), Vec::new());
    let read = ron::read::<Recipe>(&edited.text, &file).check(check).check(|recipe, document| {
        let mut problems = Problems::default();
        ready = made_ready(folder, recipe, document, &mut problems);
        problems
    });
    let (mut recipe, _) = read.finish().map_err(|mut problems| {
        for problem in problems.0.iter_mut().filter(|problem| problem.file == file) {
            if let Some(by) = edited.blame(problem.line, problem.column) {
                problem.message = format!("in `--set {by}`: {}", problem.message);
            }
        }
        problems
    })?;
    let (plans, texts) = ready;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = if plans.len() == 1 { format!("{}-{stem}", plans[0].name) } else { stem };
    let sets = recipe.stages.iter_mut().flat_map(|stage| &mut stage.demonstrations).chain(&mut recipe.demonstrations);
    for path in sets.chain(&mut recipe.start) {
        *path = lasting(&folder.join(&path)).display().to_string();
    }
    Ok(Prepared { recipe, name, plans, texts })
}

/// A path as it is from everywhere; the same whether or not something is there (yet, or any more).
fn lasting(path: &Path) -> PathBuf {
    let beside = || Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(beside).unwrap_or_else(|| path.to_owned())
}

/// The scenes of a recipe and their texts, each with a name of its own.
fn made_ready(folder: &Path, recipe: &Recipe, document: &Document, problems: &mut Problems) -> (Vec<Arc<Plan>>, Vec<(String, String)>) {
    let mut plans: Vec<Arc<Plan>> = Vec::new();
    let mut texts = Vec::new();
    for (scene, spot) in scenes(folder, &recipe.scene, document, problems) {
        let mut loaded = match load::load(&scene) {
            Ok(loaded) => loaded,
            Err(found) => {
                problems.0.extend(found.0);
                continue;
            }
        };
        let text = std::mem::take(&mut loaded.text);
        let mut plan = Plan::from(loaded);
        if plan.task.is_none() {
            problems.0.push(spot.problem(format!("the scene `{}` has no task: there is nothing to learn in it", plan.name)));
            continue;
        }
        let named = |name: &str| texts.iter().any(|(taken, _): &(String, String)| taken == name);
        if named(&plan.name) {
            let numbered = (2..).map(|number| format!("{}-{number}", plan.name)).find(|name| !named(name));
            plan.name = numbered.unwrap_or_default();
        }
        // One policy flies the agents of one seat in all scenes.
        if let Some(first) = plans.first()
            && recipe.policies == Policies::PerAgent
            && first.team.len() != plan.team.len()
        {
            let message = format!(
                "with `policies: PerAgent` every scene has the same number of agents, and `{}` has {}",
                plan.name,
                1 + plan.team.len()
            );
            problems.0.push(spot.problem(message).expecting(format!("{} as in `{}`", 1 + first.team.len(), first.name)));
            continue;
        }
        if let Some(first) = plans.first()
            && let Some(difference) =
                first.agents().zip(plan.agents()).find_map(|(one, other)| contract(one).shares(&contract(other)).err())
        {
            let message = format!("the scenes `{}` and `{}` cannot share a policy: {}", first.name, plan.name, unshared(difference));
            problems.0.push(spot.problem(message));
            continue;
        }
        if let Some(message) = unshared_within(&plan, recipe.policies) {
            problems.0.push(spot.problem(message));
            continue;
        }
        texts.push((plan.name.clone(), text));
        plans.push(Arc::new(plan));
    }
    for (stage, spot) in recipe.stages().iter().zip(stage_spots(recipe, document)) {
        for message in plans.first().map(|plan| stage.learner.unfit(&contract(plan))).unwrap_or_default() {
            let field = message.split(['`', ':']).nth(1).unwrap_or_default();
            problems.0.push(spot.step("learner").step(field).problem(message.clone()));
        }
    }
    if recipe.corrections.is_some()
        && let Some(plan) = plans.iter().find(|plan| !plan.team.is_empty() || plan.task.as_ref().is_none_or(|task| task.expert.is_none()))
    {
        let why = if plan.team.is_empty() { "it has no expert" } else { "it has a team" };
        problems.0.push(document.root().step("corrections").problem(format!("nobody can correct in `{}`: {why}", plan.name)));
    }
    if recipe.past_opponents > 0.0 && !plans.is_empty() && plans.iter().all(|plan| plan.team.is_empty()) {
        let spot = document.root().step("past_opponents");
        problems.0.push(spot.problem("there are no opponents: no scene of the recipe has a team").expecting("`body: Team(..)` in a scene"));
    }
    (plans, texts)
}

/// Why two cannot share a policy.
fn unshared(difference: CheckpointError) -> String {
    match difference {
        CheckpointError::Signal { signal, difference } => format!("of their {signal}s, {difference}"),
        CheckpointError::Rate { policy, scene } => format!("one asks {policy} times a second, the other {scene} times"),
        other => other.to_string(),
    }
}

/// Which agents of a team would have to share a policy and cannot.
fn unshared_within(plan: &Plan, policies: Policies) -> Option<String> {
    if policies == Policies::PerAgent {
        return None;
    }
    plan.team.iter().find_map(|agent| {
        let why = unshared(contract(plan).shares(&contract(agent)).err()?);
        Some(format!(
            "the agents `{}` and `{}` of `{}` cannot share a policy (`policies: PerAgent` gives each its own): {why}",
            plan.agent, agent.agent, plan.name
        ))
    })
}

/// Where a recipe is: of a scene, its `ppo.ron`; of a folder that is no scene, the file itself is asked for.
fn recipe_of(path: &Path) -> PathBuf {
    if path.is_dir() {
        path.join("ppo.ron")
    } else if path.file_name().is_some_and(|name| name == "scene.ron") {
        path.with_file_name("ppo.ron")
    } else {
        path.to_owned()
    }
}

/// The files of a recipe's scenes, and where it names them: a folder without a `scene.ron` stands for all scenes in it.
fn scenes<'a>(folder: &Path, scenes: &Scenes, document: &'a Document, problems: &mut Problems) -> Vec<(PathBuf, Spot<'a>)> {
    let mut found = Vec::new();
    let list = document.root().step("scene");
    for (index, scene) in scenes.0.iter().enumerate() {
        let spot = list.step(index);
        let path = folder.join(scene);
        if spot.is_doubtful() {
            continue;
        } else if !path.exists() {
            problems.0.push(spot.problem(format!("there is no scene `{scene}`")));
        } else if path.is_dir() && !path.join("scene.ron").is_file() {
            match load::scenes(&path) {
                Ok(paths) if paths.is_empty() => {
                    problems.0.push(spot.problem(format!("the folder `{scene}` holds no scenes: a scene is a folder with a `scene.ron`")));
                }
                Ok(paths) => found.extend(paths.into_iter().map(|path| (path, spot))),
                Err(unread) => problems.0.extend(unread.0),
            }
        } else {
            found.push((path, spot));
        }
    }
    found
}

/// What is wrong with a recipe by itself.
pub fn check(recipe: &Recipe, document: &Document) -> Problems {
    let mut problems = Problems::default();
    let mut wrong = |spot: Spot<'_>, message: String| {
        if !spot.is_doubtful() {
            problems.0.push(spot.problem(message));
        }
    };
    let root = document.root();
    if recipe.scene.0.is_empty() {
        wrong(root.step("scene"), "the list of scenes is empty".into());
    }
    let can_be_had = (1..=MOST_ARENAS).contains(&recipe.arenas);
    if !can_be_had {
        wrong(root.step("arenas"), format!("{} arenas; 1 to 65,536 can be had", recipe.arenas));
    }
    if !(0.0..=1.0).contains(&recipe.past_opponents) {
        wrong(root.step("past_opponents"), format!("a share of {}; 0 to 1 is meant", recipe.past_opponents));
    }
    for (field, missing) in [("budget", recipe.budget.is_none()), ("learner", recipe.learner.is_none())] {
        if recipe.stages.is_empty() && missing && !root.step("stages").is_doubtful() && !root.step(field).is_doubtful() {
            wrong(root, format!("the recipe has no `{field}`, nor `stages`"));
        } else if !recipe.stages.is_empty() && !missing {
            wrong(root.step(field), format!("the recipe has `stages`, each of which has its own `{field}`"));
        }
    }
    if recipe.checkpoint.every == 0 {
        wrong(root.step("checkpoint").step("every"), "every 0 updates; 1 or more are meant".into());
    }
    corrected(recipe, document, &mut wrong);
    for (stage, spot) in recipe.stages().iter().zip(stage_spots(recipe, document)) {
        // What a stage does not say itself the recipe says.
        let said = |field: &str| if spot.step(field).is_written() { spot.step(field) } else { root.step(field) };
        if stage.arenas != recipe.arenas && !(1..=MOST_ARENAS).contains(&stage.arenas) {
            wrong(said("arenas"), format!("{} arenas; 1 to 65,536 can be had", stage.arenas));
        }
        // With a number of arenas that stands in for another one, only what is wrong with any number is said.
        let can_be_had = (1..=MOST_ARENAS).contains(&stage.arenas) && !said("arenas").is_doubtful();
        for message in stage.learner.problems(if can_be_had { stage.arenas } else { MOST_ARENAS }) {
            // Sentences begin with the field that they are about.
            let field = message.split(['`', ':']).nth(1).unwrap_or_default();
            wrong(spot.step("learner").step(field), message.clone());
        }
        for (field, message) in stage.problems(recipe) {
            wrong(said(field), message);
        }
        for message in stage.selection.problems() {
            let field = message.split('`').nth(1).unwrap_or_default();
            wrong(said("selection").step(field), message.clone());
        }
        if stage.evaluate.every == 0 {
            wrong(said("evaluate").step("every"), "every 0 updates; 1 or more are meant".into());
        }
        if !(1..=10_000).contains(&stage.evaluate.levels) {
            wrong(said("evaluate").step("levels"), format!("{} levels; 1 to 10,000 can be had", stage.evaluate.levels));
        }
    }
    // One sentence for what all stages share.
    let mut told = std::collections::BTreeSet::new();
    problems.0.retain(|problem| told.insert((problem.line, problem.column, problem.message.clone())));
    problems
}

/// What is wrong with a recipe's corrections.
fn corrected(recipe: &Recipe, document: &Document, wrong: &mut impl FnMut(Spot<'_>, String)) {
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

/// The recipe as the run folder keeps it: every default written out.
pub fn resolved(recipe: &Recipe) -> String {
    let style =
        ::ron::ser::PrettyConfig::new().struct_names(true).extensions(Extensions::UNWRAP_VARIANT_NEWTYPES | Extensions::IMPLICIT_SOME);
    // Writing plain data into a string fails only where RON has no form for it, and every part of a recipe has one (tested).
    ::ron::ser::to_string_pretty(recipe, style).unwrap_or_default()
}
