//! The serde deserialiser over the tree.

use super::access::{Entries, Fields, Items, OfVariant, Variant};
use super::failure::{Failure, Fault, counted};
use super::figure::Figure;
use super::node::{Node, Value};
use super::problem::{Problem, listed, nearest, one_of, shortened};
use super::read::Session;
use super::stand_in::StandIn;
use serde::de::{self, Visitor};

/// Reads one node.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub node: &'a Node,
    pub session: &'a Session<'a>,
    /// The node's name was that of the variant around it: only what follows it is read.
    pub nameless: bool,
}

impl<'a> Reader<'a> {
    pub fn new(node: &'a Node, session: &'a Session<'a>) -> Self {
        Self { node, session, nameless: false }
    }

    /// The name before the value.
    pub fn name(&self) -> Option<&'a str> {
        let name = &self.session.source.text[self.node.start as usize..(self.node.start + self.node.name) as usize];
        (self.node.name > 0 && !self.nameless).then(|| name.strip_prefix("r#").unwrap_or(name))
    }

    pub fn spelling(&self) -> &'a str {
        &self.session.source.text[self.node.start as usize..self.node.end as usize]
    }

    /// What stands here, for messages.
    fn found(&self) -> String {
        if let Some(name) = self.name() {
            let body = if self.node.value == Value::Bare { "" } else { "(..)" };
            return format!("found `{}{body}`", shortened(name));
        }
        let found = match &self.node.value {
            Value::Broken => "something unreadable".into(),
            Value::Bare => "nothing".into(),
            Value::Bool(value) => format!("`{value}`"),
            Value::Number | Value::Byte(_) => format!("the number {}", shortened(self.spelling())),
            Value::Char(c) => format!("the character '{}'", c.escape_debug()),
            Value::Text(text) => format!("the text \"{}\"", shortened(text)),
            Value::Bytes(_) => "bytes".into(),
            Value::List(items) => format!("a list of {}", counted(items.len(), "value")),
            Value::Tuple(items) if items.is_empty() => "`()`".into(),
            Value::Tuple(items) => format!("{} in parentheses", counted(items.len(), "value")),
            Value::Struct(fields) => format!("{} in parentheses", counted(fields.len(), "field")),
            Value::Map(_) => "a map `{..}`".into(),
        };
        format!("found {found}")
    }

    /// Notes that something else was expected here.
    pub fn unexpected(&self, expected: impl Into<String>) {
        let message = self.found();
        self.wrong(message, expected, None);
    }

    /// Notes what is wrong here.
    pub fn wrong(&self, message: impl Into<String>, expected: impl Into<String>, hint: Option<String>) {
        let (message, expected) = (message.into(), expected.into());
        let end = if self.node.name > 0 { self.node.start + self.node.name } else { self.node.end };
        self.session.note(self.node.start, end, |problem| Problem { message, expected, hint, ..problem });
        self.session.doubt(self.node);
    }

    /// Whether a stand-in is to be read in place of this: what is wrong here is known already.
    fn is_lost(&self) -> bool {
        if self.node.value == Value::Broken {
            self.session.doubt(self.node);
        }
        self.session.doubts(self.node)
    }

    fn stand_in(&self) -> StandIn<'a> {
        StandIn { session: self.session, depth: 0 }
    }

    /// What a variant's or newtype's only value is read from: the fields that stand directly in it, or nothing at all.
    pub fn body(self) -> Self {
        Self { nameless: true, ..self }
    }

    /// The items of a list or tuple, if this is the right kind of bracket or nearly so.
    fn items(&self, list: bool, expected: &str) -> Option<&'a [Node]> {
        match &self.node.value {
            Value::List(items) if list => Some(items),
            Value::Tuple(items) if !list => Some(items),
            Value::List(items) | Value::Tuple(items) if self.name().is_none() => {
                let (found, right) = if list { ("`(..)`", "a list `[..]`") } else { ("a list `[..]`", "values in parentheses `(..)`") };
                let message = format!("found {found}");
                self.session.note(self.node.start, self.node.end, |problem| Problem { message, expected: right.into(), ..problem });
                Some(items)
            }
            _ => {
                self.unexpected(expected);
                None
            }
        }
    }

    /// Checks the name before a struct, which may be left out. Behind a wrong name the rest is read all the same.
    fn check_name(&self, name: &'static str) {
        if let Some(found) = self.name().filter(|found| *found != name) {
            let hint = nearest(found, [name]).map(str::to_owned);
            let message = format!("found `{}`", shortened(found));
            self.session.note(self.node.start, self.node.start + self.node.name, |problem| Problem {
                message,
                expected: format!("`{name}(..)`"),
                hint,
                ..problem
            });
        }
    }

    /// Lets `visit` read the struct's fields.
    pub fn fields<V: Visitor<'a>>(self, owner: &str, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Failure> {
        let given = match &self.node.value {
            Value::Struct(given) => &given[..],
            Value::Bare => &[],
            Value::Tuple(items) if items.is_empty() => &[],
            Value::Tuple(_) => {
                self.wrong(
                    format!("the values of `{owner}` stand without their names"),
                    format!("fields: {}", listed(fields.iter().copied())),
                    None,
                );
                return self.stand_in().fields(fields, visitor);
            }
            _ => {
                self.unexpected(format!("`{owner}(..)` with {}", listed(fields.iter().copied())));
                return self.stand_in().fields(fields, visitor);
            }
        };
        visitor.visit_map(Fields::new(self, given, fields, owner)).map_err(|mut failure| {
            if matches!(failure.fault, Fault::Missing(_)) && failure.place.is_none() {
                failure.owner = Some(owner.into());
            }
            failure.at(self.node)
        })
    }
}

macro_rules! whole {
    ($($method:ident $visit:ident $type:ty;)*) => {$(
        fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
            if self.is_lost() {
                return self.stand_in().$method(visitor);
            }
            match self.whole(<$type>::MIN as i128, <$type>::MAX as u128) {
                // The range has been checked, and wrapping turns a size and its sign into the number, the smallest one included.
                Some((negative, size)) => visitor.$visit(if negative { (size as $type).wrapping_neg() } else { size as $type }).map_err(|e: Failure| e.at(self.node)),
                None => self.stand_in().$method(visitor),
            }
        }
    )*};
}

impl<'a> de::Deserializer<'a> for Reader<'a> {
    type Error = Failure;

    whole! {
        deserialize_i8 visit_i8 i8;
        deserialize_i16 visit_i16 i16;
        deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
        deserialize_i128 visit_i128 i128;
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
        deserialize_u128 visit_u128 u128;
    }

    /// Where several forms are allowed, a name (with or without content) is a variant.
    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.is_lost() {
            return self.stand_in().deserialize_any(visitor);
        }
        if self.name().is_some() {
            return visitor.visit_enum(Variant { reader: self, valid: None }).map_err(|e: Failure| e.at(self.node));
        }
        match &self.node.value {
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number => match (self.real(), Figure::new(self.spelling())) {
                (Some(_), Some(Figure::Whole { negative: false, size })) => visitor.visit_u64(size as u64),
                (Some(value), Some(Figure::Whole { .. })) => visitor.visit_i64(value as i64),
                (Some(value), _) => visitor.visit_f64(value),
                (None, _) => return self.stand_in().deserialize_any(visitor),
            },
            Value::Byte(byte) => visitor.visit_u8(*byte),
            Value::Char(c) => visitor.visit_char(*c),
            Value::Text(text) => visitor.visit_str(text),
            Value::Bytes(bytes) => visitor.visit_bytes(bytes),
            Value::Tuple(items) if items.is_empty() => visitor.visit_unit(),
            Value::List(items) | Value::Tuple(items) => visitor.visit_seq(Items::new(items, self.session)),
            Value::Struct(_) => visitor.visit_map(Fields::new(self, self.given(), &[], "")),
            Value::Map(entries) => visitor.visit_map(Entries::new(entries, self.session)),
            Value::Broken | Value::Bare => visitor.visit_unit(),
        }
        .map_err(|e: Failure| e.at(self.node))
    }

    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.node.value {
            _ if self.is_lost() => self.stand_in().deserialize_bool(visitor),
            Value::Bool(value) => visitor.visit_bool(value).map_err(|e: Failure| e.at(self.node)),
            _ => {
                self.unexpected("`true` or `false`");
                self.stand_in().deserialize_bool(visitor)
            }
        }
    }

    fn deserialize_f32<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        match () {
            () if self.is_lost() => {}
            () => {
                if let Some(value) = self.real() {
                    return visitor.visit_f64(value).map_err(|e: Failure| e.at(self.node));
                }
            }
        }
        self.stand_in().deserialize_f64(visitor)
    }

    fn deserialize_char<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.node.value {
            _ if self.is_lost() => self.stand_in().deserialize_char(visitor),
            Value::Char(c) => visitor.visit_char(c).map_err(|e: Failure| e.at(self.node)),
            _ => {
                self.unexpected("a character in `'`");
                self.stand_in().deserialize_char(visitor)
            }
        }
    }

    fn deserialize_str<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.node.value {
            _ if self.is_lost() => self.stand_in().deserialize_str(visitor),
            Value::Text(text) => visitor.visit_str(text).map_err(|e: Failure| e.at(self.node)),
            _ => {
                self.unexpected("a text in quotes");
                self.stand_in().deserialize_str(visitor)
            }
        }
    }

    fn deserialize_string<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.node.value {
            _ if self.is_lost() => self.stand_in().deserialize_bytes(visitor),
            Value::Bytes(bytes) => visitor.visit_bytes(bytes).map_err(|e: Failure| e.at(self.node)),
            _ => {
                self.unexpected("bytes: `b\"..\"`");
                self.stand_in().deserialize_bytes(visitor)
            }
        }
    }

    fn deserialize_byte_buf<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_bytes(visitor)
    }

    /// `None`, `Some(value)`, or the value by itself.
    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        let inner = match (&self.node.value, self.name()) {
            _ if self.is_lost() => return self.stand_in().deserialize_option(visitor),
            (Value::Bare, Some("None")) => return visitor.visit_none().map_err(|e: Failure| e.at(self.node)),
            (Value::Tuple(items), Some("Some")) if items.len() == 1 => Self::new(&items[0], self.session),
            (_, Some("Some")) => self.body(),
            _ => self,
        };
        visitor.visit_some(inner).map_err(|e: Failure| e.at(self.node))
    }

    fn deserialize_unit<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.node.value {
            _ if self.is_lost() => {}
            Value::Tuple(items) if items.is_empty() => {}
            Value::Bare if self.nameless => {}
            _ => self.unexpected("`()`"),
        }
        visitor.visit_unit().map_err(|e: Failure| e.at(self.node))
    }

    fn deserialize_unit_struct<V: Visitor<'a>>(self, name: &'static str, visitor: V) -> Result<V::Value, Failure> {
        match &self.node.value {
            _ if self.is_lost() => {}
            Value::Bare => self.check_name(name),
            Value::Tuple(items) if items.is_empty() => self.check_name(name),
            _ => self.unexpected(format!("`{name}`")),
        }
        visitor.visit_unit().map_err(|e: Failure| e.at(self.node))
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(self, name: &'static str, visitor: V) -> Result<V::Value, Failure> {
        let inner = match (&self.node.value, self.name()) {
            (Value::Tuple(items), None) if items.len() == 1 => Self::new(&items[0], self.session),
            (Value::Tuple(items), Some(found)) if items.len() == 1 && found == name => Self::new(&items[0], self.session),
            _ => self,
        };
        visitor.visit_newtype_struct(inner).map_err(|e: Failure| e.at(self.node))
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        if !self.is_lost()
            && let Some(items) = self.items(true, "a list `[..]`")
        {
            return visitor.visit_seq(Items::new(items, self.session)).map_err(|e: Failure| e.at(self.node));
        }
        self.stand_in().deserialize_seq(visitor)
    }

    fn deserialize_tuple<V: Visitor<'a>>(self, length: usize, visitor: V) -> Result<V::Value, Failure> {
        let expected = format!("{} in parentheses", counted(length, "value"));
        if !self.is_lost()
            && let Some(items) = self.items(false, &expected)
        {
            if items.len() == length {
                return visitor.visit_seq(Items::new(items, self.session)).map_err(|e: Failure| e.at(self.node));
            }
            self.unexpected(expected);
        }
        self.stand_in().deserialize_tuple(length, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'a>>(self, name: &'static str, length: usize, visitor: V) -> Result<V::Value, Failure> {
        if self.is_lost() {
            return self.stand_in().deserialize_tuple(length, visitor);
        }
        self.check_name(name);
        self.body().deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.node.value {
            _ if self.is_lost() => self.stand_in().deserialize_map(visitor),
            Value::Map(entries) => visitor.visit_map(Entries::new(entries, self.session)).map_err(|e: Failure| e.at(self.node)),
            _ => {
                self.unexpected("a map `{\"name\": ..}`");
                self.stand_in().deserialize_map(visitor)
            }
        }
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        if self.is_lost() {
            return self.stand_in().fields(fields, visitor);
        }
        self.check_name(name);
        self.fields(name, fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'a>>(self, name: &'static str, valid: &'static [&'static str], visitor: V) -> Result<V::Value, Failure> {
        if self.is_lost() {
            return self.stand_in().deserialize_enum(name, valid, visitor);
        }
        let expected = || one_of(valid.iter().copied());
        match (self.name(), &self.node.value) {
            (Some(found), _) if valid.contains(&found) => {
                return visitor.visit_enum(Variant { reader: self, valid: Some(name) }).map_err(|e: Failure| e.at(self.node));
            }
            (Some(found), _) => {
                let hint = nearest(found, valid.iter().copied()).map(str::to_owned);
                self.wrong(format!("unknown `{name}` called `{}`", shortened(found)), expected(), hint);
            }
            (None, Value::Text(text)) if valid.contains(&text.as_str()) => {
                self.wrong(format!("found the text \"{text}\""), "the name without quotes", Some(text.clone()));
            }
            _ => self.unexpected(expected()),
        }
        self.stand_in().deserialize_enum(name, valid, visitor)
    }

    fn deserialize_identifier<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        match (self.name(), &self.node.value) {
            (Some(name), _) => visitor.visit_str(name),
            (None, Value::Text(text)) => visitor.visit_str(text),
            _ => visitor.visit_str(self.spelling()),
        }
        .map_err(|e: Failure| e.at(self.node))
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit().map_err(|e: Failure| e.at(self.node))
    }
}

impl<'a> Reader<'a> {
    fn given(&self) -> &'a [(super::node::Key, Node)] {
        match &self.node.value {
            Value::Struct(given) => given,
            _ => &[],
        }
    }

    /// The content of a variant.
    pub fn content(self) -> OfVariant<'a> {
        OfVariant { reader: self }
    }
}
