//! [`read`]: from text to value, with all that is wrong in it.

use super::document::{Document, Source};
use super::failure::{Failure, Fault};
use super::node::Node;
use super::problem::{Problem, Problems};
use super::reader::Reader;
use super::tree;
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Problems of a file that are told at most.
pub(super) const MOST_PROBLEMS: usize = 50;
/// Every round finds at least one more thing that needs a stand-in; the last rounds are for stand-ins that are still searched.
const MOST_ROUNDS: usize = MOST_PROBLEMS + 30;
/// Of a long text not all rounds are worth their time: so many bytes are gone through at most.
const MOST_READ: usize = 16 << 20;

/// What came of reading a text.
#[derive(Debug)]
pub struct Read<T> {
    /// The value. Where there are problems, stand-ins take the place of what could not be read ([`super::Spot::is_doubtful`] tells where); it
    /// serves to find further problems. `None` where nothing at all could be made of the text.
    pub value: Option<T>,
    /// The text and the places of its values; `None` together with `value`.
    pub document: Option<Document>,
    /// All that is wrong so far.
    pub problems: Problems,
}

impl<T> Read<T> {
    /// The value, if nothing is wrong with it; all that is wrong otherwise, sorted by place.
    pub fn finish(mut self) -> Result<(T, Document), Problems> {
        match (self.value, self.document) {
            (Some(value), Some(document)) if self.problems.0.is_empty() => Ok((value, document)),
            _ => {
                self.problems.sort();
                self.problems.0.truncate(2 * MOST_PROBLEMS);
                Err(self.problems)
            }
        }
    }

    /// Adds what `check` finds wrong with a value that could be read, if only with stand-ins.
    pub fn check(mut self, check: impl FnOnce(&T, &Document) -> Problems) -> Self {
        if let (Some(value), Some(document)) = (&self.value, &self.document) {
            self.problems.0.extend(check(value, document).0);
        }
        self
    }
}

/// Reads a value from RON; `name` is the file's name for messages.
pub fn read<T: DeserializeOwned>(text: &str, name: &str) -> Read<T> {
    let kind = std::any::type_name::<T>().rsplit("::").next().unwrap_or("value");
    if text.len() > super::MOST_BYTES {
        let problem = Problem::of_file(name, format!("the text has {} bytes", text.len())).expecting("at most 1 MiB");
        return Read { value: None, document: None, problems: problem.into() };
    }
    let source = Source::new(text, name);
    let parsed = tree::parse(&source);
    let mut problems = Problems(parsed.problems);
    let Some(root) = parsed.root else {
        if problems.0.is_empty() {
            let message = if text.trim().is_empty() { "the file is empty" } else { "the file has no value in it" };
            problems.0.push(Problem::of_file(name, message).expecting(format!("`{kind}(..)`")));
        }
        return Read { value: None, document: None, problems };
    };
    if parsed.lost {
        problems.sort();
        return Read { value: None, document: None, problems };
    }
    let session = Session::new(&source);
    let value = session.rounds(&root);
    problems.0.extend(session.problems.into_inner().into_values());
    let (doubts, missing) = (session.doubts.into_inner(), session.missing.into_inner());
    if value.is_none() && problems.0.is_empty() {
        problems.0.push(source.problem(root.start, root.end, format!("this is no `{kind}`")));
    }
    problems.sort();
    let document = value.is_some().then_some(Document { source, root, doubts, missing, partial: parsed.partial });
    Read { value, document, problems }
}

/// What is known of a text while it is read, kept from round to round.
pub(super) struct Session<'a> {
    pub source: &'a Source,
    /// By place and missing field: the same problem is found again in every round, and of two about one value the first says more.
    problems: RefCell<BTreeMap<(u32, &'static str), Problem>>,
    /// Nodes that a stand-in replaces.
    doubts: RefCell<BTreeSet<u32>>,
    /// Fields that are missing from the struct that starts there.
    missing: RefCell<BTreeMap<u32, Vec<&'static str>>>,
    /// Which form of stand-in a visitor takes, for visitors that may take several (by the visitor's name).
    forms: RefCell<BTreeMap<&'static str, usize>>,
}

impl<'a> Session<'a> {
    fn new(source: &'a Source) -> Self {
        Self { source, problems: RefCell::default(), doubts: RefCell::default(), missing: RefCell::default(), forms: RefCell::default() }
    }

    /// Reads again and again, each time with one more stand-in, until the whole tree could be read.
    fn rounds<T: DeserializeOwned>(&self, root: &Node) -> Option<T> {
        for _ in 0..MOST_ROUNDS.min(MOST_READ / self.source.text.len().max(1)) {
            if self.is_full() {
                return None;
            }
            match T::deserialize(Reader::new(root, self)) {
                Ok(value) => return Some(value),
                Err(failure) => self.learn(root, failure)?,
            }
        }
        None
    }

    /// Notes what a visitor refused, and sees to it that the next round gets past it. `None`: it cannot.
    fn learn(&self, root: &Node, failure: Failure) -> Option<()> {
        let (start, end) = failure.place.unwrap_or((root.start, root.start + root.name.max(1)));
        match failure.fault {
            Fault::Missing(field) => {
                let owner = failure.owner.map(|owner| format!(" in `{owner}`")).unwrap_or_default();
                let problem = self.source.problem(start, end, format!("missing field `{field}`{owner}"));
                self.problems.borrow_mut().insert((start, field), problem);
                let mut missing = self.missing.borrow_mut();
                let known = missing.entry(start).or_default();
                if known.contains(&field) {
                    return None;
                }
                known.push(field);
            }
            Fault::Form(visitor) => *self.forms.borrow_mut().entry(visitor).or_default() += 1,
            Fault::Stuck => return None,
            Fault::Refused { message, expected, hint } => {
                self.note(start, end, |problem| Problem { message, expected, hint, ..problem });
                if !self.doubts.borrow_mut().insert(start) {
                    return None;
                }
            }
        }
        Some(())
    }

    /// Notes a problem with the text between two bytes; `with` completes it.
    pub fn note(&self, start: u32, end: u32, with: impl FnOnce(Problem) -> Problem) {
        if self.is_full() {
            return;
        }
        let found = super::problem::shortened(&self.source.text[start as usize..end as usize]);
        let problem = with(self.source.problem(start, end, "").finding(found));
        self.problems.borrow_mut().entry((start, "")).or_insert(problem);
    }

    /// Whether so much is wrong that more would not help.
    pub fn is_full(&self) -> bool {
        self.problems.borrow().len() >= MOST_PROBLEMS
    }

    /// Ends the reading where so much is wrong that more would not help.
    pub fn go_on(&self) -> Result<(), Failure> {
        if self.is_full() { Err(Failure::new(Fault::Stuck)) } else { Ok(()) }
    }

    /// From now on a stand-in replaces the node.
    pub fn doubt(&self, node: &Node) {
        self.doubts.borrow_mut().insert(node.start);
    }

    /// Whether a stand-in replaces the node.
    pub fn doubts(&self, node: &Node) -> bool {
        self.doubts.borrow().contains(&node.start)
    }

    /// The fields that the struct at `start` lacks.
    pub fn missing(&self, start: u32) -> Vec<&'static str> {
        self.missing.borrow().get(&start).cloned().unwrap_or_default()
    }

    /// Which form of stand-in the visitor takes.
    pub fn form(&self, visitor: &'static str) -> usize {
        self.forms.borrow().get(visitor).copied().unwrap_or(0)
    }
}
