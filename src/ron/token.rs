//! The tokens of RON.

/// A token and its place in the text, in bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub kind: Kind,
    pub start: u32,
    pub end: u32,
}

/// What a token is. Its spelling is in the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// `(`, `[` or `{`
    Open(char),
    /// `)`, `]` or `}`
    Close(char),
    Comma,
    Colon,
    /// `#`: an attribute begins.
    Pound,
    /// `!`
    Bang,
    Name,
    Number,
    Text(String),
    Bytes(Vec<u8>),
    Char(char),
    Byte(u8),
    End,
    /// Not RON: what is wrong with it.
    Bad(String),
}

/// Reads token after token. A copy looks ahead.
#[derive(Clone, Copy)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: if text.starts_with('\u{feff}') { 3 } else { 0 } }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Passes over spaces and comments. `Err` is where a block comment begins that never ends.
    fn skip(&mut self) -> Result<(), usize> {
        loop {
            self.take_while(|c| c.is_whitespace() || c == '\u{200e}' || c == '\u{200f}');
            let rest = self.rest();
            if rest.starts_with("//") {
                self.take_while(|c| c != '\n');
            } else if rest.starts_with("/*") {
                let start = self.at;
                let mut depth = 0usize;
                loop {
                    let rest = self.rest();
                    if rest.starts_with("/*") {
                        depth += 1;
                        self.at += 2;
                    } else if rest.starts_with("*/") {
                        depth -= 1;
                        self.at += 2;
                        if depth == 0 {
                            break;
                        }
                    } else if self.take().is_none() {
                        return Err(start);
                    }
                }
            } else {
                return Ok(());
            }
        }
    }

    /// The next token; after the last one [`Kind::End`], for ever.
    pub fn next(&mut self) -> Token {
        if let Err(start) = self.skip() {
            return Token { kind: Kind::Bad("this comment never ends".into()), start: start as u32, end: self.at as u32 };
        }
        let start = self.at;
        let kind = self.kind();
        Token { kind, start: start as u32, end: self.at as u32 }
    }

    fn kind(&mut self) -> Kind {
        let rest = self.rest();
        for (prefix, bytes) in [("r\"", false), ("r#", false), ("br\"", true), ("br#", true)] {
            if rest.starts_with(prefix) && rest[prefix.len() - 1..].trim_start_matches('#').starts_with('"') {
                self.at += prefix.len() - 1;
                return self.raw(bytes);
            }
        }
        if rest.starts_with("r#") && rest[2..].starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            self.at += 2;
            self.take_while(|c| c.is_alphanumeric() || "_.+-".contains(c));
            return Kind::Name;
        }
        if rest.starts_with("b\"") {
            self.at += 2;
            return self.quoted(true);
        }
        if rest.starts_with("b'") {
            self.at += 2;
            return match self.character() {
                Ok(c) if c.is_ascii() || (c as u32) < 256 => Kind::Byte(c as u32 as u8),
                Ok(_) => Kind::Bad("a byte is expected".into()),
                Err(bad) => Kind::Bad(bad),
            };
        }
        let Some(c) = self.take() else { return Kind::End };
        match c {
            '(' | '[' | '{' => Kind::Open(c),
            ')' | ']' | '}' => Kind::Close(c),
            ',' => Kind::Comma,
            ':' => Kind::Colon,
            '#' => Kind::Pound,
            '!' => Kind::Bang,
            '"' => self.quoted(false),
            '\'' => match self.character() {
                Ok(c) => Kind::Char(c),
                Err(bad) => Kind::Bad(bad),
            },
            '0'..='9' => self.number(),
            '+' | '-' | '.' if self.peek().is_some_and(|c| c.is_ascii_digit() || c == '.') => self.number(),
            '+' | '-' if self.rest().starts_with("inf") || self.rest().starts_with("NaN") => {
                self.at += 3;
                Kind::Number
            }
            c if c.is_alphabetic() || c == '_' => {
                self.take_while(|c| c.is_alphanumeric() || c == '_');
                Kind::Name
            }
            '/' => Kind::Bad("found a lone `/`; a comment begins with `//`".into()),
            c => Kind::Bad(format!("found `{}`, which means nothing in RON", c.escape_debug())),
        }
    }

    /// The rest of a number, its first character being taken. Whether it makes sense is seen when it is read.
    fn number(&mut self) -> Kind {
        let hexadecimal = self.rest().starts_with(['x', 'X']);
        loop {
            self.take_while(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
            let exponent = !hexadecimal && self.text[..self.at].ends_with(['e', 'E']);
            if exponent && self.rest().starts_with(['+', '-']) {
                self.at += 1;
            } else {
                return Kind::Number;
            }
        }
    }

    /// The rest of a raw text, from the first `#` or `"`.
    fn raw(&mut self, bytes: bool) -> Kind {
        let hashes = self.take_while(|c| c == '#').len();
        self.at += 1;
        let end = format!("\"{}", "#".repeat(hashes));
        match self.rest().find(&end) {
            Some(length) => {
                let content = &self.rest()[..length];
                self.at += length + end.len();
                if bytes { Kind::Bytes(content.into()) } else { Kind::Text(content.into()) }
            }
            None => {
                self.at = self.text.len();
                Kind::Bad(format!("this text never ends; expected `{end}`"))
            }
        }
    }

    /// The rest of a text in quotes. Behind one that never ends there is nothing: looking for its end once more from every quote in it could
    /// take for ever.
    fn quoted(&mut self, bytes: bool) -> Kind {
        let mut text = String::new();
        let mut raw = Vec::new();
        let mut bad = None;
        loop {
            match self.take() {
                None => {
                    return Kind::Bad("this text never ends; expected `\"`".into());
                }
                Some('"') => break,
                Some('\\') => match self.escape(bytes) {
                    Ok(c) if bytes && (c as u32) < 256 => raw.push(c as u32 as u8),
                    Ok(c) => text.push(c),
                    Err(message) => bad = Some(message),
                },
                Some(c) if bytes => raw.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                Some(c) => text.push(c),
            }
        }
        match bad {
            Some(message) => Kind::Bad(message),
            None if bytes => Kind::Bytes(raw),
            None => Kind::Text(text),
        }
    }

    /// A character and the quote that ends it.
    fn character(&mut self) -> Result<char, String> {
        let c = match self.take() {
            Some('\\') => self.escape(false)?,
            Some('\n') if self.peek() != Some('\'') => return Err("this character has no end; expected `'`".into()),
            Some(c) => c,
            None => return Err("this character has no end; expected `'`".into()),
        };
        if self.peek() == Some('\'') {
            self.at += 1;
            return Ok(c);
        }
        // Most likely a text in the quotes of another language.
        let rest = self.rest();
        if let Some(end) = rest.find(['\'', '\n'])
            && rest[end..].starts_with('\'')
        {
            self.at += end + 1;
            return Err("found more than one character between `'`; a text is written in `\"`".into());
        }
        Err("this character has no end; expected `'`".into())
    }

    /// What follows a backslash. (In bytes, `\xff` is a byte; in texts it is a character, as RON has it.)
    fn escape(&mut self, _bytes: bool) -> Result<char, String> {
        match self.take() {
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('0') => Ok('\0'),
            Some(c @ ('\\' | '"' | '\'')) => Ok(c),
            Some('x') => {
                let digits = self.rest().get(..2).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
                let digits = digits.ok_or("`\\x` is followed by two hexadecimal digits")?;
                self.at += 2;
                u32::from_str_radix(digits, 16)
                    .ok()
                    .and_then(char::from_u32)
                    .ok_or_else(|| "`\\x` is followed by two hexadecimal digits".into())
            }
            Some('u') => {
                let wrong = || "`\\u` is followed by a character's number: `\\u{e9}`".to_owned();
                if self.take() != Some('{') {
                    return Err(wrong());
                }
                let digits = self.take_while(|c| c.is_ascii_hexdigit());
                if self.take() != Some('}') {
                    return Err(wrong());
                }
                u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).ok_or_else(wrong)
            }
            Some(c) => Err(format!("`\\{}` is no escape; a backslash itself is written `\\\\`", c.escape_debug())),
            None => Err("this text never ends; expected `\"`".into()),
        }
    }
}
