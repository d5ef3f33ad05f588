//! [`Value`]: what an observation is worth under the policy of the moment.

use crate::learn::backend::Tensor;
use crate::learn::batch::Batch;
use crate::learn::network::mlp::Mlp;
use serde::{Deserialize, Serialize};

/// A network with one output: the value of an observation. Rewards are scaled by (1 - discount), so it is to lie in [0, 1].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// `[N, inputs]` to `[N, 1]`.
    pub network: Mlp,
}

impl Value {
    /// The value of every row.
    pub fn values(&self, inputs: &Batch) -> Vec<f32> {
        self.network.forward(inputs).values().to_vec()
    }
}

/// The mean squared distance of `values` from `returns`; with `clip`, that of the values held within ± `clip` of the `old` ones where it
/// is larger (Huang et al. 2022, detail 9).
///
/// # Shapes
/// - values, old, returns: `[N, 1]`
/// - output: `[1]`
pub fn loss(values: Tensor<2>, old: Tensor<2>, returns: Tensor<2>, clip: Option<f32>) -> Tensor<1> {
    let square = |values: Tensor<2>| {
        let distance = values - returns.clone();
        distance.clone() * distance
    };
    match clip {
        None => square(values).mean(),
        Some(clip) => {
            let held = old.clone() + (values.clone() - old).clamp(-clip, clip);
            square(values).max_pair(square(held)).mean()
        }
    }
}
