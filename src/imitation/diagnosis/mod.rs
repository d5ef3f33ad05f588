//! What a policy does, and by what it decides: of any policy, and any demonstrations.
//!
//! [`error`]: how far its actions are from those that were recorded. [`behaviour`]: which of several ways it takes, and whether it takes more than
//! one of them from the same start. [`attribution`]: what each sensor has to say in a decision. Plain functions, which `apprentice diagnose` prints.

pub mod attribution;
pub mod behaviour;
pub mod error;
