//! [`Failure`]: what a visitor refused, before it is known what that means for the rest of the file.

use super::node::Node;
use super::problem::{nearest, one_of, shortened};
use serde::de::{self, Expected, Unexpected};
use std::fmt;

/// Why a visitor refused what it was given, and where.
#[derive(Debug)]
pub(super) struct Failure {
    pub fault: Fault,
    /// Start and end.
    pub place: Option<(u32, u32)>,
    /// The struct or variant that lacks a field.
    pub owner: Option<String>,
}

#[derive(Debug)]
pub(super) enum Fault {
    Missing(&'static str),
    Refused {
        message: String,
        expected: String,
        hint: Option<String>,
    },
    /// The visitor of that name does not take this form of stand-in: the next one is to be tried.
    Form(&'static str),
    /// There is no stand-in.
    Stuck,
}

impl Failure {
    pub fn new(fault: Fault) -> Self {
        Self { fault, place: None, owner: None }
    }

    fn refused(message: String, expected: String) -> Self {
        Self::new(Fault::Refused { message, expected, hint: None })
    }

    /// The innermost value that was being read is the place.
    pub fn at(mut self, node: &Node) -> Self {
        self.place.get_or_insert((node.start, if node.name > 0 { node.start + node.name } else { node.end }));
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.fault)
    }
}

impl std::error::Error for Failure {}

impl de::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::refused(message.to_string(), String::new())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Str(text) => format!("the text \"{}\"", shortened(text)),
            Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number".into(),
            Unexpected::Seq => "a list".into(),
            Unexpected::Map => "a group of fields".into(),
            Unexpected::Option => "`Some(..)` or `None`".into(),
            Unexpected::Enum => "a name".into(),
            other => other.to_string(),
        };
        Self::refused(format!("found {found}"), expected.to_string())
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::refused(format!("found {found}"), expected.to_string())
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::refused(format!("found {}", counted(length, "value")), expected.to_string())
    }

    fn unknown_variant(variant: &str, valid: &'static [&'static str]) -> Self {
        let hint = nearest(variant, valid.iter().copied()).map(str::to_owned);
        let message = format!("unknown name `{}`", shortened(variant));
        Self::new(Fault::Refused { message, expected: one_of(valid.iter().copied()), hint })
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Fault::Missing(field))
    }
}

/// "1 value", "2 values".
pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
