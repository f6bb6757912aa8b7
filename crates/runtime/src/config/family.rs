//! The architectures that hoplens runs.

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
    /// Every family, in the order in which messages list them.
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

    /// The name that llama.cpp uses; `None` where llama.cpp does not run the family.
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

    /// The names of all families for a message: `gpt2, gpt_neo, …`.
    pub fn supported() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}
