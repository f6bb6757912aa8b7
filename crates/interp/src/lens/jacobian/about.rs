//! The provenance of a Jacobian lens, recorded in its file.

use serde::{Deserialize, Serialize};

use crate::lens::text::TextAbout;
use hoplens_runtime::ModelInfo;

/// The provenance of a Jacobian lens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JacobianAbout {
    /// The version of hoplens that wrote the file.
    pub hoplens: String,
    /// The model.
    pub model: ModelInfo,
    /// The rank of each layer's matrix; the model's width where nothing was truncated.
    pub rank: usize,
    /// Where the matrices come from.
    pub source: JacobianSource,
}

/// Where the matrices of a Jacobian lens come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JacobianSource {
    /// Fitted by hoplens.
    Fitted {
        /// The text.
        text: TextAbout,
        /// The seed that the text was sampled or chosen with.
        seed: u64,
        /// The first position of each sequence that counts.
        first_position: usize,
    },
    /// Read from a file of another program.
    Imported {
        /// Hex digest of that file.
        sha256: String,
    },
}
