//! Experience: what was lived through, and what its endings are worth.

pub mod demonstrations;
pub mod endings;
pub mod replay;
pub mod rollout;
