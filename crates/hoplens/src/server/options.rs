//! What the server is started with.

use hoplens_runtime::{BosPolicy, Device};
use hoplens_store::StoreOptions;

/// What the server is started with.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Reference of the model to load; if absent, the client's settings, the project or the
    /// default decide.
    pub model: Option<String>,
    /// Where models are.
    pub store: StoreOptions,
    /// BOS policy; the project's if absent.
    pub bos: Option<BosPolicy>,
    /// Where the model's linear maps are multiplied.
    pub device: Device,
    /// The most memory that passes may leave for later ones, in bytes.
    pub cache_bytes: usize,
}
