//! [`StandIn`]: reads as some value of whatever type is asked for, so that the rest of a file can be looked at behind a mistake.

use super::failure::{Failure, Fault};
use super::read::Session;
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};

/// Deeper than this, a type holds itself without end.
const DEEPEST: usize = 32;
/// Forms that are tried where a visitor takes several: see `deserialize_any`.
const FORMS: usize = 8;

/// Some value of any type.
#[derive(Clone, Copy)]
pub(super) struct StandIn<'a> {
    pub session: &'a Session<'a>,
    pub depth: usize,
}

impl<'a> StandIn<'a> {
    fn inner(self) -> Result<Self, Failure> {
        if self.depth >= DEEPEST {
            return Err(Failure::new(Fault::Stuck));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    /// A struct with all of its fields.
    pub fn fields<V: Visitor<'a>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_map(StandIns { of: self.inner()?, fields: fields.iter(), items: 0 })
    }

    fn items(self, count: usize) -> Result<StandIns<'a>, Failure> {
        Ok(StandIns { of: self.inner()?, fields: [].iter(), items: count })
    }
}

macro_rules! plain {
    ($($method:ident $visit:ident $value:expr;)*) => {$(
        fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
            visitor.$visit($value)
        }
    )*};
}

impl<'a> de::Deserializer<'a> for StandIn<'a> {
    type Error = Failure;

    plain! {
        deserialize_bool visit_bool false;
        deserialize_i8 visit_i8 1;
        deserialize_i16 visit_i16 1;
        deserialize_i32 visit_i32 1;
        deserialize_i64 visit_i64 1;
        deserialize_i128 visit_i128 1;
        deserialize_u8 visit_u8 1;
        deserialize_u16 visit_u16 1;
        deserialize_u32 visit_u32 1;
        deserialize_u64 visit_u64 1;
        deserialize_u128 visit_u128 1;
        deserialize_f32 visit_f32 1.0;
        deserialize_f64 visit_f64 1.0;
        deserialize_char visit_char 'a';
        deserialize_str visit_str "";
        deserialize_string visit_str "";
        deserialize_bytes visit_bytes b"";
        deserialize_byte_buf visit_bytes b"";
        deserialize_identifier visit_str "";
    }

    /// Which forms the visitor takes is only seen by trying: the next round tries the next one.
    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        let name = std::any::type_name::<V>();
        let form = self.session.form(name);
        let value = match form {
            0 => visitor.visit_f64(1.0),
            1 => visitor.visit_str(""),
            2..=4 => visitor.visit_seq(self.items(form - 1)?),
            5 => visitor.visit_map(self.items(0)?),
            6 => visitor.visit_bool(false),
            7 => visitor.visit_unit(),
            _ => Err(Failure::new(Fault::Stuck)),
        };
        value.map_err(|failure| match failure.fault {
            // An inner visitor's search goes first.
            Fault::Form(_) => failure,
            _ if form < FORMS => Failure::new(Fault::Form(name)),
            _ => Failure::new(Fault::Stuck),
        })
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_none()
    }

    fn deserialize_unit<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'a>>(self, _: &'static str, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(self, _: &'static str, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self.inner()?)
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_seq(self.items(0)?)
    }

    fn deserialize_tuple<V: Visitor<'a>>(self, length: usize, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_seq(self.items(length)?)
    }

    fn deserialize_tuple_struct<V: Visitor<'a>>(self, _: &'static str, length: usize, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_map(self.items(0)?)
    }

    fn deserialize_struct<V: Visitor<'a>>(self, _: &'static str, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Failure> {
        self.fields(fields, visitor)
    }

    /// The first variant.
    fn deserialize_enum<V: Visitor<'a>>(self, _: &'static str, valid: &'static [&'static str], visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_enum(FirstVariant { of: self.inner()?, name: valid.first().copied().unwrap_or("") })
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }
}

/// Stand-ins for so many items, or for these fields.
struct StandIns<'a> {
    of: StandIn<'a>,
    fields: std::slice::Iter<'static, &'static str>,
    items: usize,
}

impl<'a> de::SeqAccess<'a> for StandIns<'a> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, Failure> {
        if self.items == 0 {
            return Ok(None);
        }
        self.items -= 1;
        seed.deserialize(self.of).map(Some)
    }
}

impl<'a> de::MapAccess<'a> for StandIns<'a> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        let Some(name) = self.fields.next() else { return Ok(None) };
        let name: StrDeserializer<'_, Failure> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        seed.deserialize(self.of)
    }
}

/// The variant of that name, made of stand-ins.
struct FirstVariant<'a> {
    of: StandIn<'a>,
    name: &'static str,
}

impl<'a> de::EnumAccess<'a> for FirstVariant<'a> {
    type Error = Failure;
    type Variant = StandIn<'a>;

    fn variant_seed<V: DeserializeSeed<'a>>(self, seed: V) -> Result<(V::Value, StandIn<'a>), Failure> {
        let name: StrDeserializer<'_, Failure> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self.of))
    }
}

impl<'a> de::VariantAccess<'a> for StandIn<'a> {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'a>>(self, seed: T) -> Result<T::Value, Failure> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'a>>(self, length: usize, visitor: V) -> Result<V::Value, Failure> {
        de::Deserializer::deserialize_tuple(self, length, visitor)
    }

    fn struct_variant<V: Visitor<'a>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Failure> {
        self.fields(fields, visitor)
    }
}
