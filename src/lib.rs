//! *Show it once, let it practise.* A 3D physics sandbox in which embodied agents learn. Bevy hosts the worlds, Rapier moves them, burn
//! learns.
//!
//! The same scene runs in one arena or in hundreds, headless, on every core, with the same bits. What a user sees and types is told in the
//! README; how a scene, a body, a sensor or an algorithm is added, in CONTRIBUTING. This page is the map of the house.
//!
//! # A first step
//!
//! ```
//! use apprentice::arena::{ArenaPlugin, FinishedEpisodes};
//! use apprentice::control::{ControlPlugin, headless_app, start};
//! use apprentice::physics::Threads;
//! use apprentice::pilot::{Pilot, PilotPlugin};
//! use apprentice::scene::plan::Plan;
//! use std::sync::Arc;
//!
//! let plan = Arc::new(Plan::load("scenes/push")?);
//! let mut app = headless_app(Threads::default());
//! app.add_plugins((
//!     ControlPlugin { timing: plan.timing },
//!     ArenaPlugin { plans: vec![plan], count: 16, seed: 1, pilot: Pilot::expert() },
//!     PilotPlugin,
//! ));
//! start(&mut app);
//! while app.world().resource::<FinishedEpisodes>().0.is_empty() {
//!     app.update(); // one control step of every arena
//! }
//! let first = &app.world().resource::<FinishedEpisodes>().0[0].report;
//! assert!(first.success, "the expert brought a cube onto the disc");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/` goes on from here: a pilot written by hand, a task in Rust, a trained policy inside an ordinary Bevy app.
//!
//! # The house, in reading order
//!
//! **The world**: Bevy and Rapier, never burn.
//!
//! - [`control`] — read it first: [`ControlStep`](control::ControlStep), in which everything happens, and the eight
//!   [`ControlSystems`](control::ControlSystems) of which it consists. A system of your own goes into one of them.
//! - [`arena`] — an [`Arena`](arena::Arena) is one independent copy of a scene: built, reset to a lesson, captured, restored.
//! - [`signal`] — what is exchanged with learning: [`Observation`](signal::Observation), [`Action`](signal::Action),
//!   [`Reward`](signal::Reward), [`Outcome`](signal::Outcome), and the [`Channels`](signal::Channels) that say what their numbers mean.
//! - [`physics`] — Rapier's worlds inside Bevy, the parallel loop over arenas, the state hash.
//! - [`scene`] — what a `scene.ron` may say ([`schema`](scene::schema)), what is wrong with it ([`check`](scene::check)), and the
//!   [`Plan`](scene::plan::Plan) it becomes.
//! - [`body`] — one file per body: links, joints, motors. [`sensor`] — one file per sensor. [`task`] — predicates, reward terms, endings,
//!   and the [`Judge`](task::Judge), for a task that the vocabulary cannot say.
//!
//! **Who decides**
//!
//! - [`pilot`] — a policy, the scripted expert, an operator (the expert with a person's traits), recorded actions, random, or a system of your own.
//!
//! **What is learnt**: burn, never Bevy.
//!
//! - [`learn`] — a [`Learner`](learn::Learner) turns experience into a better [`Policy`](learn::policy::Policy). Rows of numbers cross the
//!   border ([`Batch`](learn::batch::Batch)), never tensors, never entities. One readable file per [`algorithm`](learn::algorithm).
//!
//! **What is made of it**
//!
//! - [`curriculum`] — levels, lessons, and the teachers that choose them.
//! - [`imitation`] — demonstrations: the [`recorder`](imitation::recorder), the [`data_set`](imitation::data_set) on the disk, replay.
//! - [`training`] — [`recipe`](training::recipe) to [`run`](training::run) folder: checkpoints, metrics, evaluation, summaries.
//! - [`mod@bench`] — what the control step costs, beside bare Rapier worlds.
//! - [`cli`] — the verbs, one file each.
//!
//! **Underneath**
//!
//! - [`stream`] — random streams that are named after what they are for. Nothing else draws.
//! - [`durable`] — how anything reaches the disk: whole or absent.
//! - [`ron`] — reading RON with errors that name file, line, column, what was found, what was expected, and the nearest valid name.
//!
//! # Features of the package
//!
//! The default is headless, on the CPU, and needs nothing but Rust and a C compiler. `window` adds the window, `src/window/`, and the verb
//! `explore` (on Linux: libudev headers and pkg-config to build).

pub mod arena;
pub mod body;
pub mod control;
pub mod physics;
pub mod scene;
pub mod sensor;
pub mod signal;
pub mod task;

pub mod pilot;

pub mod bench;
pub mod cli;
pub mod curriculum;
pub mod durable;
pub mod imitation;
pub mod learn;
pub mod ron;
pub mod stream;
pub mod training;
#[cfg(feature = "window")]
pub mod window;
