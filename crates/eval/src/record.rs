//! The records of a journal.

use serde::{Deserialize, Deserializer, Serialize};

use crate::experiment::GridCell;

/// The version of the journal format.
pub const FORM: u32 = 1;

/// A line after the header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JournalLine {
    /// A finished row.
    Row(RowRecord),
    /// A row's random memories at the best cells.
    Control(ControlRecord),
}

/// The reading of a prompt, in f32, which a line of JSON represents exactly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RecordedReading {
    /// As [`hoplens_runtime::FirstTokenScore::logp_first`].
    #[serde(deserialize_with = "number")]
    pub logp_first: f32,
    /// As [`hoplens_runtime::FirstTokenScore::rank`].
    pub rank: usize,
}

impl From<hoplens_runtime::FirstTokenScore> for RecordedReading {
    fn from(reading: hoplens_runtime::FirstTokenScore) -> Self {
        Self {
            logp_first: reading.logp_first as f32,
            rank: reading.rank,
        }
    }
}

/// A row's measurements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowRecord {
    /// Index of the row, from 0.
    pub row: usize,
    /// The obscure prompt, without an injection.
    pub obscure: RecordedReading,
    /// The prompt that names the bridge.
    pub explicit: RecordedReading,
    /// What was injected.
    pub memories: Vec<String>,
    /// `[memories][cells]`, as [`hoplens_runtime::FirstTokenScore::logp_first`]; cells in the order of
    /// [`crate::experiment::Experiment::grid_cells`].
    #[serde(deserialize_with = "table")]
    pub logp: Vec<Vec<f32>>,
    /// `[memories][cells]`, as [`hoplens_runtime::FirstTokenScore::rank`].
    pub rank: Vec<Vec<usize>>,
}

/// Reads `null` as NaN, which JSON does not have.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<f32, D::Error> {
    Ok(Option::<f32>::deserialize(from)?.unwrap_or(f32::NAN))
}

/// As [`number`], for tables.
fn table<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Vec<f32>>, D::Error> {
    let rows = Vec::<Vec<Option<f32>>>::deserialize(from)?;
    let row = |row: Vec<Option<f32>>| row.into_iter().map(|one| one.unwrap_or(f32::NAN)).collect();
    Ok(rows.into_iter().map(row).collect())
}

/// The plan of a run's control.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ControlPlan {
    /// Number of random memories for each row.
    pub memories: usize,
    /// The seed that selects them, together with the row's index.
    pub seed: u64,
    /// The cells.
    #[serde(rename = "spots")]
    pub grid_cells: Vec<GridCell>,
}

/// A row's control, as recorded in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ControlRecord {
    /// Index of the row, from 0.
    pub row: usize,
    /// The plan that was measured.
    pub plan: ControlPlan,
    /// `[grid_cells][memories]`: log-probability of the answer's first token with each random memory.
    #[serde(deserialize_with = "table")]
    pub logp: Vec<Vec<f32>>,
}

/// Serializes a line of a journal, with its line break.
///
/// # Errors
/// A value that cannot be serialized.
pub(super) fn line_of(line: &impl Serialize) -> std::io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    Ok(bytes)
}
