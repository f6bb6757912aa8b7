//! The language server: the only place that knows LSP types.
use crate::model::BosPolicy;
use crate::model::store::StoreOptions;
/// What the server is started with.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Reference of the model to load.
    pub model: String,
    /// Where models are.
    pub store: StoreOptions,
    /// BOS policy.
    pub bos: BosPolicy,
}
/// Serves standard input and output until the client says exit; returns the exit code.
pub fn serve(_options: ServerOptions) -> std::io::Result<i32> {
    Ok(0)
}
