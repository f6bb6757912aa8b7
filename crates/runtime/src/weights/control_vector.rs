//! Writes a control vector for llama.cpp: a GGUF file of directions.

use std::collections::BTreeMap;
use std::io::Cursor;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use crate::error::ModelError;
use crate::model::Model;

impl Model {
    /// The bytes of a control vector for this model: an f32 tensor `direction.{layer}` for each layer
    /// after whose block llama.cpp adds it, and the three metadata entries that llama.cpp's own
    /// `cvector-generator` writes.
    ///
    /// # Errors
    /// [`ModelError::OutOfRange`] for a layer that does not exist.
    ///
    /// # Shapes
    /// `directions`: layer, from 1 → `[width]`.
    pub fn control_vector_file(
        &self,
        directions: &BTreeMap<usize, Vec<f32>>,
    ) -> Result<Vec<u8>, ModelError> {
        let mut tensors = Vec::new();
        for (layer, direction) in directions {
            self.check_layer(*layer)?;
            let values = Tensor::from_slice(direction, direction.len(), &Device::Cpu)?;
            let tensor = QTensor::quantize(&values, GgmlDType::F32)?;
            tensors.push((format!("direction.{layer}"), tensor));
        }
        let hint = self.config().family;
        let hint = hint.in_llama_cpp().unwrap_or(hint.name());
        let entries = [
            (
                "general.architecture",
                Value::String("controlvector".into()),
            ),
            ("controlvector.model_hint", Value::String(hint.into())),
            (
                "controlvector.layer_count",
                Value::I32(tensors.len() as i32),
            ),
        ];
        let entries: Vec<(&str, &Value)> =
            entries.iter().map(|(key, value)| (*key, value)).collect();
        let tensors: Vec<(&str, &QTensor)> = tensors
            .iter()
            .map(|(name, tensor)| (name.as_str(), tensor))
            .collect();
        let mut file = Cursor::new(Vec::new());
        gguf_file::write(&mut file, &entries, &tensors)?;
        Ok(file.into_inner())
    }
}
