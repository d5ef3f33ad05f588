//! What may be wrong with a learner's numbers, as a sentence that begins with the field's name in backticks.

/// A number that must lie between two others, neither of which it may be.
pub(in crate::learn) fn open(name: &str, value: f32, low: f32, high: f32) -> Option<String> {
    let right = if high.is_finite() { format!("lie between {low} and {high}") } else { format!("be above {low}") };
    (!(value > low && value < high)).then(|| format!("`{name}` is {value} and must {right}"))
}

/// The widths of a network's hidden layers.
pub(in crate::learn) fn hidden(widths: &[usize]) -> Option<String> {
    let width = widths.iter().find(|width| !(1..=8192).contains(*width))?;
    Some(format!("`hidden` has a layer of {width} and each must have 1 to 8192"))
}

/// The problems of settings that are a `field` of others: ```rate` is 0`` becomes ```clone: rate` is 0``.
pub(in crate::learn) fn within(field: &str, problems: Vec<String>) -> Vec<String> {
    let named = |problem: String| problem.strip_prefix('`').map_or(problem.clone(), |rest| format!("`{field}: {rest}"));
    problems.into_iter().map(named).collect()
}

/// A whole number from 1 to `most`.
pub(in crate::learn) fn whole(name: &str, value: usize, most: usize) -> Option<String> {
    (!(1..=most).contains(&value)).then(|| format!("`{name}` is {value} and must be 1 to {most}"))
}
