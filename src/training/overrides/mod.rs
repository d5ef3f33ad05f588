//! `--set learner.rate=3e-4`: changes a recipe's text before the ordinary loader reads it, so that whatever is wrong with the result is said
//! in the loader's own words.
//!
//! The text is edited, not its meaning: RON read into values and written again would lose the names of enum variants, comments and all
//! layout. A path goes down from the recipe by field name, by position in a list or tuple (`stages.0.budget`), by key in a map, and
//! through variants: `learner.rate` finds the `rate` in `learner: Ppo(rate: ..)`. A field that is not written is added; whether there is
//! such a field the loader knows, and [`Edited::blame`] tells which override brought in what it complains about.

mod tree;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use tree::{Entry, Kind, Node};

/// One `path=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    path: Vec<String>,
    value: String,
}

impl Override {
    /// From a path such as `learner.rate` and a value in RON.
    ///
    /// # Errors
    /// Where either cannot be one.
    pub fn new(path: &str, value: &str) -> Result<Self, OverrideError> {
        let (path, value) = (path.trim(), value.trim());
        let segments: Vec<String> = path.split('.').map(|segment| segment.trim().to_owned()).collect();
        let bad =
            |segment: &String| segment.is_empty() || segment.contains(|letter: char| !letter.is_alphanumeric() && !"_-".contains(letter));
        if segments.iter().any(bad) {
            return Err(OverrideError::Path { path: path.into() });
        }
        if value.is_empty() {
            return Err(OverrideError::Value { path: path.into(), value: value.into(), problem: "nothing stands there".into() });
        }
        Ok(Self { path: segments, value: value.into() })
    }
}

impl FromStr for Override {
    type Err = OverrideError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (path, value) = text.split_once('=').ok_or_else(|| OverrideError::Form(text.into()))?;
        Self::new(path, value)
    }
}

impl fmt::Display for Override {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}={}", self.path.join("."), self.value)
    }
}

/// Why an override could not be read or made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// There is no `=`.
    #[error("`{0}` has no `=`: write an override as `learner.rate=3e-4`")]
    Form(String),
    /// The path is empty somewhere, or holds what no name does.
    #[error("`{path}` is no path: write names with dots between them, as in `learner.rate`")]
    Path {
        /// The path.
        path: String,
    },
    /// What is to be set is not one value.
    #[error("`{path}` cannot be set to `{value}`: {problem}, where one RON value is expected (a text stands in quotes: `\"like this\"`)")]
    Value {
        /// The path.
        path: String,
        /// What was to be set.
        value: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The path goes on where there is nothing inside.
    #[error("`{path}` leads nowhere: `{inside}` is `{found}`, which has nothing inside")]
    Leaf {
        /// The whole path.
        path: String,
        /// The part of it that was found.
        inside: String,
        /// What stands there.
        found: String,
    },
    /// A list, tuple or map has no such entry.
    #[error("`{path}` leads nowhere: `{inside}` has no `{name}`: {known}")]
    Missing {
        /// The whole path.
        path: String,
        /// The part of it that was found; `the recipe` for none.
        inside: String,
        /// What was not found in it.
        name: String,
        /// What is in it, the nearest first.
        known: String,
    },
    /// The text to be changed is itself no RON. The loader will say it better.
    #[error("line {line}, column {column}: {problem}")]
    Text {
        /// Counted from 1.
        line: usize,
        /// In characters, counted from 1.
        column: usize,
        /// What is wrong.
        problem: String,
    },
}

/// A text after overrides, which remembers who changed what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The text, to be given to the loader.
    pub text: String,
    places: Vec<(Range<usize>, Override)>,
}

impl Edited {
    /// The override that brought in what stands at a line and column (in characters), both counted from 1; `None` where it was there before.
    pub fn blame(&self, line: usize, column: usize) -> Option<&Override> {
        let start: usize = self.text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
        let rest = self.text.get(start..)?;
        let at = start + rest.char_indices().nth(column.checked_sub(1)?).map_or(rest.len(), |(at, _)| at);
        // The ends count too: a loader points at a value's first letter or just behind its last one. The latest change wins.
        self.places.iter().rev().find(|(place, _)| place.start <= at && at <= place.end).map(|(_, by)| by)
    }

    fn replace(&mut self, place: Range<usize>, with: &str, by: &Override) {
        self.text.replace_range(place.clone(), with);
        let moved = |at: usize| at + with.len() - place.len();
        // What lay within the replaced part is gone; what holds it or follows it moves.
        self.places.retain(|(earlier, _)| !(place.start <= earlier.start && earlier.end <= place.end && !place.is_empty()));
        for (earlier, _) in &mut self.places {
            let (start, end) = (earlier.start, earlier.end);
            if start >= place.end {
                *earlier = moved(start)..moved(end);
            } else if end >= place.end {
                *earlier = start..moved(end);
            }
        }
        self.places.push((place.start..place.start + with.len(), by.clone()));
    }
}

/// Makes `overrides` one after another: a later one may go into what an earlier one set.
///
/// # Errors
/// The first override that cannot be made; or `text` is no RON at all, in which case the loader should have been asked first.
pub fn apply(text: &str, overrides: &[Override]) -> Result<Edited, OverrideError> {
    let mut edited = Edited { text: text.into(), places: Vec::new() };
    for change in overrides {
        change.apply(&mut edited)?;
    }
    Ok(edited)
}

impl Override {
    fn apply(&self, edited: &mut Edited) -> Result<(), OverrideError> {
        let root = tree::parse(&edited.text).map_err(|error| {
            let (line, column) = tree::line_and_column(&edited.text, error.at);
            OverrideError::Text { line, column, problem: error.problem }
        })?;
        let mut node = &root;
        for (depth, name) in self.path.iter().enumerate() {
            match self.find(node, name, depth, &edited.text)? {
                Found::Entry(entry) => node = &entry.node,
                Found::Absent(fields) => {
                    let value = self.path[depth + 1..].iter().rev().try_fold(self.checked(None)?, |inner, name| {
                        if name.starts_with(|letter: char| letter.is_ascii_digit()) {
                            Err(self.missing(node, name, depth, &[]))
                        } else {
                            Ok(format!("({name}: {inner})"))
                        }
                    })?;
                    let (at, text) = fields.insertion(&edited.text, &format!("{name}: {value}"));
                    edited.replace(at..at, &text, self);
                    return Ok(());
                }
            }
        }
        let value = self.checked(Some(&edited.text[node.span.clone()]))?;
        edited.replace(node.span.clone(), &value, self);
        Ok(())
    }

    /// The value, once it is known to be one and nothing more. Where a text in quotes is replaced, quotes that a shell took are put back.
    fn checked(&self, replaced: Option<&str>) -> Result<String, OverrideError> {
        match tree::parse(&self.value) {
            // A bare name where a text stood: the shell took its quotes.
            Ok(Node { kind: Kind::Name, .. }) if replaced.is_some_and(|old| old.starts_with('"')) && self.value != "None" => {
                Ok(format!("{:?}", self.value))
            }
            // Without a comment that may stand behind the value: it would swallow what follows.
            Ok(node) => Ok(self.value[node.span].to_owned()),
            Err(_) if replaced.is_some_and(|old| old.starts_with('"')) && !self.value.contains('"') => Ok(format!("{:?}", self.value)),
            Err(error) => Err(OverrideError::Value { path: self.path.join("."), value: self.value.clone(), problem: error.problem }),
        }
    }

    /// Where `name` is in `node`.
    fn find<'a>(&self, node: &'a Node, name: &str, depth: usize, text: &str) -> Result<Found<'a>, OverrideError> {
        let by_place = |entries: &'a [Entry]| {
            let entry = name.parse::<usize>().ok().and_then(|place| entries.get(place));
            entry.map(Found::Entry).ok_or_else(|| self.missing(node, name, depth, &[]))
        };
        match &node.kind {
            Kind::List(entries) => by_place(entries),
            Kind::Map(entries) => entries
                .iter()
                .find(|entry| entry.name.as_deref() == Some(name))
                .map(Found::Entry)
                .ok_or_else(|| self.missing(node, name, depth, entries)),
            Kind::Group { entries, .. } => {
                let named = entries.iter().any(|entry| entry.name.is_some());
                let by_number = name.parse::<usize>().is_ok();
                if let Some(entry) = entries.iter().find(|entry| entry.name.as_deref() == Some(name)) {
                    Ok(Found::Entry(entry))
                } else if named && by_number {
                    Err(self.missing(node, name, depth, entries))
                } else if (entries.is_empty() && !by_number) || named {
                    Ok(Found::Absent(Fields { node, entries }))
                } else if entries.len() == 1 && !by_number {
                    // `Some((every: 50))`, `Ppo((rate: 1e-3))`: the one thing inside is meant.
                    self.find(&entries[0].node, name, depth, text)
                } else {
                    by_place(entries)
                }
            }
            // A variant without parentheses, all defaults: `learner: Ppo`.
            Kind::Name if !["true", "false", "None", "inf", "NaN"].contains(&&text[node.span.clone()]) => {
                Ok(Found::Absent(Fields { node, entries: &[] }))
            }
            Kind::Name | Kind::Leaf => {
                let found = text[node.span.clone()].into();
                Err(OverrideError::Leaf { path: self.path.join("."), inside: self.inside(depth), found })
            }
        }
    }

    fn missing(&self, node: &Node, name: &str, depth: usize, entries: &[Entry]) -> OverrideError {
        let mut names: Vec<&str> = entries.iter().filter_map(|entry| entry.name.as_deref()).collect();
        names.sort_by_key(|known| -(strsim::jaro_winkler(known, name) * 1e6) as i64);
        let known = match (names.first(), node.entries()) {
            (Some(nearest), _) => format!("did you mean `{nearest}`? It has {}", names.join(", ")),
            (None, 0) => "it is empty".into(),
            (None, 1) => "its only entry is `0`".into(),
            (None, count) => format!("its entries are `0` to `{}`", count - 1),
        };
        OverrideError::Missing { path: self.path.join("."), inside: self.inside(depth), name: name.into(), known }
    }

    fn inside(&self, depth: usize) -> String {
        if depth == 0 { "the recipe".into() } else { self.path[..depth].join(".") }
    }
}

enum Found<'a> {
    Entry(&'a Entry),
    Absent(Fields<'a>),
}

/// Parentheses with named fields, or a bare variant that has none yet.
struct Fields<'a> {
    node: &'a Node,
    entries: &'a [Entry],
}

impl Fields<'_> {
    /// Where and what to insert for one field more, laid out like its neighbours.
    fn insertion(&self, text: &str, field: &str) -> (usize, String) {
        let Kind::Group { open, .. } = self.node.kind else { return (self.node.span.end, format!("({field})")) };
        let Some(last) = self.entries.last() else { return (open + 1, field.into()) };
        let end = last.node.span.end;
        let line = text[..last.start].rfind('\n').map_or(0, |at| at + 1);
        let indent = &text[line..last.start];
        // A field with a line of its own gets a neighbour with a line of its own, behind its comma and comment.
        if line > 0
            && indent.trim().is_empty()
            && let Some((rest, _)) = text[end..].split_once('\n')
            && let Some(comment) = rest.trim_start().strip_prefix(',')
            && (comment.trim().is_empty() || comment.trim_start().starts_with("//"))
        {
            return (end + rest.trim_end_matches('\r').len(), format!("\n{indent}{field},"));
        }
        (end, format!(", {field}"))
    }
}
