//! The shape of a transformer, as data: every difference between the families that hoplens runs.

mod gguf;
mod hugging_face;
mod scaling;

pub(crate) use gguf::from_gguf;
pub(crate) use hugging_face::{from_hugging_face, token_ids};
pub use scaling::RopeScaling;

/// Layers of the deepest model that is believed; the deepest known have some hundred.
const MOST_LAYERS: usize = 1 << 12;

/// An architecture that hoplens runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// GPT-2.
    Gpt2,
    /// GPT-Neo: local attention windows, no attention scaling.
    GptNeo,
    /// GPT-J: parallel attention and MLP, interleaved partial rotary positions, head bias.
    GptJ,
    /// GPT-NeoX and Pythia.
    GptNeoX,
    /// Llama, `SmolLM`, `TinyLlama`, Mistral.
    Llama,
    /// Qwen2 and Qwen2.5.
    Qwen2,
    /// Qwen3.
    Qwen3,
}

impl Family {
    /// Every family, in the order that messages list them.
    pub const ALL: [Self; 7] = [
        Self::Gpt2,
        Self::GptNeo,
        Self::GptJ,
        Self::GptNeoX,
        Self::Llama,
        Self::Qwen2,
        Self::Qwen3,
    ];

    /// The name that Hugging Face's `model_type` uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gpt2 => "gpt2",
            Self::GptNeo => "gpt_neo",
            Self::GptJ => "gptj",
            Self::GptNeoX => "gpt_neox",
            Self::Llama => "llama",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
        }
    }

    /// What llama.cpp calls it, where llama.cpp runs it.
    pub const fn in_llama_cpp(self) -> Option<&'static str> {
        match self {
            Self::Gpt2 => Some("gpt2"),
            Self::GptNeoX => Some("gptneox"),
            Self::Llama => Some("llama"),
            Self::Qwen2 => Some("qwen2"),
            Self::Qwen3 => Some("qwen3"),
            Self::GptNeo | Self::GptJ => None,
        }
    }

    /// `gpt2, gpt_neo, …`, for messages.
    pub fn supported() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

/// The normalisation before attention, MLP and head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormKind {
    /// Centred, scaled to unit variance, with gain and bias.
    LayerNorm,
    /// Scaled to unit root mean square, with gain only.
    RmsNorm,
}

/// How positions reach the model.
#[derive(Debug, Clone, PartialEq)]
pub enum Position {
    /// A learned vector per position, added to the embedding.
    Learned,
    /// Queries and keys are rotated by angles that grow with the position.
    Rotary {
        /// How many of a head's dimensions are rotated (the first ones).
        dims: usize,
        /// Rotate neighbours `(0,1), (2,3), …` (GPT-J) rather than halves `(0,d/2), …`.
        interleaved: bool,
        /// Base of the geometric progression of wavelengths.
        theta: f64,
        /// Adjustment for long contexts.
        scaling: RopeScaling,
    },
}

/// The pointwise non-linearity of the MLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `GELU` by its tanh approximation (`gelu_new`).
    GeluTanh,
    /// `GELU` by the error function.
    GeluErf,
    /// `SiLU` (swish).
    Silu,
    /// Rectified linear.
    Relu,
}

/// The shape of the MLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mlp {
    /// `down(act(up(x)))`.
    Plain(Activation),
    /// `down(act(gate(x)) ⊙ up(x))`.
    Gated(Activation),
}

/// How attention and MLP of a block are wired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// The MLP reads the residual after attention.
    Sequential,
    /// Both read the residual before attention, each through its own norm (GPT-NeoX).
    Parallel,
    /// Both read the residual before attention through one norm (GPT-J).
    ParallelSharedNorm,
}

impl Block {
    /// Whether the same block's MLP misses what is added at `attn_out`.
    pub const fn is_parallel(self) -> bool {
        !matches!(self, Self::Sequential)
    }
}

/// The shape of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The architecture.
    pub family: Family,
    /// Number of blocks, L.
    pub layers: usize,
    /// Width of the residual stream, d.
    pub width: usize,
    /// Query heads of a layer, H.
    pub heads: usize,
    /// Key/value heads of a layer; divides `heads`.
    pub kv_heads: usize,
    /// Dimensions of one head.
    pub head_dim: usize,
    /// Width of the MLP's hidden layer.
    pub mlp_width: usize,
    /// Number of tokens, V.
    pub vocab: usize,
    /// Longest prompt, in tokens.
    pub context: usize,
    /// Kind of norm.
    pub norm: NormKind,
    /// Added to the variance.
    pub norm_eps: f64,
    /// Position encoding.
    pub position: Position,
    /// MLP shape.
    pub mlp: Mlp,
    /// Wiring.
    pub block: Block,
    /// Attention scores are multiplied by this, see [`Config::scale`].
    pub attention_scale: f32,
    /// Scores of layer l (from 0) are also divided by l + 1.
    pub scales_by_layer: bool,
    /// For each layer, how many positions back a query may look (itself included);
    /// `None` is all.
    pub windows: Vec<Option<usize>>,
    /// Queries and keys of each head pass an RMS norm before rotation (Qwen3).
    pub qk_norm: bool,
    /// Begin-of-text token.
    pub bos: Option<u32>,
    /// End-of-text tokens, the ends of a model's turn in a conversation included.
    pub eos: Vec<u32>,
}

impl Config {
    /// What multiplies the attention scores of a layer.
    pub fn scale(&self, layer: usize) -> f32 {
        if self.scales_by_layer {
            self.attention_scale / (layer + 1) as f32
        } else {
            self.attention_scale
        }
    }

    /// The context that the rotary scaling makes of the stated one.
    fn extend_context(mut self) -> Self {
        if let Position::Rotary { scaling, .. } = &self.position {
            self.context = scaling.extended(self.context);
        }
        self
    }

    /// Checks that the numbers can belong to one model.
    ///
    /// # Errors
    /// Which number cannot be, and why.
    pub(crate) fn validate(&self) -> Result<(), String> {
        // Far above every known model, and low enough that no product of two overflows.
        const MOST: usize = 1 << 22;
        let counts = [
            ("layer count", self.layers, MOST_LAYERS),
            ("width", self.width, MOST),
            ("head count", self.heads, MOST),
            ("key/value head count", self.kv_heads, MOST),
            ("head dimension", self.head_dim, MOST),
            (
                "heads times head dimension",
                self.heads.saturating_mul(self.head_dim),
                MOST,
            ),
            ("MLP width", self.mlp_width, MOST),
            ("vocabulary size", self.vocab, MOST),
            ("context length", self.context, 1 << 40),
        ];
        for (what, value, most) in counts {
            if value == 0 || value > most {
                return Err(format!("{what} {value} is not between 1 and {most}"));
            }
        }
        if !self.heads.is_multiple_of(self.kv_heads) {
            return Err(format!(
                "{} heads cannot share {} key/value heads",
                self.heads, self.kv_heads
            ));
        }
        if let Position::Rotary {
            dims,
            theta,
            ref scaling,
            ..
        } = self.position
        {
            if dims > self.head_dim || !dims.is_multiple_of(2) || dims == 0 {
                return Err(format!(
                    "{dims} rotary dimensions do not fit a head of {}",
                    self.head_dim
                ));
            }
            if !(theta.is_finite() && theta > 0.0) {
                return Err(format!("rotary base {theta} is not a positive number"));
            }
            scaling.validate(dims, theta)?;
        }
        if self.windows.len() != self.layers {
            return Err(format!(
                "attention windows for {} of {} layers",
                self.windows.len(),
                self.layers
            ));
        }
        if self.windows.contains(&Some(0)) {
            return Err("an attention window of 0 positions sees nothing".into());
        }
        if !(self.norm_eps.is_finite() && self.norm_eps >= 0.0) {
            return Err(format!(
                "norm epsilon {} is not a number ≥ 0",
                self.norm_eps
            ));
        }
        Ok(())
    }
}
