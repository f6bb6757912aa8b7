//! Tensors of a folder of safetensors files, single or sharded.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::tensor::{Dtype, Metadata, SafeTensors};

use super::{Array, Source, element_count, map};
use crate::model::ModelError;

/// The safetensors files of one model, mapped into memory.
pub(crate) struct SafetensorsFolder {
    folder: PathBuf,
    shards: Vec<Shard>,
    /// Tensor name → shard.
    owner: HashMap<String, usize>,
}

struct Shard {
    path: PathBuf,
    bytes: memmap2::Mmap,
    /// Where the tensors begin.
    start: usize,
    metadata: Metadata,
}

impl SafetensorsFolder {
    /// Opens `model.safetensors`, or the shards that `model.safetensors.index.json` names.
    ///
    /// # Errors
    /// No such file, or a header that is damaged or hostile.
    pub(crate) fn open(folder: &Path) -> Result<Self, ModelError> {
        let mut shards = Vec::new();
        let mut owner = HashMap::new();
        for path in shard_paths(folder)? {
            let shard = Shard::open(&path)?;
            for name in shard.metadata.tensors().keys() {
                owner.insert(name.clone(), shards.len());
            }
            shards.push(shard);
        }
        Ok(Self {
            folder: folder.into(),
            shards,
            owner,
        })
    }

    /// The whole of each file in order, for the digest.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        self.shards.iter().map(|shard| &shard.bytes[..])
    }
}

impl Shard {
    fn open(path: &Path) -> Result<Self, ModelError> {
        let bytes = map(path)?;
        // Checks the header's length, every offset and that the tensors fill the file exactly.
        let (header, metadata) = SafeTensors::read_metadata(&bytes)
            .and_then(|(header, metadata)| {
                SafeTensors::deserialize(&bytes)?;
                Ok((header, metadata))
            })
            .map_err(|error| ModelError::Damaged {
                path: path.into(),
                reason: error.to_string(),
            })?;
        Ok(Self {
            path: path.into(),
            bytes,
            start: header + 8,
            metadata,
        })
    }
}

/// The weight files of a folder.
fn shard_paths(folder: &Path) -> Result<Vec<PathBuf>, ModelError> {
    let index = folder.join("model.safetensors.index.json");
    if !index.exists() {
        return Ok(vec![folder.join("model.safetensors")]);
    }
    let damaged = |reason: String| ModelError::Damaged {
        path: index.clone(),
        reason,
    };
    let text = std::fs::read(&index).map_err(|source| ModelError::Read {
        path: index.clone(),
        source,
    })?;
    let json: serde_json::Value = serde_json::from_slice(&text)
        .map_err(|error| damaged(format!("it is not JSON: {error}")))?;
    let Some(map) = json
        .get("weight_map")
        .and_then(serde_json::Value::as_object)
    else {
        return Err(damaged("it has no 'weight_map'".into()));
    };
    let mut names: Vec<&str> = map.values().filter_map(serde_json::Value::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .map(|name| {
            // An index must not lead out of its own folder.
            if Path::new(name).file_name().is_some_and(|file| file == name) {
                Ok(folder.join(name))
            } else {
                Err(damaged(format!(
                    "it names a file outside its folder: '{name}'"
                )))
            }
        })
        .collect()
}

impl Source for SafetensorsFolder {
    fn path(&self) -> &Path {
        &self.folder
    }

    fn has(&self, name: &str) -> bool {
        self.owner.contains_key(name)
    }

    fn read(&self, name: &str) -> Result<Array, ModelError> {
        let Some(shard) = self
            .owner
            .get(name)
            .and_then(|index| self.shards.get(*index))
        else {
            return Err(self.error(name, "is missing"));
        };
        let error = |reason: String| ModelError::Tensor {
            path: shard.path.clone(),
            name: name.into(),
            reason,
        };
        let Some(info) = shard.metadata.info(name) else {
            return Err(error("is missing".into()));
        };
        let (begin, end) = info.data_offsets;
        let bytes = shard
            .bytes
            .get(shard.start + begin..shard.start + end)
            .ok_or_else(|| error("lies outside the file".into()))?;
        let data = widen(info.dtype, bytes).ok_or_else(|| {
            error(format!(
                "is of type {:?}; f32, f16 and bf16 are read",
                info.dtype
            ))
        })?;
        if element_count(&info.shape) != Some(data.len()) {
            return Err(error(format!("has the impossible shape {:?}", info.shape)));
        }
        Ok(Array {
            shape: info.shape.clone(),
            data,
        })
    }
}

/// Little-endian numbers as f32; `None` for types that are not floating point.
fn widen(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let (quads, _) = bytes.as_chunks::<4>();
    match dtype {
        Dtype::F32 => Some(quads.iter().map(|b| f32::from_le_bytes(*b)).collect()),
        Dtype::F16 => Some(
            pairs
                .iter()
                .map(|b| f16::from_le_bytes(*b).to_f32())
                .collect(),
        ),
        Dtype::BF16 => Some(
            pairs
                .iter()
                .map(|b| bf16::from_le_bytes(*b).to_f32())
                .collect(),
        ),
        _ => None,
    }
}
