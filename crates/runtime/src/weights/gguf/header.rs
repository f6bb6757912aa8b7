//! The header of a GGUF file: metadata, and the offset of each tensor, as the GGUF specification
//! lays them out.
//!
//! Counts are not trusted: no memory is reserved for more elements than the remaining bytes can
//! hold, nor for more than [`MAX_VALUES`].

use std::collections::HashMap;

use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::Value;

use crate::weights::gguf::cursor::Cursor;

/// The default alignment of the tensors, in bytes.
const ALIGNMENT: u64 = 32;
/// The most dimensions of a tensor, as in ggml.
const MAX_DIMENSIONS: u32 = 4;
/// The most values in all arrays together. The largest vocabularies with their scores, kinds and merges
/// have two million; each takes 32 bytes in memory.
const MAX_VALUES: u64 = 1 << 23;
/// The deepest nesting of arrays; honest files have none.
const MAX_DEPTH: u32 = 8;

/// The part of a GGUF file before the tensors' bytes.
#[derive(Debug)]
pub(crate) struct GgufHeader {
    /// Key → value.
    pub(crate) metadata: HashMap<String, Value>,
    /// Tensor name → type, shape and offset.
    pub(super) tensors: HashMap<String, TensorInfo>,
    /// Where the tensors' bytes start; offsets count from here.
    pub(super) data: u64,
}

/// Type, shape and offset of one tensor.
#[derive(Debug)]
pub(super) struct TensorInfo {
    pub(super) kind: TensorType,
    /// Outermost dimension first.
    pub(super) shape: Vec<usize>,
    pub(super) offset: u64,
}

/// The storage type of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TensorType {
    /// A type that candle de-quantises.
    Supported(GgmlDType),
    /// A type of ggml that hoplens does not read.
    Unsupported(&'static str),
    /// A number that is no type of ggml.
    Unknown(u32),
}

impl GgufHeader {
    /// Reads a header.
    ///
    /// # Errors
    /// What is wrong with it, as a clause about the file.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        if !bytes.starts_with(b"GGUF") {
            return Err("it does not begin with 'GGUF'".into());
        }
        let mut cursor = Cursor::new(&bytes[4..]);
        match cursor.u32()? {
            // Version 1 had 32-bit counts and was replaced within days.
            2 | 3 => {}
            version if [1, 2, 3].contains(&version.swap_bytes()) => {
                return Err("it is written for big-endian machines".into());
            }
            version => return Err(format!("it is of GGUF version {version}; 2 and 3 are read")),
        }
        let tensor_count = cursor.u64()?;
        let entry_count = cursor.u64()?;
        let mut budget = MAX_VALUES;
        let mut metadata = HashMap::new();
        for _ in 0..entry_count {
            let key = cursor.text()?;
            let kind = cursor.u32()?;
            let value = value(&mut cursor, kind, MAX_DEPTH, &mut budget)?;
            if metadata.insert(key.clone(), value).is_some() {
                return Err(format!("it has the metadata entry '{key}' twice"));
            }
        }
        let mut tensors = HashMap::new();
        for _ in 0..tensor_count {
            let name = cursor.text()?;
            let info =
                tensor(&mut cursor).map_err(|reason| format!("tensor '{name}': {reason}"))?;
            if tensors.insert(name.clone(), info).is_some() {
                return Err(format!("it has the tensor '{name}' twice"));
            }
        }
        let alignment = alignment(&metadata)?;
        let end = 4 + cursor.position() as u64;
        Ok(Self {
            metadata,
            tensors,
            // Cannot overflow: the length of a file and a valid alignment are far smaller.
            data: end.next_multiple_of(alignment),
        })
    }
}

fn tensor(cursor: &mut Cursor<'_>) -> Result<TensorInfo, String> {
    let dimensions = cursor.u32()?;
    if dimensions > MAX_DIMENSIONS {
        return Err(format!(
            "has {dimensions} dimensions, more than {MAX_DIMENSIONS}"
        ));
    }
    let mut shape = Vec::new();
    for _ in 0..dimensions {
        let dimension = cursor.u64()?;
        let dimension = usize::try_from(dimension)
            .ok()
            .filter(|dimension| *dimension > 0)
            .ok_or_else(|| format!("has a dimension of {dimension}"))?;
        shape.push(dimension);
    }
    shape.reverse();
    Ok(TensorInfo {
        kind: kind(cursor.u32()?),
        shape,
        offset: cursor.u64()?,
    })
}

/// The value of `general.alignment`, which must be a power of two of at most 1 MiB.
fn alignment(metadata: &HashMap<String, Value>) -> Result<u64, String> {
    let Some(value) = metadata.get("general.alignment") else {
        return Ok(ALIGNMENT);
    };
    value
        .to_u64()
        .ok()
        .filter(|bytes| bytes.is_power_of_two() && *bytes <= 1 << 20)
        .ok_or_else(|| format!("it declares an impossible alignment: {value:?}"))
}

fn value(
    cursor: &mut Cursor<'_>,
    kind: u32,
    deeper: u32,
    budget: &mut u64,
) -> Result<Value, String> {
    Ok(match kind {
        0 => Value::U8(cursor.array::<1>()?[0]),
        1 => Value::I8(i8::from_le_bytes(cursor.array()?)),
        2 => Value::U16(u16::from_le_bytes(cursor.array()?)),
        3 => Value::I16(i16::from_le_bytes(cursor.array()?)),
        4 => Value::U32(cursor.u32()?),
        5 => Value::I32(i32::from_le_bytes(cursor.array()?)),
        6 => Value::F32(f32::from_le_bytes(cursor.array()?)),
        7 => match cursor.array::<1>()? {
            [0] => Value::Bool(false),
            [1] => Value::Bool(true),
            [other] => return Err(format!("it has a truth value of {other}")),
        },
        8 => Value::String(cursor.text()?),
        9 => Value::Array(array(cursor, deeper, budget)?),
        10 => Value::U64(cursor.u64()?),
        11 => Value::I64(i64::from_le_bytes(cursor.array()?)),
        12 => Value::F64(f64::from_le_bytes(cursor.array()?)),
        other => return Err(format!("it has a value of the unknown type {other}")),
    })
}

fn array(cursor: &mut Cursor<'_>, deeper: u32, budget: &mut u64) -> Result<Vec<Value>, String> {
    let Some(deeper) = deeper.checked_sub(1) else {
        return Err(format!("its arrays are nested more than {MAX_DEPTH} deep"));
    };
    let kind = cursor.u32()?;
    let count = cursor.u64()?;
    // Every element takes at least one byte.
    if count > cursor.left() as u64 {
        return Err(format!(
            "an array of {count} elements does not fit the file, which is cut short or damaged"
        ));
    }
    *budget = budget
        .checked_sub(count)
        .ok_or_else(|| format!("its arrays have more than {MAX_VALUES} elements"))?;
    let mut values = Vec::new();
    for _ in 0..count {
        values.push(value(cursor, kind, deeper, budget)?);
    }
    Ok(values)
}

/// The types of `enum ggml_type` in `ggml.h`; missing numbers are types that ggml removed.
fn kind(number: u32) -> TensorType {
    TensorType::Supported(match number {
        0 => GgmlDType::F32,
        1 => GgmlDType::F16,
        2 => GgmlDType::Q4_0,
        3 => GgmlDType::Q4_1,
        6 => GgmlDType::Q5_0,
        7 => GgmlDType::Q5_1,
        8 => GgmlDType::Q8_0,
        10 => GgmlDType::Q2K,
        11 => GgmlDType::Q3K,
        12 => GgmlDType::Q4K,
        13 => GgmlDType::Q5K,
        14 => GgmlDType::Q6K,
        30 => GgmlDType::BF16,
        9 => return TensorType::Unsupported("Q8_1"),
        15 => return TensorType::Unsupported("Q8_K"),
        16 => return TensorType::Unsupported("IQ2_XXS"),
        17 => return TensorType::Unsupported("IQ2_XS"),
        18 => return TensorType::Unsupported("IQ3_XXS"),
        19 => return TensorType::Unsupported("IQ1_S"),
        20 => return TensorType::Unsupported("IQ4_NL"),
        21 => return TensorType::Unsupported("IQ3_S"),
        22 => return TensorType::Unsupported("IQ2_S"),
        23 => return TensorType::Unsupported("IQ4_XS"),
        24 => return TensorType::Unsupported("I8"),
        25 => return TensorType::Unsupported("I16"),
        26 => return TensorType::Unsupported("I32"),
        27 => return TensorType::Unsupported("I64"),
        28 => return TensorType::Unsupported("F64"),
        29 => return TensorType::Unsupported("IQ1_M"),
        34 => return TensorType::Unsupported("TQ1_0"),
        35 => return TensorType::Unsupported("TQ2_0"),
        39 => return TensorType::Unsupported("MXFP4"),
        other => return TensorType::Unknown(other),
    })
}
