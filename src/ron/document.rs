//! [`Document`]: a text that was read, and the place of every value in it.

use super::node::{Node, Value};
use super::problem::{Problem, nearest, one_of};
use std::collections::{BTreeMap, BTreeSet};

/// Characters of a line that are shown at most.
const WIDEST: usize = 140;

/// A text, its name and where its lines begin.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub name: String,
    pub text: String,
    lines: Vec<u32>,
}

impl Source {
    pub fn new(text: &str, name: &str) -> Self {
        let lines = std::iter::once(0).chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at as u32 + 1)).collect();
        Self { name: name.into(), text: text.into(), lines }
    }

    /// Line and column of a byte, both from 1, the column in characters.
    pub fn place(&self, at: u32) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= at);
        let start = self.lines[line - 1] as usize;
        let before = &self.text[start..(at as usize).min(self.text.len())];
        (line, before.trim_start_matches('\u{feff}').chars().count() + 1)
    }

    /// A problem with the text between two bytes.
    pub fn problem(&self, start: u32, end: u32, message: impl Into<String>) -> Problem {
        let (line, column) = self.place(start);
        let text = self.text[self.lines[line - 1] as usize..].lines().next().unwrap_or("").trim_start_matches('\u{feff}');
        // Of a long line only the part around the place is shown.
        let skipped = if column > WIDEST - 20 { column - WIDEST / 2 } else { 0 };
        let clean = |c: char| if c.is_control() && c != '\t' { '\u{fffd}' } else { c };
        let excerpt: String = text.chars().skip(skipped).take(WIDEST).map(clean).collect();
        let before = column - 1 - skipped;
        let spanned = self.text[start as usize..(end.max(start) as usize).min(self.text.len())].lines().next().unwrap_or("");
        let width = spanned.chars().take(WIDEST).count().min(excerpt.chars().count().saturating_sub(before)).max(1);
        Problem { file: self.name.clone(), line, column, message: message.into(), excerpt, caret: (before, width), ..Problem::default() }
    }
}

/// A text that was read: it knows where each of its values stands.
#[derive(Clone, Debug)]
pub struct Document {
    pub(super) source: Source,
    pub(super) root: Node,
    /// The nodes that a stand-in replaced, by their start.
    pub(super) doubts: BTreeSet<u32>,
    /// The fields that a stand-in replaced because they are missing, by the start of their struct.
    pub(super) missing: BTreeMap<u32, Vec<&'static str>>,
    /// The brackets from which something unreadable was left out.
    pub(super) partial: BTreeSet<u32>,
}

/// One step into a value: to a field (or the key of a map), or to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Of a struct, a variant with fields, or a map.
    Field(&'a str),
    /// Of a list, a tuple, or a variant's values.
    Item(usize),
}

impl<'a> From<&'a str> for Step<'a> {
    fn from(name: &'a str) -> Self {
        Self::Field(name)
    }
}

impl From<usize> for Step<'_> {
    fn from(index: usize) -> Self {
        Self::Item(index)
    }
}

impl Document {
    /// The file's name as it was given.
    pub fn name(&self) -> &str {
        &self.source.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.source.text
    }

    /// The outermost value.
    pub fn root(&self) -> Spot<'_> {
        Spot { document: self, node: &self.root, doubtful: self.doubts.contains(&self.root.start), exact: true }
    }

    /// The value at the end of a path, or the innermost one on the way there that is in the file (a default has no place of its own).
    pub fn at<'a>(&'a self, path: &[Step<'_>]) -> Spot<'a> {
        path.iter().fold(self.root(), |spot, step| spot.step(*step))
    }

    /// Every value of the form `name("text")` and its text: where a name is used, wherever that is.
    pub fn uses<'a>(&'a self, name: &str) -> Vec<(&'a str, Spot<'a>)> {
        let mut uses = Vec::new();
        let mut stack = vec![&self.root];
        while let Some(node) = stack.pop() {
            if let Value::Tuple(items) = &node.value
                && let [Node { value: Value::Text(text), .. }] = &items[..]
                && self.name_of(node) == Some(name)
            {
                uses.push((text.as_str(), Spot { document: self, node: &items[0], doubtful: false, exact: true }));
            }
            match &node.value {
                Value::List(items) | Value::Tuple(items) => stack.extend(items),
                Value::Struct(fields) => stack.extend(fields.iter().map(|(_, value)| value)),
                Value::Map(entries) => stack.extend(entries.iter().map(|(_, value)| value)),
                _ => {}
            }
        }
        uses.sort_by_key(|(_, spot)| spot.node.start);
        uses
    }

    pub(super) fn name_of(&self, node: &Node) -> Option<&str> {
        let name = &self.source.text[node.start as usize..(node.start + node.name) as usize];
        (node.name > 0).then(|| name.strip_prefix("r#").unwrap_or(name))
    }
}

/// A place in a [`Document`]: a value, and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Spot<'a> {
    document: &'a Document,
    node: &'a Node,
    doubtful: bool,
    exact: bool,
}

impl<'a> Spot<'a> {
    /// One step inwards. What is not in the file has the place of what it would be in.
    pub fn step<'b>(self, step: impl Into<Step<'b>>) -> Self {
        let node = self.through_some();
        let step = step.into();
        let inner = match (step, &node.value) {
            (Step::Field(name), Value::Struct(fields)) => {
                fields.iter().find(|(key, _)| self.spelled(key.start, key.end) == name).map(|(_, value)| value)
            }
            (Step::Field(name), Value::Map(entries)) => {
                entries.iter().find(|(key, _)| matches!(&key.value, Value::Text(text) if text == name)).map(|(_, value)| value)
            }
            (Step::Item(index), Value::List(items) | Value::Tuple(items)) => items.get(index),
            _ => None,
        };
        let inner = inner.filter(|_| self.exact);
        match inner {
            Some(inner) => Self {
                node: inner,
                doubtful: self.doubtful || self.document.doubts.contains(&inner.start) || inner.value == Value::Broken,
                ..self
            },
            // Missing, or a default. Within a default everything is one.
            None => {
                let missing = self.document.missing.get(&node.start).map_or(&[][..], Vec::as_slice);
                let doubtful = self.doubtful || (self.exact && matches!(step, Step::Field(name) if missing.contains(&name)));
                Self { exact: false, doubtful, ..self }
            }
        }
    }

    /// The key of a map's entry (not its value).
    pub fn key(self, name: &str) -> Self {
        let node = self.through_some();
        let Value::Map(entries) = &node.value else { return self };
        let key = entries.iter().find(|(key, _)| matches!(&key.value, Value::Text(text) if text == name));
        key.map_or(self, |(key, _)| Self { node: key, ..self })
    }

    /// Whether the value at hand, or one around it or in it, could not be read, so that a stand-in takes its place.
    pub fn is_doubtful(self) -> bool {
        let within = self.node.start..=self.node.end;
        let Document { doubts, missing, partial, .. } = self.document;
        let inner = || {
            doubts.range(within.clone()).next().is_some()
                || missing.range(within.clone()).next().is_some()
                || partial.range(within.clone()).next().is_some()
        };
        self.doubtful || (self.exact && inner())
    }

    /// Whether the value itself could not be read, or lacks a part that could not be.
    pub fn is_partial(self) -> bool {
        let start = self.node.start;
        self.doubtful || (self.exact && (self.document.doubts.contains(&start) || self.document.partial.contains(&start)))
    }

    /// Whether the last step led to something that is written in the file.
    pub fn is_written(self) -> bool {
        self.exact
    }

    /// Line and column, from 1.
    pub fn place(self) -> (usize, usize) {
        self.document.source.place(self.node.start)
    }

    /// The text of the value.
    pub fn spelling(self) -> &'a str {
        self.spelled(self.node.start, self.node.end)
    }

    /// A problem here.
    pub fn problem(self, message: impl Into<String>) -> Problem {
        // Of a value in brackets, its name or its first line is marked.
        let end = if self.node.name > 0 { self.node.start + self.node.name } else { self.node.end };
        self.document.source.problem(self.node.start, end, message).finding(super::problem::shortened(self.spelling()))
    }

    /// A problem with a name that stands here and refers to nothing: `valid` are those that would.
    pub fn unknown(self, what: &str, name: &str, valid: &[&str]) -> Problem {
        let expected = if valid.is_empty() { String::new() } else { one_of(valid.iter().copied()) };
        let mut problem = self.problem(format!("unknown {what} `{}`", super::problem::shortened(name))).expecting(expected);
        problem.hint = nearest(name, valid.iter().copied()).map(str::to_owned);
        problem
    }

    fn spelled(self, start: u32, end: u32) -> &'a str {
        let text = &self.document.source.text[start as usize..end as usize];
        text.strip_prefix("r#").unwrap_or(text)
    }

    /// The value within `Some(..)`, where that is written.
    fn through_some(self) -> &'a Node {
        let mut node = self.node;
        while let Value::Tuple(items) = &node.value
            && items.len() == 1
            && self.document.name_of(node) == Some("Some")
        {
            node = &items[0];
        }
        node
    }
}
