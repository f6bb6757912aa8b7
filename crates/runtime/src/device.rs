//! The device that multiplies a model's linear maps.

use candle_core::Tensor;

use crate::error::{ModelError, first_line};
use crate::matrix::Matrix;

/// The device that multiplies a model's linear maps. All other arithmetic runs on the CPU, and main
/// memory also holds all weights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Device {
    /// The CPU, with kernels that stream packed weights.
    #[default]
    Cpu,
    /// The CPU, with candle's matrix products: slower, but the code that a GPU runs.
    Candle,
    /// The first CUDA device; needs the cargo feature `cuda`.
    Cuda,
    /// The first Metal device; needs the cargo feature `metal`.
    Metal,
}

impl Device {
    /// The name that `--device` takes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Candle => "candle",
            Self::Cuda => "cuda",
            Self::Metal => "metal",
        }
    }

    /// Opens the device; `None` for the CPU with packed weights.
    ///
    /// # Errors
    /// [`ModelError::Device`]: this build lacks the feature, or the machine lacks the device.
    pub(crate) fn open(self) -> Result<Option<candle_core::Device>, ModelError> {
        let opened = match self {
            Self::Cpu => return Ok(None),
            Self::Candle => Ok(candle_core::Device::Cpu),
            Self::Cuda if !cfg!(feature = "cuda") => return Err(self.not_built()),
            Self::Metal if !cfg!(feature = "metal") => return Err(self.not_built()),
            Self::Cuda => candle_core::Device::new_cuda(0),
            Self::Metal => candle_core::Device::new_metal(0),
        };
        opened
            .map(Some)
            .map_err(|error| self.refused(first_line(&error)))
    }

    fn not_built(self) -> ModelError {
        let name = self.name();
        self.refused(format!(
            "this hoplens was built without it; build with `--features {name}`"
        ))
    }

    fn refused(self, reason: String) -> ModelError {
        ModelError::Device {
            device: self.name(),
            reason,
        }
    }
}

/// A weight on a device.
#[derive(Debug, Clone)]
pub(crate) struct DeviceWeight {
    /// `[inputs, outputs]`.
    weight: Tensor,
}

impl DeviceWeight {
    /// Copies a weight to a device.
    ///
    /// # Shapes
    /// `weight`: `[inputs, outputs]`, row after row.
    ///
    /// # Errors
    /// The device has too little memory.
    pub(crate) fn new(weight: &Matrix, device: &candle_core::Device) -> Result<Self, ModelError> {
        let weight = Tensor::from_slice(&weight.data, (weight.rows, weight.cols), device)?;
        Ok(Self { weight })
    }

    /// `y ← x·W`.
    ///
    /// # Shapes
    /// `x`: `[rows, inputs]`, `y`: `[rows, outputs]`.
    ///
    /// # Errors
    /// The device failed.
    pub(crate) fn multiply(&self, x: &Matrix, y: &mut Matrix) -> Result<(), ModelError> {
        let x = Tensor::from_slice(&x.data, (x.rows, x.cols), self.weight.device())?;
        y.data = x.matmul(&self.weight)?.flatten_all()?.to_vec1::<f32>()?;
        Ok(())
    }
}
