//! [`Problem`]: one thing that is wrong in a file, with its place; [`Problems`]: all of them.

use std::fmt;

/// Characters of a sentence at most.
const LONGEST: usize = 1000;

/// One thing that is wrong in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// The file's name as it was given.
    pub file: String,
    /// From 1; 0 where the file as a whole is meant (it is missing, not text, too large).
    pub line: usize,
    /// In characters, from 1; 0 where the file as a whole is meant.
    pub column: usize,
    /// What is wrong, as a sentence without its end.
    pub message: String,
    /// What was found, as short as can be.
    pub found: String,
    /// What would have been right; empty where the message says it all.
    pub expected: String,
    /// The nearest valid name.
    pub hint: Option<String>,
    /// A second place that has to do with it.
    pub note: Option<Note>,
    /// The line of the file (or a part of it, where it is long); empty where the file as a whole is meant.
    pub excerpt: String,
    /// Where in `excerpt` the place begins, and how many characters it covers.
    pub caret: (usize, usize),
}

/// A second place that has to do with a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
    /// What is there.
    pub message: String,
}

impl Problem {
    /// Of the file as a whole.
    pub fn of_file(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self { file: file.into(), message: message.into(), ..Self::default() }
    }

    /// The same, saying what would have been right.
    pub fn expecting(mut self, expected: impl Into<String>) -> Self {
        self.expected = expected.into();
        self
    }

    /// The same, with the nearest of `names` as its hint, if one is near.
    pub fn hinting<'a>(mut self, name: &str, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.hint = nearest(name, names).map(str::to_owned);
        self
    }

    /// The same, with what was found.
    pub fn finding(mut self, found: impl Into<String>) -> Self {
        self.found = found.into();
        self
    }

    /// What is wrong, what was expected and the hint: the first line without the place.
    pub fn sentence(&self) -> String {
        let mut sentence = self.message.clone();
        if !self.expected.is_empty() {
            sentence += "; expected ";
            sentence += &self.expected;
        }
        if let Some(hint) = &self.hint {
            sentence += &format!(": did you mean `{hint}`?");
        }
        // Names of the file are part of it: whatever they hold, it stays one line of a sensible length.
        let mut clean: String =
            sentence.chars().take(LONGEST).flat_map(|c| if c.is_control() { c.escape_debug().collect() } else { vec![c] }).collect();
        if sentence.chars().nth(LONGEST).is_some() {
            clean += "..";
        }
        clean
    }
}

impl fmt::Display for Problem {
    /// Place and sentence in the first line; beneath, the line of the file with a caret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", self.sentence())?;
        if self.line > 0 {
            let number = self.line.to_string();
            let margin = " ".repeat(number.len());
            let (before, width) = self.caret;
            // A tab beneath a tab keeps the caret in its column however wide tabs are shown.
            let indent: String = self.excerpt.chars().take(before).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            write!(f, "\n{margin} |\n{number} | {}\n{margin} | {indent}{}", self.excerpt, "^".repeat(width.max(1)))?;
        }
        if let Some(note) = &self.note {
            write!(f, "\n  note: {}:{}:{}: {}", self.file, note.line, note.column, note.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

/// All that is wrong, sorted by place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Sorts by place. A place and sentence that came twice stays once.
    pub fn sort(&mut self) {
        self.0.sort_by(|a, b| (&a.file, a.line, a.column, &a.message).cmp(&(&b.file, b.line, b.column, &b.message)));
        self.0.dedup();
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    /// One after the other, with an empty line between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// The one of `names` that `name` was most likely meant to be.
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Comparing costs the product of the lengths: nobody mistypes a name of a hundred letters.
    if name.chars().nth(100).is_some() {
        return None;
    }
    let lower = name.to_lowercase();
    let (distance, best) = names
        .into_iter()
        .take(10_000)
        .filter(|candidate| !candidate.is_empty() && candidate.len() <= 400)
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_lowercase()), candidate))
        .min_by_key(|(distance, _)| *distance)?;
    let length = name.chars().count().max(best.chars().count());
    (distance * 5 <= length * 2).then_some(best)
}

/// Names in backquotes, separated by commas.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut all = String::new();
    for (index, name) in names.into_iter().enumerate() {
        if index == 30 {
            all += ", ..";
            break;
        }
        if index > 0 {
            all += ", ";
        }
        all += &format!("`{name}`");
    }
    all
}

/// "one of `a`, `b`", or just "`a`".
pub(super) fn one_of<'a>(names: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if names.clone().into_iter().nth(1).is_some() { format!("one of {}", listed(names)) } else { listed(names) }
}

/// A text shortened for a message, without line breaks and the like.
pub(super) fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().nth(40).is_some() {
        short += "..";
    }
    short
}
