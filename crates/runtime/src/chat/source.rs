//! Reads the chat template of a model from its folder or its GGUF file.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::quantized::gguf_file::Value as Entry;
use serde_json::Value;

use crate::chat::template::ChatTemplate;
use crate::tokenizer::Tokenizer;

impl ChatTemplate {
    /// The template of a folder in Hugging Face's layout: `chat_template.jinja`, which is
    /// preferred, or `chat_template` in `tokenizer_config.json`; `None` if it has neither.
    ///
    /// A file that cannot be read is reported when the template is used.
    pub(crate) fn of_folder(folder: &Path) -> Option<Self> {
        let config_path = folder.join("tokenizer_config.json");
        let config = read(&config_path).map(|text| {
            let json: Result<Value, String> =
                text.and_then(|text| serde_json::from_str(&text).map_err(|e| e.to_string()));
            json.map_err(|error| format!("cannot be read: {error}"))
        });
        let special = match &config {
            Some(Ok(config)) => special_tokens(config),
            _ => BTreeMap::new(),
        };
        let own_path = folder.join("chat_template.jinja");
        if let Some(source) = read(&own_path) {
            return Some(Self {
                path: own_path,
                source: source.map_err(|error| format!("cannot be read: {error}")),
                special,
            });
        }
        let source = match config? {
            Ok(config) => chosen(config.get("chat_template")?),
            Err(error) => Err(error),
        };
        Some(Self {
            path: config_path,
            source,
            special,
        })
    }

    /// The template of a GGUF file, `tokenizer.chat_template`.
    pub(crate) fn of_gguf(
        metadata: &HashMap<String, Entry>,
        tokenizer: &Tokenizer,
        path: &Path,
    ) -> Option<Self> {
        let source = match metadata.get("tokenizer.chat_template")? {
            Entry::String(source) => Ok(source.clone()),
            _ => Err("is not text".to_owned()),
        };
        let named = [
            ("bos_token", tokenizer.bos()),
            ("eos_token", tokenizer.eos()),
        ];
        let special = named
            .into_iter()
            .filter_map(|(name, id)| Some((name.to_owned(), tokenizer.text(id?))))
            .collect();
        Some(Self {
            path: path.into(),
            source,
            special,
        })
    }
}

/// The text of a file; `None` if the file does not exist.
fn read(path: &Path) -> Option<Result<String, String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Some(Ok(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => Some(Err(error.to_string())),
    }
}

/// The template for a conversation without tools: the only one, or the one named `default`.
fn chosen(value: &Value) -> Result<String, String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let Value::Array(templates) = value else {
        return text(value).ok_or_else(|| "is neither text nor a list of templates".to_owned());
    };
    let named = |template: &&Value| template.get("name").and_then(Value::as_str) == Some("default");
    let only = || templates.first().filter(|_| templates.len() == 1);
    templates
        .iter()
        .find(named)
        .or_else(only)
        .and_then(|template| text(template.get("template")?))
        .ok_or_else(|| "is a list without one named 'default'".to_owned())
}

/// `bos_token` and other special tokens: a string, or an object with a string `content`.
fn special_tokens(config: &Value) -> BTreeMap<String, String> {
    let Some(config) = config.as_object() else {
        return BTreeMap::new();
    };
    config
        .iter()
        .filter(|(name, _)| name.ends_with("_token"))
        .filter_map(|(name, value)| {
            let content = value.get("content").unwrap_or(value);
            Some((name.clone(), content.as_str()?.to_owned()))
        })
        .collect()
}
