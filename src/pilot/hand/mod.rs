//! Flying by hand: what sticks, buttons, keys and the mouse do to a body.
//!
//! Events are fed to [`Hands`] as they come, at any time, and latched once per control step, before the pilots decide: so a window of
//! 30, 60 or 144 frames a second, or one that stalls, records the same thing. In an arena whose pilot is
//! [`Pilot::Hand`](super::Pilot::Hand) the action is what the latched values and the body's [`Bindings`] say. Nothing here knows a
//! window: whoever feeds the events may as well be a test.
//!
//! - [`input`] — what a hand can move, by name.
//! - [`bindings`] — which input drives which channel of a body; each body declares its own.
//! - [`command`] — what is asked by a button: start, finish, discard, ...
//! - [`settings`] — what a user may change: dead zone, curve, ramps, bindings. Plain data.
//! - [`shaping`] — dead zone and response curve.
//! - [`hands`] — the events, the latch, the log.

pub mod bindings;
pub mod command;
pub mod hands;
pub mod input;
pub mod settings;
pub mod shaping;

pub use bindings::{Bindings, Drive};
pub use command::HandCommand;
pub use hands::{HandInput, Hands};
pub use input::Input;
pub use settings::HandSettings;
