//! Types that several messages share.

protocol_words! {
    /// How heads are ablated to measure what the answer loses.
    AblationMode {
        /// Set to zero.
        Zero = "zero" #[default],
        /// Set to the mean over positions.
        Mean = "mean",
        /// Estimated by the gradient.
        Estimate = "estimate",
        /// Not ablated.
        None = "none",
    }
}

protocol_words! {
    /// How a memory is encoded.
    EncodingName {
        /// By the embedding.
        Embed = "embed" #[default],
        /// By the unembedding.
        Unembed = "unembed",
        /// By the residual stream of each layer.
        Layerwise = "layerwise",
    }
}

protocol_words! {
    /// The positions that an injection changes.
    ScopeName {
        /// Every position.
        All = "all" #[default],
        /// The last position.
        Last = "last",
    }
}

protocol_object! {
    /// The model that is loaded.
    ModelIdentity {
        /// Alias, repository or file name.
        name: String,
        /// SHA-256 of the weights, in hexadecimal.
        sha256: String,
        /// Number of layers.
        layers: usize,
        /// Attention heads of a layer.
        heads: usize,
        /// Width of the residual stream.
        width: usize,
    }
}
