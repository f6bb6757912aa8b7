//! Injections as a Python script for TransformerLens or nnsight.
//!
//! The script reads the same weights and token ids as hoplens and computes the memories' vectors
//! from them, so that it reproduces the measurement of hoplens.

use std::fmt::Write;
use std::path::Path;

use crate::memory::error::MemoryError;
use crate::memory::injection::{MemoryInjection, resolve_scope};
use crate::memory::placement::Placement;
use hoplens_injection::Encoding;
use hoplens_runtime::{Model, ModelError, PromptQuery, TargetPositions, module_names};
use hoplens_store::ModelFiles;

/// The library that a script uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Library {
    /// TransformerLens, from version 3 on.
    TransformerLens,
    /// nnsight.
    Nnsight,
}

/// The contents of a script.
#[derive(Debug, Clone, Copy)]
pub struct Script<'a> {
    /// The library.
    pub library: Library,
    /// The model's files on this disk.
    pub files: &'a ModelFiles,
    /// The injections.
    pub injections: &'a [MemoryInjection],
    /// The prompt; the script prints the probability of its answers' first tokens.
    pub query: &'a PromptQuery,
}

/// An injection resolved for the script's model and prompt.
struct PlacedInjection<'a> {
    injection: &'a MemoryInjection,
    /// The memory's token ids: a set, or the sequence that the model reads for `layerwise`.
    ids: Vec<u32>,
    at: TargetPositions,
}

/// Returns the text of the script.
///
/// # Errors
/// A prompt without tokens; no injection; an injection into one head; a memory without tokens, a
/// layer that does not exist, a τ that is not finite; as [`resolve_scope`].
pub fn python(model: &Model, script: &Script<'_>) -> Result<String, MemoryError> {
    if script.query.tokens.is_empty() {
        return Err(ModelError::EmptyPrompt.into());
    }
    let mut placed: Vec<PlacedInjection<'_>> = Vec::new();
    for injection in script.injections {
        placed.push(place(model, injection, script.query)?);
    }
    if placed.is_empty() {
        return Err(MemoryError::NoInjection);
    }
    // nnsight requires that layers are accessed in the order in which the model runs them.
    placed.sort_by_key(|placed| placed.injection.placement.layer);
    let mut text = String::new();
    head(&mut text, script);
    memories(&mut text, model, &placed);
    match script.library {
        Library::TransformerLens => transformer_lens(&mut text),
        Library::Nnsight => nnsight(&mut text, model, &placed),
    }
    tail(&mut text, script);
    Ok(text)
}

fn place<'a>(
    model: &Model,
    injection: &'a MemoryInjection,
    query: &PromptQuery,
) -> Result<PlacedInjection<'a>, MemoryError> {
    model.check_layer(injection.placement.layer)?;
    if !injection.placement.tau.is_finite() {
        return Err(MemoryError::Tau {
            tau: injection.placement.tau,
        });
    }
    if injection.placement.head.is_some() {
        return Err(MemoryError::HeadOfScript);
    }
    let mut ids = model.tokenizer.ids(&injection.memory);
    if ids.is_empty() {
        let text = injection.memory.clone();
        return Err(MemoryError::NoTokens { text });
    }
    if injection.placement.encoding == Encoding::Layerwise {
        let tokens = model.tokenizer.encode(&injection.memory, query.bos);
        ids = tokens.iter().map(|token| token.id).collect();
    } else {
        ids.sort_unstable();
        ids.dedup();
    }
    let at = resolve_scope(&injection.placement.scope, &query.text, &query.tokens)?;
    Ok(PlacedInjection { injection, ids, at })
}

fn head(text: &mut String, script: &Script<'_>) {
    let (folder, file) = match script.files {
        ModelFiles::Folder(folder) => (folder.as_path(), "None".to_owned()),
        ModelFiles::Gguf(path) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            (path.parent().unwrap_or(Path::new(".")), literal(&name))
        }
    };
    let (package, import) = match script.library {
        Library::TransformerLens => (
            "transformer-lens",
            "from transformer_lens.model_bridge import TransformerBridge",
        ),
        Library::Nnsight => ("nnsight", "from nnsight import LanguageModel"),
    };
    let ids = script.query.ids();
    let prompt = literal(&script.query.text);
    let _ = write!(
        text,
        "# Memory injections, written by hoplens. Needs: pip install {package} gguf\n\
         import torch\n\
         {import}\n\
         from transformers import AutoModelForCausalLM, AutoTokenizer\n\
         \n\
         # The files that hoplens read; a GGUF file's weights are widened to f32, as there.\n\
         FOLDER, FILE = {}, {file}\n\
         hf = AutoModelForCausalLM.from_pretrained(FOLDER, gguf_file=FILE, dtype=torch.float32).eval()\n\
         tokenizer = AutoTokenizer.from_pretrained(FOLDER, gguf_file=FILE)\n\
         # {prompt}\n\
         PROMPT = {ids:?}\n\
         \n",
        literal(&folder.to_string_lossy()),
    );
}

/// Writes the memories' vectors, which are computed before a library wraps the modules.
fn memories(text: &mut String, model: &Model, placed: &[PlacedInjection<'_>]) {
    let uses = |encoding| {
        placed
            .iter()
            .any(|one| one.injection.placement.encoding == encoding)
    };
    let names = module_names(model.config().family, 0);
    if uses(Encoding::Embed) {
        text.push_str(
            "\ndef embed(ids):\n    \
             return hf.get_input_embeddings().weight[ids].sum(0)\n\n",
        );
    }
    if uses(Encoding::Unembed) {
        let _ = write!(
            text,
            "\ndef unembed(ids):\n    \
             rows = hf.get_output_embeddings().weight\n    \
             return hf.{}.weight * (rows[ids] - rows.mean(0)).sum(0)\n\n",
            names.final_norm
        );
    }
    if uses(Encoding::Layerwise) {
        text.push_str(
            "\ndef layerwise(ids, module):\n    \
             kept = []\n    \
             hook = module.register_forward_hook(lambda _module, _inputs, out: kept.append(out[0, -1]))\n    \
             hf(torch.tensor([ids]))\n    \
             hook.remove()\n    \
             return kept[0]\n\n",
        );
    }
    text.push_str("\nwith torch.no_grad():\n    INJECTIONS = [  # layer, τ·m, positions\n");
    for one in placed {
        let MemoryInjection { memory, placement } = one.injection;
        let Placement {
            encoding,
            layer,
            tau,
            ..
        } = placement;
        let ids = &one.ids;
        let vector = match encoding {
            Encoding::Embed => format!("embed({ids:?})"),
            Encoding::Unembed => format!("unembed({ids:?})"),
            Encoding::Layerwise => format!("layerwise({ids:?}, {})", output(model, "hf", *layer)),
        };
        let at = match &one.at {
            TargetPositions::All => "slice(None)".to_owned(),
            TargetPositions::Range(range) => format!("slice({}, {})", range.start, range.end),
        };
        let _ = writeln!(
            text,
            "        ({layer}, {tau:?} * {vector}, {at}),  # {}",
            literal(memory)
        );
    }
    text.push_str("    ]\n");
}

fn transformer_lens(text: &mut String) {
    text.push_str(
        "\nmodel = TransformerBridge.boot_transformers(FOLDER, hf_model=hf, tokenizer=tokenizer, device=\"cpu\")\n\
         \n\
         \n\
         def inject(vector, at):\n    \
         def hook(attn_out, hook):\n        \
         attn_out[:, at] += vector\n        \
         return attn_out\n    \
         return hook\n\
         \n\
         \n\
         with torch.no_grad():\n    \
         logits = model.run_with_hooks(\n        \
         torch.tensor([PROMPT]),\n        \
         fwd_hooks=[(f\"blocks.{layer}.hook_attn_out\", inject(vector, at)) for layer, vector, at in INJECTIONS],\n    \
         )\n",
    );
}

fn nnsight(text: &mut String, model: &Model, placed: &[PlacedInjection<'_>]) {
    text.push_str(
        "\nmodel = LanguageModel(hf, tokenizer=tokenizer)\n\
         with torch.no_grad(), model.trace(torch.tensor([PROMPT])):\n",
    );
    let mut from = 0;
    while let Some(first) = placed.get(from) {
        let layer = first.injection.placement.layer;
        let same = placed[from..].iter();
        let count = same
            .take_while(|one| one.injection.placement.layer == layer)
            .count();
        let module = output(model, "model", layer);
        let _ = writeln!(text, "    attn_out = {module}.output");
        for index in from..from + count {
            let _ = writeln!(
                text,
                "    attn_out[:, INJECTIONS[{index}][2]] += INJECTIONS[{index}][1]"
            );
        }
        from += count;
    }
    text.push_str("    logits = model.output.logits.save()\n");
}

fn tail(text: &mut String, script: &Script<'_>) {
    text.push_str(
        "\nnext_token = logits[0, -1].softmax(-1)\n\
         for p, token in zip(*next_token.topk(5)):\n    \
         print(f\"{p:.4f} {tokenizer.decode([int(token)])!r}\")\n",
    );
    let firsts = script.query.first_tokens();
    if !firsts.is_empty() {
        let _ = writeln!(
            text,
            "print(f\"expected: {{next_token[{firsts:?}].sum():.4f}}\")"
        );
    }
}

/// Returns the Python expression of the module whose output is a layer's attention output.
fn output(model: &Model, root: &str, layer: usize) -> String {
    let path = module_names(model.config().family, layer).attention_output;
    let parts = path.split('.').map(|part| {
        if part.chars().all(|c| c.is_ascii_digit()) {
            format!("[{part}]")
        } else {
            format!(".{part}")
        }
    });
    root.to_owned() + &parts.collect::<String>()
}

/// Returns a text as a Python literal; JSON strings are valid Python strings.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
