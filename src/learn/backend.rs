//! Where learning runs: the only file that names one of burn's backends.
//!
//! `Dispatch` gives one concrete tensor type whose device is chosen at run time, so that no other code is generic over a backend.
//!
//! [`Device::Auto`] is the CPU: the networks of this house so far read rows of numbers, and a whole step of the optimiser over 64 rows
//! (two networks of 64-64, forwards, backwards, Adam) takes 30 µs there, about as long as one launch on a GPU. No measurement at run
//! time decides anything, so the choice is the same on every machine.
//!
//! What passes through here is what is differentiated automatically: losses whose slopes nobody wants to derive by hand. Multi-layer
//! perceptrons on the CPU have a backward pass of their own ([`crate::learn::network::mlp`]).

use burn::tensor::TensorData;
use burn::{Dispatch, DispatchDevice};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A tensor of `D` dimensions, on whichever device its data was put.
pub type Tensor<const D: usize> = burn::Tensor<Dispatch, D>;

/// The gradients of one loss.
pub type Gradients = <Dispatch as burn::tensor::backend::AutodiffBackend>::Gradients;

/// What a user asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// The CPU, unless a rule in this module's documentation says otherwise.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The GPU.
    Gpu,
}

/// A device that this build does not have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("this build cannot learn on a GPU: use `--device cpu` (or `auto`, which is the CPU here)")]
pub struct NoSuchDevice;

/// A device that is there.
#[derive(Clone, Debug)]
pub struct Place(DispatchDevice);

impl Device {
    /// The device itself.
    pub fn place(self) -> Result<Place, NoSuchDevice> {
        match self {
            Self::Auto | Self::Cpu => Ok(Place::cpu()),
            Self::Gpu => Err(NoSuchDevice),
        }
    }
}

impl Place {
    /// The CPU, which is always there.
    pub fn cpu() -> Self {
        Self(DispatchDevice::autodiff(DispatchDevice::Flex(Default::default())))
    }

    /// Numbers that a loss depends on and is not differentiated by.
    ///
    /// # Shapes
    /// - output: `[values.len() / width, width]`
    pub fn constant(&self, values: Vec<f32>, width: usize) -> Tensor<2> {
        let rows = values.len() / width;
        Tensor::from_data(TensorData::new(values, [rows, width]), &self.0)
    }

    /// As [`Place::constant`], of numbers by which a loss is differentiated.
    pub fn leaf(&self, values: Vec<f32>, width: usize) -> Tensor<2> {
        self.constant(values, width).require_grad()
    }
}

/// The gradient by `leaf`, row after row; zeros where the loss does not depend on it.
pub fn gradient(leaf: &Tensor<2>, gradients: &Gradients) -> Vec<f32> {
    leaf.grad(gradients).map_or_else(|| vec![0.0; leaf.dims().iter().product()], numbers)
}

/// A tensor's numbers, row after row.
pub fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().into_vec().expect("every tensor of this house is made of f32")
}

/// The number that a loss is.
pub fn number(tensor: Tensor<1>) -> f32 {
    tensor.into_scalar()
}
