//! Networks: what turns a row of numbers into another.

pub mod activation;
pub mod adam;
pub mod attention;
pub mod gru;
pub mod kernel;
pub mod mlp;
