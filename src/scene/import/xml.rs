//! XML with places: elements that own their text, so that files which include each other become one tree, and every mistake is told with
//! file, line and column.

use crate::ron::{Problem, Problems, read_text};
use bevy::math::DVec3;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Elements within elements at most.
const DEEPEST: usize = 200;
/// A number larger than this is a mistake.
pub(super) const MOST: f64 = 1e6;

/// What is read of a file, or what is wrong with it.
pub(super) type Found<T> = Result<T, Problems>;

/// A file.
#[derive(Debug)]
struct Source {
    path: PathBuf,
    text: String,
}

/// A stretch of a file.
#[derive(Clone, Debug)]
struct Span {
    source: Rc<Source>,
    start: usize,
    end: usize,
}

/// An element.
#[derive(Clone, Debug)]
pub(super) struct Element {
    pub tag: String,
    pub attributes: Vec<Attribute>,
    pub children: Vec<Element>,
    span: Span,
}

/// An attribute of an element.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub name: String,
    pub value: String,
    span: Span,
}

impl Span {
    fn problem(&self, message: String) -> Problem {
        let text = &self.source.text;
        let first = text[..self.start].rfind('\n').map_or(0, |at| at + 1);
        let line = text[first..].lines().next().unwrap_or_default();
        let column = text[first..self.start].chars().count();
        let length = text[self.start..self.end].lines().next().map_or(1, |marked| marked.chars().count()).max(1);
        // Of a line that was written by a machine, what is around the place.
        let from = column.saturating_sub(60);
        Problem {
            file: self.source.path.display().to_string(),
            line: 1 + text[..first].matches('\n').count(),
            column: column + 1,
            message,
            excerpt: line.chars().skip(from).take(160).map(|c| if c.is_control() { ' ' } else { c }).collect(),
            caret: (column - from, length.min(100)),
            ..Problem::default()
        }
    }
}

/// Reads a file: its outermost element.
pub(super) fn read(path: &Path) -> Found<Element> {
    let text = read_text(path)?;
    let source = Rc::new(Source { path: path.to_owned(), text });
    let whole = |message: String, line: u32, column: u32| {
        let start = source.text.split_inclusive('\n').take(line.saturating_sub(1) as usize).map(str::len).sum::<usize>();
        let ahead = source.text[start..].chars().take(column.saturating_sub(1) as usize).map(char::len_utf8).sum::<usize>();
        let at = (start + ahead).min(source.text.len());
        Problems::from(Span { source: source.clone(), start: at, end: at }.problem(message))
    };
    let options = roxmltree::ParsingOptions { nodes_limit: 1_000_000, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(&source.text, options)
        .map_err(|error| whole(format!("this is no XML: {error}"), error.pos().row, error.pos().col))?;
    element(document.root_element(), &source, 0)
}

fn element(node: roxmltree::Node<'_, '_>, source: &Rc<Source>, depth: usize) -> Found<Element> {
    let range = node.range();
    let tag = node.tag_name().name().to_owned();
    // What is marked is the tag, not all that the element holds.
    let span = Span { source: source.clone(), start: range.start, end: (range.start + 1 + tag.len()).min(range.end) };
    if depth > DEEPEST {
        return Err(span.problem(format!("more than {DEEPEST} elements within each other")).into());
    }
    let attributes = node.attributes().map(|attribute| {
        let range = attribute.range();
        let span = Span { source: source.clone(), start: range.start, end: range.end };
        Attribute { name: attribute.name().to_owned(), value: attribute.value().to_owned(), span }
    });
    let attributes = attributes.collect();
    let children = node.children().filter(roxmltree::Node::is_element).map(|child| element(child, source, depth + 1));
    Ok(Element { tag, attributes, children: children.collect::<Found<_>>()?, span })
}

impl Element {
    /// What is wrong with it.
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        self.span.problem(message.into())
    }

    /// The attribute of this name.
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The text of the attribute of this name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).map(|attribute| attribute.value.as_str())
    }

    /// The attribute of this name, which must be there.
    pub fn need(&self, name: &str) -> Found<&Attribute> {
        self.get(name).ok_or_else(|| self.problem(format!("this `{}` has no `{name}`", self.tag)).into())
    }

    /// A number, where it is given.
    pub fn number(&self, name: &str) -> Found<Option<f64>> {
        self.get(name).map(Attribute::number).transpose()
    }

    /// A vector, where it is given.
    pub fn vector(&self, name: &str) -> Found<Option<DVec3>> {
        self.get(name).map(Attribute::vector).transpose()
    }

    /// The first child of this tag.
    pub fn child(&self, tag: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.tag == tag)
    }

    /// All children of this tag.
    pub fn all<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.tag == tag)
    }

    /// The folder of the file that it stands in.
    pub fn folder(&self) -> &Path {
        self.span.source.path.parent().unwrap_or(Path::new(""))
    }

    /// How it is called in a report.
    pub fn name(&self) -> String {
        self.text("name").unwrap_or_default().to_owned()
    }
}

impl Attribute {
    /// What is wrong with it.
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        self.span.problem(message.into())
    }

    /// `least` to `most` numbers, of at most a million in size.
    pub fn numbers(&self, least: usize, most: usize) -> Found<Vec<f64>> {
        self.bounded(least, most, MOST)
    }

    /// `least` to `most` numbers, of at most `bound` in size.
    pub fn bounded(&self, least: usize, most: usize, bound: f64) -> Found<Vec<f64>> {
        let wrong = |message: String| Problems::from(self.problem(message));
        let numbers = self.value.split_whitespace().map(|word| match word.parse::<f64>() {
            Ok(number) if number.abs() <= bound => Ok(number),
            Ok(_) => Err(wrong(format!("`{}` has the number {word}, which is not finite or above {bound} in size", self.name))),
            Err(_) => Err(wrong(format!("`{}` has `{}` where a number should stand", self.name, word.escape_debug()))),
        });
        let numbers = numbers.collect::<Found<Vec<f64>>>()?;
        if (least..=most).contains(&numbers.len()) {
            return Ok(numbers);
        }
        let wanted = if least == most { least.to_string() } else { format!("{least} to {most}") };
        Err(wrong(format!("`{}` has {} numbers and takes {wanted}", self.name, numbers.len())))
    }

    /// One number.
    pub fn number(&self) -> Found<f64> {
        self.numbers(1, 1).map(|numbers| numbers[0])
    }

    /// Three numbers.
    pub fn vector(&self) -> Found<DVec3> {
        self.numbers(3, 3).map(|numbers| DVec3::from_slice(&numbers))
    }

    /// `true` or `false`; `None` for `auto`.
    pub fn switch(&self) -> Found<Option<bool>> {
        match self.value.trim() {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            "auto" => Ok(None),
            _ => Err(self.problem(format!("`{}` is neither `true` nor `false`", self.name)).into()),
        }
    }

    /// A vector's direction.
    pub fn direction(&self) -> Found<DVec3> {
        let vector = self.vector()?;
        if vector.length() < 1e-9 {
            return Err(self.problem(format!("`{}` has no direction: its length is 0", self.name)).into());
        }
        Ok(vector / vector.length())
    }
}
