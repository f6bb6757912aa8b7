//! Tensors of a folder of safetensors files, single or sharded.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Deref;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::tensor::{Dtype, Metadata, SafeTensors};

use crate::error::ModelError;
use crate::weights::tensor_source::{TensorData, TensorSource, element_count, map_file};

/// The safetensors files of one model, mapped into memory.
pub(crate) struct SafetensorsFolder {
    folder: PathBuf,
    shards: Vec<SafetensorsFile>,
    /// Tensor name → shard.
    owner: HashMap<String, usize>,
}

/// One safetensors file.
pub(crate) struct SafetensorsFile<B = memmap2::Mmap> {
    path: PathBuf,
    bytes: B,
    /// Where the tensors start.
    start: usize,
    metadata: Metadata,
}

impl SafetensorsFolder {
    /// Opens `model.safetensors`, or the shards that `model.safetensors.index.json` names.
    ///
    /// # Errors
    /// The file is missing, its header is invalid, or the index does not match the shards.
    pub(crate) fn open(folder: &Path) -> Result<Self, ModelError> {
        let index = folder.join("model.safetensors.index.json");
        if index.exists() {
            return Self::open_shards(folder, &index);
        }
        let shard = SafetensorsFile::open(&folder.join("model.safetensors"))?;
        let names = shard.metadata.tensors().into_keys();
        Ok(Self {
            folder: folder.into(),
            owner: names.map(|name| (name, 0)).collect(),
            shards: vec![shard],
        })
    }

    fn open_shards(folder: &Path, index: &Path) -> Result<Self, ModelError> {
        let damaged = |reason: String| ModelError::Damaged {
            path: index.into(),
            reason,
        };
        let places = Index::read(index)?.weight_map;
        let files: BTreeSet<&str> = places.values().map(String::as_str).collect();
        let mut shards = Vec::new();
        for name in &files {
            // An index must not name files outside its folder.
            if Path::new(name).file_name().is_none_or(|file| file != *name) {
                return Err(damaged(format!(
                    "it names a file outside its folder: '{name}'"
                )));
            }
            let path = folder.join(name);
            if !path.exists() {
                return Err(damaged(format!(
                    "it names the file '{name}', which is not beside it"
                )));
            }
            shards.push(SafetensorsFile::open(&path)?);
        }
        let mut owner = HashMap::new();
        for (name, file) in &places {
            let at = files
                .iter()
                .take_while(|other| *other < &file.as_str())
                .count();
            if shards[at].metadata.info(name).is_none() {
                return Err(damaged(format!(
                    "it says that tensor '{name}' is in '{file}', where it is not"
                )));
            }
            owner.insert(name.clone(), at);
        }
        Ok(Self {
            folder: folder.into(),
            shards,
            owner,
        })
    }

    /// The bytes of each file, in order, for the digest.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        self.shards.iter().map(|shard| &shard.bytes[..])
    }
}

/// The part of `model.safetensors.index.json` that is read.
#[derive(serde::Deserialize)]
struct Index {
    /// Tensor name → file name.
    weight_map: BTreeMap<String, String>,
}

impl Index {
    fn read(path: &Path) -> Result<Self, ModelError> {
        let text = std::fs::read(path).map_err(|source| ModelError::Read {
            path: path.into(),
            source,
        })?;
        serde_json::from_slice(&text).map_err(|error| ModelError::Damaged {
            path: path.into(),
            reason: format!("it is not the index of a model in several files: {error}"),
        })
    }
}

impl SafetensorsFile {
    fn open(path: &Path) -> Result<Self, ModelError> {
        Self::new(path, map_file(path)?)
    }
}

impl<B: Deref<Target = [u8]>> SafetensorsFile<B> {
    /// Reads the header of a file that is in memory; `path` is its name in messages.
    ///
    /// # Errors
    /// [`ModelError::Damaged`] where the header is invalid or does not match the file.
    pub(crate) fn new(path: &Path, bytes: B) -> Result<Self, ModelError> {
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

    /// The tensors' names.
    pub(crate) fn names(&self) -> Vec<String> {
        self.metadata.tensors().into_keys().collect()
    }

    /// Reads a tensor.
    ///
    /// # Errors
    /// It is missing, of a type that is not converted to f32, or outside the file.
    pub(crate) fn read(&self, name: &str) -> Result<TensorData, ModelError> {
        let error = |reason: String| ModelError::Tensor {
            path: self.path.clone(),
            name: name.into(),
            reason,
        };
        let Some(info) = self.metadata.info(name) else {
            return Err(error("is missing".into()));
        };
        let (begin, end) = info.data_offsets;
        let bytes = self
            .bytes
            .get(self.start + begin..self.start + end)
            .ok_or_else(|| error("lies outside the file".into()))?;
        let data = widen(info.dtype, bytes).ok_or_else(|| ModelError::Unsupported {
            path: self.path.clone(),
            found: format!("stores tensor '{name}' as {:?}", info.dtype),
            remedy: "Use the model's original files in F32, F16 or BF16, or a GGUF of it".into(),
        })?;
        if element_count(&info.shape) != Some(data.len()) {
            return Err(error(format!("has the impossible shape {:?}", info.shape)));
        }
        Ok(TensorData {
            shape: info.shape.clone(),
            data,
        })
    }
}

impl TensorSource for SafetensorsFolder {
    fn path(&self) -> &Path {
        &self.folder
    }

    fn has(&self, name: &str) -> bool {
        self.owner.contains_key(name)
    }

    fn read(&self, name: &str) -> Result<TensorData, ModelError> {
        self.owner
            .get(name)
            .and_then(|index| self.shards.get(*index))
            .ok_or_else(|| self.error(name, "is missing"))?
            .read(name)
    }
}

/// Converts little-endian numbers to f32; `None` for other types than F32, F16 and BF16.
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
