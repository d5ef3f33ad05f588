//! The window: `apprentice explore`. Only with the feature `window`; it watches and steers the same control step that headless runs.
//!
//! - **What is drawn**: [`stage`] (sky, ground, light), [`dress`] (bodies and props become meshes, from a body's
//!   [`Look`](crate::body::look::Look) and the props' shapes), [`livery`] (a team's colours), [`smoothing`] (motion between control steps), [`camera`], [`gizmos`].
//!   [`offscreen`] draws the same without a window.
//! - **What is shown**: [`shown`] (scene, arenas, pilot, levels), [`time`] (pause, step, speed), [`rewind`], [`trace`] (for plots), [`reload`]
//!   (the scene's file was saved).
//! - **What can be asked**: [`request`] lists everything; [`panels`], keys, [`script`]s and [`screenshot`] ask. [`notice`] tells what happened.
//! - **Hands and film**: [`hands`] (pads, keys and mouse), [`recording`] (and replaying), [`film`] (videos).
//! - [`app`] and [`explore`] put it together.

pub mod app;
pub mod camera;
pub mod dress;
pub mod explore;
pub mod film;
pub mod gizmos;
pub mod hands;
pub mod livery;
pub mod notice;
pub mod offscreen;
pub mod panels;
pub mod recording;
pub mod reload;
pub mod request;
pub mod rewind;
mod room;
pub mod screenshot;
pub mod script;
mod shell;
pub mod shown;
pub mod smoothing;
pub mod stage;
pub mod time;
pub mod trace;
