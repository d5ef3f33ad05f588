//! What is wrong with a recipe by itself, before its scenes are read.

use super::{MOST_ARENAS, Recipe};
use crate::ron::{Document, Problems, Spot};
use crate::training::corrections;
use crate::training::stages::stage_spots;

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
    corrections::problems(recipe, document, &mut wrong);
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
