//! Numbers as they are written: signs, underscores, other bases, exponents, type suffixes. And which of them are taken.

use super::node::Value;
use super::problem::shortened;
use super::reader::Reader;

/// A number that is no integer is at most so large.
const LARGEST: f64 = 1e6;

/// A number as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Figure {
    /// Without a decimal point or exponent.
    Whole { negative: bool, size: u128 },
    /// With one, or `inf` or `NaN`, or too large for 128 bits.
    Real(f64),
}

impl Figure {
    /// What `text` says, if it is a number.
    pub fn new(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let sign = if negative { -1.0 } else { 1.0 };
        match digits {
            "inf" => return Some(Self::Real(sign * f64::INFINITY)),
            "NaN" => return Some(Self::Real(f64::NAN)),
            _ => {}
        }
        let base = |prefix: &str| digits.strip_prefix(prefix).or_else(|| digits.strip_prefix(prefix.to_uppercase().as_str()));
        for (prefix, radix) in [("0x", 16), ("0b", 2), ("0o", 8)] {
            if let Some(rest) = base(prefix) {
                let size = u128::from_str_radix(&plain(without_suffix(rest, false))?, radix).ok()?;
                return Some(Self::Whole { negative, size });
            }
        }
        let digits = plain(without_suffix(digits, true))?;
        if digits.bytes().all(|b| b.is_ascii_digit())
            && let Ok(size) = digits.parse()
        {
            return Some(Self::Whole { negative, size });
        }
        digits.parse().ok().map(|size: f64| Self::Real(sign * size))
    }

    /// As a float.
    pub fn real(self) -> f64 {
        match self {
            Self::Whole { negative, size } => size as f64 * if negative { -1.0 } else { 1.0 },
            Self::Real(value) => value,
        }
    }
}

/// Without underscores; `None` where it starts with none of what a number starts with.
fn plain(digits: &str) -> Option<String> {
    let starts = digits.starts_with(|c: char| c.is_ascii_hexdigit() || c == '.');
    starts.then(|| digits.chars().filter(|c| *c != '_').collect())
}

/// Without the type that may stand behind a number: `2u8`, `1.5f32`.
fn without_suffix(digits: &str, real: bool) -> &str {
    let whole = ["u8", "u16", "u32", "u64", "u128", "i8", "i16", "i32", "i64", "i128"];
    let reals = if real { &["f32", "f64"][..] } else { &[] };
    whole.iter().chain(reals).find_map(|suffix| digits.strip_suffix(suffix)).unwrap_or(digits)
}

impl Reader<'_> {
    /// The number here, finite and of a sensible size; `None` once it is noted that it is not.
    pub fn real(&self) -> Option<f64> {
        if self.name().is_some() || !matches!(self.node.value, Value::Number | Value::Byte(_)) {
            self.unexpected("a number");
            return None;
        }
        let value = match self.node.value {
            Value::Byte(byte) => f64::from(byte),
            _ => self.figure()?.real(),
        };
        let spelling = shortened(self.spelling());
        if !value.is_finite() {
            self.wrong(format!("the number {spelling} is not finite"), "a number of at most a million in size", None);
        } else if value.abs() > LARGEST {
            self.wrong(format!("the number {spelling} is absurdly large"), "a number of at most a million in size", None);
        } else {
            return Some(value);
        }
        None
    }

    fn figure(&self) -> Option<Figure> {
        let figure = Figure::new(self.spelling());
        if figure.is_none() {
            self.wrong(format!("`{}` is no number", shortened(self.spelling())), "one like `20`, `-0.5` or `3e-4`", None);
        }
        figure
    }

    /// The integer here; `None` once it is noted that there is none or that it is out of range.
    pub fn whole(&self, least: i128, most: u128) -> Option<(bool, u128)> {
        if self.name().is_some() || !matches!(self.node.value, Value::Number | Value::Byte(_)) {
            self.unexpected("a whole number");
            return None;
        }
        let figure = match self.node.value {
            Value::Byte(byte) => Figure::Whole { negative: false, size: byte.into() },
            _ => self.figure()?,
        };
        let Figure::Whole { negative, size } = figure else {
            let point = figure.real().fract() == 0.0;
            let expected = if point { "a whole number, written without point and exponent" } else { "a whole number" };
            self.wrong(format!("found the number {}", shortened(self.spelling())), expected, None);
            return None;
        };
        let small = negative && size > least.unsigned_abs();
        if small || (!negative && size > most) {
            let expected = if small { format!("a whole number of at least {least}") } else { format!("a whole number of at most {most}") };
            self.wrong(format!("found the number {}", shortened(self.spelling())), expected, None);
            return None;
        }
        Some((negative, size))
    }
}
