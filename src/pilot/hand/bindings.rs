//! Which input drives which channel of a body.

use super::Input;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What hands do to one body in one control mode: said in the body's own file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bindings {
    /// Body and control mode, such as `Rover(Heading)`: under this name a user's own bindings are kept.
    pub body: String,
    /// In the order of the legend.
    pub drives: Vec<Drive>,
}

/// An input that drives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drive {
    /// What it does, for the legend: `drive`, `turn`. Drives with the same words stand in one line.
    pub does: String,
    /// What the hand moves.
    pub input: Input,
    /// What the input at its full value adds to each channel, by the channel's name. Channels are summed over all drives and held to
    /// [-1, 1].
    pub moves: BTreeMap<String, f32>,
}

/// A line of the legend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegendLine {
    /// What is done.
    pub does: String,
    /// By which sticks and buttons of a pad; empty where by none.
    pub pad: String,
    /// By which keys, or the mouse; empty where by none.
    pub keys: String,
}

impl Bindings {
    /// No inputs yet, for the body and control mode of this name.
    pub fn of(body: impl Into<String>) -> Self {
        Self { body: body.into(), drives: Vec::new() }
    }

    /// `input` at its full value adds `moves` to the channels.
    #[must_use]
    pub fn with(mut self, does: &str, input: Input, moves: &[(&str, f32)]) -> Self {
        let moves = moves.iter().map(|(channel, by)| ((*channel).to_owned(), *by)).collect();
        self.drives.push(Drive { does: does.to_owned(), input, moves });
        self
    }

    /// The key `plus` adds `moves` to the channels, the key `minus` takes them away.
    #[must_use]
    pub fn keys(self, does: &str, plus: &str, minus: &str, moves: &[(&str, f32)]) -> Self {
        let back: Vec<_> = moves.iter().map(|(channel, by)| (*channel, -by)).collect();
        self.with(does, Input::key(plus), moves).with(does, Input::key(minus), &back)
    }
}

/// What `drives` do, a line for each thing done.
pub fn legend(drives: &[Drive]) -> Vec<LegendLine> {
    let mut lines: Vec<LegendLine> = Vec::new();
    for drive in drives {
        let index = lines.iter().position(|line| line.does == drive.does).unwrap_or_else(|| {
            lines.push(LegendLine { does: drive.does.clone(), pad: String::new(), keys: String::new() });
            lines.len() - 1
        });
        let line = &mut lines[index];
        let side = if drive.input.is_of_pad() { &mut line.pad } else { &mut line.keys };
        if !side.is_empty() {
            side.push_str(", ");
        }
        side.push_str(&drive.input.to_string());
    }
    lines
}
