//! Recipes: scene + learner + teacher + budget. What `train` runs.

use crate::curriculum::Teacher;
use crate::learn::LearnerSettings;
use crate::learn::backend::Device;
use crate::learn::policy::Contract;
use crate::ron::{self, Document, Problem, Problems, Spot};
use crate::scene::load;
use crate::scene::plan::Plan;
use crate::training::overrides::{self, Override};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    pub budget: Budget,
    /// What learns.
    pub learner: LearnerSettings,
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

fn arenas() -> usize {
    256
}

fn one() -> u64 {
    1
}

/// The scenes of a recipe, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenes(pub Vec<String>);

impl Default for Scenes {
    fn default() -> Self {
        Self(vec!["scene.ron".into()])
    }
}

impl<'de> Deserialize<'de> for Scenes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Paths;
        impl<'de> Visitor<'de> for Paths {
            type Value = Scenes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the path of a scene or a list of paths")
            }
            fn visit_str<E>(self, path: &str) -> Result<Scenes, E> {
                Ok(Scenes(vec![path.into()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scenes, A::Error> {
                let mut paths = Vec::new();
                while let Some(path) = seq.next_element()? {
                    paths.push(path);
                }
                Ok(Scenes(paths))
            }
        }
        deserializer.deserialize_any(Paths)
    }
}

impl Serialize for Scenes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0[..] {
            [path] => serializer.serialize_str(path),
            paths => paths.serialize(serializer),
        }
    }
}

/// Which reading of the task's reward the learner is paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reading {
    /// The weighted mean of the terms where success does not hold.
    #[default]
    Dense,
    /// 1 while success holds, else 0.
    Sparse,
}

/// How much may be spent on learning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Budget {
    /// Control steps, summed over arenas. Training ends with the first update at which they are spent.
    Steps(u64),
    /// Updates.
    Updates(u64),
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
    /// The recipe.
    pub recipe: Recipe,
    /// `push-ppo` for `scenes/push/ppo.ron`.
    pub name: String,
    /// The scenes.
    pub plans: Vec<Arc<Plan>>,
    /// Their files' texts, by name.
    pub texts: Vec<(String, String)>,
}

impl Prepared {
    /// What a policy of this recipe reads and writes.
    pub fn contract(&self) -> Contract {
        contract(&self.plans[0])
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
    let text = ron::read_text(&path)?;
    let edited = overrides::apply(&text, changes).map_err(|error| Problem::of_file("--set", error.to_string()))?;
    let read = ron::read::<Recipe>(&edited.text, &path.display().to_string()).check(check).finish();
    let (recipe, document) = read.map_err(|mut problems| {
        for problem in &mut problems.0 {
            if let Some(by) = edited.blame(problem.line, problem.column) {
                problem.message = format!("in `--set {by}`: {}", problem.message);
            }
        }
        problems
    })?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let spot = document.root().step("scene");
    let mut plans: Vec<Arc<Plan>> = Vec::new();
    let mut texts = Vec::new();
    for scene in scenes(folder, &recipe.scene)? {
        let (plan, text) = plan(&scene)?;
        if plan.task.is_none() {
            let message = format!("the scene `{}` has no task: there is nothing to learn in it", plan.name);
            return Err(spot.problem(message).into());
        }
        if let Some(first) = plans.first()
            && let Err(difference) = contract(&plan).fits(&Contract { scene_hash: plan.hash, ..contract(first) })
        {
            let message = format!("the scenes `{}` and `{}` cannot share a policy: {difference}", first.name, plan.name);
            return Err(spot.problem(message).into());
        }
        texts.push((plan.name.clone(), text));
        plans.push(plan);
    }
    if plans.is_empty() {
        return Err(spot.problem("there is no scene here").into());
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = if plans.len() == 1 { format!("{}-{stem}", plans[0].name) } else { stem };
    Ok(Prepared { recipe, name, plans, texts })
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

/// The files of a recipe's scenes: a folder without a `scene.ron` stands for all scenes in it.
fn scenes(folder: &Path, scenes: &Scenes) -> Result<Vec<PathBuf>, Problems> {
    let mut paths = Vec::new();
    for scene in &scenes.0 {
        let path = folder.join(scene);
        if path.is_dir() && !path.join("scene.ron").is_file() {
            paths.extend(load::scenes(&path)?);
        } else {
            paths.push(path);
        }
    }
    Ok(paths)
}

/// What is wrong with a recipe by itself.
pub fn check(recipe: &Recipe, document: &Document) -> Problems {
    let mut problems = Problems::default();
    let mut wrong = |spot: Spot<'_>, message: String| problems.0.push(spot.problem(message));
    let root = document.root();
    if recipe.scene.0.is_empty() {
        wrong(root.step("scene"), "the list of scenes is empty".into());
    }
    if !(1..=65_536).contains(&recipe.arenas) {
        wrong(root.step("arenas"), format!("{} arenas; 1 to 65,536 can be had", recipe.arenas));
    } else {
        for message in recipe.learner.problems(recipe.arenas) {
            wrong(root.step("learner"), message);
        }
    }
    if let Budget::Steps(0) | Budget::Updates(0) = recipe.budget {
        wrong(root.step("budget"), "a budget of 0 buys nothing".into());
    }
    for (field, every) in [("evaluate", recipe.evaluate.every), ("checkpoint", recipe.checkpoint.every)] {
        if every == 0 {
            wrong(root.step(field), "`every` is 0 updates; 1 or more is meant".into());
        }
    }
    if !(1..=10_000).contains(&recipe.evaluate.levels) {
        wrong(root.step("evaluate"), format!("{} levels; 1 to 10,000 can be had", recipe.evaluate.levels));
    }
    problems
}

/// The recipe as the run folder keeps it: every default written out.
pub fn resolved(recipe: &Recipe) -> String {
    let style = ::ron::ser::PrettyConfig::new().struct_names(true).extensions(::ron::extensions::Extensions::UNWRAP_VARIANT_NEWTYPES);
    // Writing plain data into a string fails only where RON has no form for it, and every part of a recipe has one (tested).
    ::ron::ser::to_string_pretty(recipe, style).unwrap_or_default()
}
