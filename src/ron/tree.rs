//! From tokens to a tree whose nodes keep their places. What is not RON is noted, and reading goes on behind it.

use super::document::Source;
use super::node::{Key, Node, Value};
use super::problem::{Note, Problem, nearest, shortened};
use super::token::{Kind, Token, Tokens};
use std::collections::{BTreeMap, BTreeSet};

/// How deep values may be nested.
const DEEPEST: usize = 64;
/// After so many mistakes in its form a text is most likely no RON at all.
const MOST_MISTAKES: usize = 50;

/// What came of a text.
#[derive(Default)]
pub(super) struct Parsed {
    /// `None` where there is no value at all.
    pub root: Option<Node>,
    /// What is wrong with its form.
    pub problems: Vec<Problem>,
    /// Brackets (by their place) in which something could not be read and was left out.
    pub partial: BTreeSet<u32>,
    /// The brackets do not match: what the tree says about the rest of the text is noise.
    pub lost: bool,
}

/// The tree of `source`.
pub(super) fn parse(source: &Source) -> Parsed {
    let tokens = Tokens::new(&source.text);
    let mut parser = Parser {
        source,
        tokens,
        token: Token { kind: Kind::End, start: 0, end: 0 },
        open: Vec::new(),
        problems: Vec::new(),
        partial: BTreeSet::new(),
        lost: false,
        stopped: false,
        separated: false,
        long_text: None,
    };
    parser.advance();
    parser.attributes();
    if parser.token.kind == Kind::End {
        return Parsed { problems: parser.problems, ..Parsed::default() };
    }
    let root = parser.value();
    if parser.token.kind != Kind::End && !parser.lost {
        let found = parser.found();
        parser.note(format!("found {found} after the end of the value"), "nothing more");
        // Not even the first word was RON.
        parser.lost |= root.value == Value::Bare;
    }
    Parsed { root: Some(root), problems: parser.problems, partial: parser.partial, lost: parser.lost }
}

struct Parser<'a> {
    source: &'a Source,
    tokens: Tokens<'a>,
    token: Token,
    /// The brackets around the current token and where they are.
    open: Vec<(char, u32)>,
    problems: Vec<Problem>,
    partial: BTreeSet<u32>,
    /// Brackets do not match: what follows says nothing about the rest.
    lost: bool,
    /// Nothing more is read.
    stopped: bool,
    /// Brackets ended without their closing one, behind a comma: the next item needs none before it.
    separated: bool,
    /// The last text that goes on over several lines.
    long_text: Option<(u32, u32)>,
}

fn closing(open: char) -> char {
    match open {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

impl Parser<'_> {
    fn advance(&mut self) -> Token {
        let mut next = self.tokens.next();
        if self.problems.len() >= MOST_MISTAKES || self.stopped {
            self.lost = true;
            next.kind = Kind::End;
        }
        if matches!(next.kind, Kind::Text(_)) && self.source.text[next.start as usize..next.end as usize].contains('\n') {
            self.long_text = Some((next.start, next.end));
        }
        std::mem::replace(&mut self.token, next)
    }

    /// Whether a name stands here with a colon (or what was meant to be one) behind it; `or_lacks` it: a value follows that cannot follow a name.
    fn names_a_field(&self, or_lacks: bool) -> bool {
        let mut tokens = self.tokens;
        self.token.kind == Kind::Name && {
            let next = tokens.next();
            let lacks = matches!(next.kind, Kind::Number | Kind::Text(_) | Kind::Name | Kind::Open('[' | '{'));
            next.kind == Kind::Colon || self.source.text[next.start as usize..next.end as usize] == *"=" || (or_lacks && lacks)
        }
    }

    fn spelling(&self) -> &str {
        &self.source.text[self.token.start as usize..self.token.end as usize]
    }

    fn found(&self) -> String {
        match self.token.kind {
            Kind::End => "the end of the file".into(),
            _ => format!("`{}`", shortened(self.spelling())),
        }
    }

    /// Notes what is wrong with the current token.
    fn note(&mut self, message: impl Into<String>, expected: impl Into<String>) {
        if self.stopped {
            return;
        }
        // Where a closing quote is missing, texts and what is between them change places: from there on all is noise.
        if let Some((start, end)) = self.long_text
            && start < self.token.start
            && self.source.place(end).0 == self.source.place(self.token.start).0
        {
            let line = self.source.text[start as usize..].lines().next().unwrap_or_default();
            let message = "this text goes on over several lines, and what follows it makes no sense";
            let problem = self.source.problem(start, start + line.len() as u32, message).expecting("a closing `\"`, perhaps in this line");
            self.problems.push(problem.finding(shortened(line)));
            (self.lost, self.stopped) = (true, true);
            self.token.kind = Kind::End;
            return;
        }
        // Behind a comment or text without an end there is nothing.
        self.stopped |= matches!(self.token.kind, Kind::Bad(_)) && self.token.end as usize + 1 >= self.source.text.len();
        let problem = match &self.token.kind {
            Kind::Bad(bad) => self.source.problem(self.token.start, self.token.end, bad.clone()),
            _ => self.source.problem(self.token.start, self.token.end, message).expecting(expected),
        };
        let found = self.found();
        self.problems.push(problem.finding(found));
    }

    /// `#![enable(..)]`
    fn attributes(&mut self) {
        while self.token.kind == Kind::Pound {
            let mut known = true;
            while !matches!(self.token.kind, Kind::Close(']') | Kind::End) {
                if self.token.kind == Kind::Name && self.spelling() != "enable" {
                    let names = ["unwrap_newtypes", "implicit_some", "unwrap_variant_newtypes", "explicit_struct_names"];
                    if !names.contains(&self.spelling()) {
                        known = false;
                        let name = self.spelling().to_owned();
                        self.note(format!("unknown extension `{}`", shortened(&name)), "`implicit_some` and the like");
                        if let Some(problem) = self.problems.last_mut() {
                            problem.hint = nearest(&name, names).map(str::to_owned);
                        }
                    }
                } else if matches!(self.token.kind, Kind::Bad(_)) && known {
                    known = false;
                    self.note("", "");
                }
                self.advance();
            }
            self.advance();
        }
    }

    /// Whether a value may begin here.
    fn begins(&self) -> bool {
        !matches!(self.token.kind, Kind::Close(_) | Kind::Comma | Kind::Colon | Kind::Pound | Kind::Bang | Kind::End | Kind::Bad(_))
    }

    fn value(&mut self) -> Node {
        let mut node = Node { start: self.token.start, end: self.token.end, ..Node::default() };
        if !self.begins() {
            let found = self.found();
            self.note(format!("found {found}"), "a value");
            self.pass_over();
            return node;
        }
        if matches!(self.token.kind, Kind::Name) {
            let name = self.spelling();
            node.value = match name {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "inf" | "NaN" => Value::Number,
                _ => Value::Bare,
            };
            node.name = if node.value == Value::Bare { self.token.end - self.token.start } else { 0 };
            self.advance();
            if node.value == Value::Bare && self.token.kind == Kind::Open('(') {
                node.value = self.bracketed('(');
                node.end = self.end_of_last();
            }
            return node;
        }
        if let Kind::Open(bracket) = self.token.kind {
            node.value = self.bracketed(bracket);
            node.end = self.end_of_last();
            return node;
        }
        node.value = match self.advance().kind {
            Kind::Number => Value::Number,
            Kind::Text(text) => Value::Text(text),
            Kind::Bytes(bytes) => Value::Bytes(bytes),
            Kind::Char(c) => Value::Char(c),
            Kind::Byte(byte) => Value::Byte(byte),
            _ => Value::Broken,
        };
        node
    }

    /// Where the token before the current one ended, or nearly so: places are for messages.
    fn end_of_last(&self) -> u32 {
        let before = &self.source.text[..self.token.start as usize];
        before.trim_end().len() as u32
    }

    /// Goes on to the next comma or closing bracket of the innermost brackets.
    fn pass_over(&mut self) {
        let mut depth = 0usize;
        loop {
            match self.token.kind {
                Kind::End => return,
                Kind::Comma | Kind::Close(_) if depth == 0 => return,
                Kind::Open(_) => depth += 1,
                Kind::Close(_) => depth -= 1,
                _ => {}
            }
            self.advance();
        }
    }

    fn bracketed(&mut self, bracket: char) -> Value {
        if self.open.len() >= DEEPEST {
            self.note("this is nested too deeply", format!("at most {DEEPEST} levels"));
            self.advance();
            self.pass_levels();
            return Value::Broken;
        }
        let start = self.advance().start;
        self.open.push((bracket, start));
        let value = match bracket {
            '[' => Value::List(self.items(bracket, Self::value)),
            '{' => Value::Map(self.entries()),
            _ if self.names_a_field(true) => Value::Struct(self.fields()),
            _ => Value::Tuple(self.items(bracket, Self::element)),
        };
        self.open.pop();
        value
    }

    /// Goes on behind the bracket that closes the innermost one.
    fn pass_levels(&mut self) {
        let mut depth = 1usize;
        while depth > 0 && self.token.kind != Kind::End {
            match self.token.kind {
                Kind::Open(_) => depth += 1,
                Kind::Close(_) => depth -= 1,
                _ => {}
            }
            self.advance();
        }
    }

    /// Reads items up to the closing bracket, and passes it.
    fn items<T>(&mut self, bracket: char, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let mut items = Vec::new();
        let close = closing(bracket);
        loop {
            match self.token.kind {
                Kind::Close(found) if found == close => {
                    self.advance();
                    return items;
                }
                Kind::Close(found) => {
                    self.wrong_bracket(bracket, &format!("`{found}`"));
                    // Either this bracket is the wrong one, or the right one is missing and this one closes the brackets around. Closing the
                    // outermost ones in the middle of the text is never right.
                    let closes_outer = self.open.len() > 1 && closing(self.open[self.open.len() - 2].0) == found;
                    let outermost = self.open.len() == 2 && self.tokens.clone().next().kind != Kind::End;
                    if !closes_outer || outermost {
                        self.advance();
                    }
                    return items;
                }
                Kind::End => {
                    self.wrong_bracket(bracket, "the end of the file");
                    return items;
                }
                // A field in a list: the list should have ended before it.
                Kind::Name if bracket == '[' && self.open.len() > 1 && self.names_a_field(false) => {
                    let found = self.found();
                    self.note(format!("found the field {found} in a list"), "`]` before it");
                    self.point_to_opening(bracket);
                    self.separated = true;
                    return items;
                }
                _ => items.push(item(self)),
            }
            match self.token.kind {
                Kind::Comma => {
                    self.advance();
                }
                Kind::Close(_) | Kind::End => {}
                _ if std::mem::take(&mut self.separated) => {}
                _ => {
                    let found = self.found();
                    self.note(format!("found {found}"), format!("`,` or `{close}`"));
                    if self.spelling() == ";" {
                        self.advance();
                    } else if !self.begins() {
                        self.pass_over();
                        if self.token.kind == Kind::Comma {
                            self.advance();
                        }
                    }
                }
            }
        }
    }

    /// Notes that brackets end wrongly, the first time.
    fn wrong_bracket(&mut self, bracket: char, found: &str) {
        self.partial.extend(self.open.iter().map(|(_, start)| *start));
        if !self.lost {
            self.note(format!("found {found}"), format!("`{}`", closing(bracket)));
            self.point_to_opening(bracket);
            self.lost = true;
        }
    }

    fn point_to_opening(&mut self, bracket: char) {
        let Some((_, start)) = self.open.last() else { return };
        let (line, column) = self.source.place(*start);
        if let Some(problem) = self.problems.last_mut() {
            problem.note = Some(Note { line, column, message: format!("the `{bracket}` that is not closed is here") });
        }
    }

    /// A value of a tuple, or the mistake of naming it.
    fn element(&mut self) -> Node {
        if self.names_a_field(false) {
            let found = self.found();
            self.note(format!("found the field {found} among values without names"), "all of them with names, or none");
            self.advance();
            self.advance();
        }
        self.value()
    }

    fn fields(&mut self) -> Vec<(Key, Node)> {
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        let fields = self.items('(', |parser| {
            if parser.token.kind != Kind::Name {
                let found = parser.found();
                parser.note(format!("found {found}"), "a field: `name: value`");
                parser.pass_over();
                return parser.leave_out();
            }
            let key = Key { start: parser.token.start, end: parser.token.end };
            let name = parser.spelling().to_owned();
            let repeated = parser.repeated(&mut seen, &name, (key.start, key.end), "field");
            parser.advance();
            if !parser.colon(&name) {
                return parser.leave_out();
            }
            let value = parser.value();
            (!repeated).then_some((key, value))
        });
        fields.into_iter().flatten().collect()
    }

    fn entries(&mut self) -> Vec<(Node, Node)> {
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        let entries = self.items('{', |parser| {
            let key = parser.value();
            let (name, repeated) = match &key.value {
                Value::Text(text) => (text.clone(), parser.repeated(&mut seen, text, (key.start, key.end), "name")),
                _ => ("this key".to_owned(), false),
            };
            if key.value == Value::Broken || !parser.colon(&name) {
                return parser.leave_out();
            }
            let value = parser.value();
            (!repeated).then_some((key, value))
        });
        entries.into_iter().flatten().collect()
    }

    /// What cannot be read is left out of the innermost brackets, which is remembered.
    fn leave_out<T>(&mut self) -> Option<T> {
        self.partial.extend(self.open.last().map(|(_, start)| *start));
        None
    }

    /// Notes a field or key that is there already.
    fn repeated(&mut self, seen: &mut BTreeMap<String, u32>, name: &str, (start, end): (u32, u32), what: &str) -> bool {
        let Some(first) = seen.get(name).copied() else {
            seen.insert(name.into(), start);
            return false;
        };
        let (line, column) = self.source.place(first);
        let mut problem =
            self.source.problem(start, end, format!("the {what} `{}` is given twice", shortened(name))).finding(shortened(name));
        problem.note = Some(Note { line, column, message: "it was first given here".into() });
        self.problems.push(problem);
        true
    }

    /// Passes the colon after a name.
    fn colon(&mut self, name: &str) -> bool {
        if self.token.kind == Kind::Colon {
            self.advance();
            return true;
        }
        let equals = self.spelling() == "=";
        let found = self.found();
        if equals {
            // Said here, since the token alone knows only that it means nothing.
            self.token.kind = Kind::Colon;
        }
        self.note(format!("found {found} after `{}`", shortened(name)), "`:`");
        if equals {
            self.advance();
            return true;
        }
        if self.begins() {
            return true;
        }
        self.pass_over();
        false
    }
}
