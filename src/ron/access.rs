//! What a visitor reads piece by piece: fields, entries, items, variants.

use super::failure::{Failure, counted};
use super::node::{Key, Node, Value};
use super::problem::{Problem, nearest, one_of, shortened};
use super::read::Session;
use super::reader::Reader;
use super::stand_in::StandIn;
use serde::Deserializer as _;
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};

/// The fields of a struct: those that are given and known, then stand-ins for those that are known to be missing.
pub(super) struct Fields<'a> {
    reader: Reader<'a>,
    given: std::slice::Iter<'a, (Key, Node)>,
    /// Those that the struct has; none: not known, all are taken.
    valid: &'static [&'static str],
    owner: String,
    missing: Vec<&'static str>,
    value: Option<&'a Node>,
}

impl<'a> Fields<'a> {
    pub fn new(reader: Reader<'a>, given: &'a [(Key, Node)], valid: &'static [&'static str], owner: &str) -> Self {
        let missing = reader.session.missing(reader.node.start);
        Self { reader, given: given.iter(), valid, owner: owner.into(), missing, value: None }
    }
}

impl<'a> de::MapAccess<'a> for Fields<'a> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        let Reader { node, session, .. } = self.reader;
        for (key, value) in self.given.by_ref() {
            session.go_on()?;
            let name = &session.source.text[key.start as usize..key.end as usize];
            let name = name.strip_prefix("r#").unwrap_or(name);
            if self.valid.is_empty() || self.valid.contains(&name) {
                self.value = Some(value);
                let name: StrDeserializer<'_, Failure> = name.into_deserializer();
                return seed.deserialize(name).map(Some).map_err(|e| e.at(node));
            }
            let message = format!("unknown field `{}` in `{}`", shortened(name), self.owner);
            let expected = one_of(self.valid.iter().copied());
            let hint = nearest(name, self.valid.iter().copied()).map(str::to_owned);
            session.note(key.start, key.end, |problem| Problem { message, expected, hint, ..problem });
        }
        self.value = None;
        let Some(name) = self.missing.pop() else { return Ok(None) };
        let name: StrDeserializer<'_, Failure> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        match self.value.take() {
            Some(node) => seed.deserialize(Reader::new(node, self.reader.session)),
            None => seed.deserialize(StandIn { session: self.reader.session, depth: 0 }),
        }
    }
}

/// The entries of a map.
pub(super) struct Entries<'a> {
    entries: std::slice::Iter<'a, (Node, Node)>,
    value: Option<&'a Node>,
    session: &'a Session<'a>,
}

impl<'a> Entries<'a> {
    pub fn new(entries: &'a [(Node, Node)], session: &'a Session<'a>) -> Self {
        Self { entries: entries.iter(), value: None, session }
    }
}

impl<'a> de::MapAccess<'a> for Entries<'a> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        self.session.go_on()?;
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(Reader::new(key, self.session)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        match self.value.take() {
            Some(node) => seed.deserialize(Reader::new(node, self.session)),
            None => seed.deserialize(StandIn { session: self.session, depth: 0 }),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// The items of a list or tuple.
pub(super) struct Items<'a> {
    items: std::slice::Iter<'a, Node>,
    session: &'a Session<'a>,
}

impl<'a> Items<'a> {
    pub fn new(items: &'a [Node], session: &'a Session<'a>) -> Self {
        Self { items: items.iter(), session }
    }
}

impl<'a> de::SeqAccess<'a> for Items<'a> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, Failure> {
        self.session.go_on()?;
        self.items.next().map(|node| seed.deserialize(Reader::new(node, self.session))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// A name that is a variant.
pub(super) struct Variant<'a> {
    pub reader: Reader<'a>,
    /// The enum's name, where its variants are known and this is one of them.
    pub valid: Option<&'static str>,
}

impl<'a> de::EnumAccess<'a> for Variant<'a> {
    type Error = Failure;
    type Variant = OfVariant<'a>;

    fn variant_seed<V: DeserializeSeed<'a>>(self, seed: V) -> Result<(V::Value, OfVariant<'a>), Failure> {
        debug_assert!(self.valid.is_none() || self.reader.name().is_some(), "a variant has a name");
        let name: StrDeserializer<'_, Failure> = self.reader.name().unwrap_or("").into_deserializer();
        let variant = seed.deserialize(name).map_err(|e| e.at(self.reader.node))?;
        Ok((variant, self.reader.content()))
    }
}

/// The content of a variant.
pub(super) struct OfVariant<'a> {
    pub reader: Reader<'a>,
}

impl<'a> OfVariant<'a> {
    fn stand_in(&self) -> StandIn<'a> {
        StandIn { session: self.reader.session, depth: 0 }
    }

    /// Notes that there is another number of values than the variant takes.
    fn miscounted(&self, length: usize) {
        let name = shortened(self.reader.name().unwrap_or(""));
        let expected = format!("`{name}(..)` with {}", counted(length, "value"));
        let message = match &self.reader.node.value {
            Value::Bare => format!("`{name}` stands without its {}", if length == 1 { "value" } else { "values" }),
            Value::Struct(_) => format!("the values of `{name}` stand with names"),
            Value::Tuple(items) => format!("`{name}` is given {}", counted(items.len(), "value")),
            _ => format!("found `{name}`"),
        };
        let node = self.reader.node;
        self.reader.session.note(node.start, node.start + node.name, |problem| Problem { message, expected, ..problem });
    }
}

impl<'a> de::VariantAccess<'a> for OfVariant<'a> {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        match &self.reader.node.value {
            Value::Bare => {}
            Value::Tuple(items) if items.is_empty() => {}
            _ => {
                let name = shortened(self.reader.name().unwrap_or(""));
                self.reader.wrong(format!("`{name}` takes no values"), format!("`{name}`"), None);
            }
        }
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'a>>(self, seed: T) -> Result<T::Value, Failure> {
        let reader = self.reader;
        match &reader.node.value {
            Value::Tuple(items) if items.len() == 1 => seed.deserialize(Reader::new(&items[0], reader.session)),
            // The fields of the struct within, or its defaults.
            Value::Struct(_) | Value::Bare => seed.deserialize(reader.body()),
            Value::Tuple(items) if items.is_empty() => seed.deserialize(reader.body()),
            // Perhaps a list without its brackets: what is in it is read as if it had them.
            Value::Tuple(_) => {
                self.miscounted(1);
                seed.deserialize(reader.body())
            }
            _ => {
                self.miscounted(1);
                reader.session.doubt(reader.node);
                seed.deserialize(self.stand_in())
            }
        }
    }

    fn tuple_variant<V: Visitor<'a>>(self, length: usize, visitor: V) -> Result<V::Value, Failure> {
        match &self.reader.node.value {
            Value::Tuple(items) if items.len() == length => {
                visitor.visit_seq(Items::new(items, self.reader.session)).map_err(|e: Failure| e.at(self.reader.node))
            }
            _ => {
                self.miscounted(length);
                self.reader.session.doubt(self.reader.node);
                self.stand_in().deserialize_tuple(length, visitor)
            }
        }
    }

    fn struct_variant<V: Visitor<'a>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Failure> {
        let owner = self.reader.name().unwrap_or("");
        self.reader.fields(owner, fields, visitor)
    }
}
