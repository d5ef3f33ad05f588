//! The tables of `apprentice diagnose`: one for each question.

use super::{Judged, Recorded, Said, Subject};
use crate::cli::output::columns;
use crate::cli::{Failure, General};
use crate::imitation::diagnosis::behaviour::Behaviour;
use crate::training::statistics::{Estimate, wilson};
use crate::training::summary::{percent, thousands};
use serde_json::{Value, json};

fn interval(share: Estimate) -> String {
    format!("{} to {}", percent(share.low), percent(share.high))
}

fn head<const N: usize>(titles: [&str; N]) -> Vec<String> {
    titles.map(str::to_owned).to_vec()
}

/// An object with the question that it answers and the run that it is about.
fn answer(question: &str, subject: &Subject, object: Value) -> Value {
    let mut all = json!({ "question": question, "run": subject.name });
    if let (Value::Object(all), Value::Object(object)) = (&mut all, object) {
        all.extend(object);
    }
    all
}

fn value(object: &impl serde::Serialize) -> Result<Value, Failure> {
    serde_json::to_value(object).map_err(|error| Failure::input(error.to_string()))
}

/// What somebody may choose a checkpoint by, and which one it is.
struct Choice {
    by: &'static str,
    index: usize,
}

/// By the least action error, the least loss, the most success: of equals the first one.
fn choices(judged: &[Judged]) -> Vec<Choice> {
    let least = |of: fn(&Judged) -> Option<f64>| {
        let known = judged.iter().enumerate().filter_map(|(index, judged)| Some((index, of(judged)?)));
        known.min_by(|one, other| one.1.total_cmp(&other.1)).map(|(index, _)| index)
    };
    let choice = |by, index: Option<usize>| index.map(|index| Choice { by, index });
    [
        choice("least action error", least(|judged| judged.action_error)),
        choice("least validation loss", least(|judged| judged.validation_loss)),
        choice("most success", least(|judged| Some(-judged.success.value))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether it matters what a checkpoint is chosen by.
fn verdict(judged: &[Judged], choices: &[Choice]) -> String {
    let Some((most, others)) = choices.split_last().filter(|(_, others)| judged.len() > 1 && !others.is_empty()) else {
        return String::new();
    };
    let best = &judged[most.index];
    let told = |choice: &Choice| {
        let chosen = &judged[choice.index];
        format!("{} after {} updates ({})", choice.by, thousands(chosen.updates), percent(chosen.success.value))
    };
    let all = choices.iter().map(told).collect::<Vec<_>>().join(", ");
    let differ = |holds: fn(&Judged, &Judged) -> bool| others.iter().any(|choice| holds(&judged[choice.index], best));
    let say = if !differ(|chosen, best| chosen.success.value < best.success.value) {
        "they agree: none is less successful than another"
    } else if differ(|chosen, best| chosen.success.high < best.success.low) {
        "they disagree, by more than chance"
    } else {
        "they disagree, by no more than so few levels can tell apart"
    };
    format!("{}: {say}.\n", capitalised(&all))
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

pub(super) fn checkpoints(subject: &Subject, judged: &[Judged], recorded: Option<&Recorded>, general: &General) -> Result<(), Failure> {
    let choices = choices(judged);
    let mut rows = vec![head(["updates", "action error", "validation loss", "success", "95 %", "score", "is the one of"])];
    for (index, line) in judged.iter().enumerate() {
        let is: Vec<&str> = choices.iter().filter(|choice| choice.index == index).map(|choice| choice.by).collect();
        let mut object = value(line)?;
        object["is"] = json!(is);
        general.output().print_json(&answer("checkpoints", subject, object))?;
        let number = |number: Option<f64>| number.map_or_else(String::new, |number| format!("{number:.4}"));
        rows.push(vec![
            thousands(line.updates),
            number(line.action_error),
            number(line.validation_loss),
            percent(line.success.value),
            interval(line.success),
            format!("{:.3}", line.score),
            is.join(", "),
        ]);
    }
    let against = recorded.map_or("no demonstrations".to_owned(), |recorded| recorded.what.clone());
    let text = format!(
        "Checkpoints: action error on {against}, success on {} held-out levels\n\n{}\n{}",
        subject.levels.len(),
        columns(&rows),
        verdict(judged, &choices)
    );
    Ok(general.output().print_text(&text)?)
}

/// `draws`: the policy may go two ways from one start.
pub(super) fn behaviour(
    subject: &Subject,
    policy: &Behaviour,
    demonstrations: Option<Behaviour>,
    draws: bool,
    general: &General,
) -> Result<(), Failure> {
    if policy.ways.len() == 1 {
        let text = "\nWays: none are told apart in this scene (but around what an expert skirts, and where one that sweeps pushes first)";
        return Ok(general.output().print_text(text)?);
    }
    let both = [("policy", Some(policy)), ("demonstrations", demonstrations.as_ref())];
    let mut rows = vec![head(["who", "way", "episodes", "share", "success", "95 %"])];
    let mut sums = String::new();
    for (who, behaviour) in both.into_iter().filter_map(|(who, behaviour)| Some((who, behaviour?))) {
        let mut object = value(behaviour)?;
        object["who"] = json!(who);
        general.output().print_json(&answer("behaviour", subject, object))?;
        let all: usize = behaviour.ways.iter().map(|way| way.episodes).sum();
        for way in behaviour.ways.iter().filter(|way| way.way.is_some() || way.episodes > 0) {
            let success = wilson(way.succeeded, way.judged);
            let told = |text: String| if way.judged > 0 { text } else { String::new() };
            rows.push(vec![
                who.to_owned(),
                way.way.unwrap_or("none").to_owned(),
                thousands(way.episodes as u64),
                percent(way.episodes as f64 / all.max(1) as f64),
                told(percent(success.value)),
                told(interval(success)),
            ]);
        }
        sums += &format!("{}: {:.2} bits over all episodes", capitalised(who), behaviour.entropy);
        sums += &match behaviour.given_start {
            Some(given) => format!(
                "; {:.2} bits given the start, in the mean over {} starts ({:.2} if each flight were tossed by the shares above).\n",
                given.entropy, given.starts, given.tossed
            ),
            None if who == "policy" && !draws => "; 0 bits given the start: it draws nothing.\n".to_owned(),
            None => "; no start was flown from twice.\n".to_owned(),
        };
    }
    Ok(general.output().print_text(&format!("\nWays: the last checkpoint\n\n{}\n{sums}", columns(&rows)))?)
}

/// `said`, and the success of the policy that sees all.
pub(super) fn attribution(
    subject: &Subject,
    (said, success): (&[Said], Estimate),
    count: usize,
    demonstrated: bool,
    general: &General,
) -> Result<(), Failure> {
    let mut rows = vec![head(["sensor", "gradient", "change without", "success without", "95 %"])];
    rows.push(vec!["(sees all)".into(), String::new(), String::new(), percent(success.value), interval(success)]);
    for line in said {
        general.output().print_json(&answer("attribution", subject, value(line)?))?;
        let told = |text: fn(Estimate) -> String| line.success.map_or_else(|| "not flown".to_owned(), text);
        let numbers = [line.attribution.gradient, line.attribution.change].map(|number| format!("{number:.3}"));
        let mut row = vec![line.attribution.sensor.clone()];
        row.extend(numbers);
        row.extend([told(|share| percent(share.value)), told(interval)]);
        rows.push(row);
    }
    let of = if demonstrated { "of the demonstrations" } else { "that the policy itself met" };
    let mut text = format!(
        "\nSensors: over {} rows {of}; without a sensor: its channels stand at their means\n\n{}",
        thousands(count as u64),
        columns(&rows)
    );
    if said.iter().any(|line| line.success.is_none()) {
        text += "\nThe policy has no normaliser that could hold channels at their means, so it is not flown without a sensor.\n";
    }
    Ok(general.output().print_text(&text)?)
}
