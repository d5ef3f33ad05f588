//! What may be wrong with a learner's numbers, as a sentence that begins with the field's name in backticks.

/// A number that must lie between two others, neither of which it may be.
pub(super) fn open(name: &str, value: f32, low: f32, high: f32) -> Option<String> {
    let right = if high.is_finite() { format!("lie between {low} and {high}") } else { format!("be above {low}") };
    (!(value > low && value < high)).then(|| format!("`{name}` is {value} and must {right}"))
}

/// The widths of a network's hidden layers.
pub(super) fn hidden(widths: &[usize]) -> Option<String> {
    let width = widths.iter().find(|width| !(1..=8192).contains(*width))?;
    Some(format!("`hidden` has a layer of {width} and each must have 1 to 8192"))
}
