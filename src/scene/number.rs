//! Numbers that are fixed in the scene file or drawn by a level, and the spans they are drawn from.

use serde::de::{EnumAccess, Error, SeqAccess, VariantAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A number of a scene: written down, or `Vary("name")` and then set by the level.
#[derive(Clone, Debug, PartialEq)]
pub enum Number {
    /// The same in every level.
    Fixed(f32),
    /// The varied number of that name.
    Vary(String),
}

impl From<f32> for Number {
    fn from(value: f32) -> Self {
        Self::Fixed(value)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;
        impl<'de> Visitor<'de> for NumberVisitor {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or Vary(\"name\")")
            }
            fn visit_f64<E: Error>(self, value: f64) -> Result<Number, E> {
                Ok(Number::Fixed(value as f32))
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Number, E> {
                Ok(Number::Fixed(value as f32))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Number, E> {
                Ok(Number::Fixed(value as f32))
            }
            fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Number, A::Error> {
                #[derive(Deserialize)]
                enum Name {
                    Vary,
                }
                let (Name::Vary, content) = access.variant()?;
                Ok(Number::Vary(content.newtype_variant()?))
            }
        }
        deserializer.deserialize_any(NumberVisitor)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fixed(value) => serializer.serialize_f32(*value),
            Self::Vary(name) => serializer.serialize_newtype_variant("Number", 0, "Vary", name),
        }
    }
}

/// The values that a varied number may take. Every span maps to the unit interval and back.
#[derive(Clone, Debug, PartialEq)]
pub enum Span {
    /// `(low, high)`: uniform.
    Even(f32, f32),
    /// `Log(low, high)`: uniform in the logarithm; both above 0.
    Log(f32, f32),
    /// `Whole(low, high)`: whole numbers, both ends included.
    Whole(i32, i32),
    /// `Choice([..])`: one of these.
    Choice(Vec<f32>),
}

impl Span {
    /// The value at `unit` in [0, 1].
    pub fn value(&self, unit: f32) -> f32 {
        let unit = unit.clamp(0.0, 1.0);
        let index = |count: usize| ((unit * count as f32) as usize).min(count.saturating_sub(1));
        match self {
            Self::Even(low, high) => low + unit * (high - low),
            Self::Log(low, high) => libm::expf(libm::logf(*low) + unit * (libm::logf(*high) - libm::logf(*low))).clamp(*low, *high),
            Self::Whole(low, high) => (low + index((high - low) as usize + 1) as i32) as f32,
            Self::Choice(values) => values.get(index(values.len())).copied().unwrap_or(0.0),
        }
    }

    /// A point of the unit interval whose value is `value` (the nearest one where the span does not hold it).
    pub fn unit(&self, value: f32) -> f32 {
        let share = |part: f32, whole: f32| if whole == 0.0 { 0.5 } else { (part / whole).clamp(0.0, 1.0) };
        match self {
            Self::Even(low, high) => share(value - low, high - low),
            Self::Log(low, high) => share(libm::logf(value.max(*low)) - libm::logf(*low), libm::logf(*high) - libm::logf(*low)),
            Self::Whole(low, high) => share(value.round() - *low as f32 + 0.5, (high - low) as f32 + 1.0),
            Self::Choice(values) => {
                let distance = |v: &f32| (v - value).abs();
                let nearest = (0..values.len()).min_by(|a, b| distance(&values[*a]).total_cmp(&distance(&values[*b]))).unwrap_or(0);
                (nearest as f32 + 0.5) / values.len().max(1) as f32
            }
        }
    }

    /// The largest value.
    pub fn most(&self) -> f32 {
        match self {
            Self::Even(_, high) | Self::Log(_, high) => *high,
            Self::Whole(_, high) => *high as f32,
            Self::Choice(values) => values.iter().copied().fold(f32::NEG_INFINITY, f32::max),
        }
    }

    /// The smallest value.
    pub fn least(&self) -> f32 {
        match self {
            Self::Even(low, _) | Self::Log(low, _) => *low,
            Self::Whole(low, _) => *low as f32,
            Self::Choice(values) => values.iter().copied().fold(f32::INFINITY, f32::min),
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SpanVisitor;
        impl<'de> Visitor<'de> for SpanVisitor {
            type Value = Span;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("(low, high), Log(low, high), Whole(low, high) or Choice([..])")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Span, A::Error> {
                let low = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
                let high = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(1, &self))?;
                if seq.next_element::<f32>()?.is_some() {
                    return Err(A::Error::invalid_length(3, &self));
                }
                Ok(Span::Even(low, high))
            }
            fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Span, A::Error> {
                #[derive(Deserialize)]
                enum Name {
                    Log,
                    Whole,
                    Choice,
                }
                /// Two numbers in parentheses.
                struct Pair<T>(std::marker::PhantomData<T>);
                impl<'de, T: Deserialize<'de>> Visitor<'de> for Pair<T> {
                    type Value = (T, T);
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("two numbers: (low, high)")
                    }
                    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(T, T), A::Error> {
                        let low = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
                        let high = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(1, &self))?;
                        Ok((low, high))
                    }
                }
                let (name, content) = access.variant()?;
                Ok(match name {
                    Name::Log => {
                        let (low, high) = content.tuple_variant(2, Pair(std::marker::PhantomData))?;
                        Span::Log(low, high)
                    }
                    Name::Whole => {
                        let (low, high) = content.tuple_variant(2, Pair(std::marker::PhantomData))?;
                        Span::Whole(low, high)
                    }
                    Name::Choice => Span::Choice(content.newtype_variant()?),
                })
            }
        }
        deserializer.deserialize_any(SpanVisitor)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeTupleVariant;
        match self {
            Self::Even(low, high) => (low, high).serialize(serializer),
            Self::Log(low, high) => {
                let mut pair = serializer.serialize_tuple_variant("Span", 0, "Log", 2)?;
                pair.serialize_field(low)?;
                pair.serialize_field(high)?;
                pair.end()
            }
            Self::Whole(low, high) => {
                let mut pair = serializer.serialize_tuple_variant("Span", 1, "Whole", 2)?;
                pair.serialize_field(low)?;
                pair.serialize_field(high)?;
                pair.end()
            }
            Self::Choice(values) => serializer.serialize_newtype_variant("Span", 2, "Choice", values),
        }
    }
}
