//! Where the values of a RON text are: just enough of the grammar to find a field and the bytes of its value.

use std::ops::Range;

/// Deeper than any recipe, and shallow enough for any stack (RON's own limit).
const DEEPEST: usize = 128;

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) kind: Kind,
}

impl Node {
    /// How many entries it has.
    pub(super) fn entries(&self) -> usize {
        match &self.kind {
            Kind::Group { entries, .. } | Kind::List(entries) | Kind::Map(entries) => entries.len(),
            Kind::Name | Kind::Leaf => 0,
        }
    }
}

#[derive(Debug)]
pub(super) enum Kind {
    /// `Name(..)` or `(..)`: a struct, a tuple or a variant. `open` is where the parenthesis stands.
    Group { open: usize, entries: Vec<Entry> },
    /// `[..]`
    List(Vec<Entry>),
    /// `{..}`
    Map(Vec<Entry>),
    /// A bare name: a variant, `true`, `None`.
    Name,
    /// A number, a text or a letter.
    Leaf,
}

/// A value in a list, tuple, struct or map.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where it begins, with its name.
    pub(super) start: usize,
    /// A field's name, or a map's key (without quotes where it is a text).
    pub(super) name: Option<String>,
    pub(super) node: Node,
}

/// What is not RON, and the byte at which.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) at: usize,
    pub(super) problem: String,
}

/// Reads a text that holds one value, with attributes and comments around it.
pub(super) fn parse(text: &str) -> Result<Node, Broken> {
    let mut reader = Reader { text, at: 0 };
    reader.skip()?;
    while reader.rest().starts_with("#!") {
        let length = reader.rest().find(']').ok_or_else(|| reader.broken("this attribute has no `]`"))?;
        reader.at += length + 1;
        reader.skip()?;
    }
    let node = reader.value(0)?;
    reader.skip()?;
    if reader.rest().is_empty() { Ok(node) } else { Err(reader.unexpected("nothing more")) }
}

/// Line and column (in characters) of a byte, counted from 1.
pub(super) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    (line, before.chars().rev().take_while(|letter| *letter != '\n').count() + 1)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn broken(&self, problem: impl Into<String>) -> Broken {
        Broken { at: self.at, problem: problem.into() }
    }

    fn unexpected(&self, expected: &str) -> Broken {
        match self.rest().chars().next() {
            Some(letter) => self.broken(format!("found `{letter}`, expected {expected}")),
            None => self.broken(format!("found the end, expected {expected}")),
        }
    }

    /// Passes over blanks and comments. Block comments nest.
    fn skip(&mut self) -> Result<(), Broken> {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start().len();
            if blank > 0 {
                self.at += blank;
            } else if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.block_comment()?;
            } else {
                return Ok(());
            }
        }
    }

    fn block_comment(&mut self) -> Result<(), Broken> {
        let start = self.at;
        let mut depth = 0;
        loop {
            let rest = self.rest();
            if rest.starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else if rest.starts_with("*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return Ok(());
                }
            } else if let Some(letter) = rest.chars().next() {
                self.at += letter.len_utf8();
            } else {
                return Err(Broken { at: start, problem: "this comment has no end".into() });
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Broken> {
        if depth > DEEPEST {
            return Err(self.broken(format!("values stand more than {DEEPEST} deep in one another")));
        }
        let start = self.at;
        let kind = match self.rest().chars().next() {
            Some('(') => self.group(depth)?,
            Some('[') => Kind::List(self.entries(']', depth)?),
            Some('{') => Kind::Map(self.entries('}', depth)?),
            _ if self.quoted()? => Kind::Leaf,
            Some('0'..='9' | '+' | '-' | '.') => {
                self.at +=
                    self.rest().find(|letter: char| !letter.is_alphanumeric() && !"+-._".contains(letter)).unwrap_or(self.rest().len());
                Kind::Leaf
            }
            _ if self.name().is_some() => {
                let end = self.at;
                self.skip()?;
                if self.rest().starts_with('(') {
                    self.group(depth)?
                } else {
                    self.at = end;
                    Kind::Name
                }
            }
            _ => return Err(self.unexpected("a value")),
        };
        Ok(Node { span: start..self.at, kind })
    }

    fn group(&mut self, depth: usize) -> Result<Kind, Broken> {
        Ok(Kind::Group { open: self.at, entries: self.entries(')', depth)? })
    }

    /// From an opening bracket to the `close` that belongs to it.
    fn entries(&mut self, close: char, depth: usize) -> Result<Vec<Entry>, Broken> {
        let opened = self.at;
        self.at += 1;
        let mut entries = Vec::new();
        loop {
            self.skip()?;
            if self.rest().starts_with(close) {
                self.at += 1;
                return Ok(entries);
            }
            if self.rest().is_empty() {
                return Err(Broken { at: opened, problem: format!("this has no `{close}`") });
            }
            entries.push(self.entry(close, depth)?);
            self.skip()?;
            if self.rest().starts_with(',') {
                self.at += 1;
            } else if !self.rest().starts_with(close) && !self.rest().is_empty() {
                return Err(self.unexpected(&format!("`,` or `{close}`")));
            }
        }
    }

    fn entry(&mut self, close: char, depth: usize) -> Result<Entry, Broken> {
        let start = self.at;
        if close == ')'
            && let Some(name) = self.name()
        {
            self.skip()?;
            if self.rest().starts_with(':') {
                self.at += 1;
                self.skip()?;
                return Ok(Entry { start, name: Some(name.into()), node: self.value(depth + 1)? });
            }
            self.at = start;
        }
        let node = self.value(depth + 1)?;
        if close != '}' {
            return Ok(Entry { start, name: None, node });
        }
        self.skip()?;
        if !self.rest().starts_with(':') {
            return Err(self.unexpected("`:`"));
        }
        self.at += 1;
        self.skip()?;
        let key = self.text[node.span].trim_matches('"').to_owned();
        Ok(Entry { start, name: Some(key), node: self.value(depth + 1)? })
    }

    /// Passes over an identifier, plain or raw (`r#name`), and returns it without the prefix.
    fn name(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let raw = rest.strip_prefix("r#").filter(|rest| !rest.starts_with(['"', '#']));
        let body = raw.unwrap_or(rest);
        if !body.starts_with(|letter: char| letter.is_alphabetic() || letter == '_') {
            return None;
        }
        // Raw identifiers may hold what plain ones may not.
        let belongs = |letter: char| letter.is_alphanumeric() || letter == '_' || (raw.is_some() && ".+-".contains(letter));
        let name = &body[..body.find(|letter| !belongs(letter)).unwrap_or(body.len())];
        self.at += rest.len() - body.len() + name.len();
        Some(name)
    }

    /// Passes over a text or letter in quotes, plain or raw, also of bytes; false where none begins here.
    fn quoted(&mut self) -> Result<bool, Broken> {
        let start = self.at;
        let rest = self.rest();
        let body = rest.strip_prefix('b').unwrap_or(rest);
        let unfinished = Broken { at: start, problem: "this text has no closing quote".into() };
        if let Some(hashes) = body.strip_prefix('r') {
            let opening = hashes.trim_start_matches('#');
            let count = hashes.len() - opening.len();
            if let Some(inside) = opening.strip_prefix('"') {
                let closing = format!("\"{}", "#".repeat(count));
                let end = inside.find(&closing).ok_or(unfinished)?;
                self.at += rest.len() - inside.len() + end + closing.len();
                return Ok(true);
            }
            return Ok(false);
        }
        let Some(quote) = body.chars().next().filter(|letter| ['"', '\''].contains(letter)) else { return Ok(false) };
        let mut letters = body.char_indices().skip(1);
        while let Some((at, letter)) = letters.next() {
            if letter == '\\' {
                letters.next();
            } else if letter == quote {
                self.at += rest.len() - body.len() + at + 1;
                return Ok(true);
            }
        }
        Err(unfinished)
    }
}
