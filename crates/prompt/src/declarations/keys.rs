//! The keys that may be declared. The reader, the JSON Schemas, completion and the documentation
//! share this list.

use crate::declarations::answer_match::AnswerMatch;
use crate::diagnostics::code::Code;

/// A key of the declarations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// Its documentation in Markdown, one or two sentences.
    pub doc: &'static str,
    /// The kind of its value.
    pub value: KeyKind,
    /// Whether the map must contain it.
    pub required: bool,
}

/// The kind of a key's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum KeyKind {
    /// A text that is not empty; numbers count as the text that was typed.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number of at least this value.
    Index(u64),
    /// A finite number.
    Number,
    /// A number from 0 to 1.
    Probability,
    /// `true` or `false`.
    Flag,
    /// Exactly this whole number.
    Version(u64),
    /// Any value.
    Any,
    /// A map with these keys and no others.
    Map(&'static [Key]),
    /// A map with any keys, all with values of this kind.
    Values(&'static KeyKind),
    /// A list whose items are all of this kind.
    List(&'static KeyKind),
    /// Any of these.
    Either(&'static [KeyKind]),
}

/// Returns an optional key.
pub(crate) const fn key(name: &'static str, value: KeyKind, doc: &'static str) -> Key {
    Key {
        name,
        doc,
        value,
        required: false,
    }
}

/// Returns a key that the map must contain.
pub(crate) const fn required(name: &'static str, value: KeyKind, doc: &'static str) -> Key {
    Key {
        name,
        doc,
        value,
        required: true,
    }
}

/// Keys of a hop.
pub const HOP: &[Key] = &[
    required(
        "mention",
        KeyKind::Text,
        "The obscure phrase as it appears in the rendered prompt.",
    ),
    key(
        "bridge",
        KeyKind::Text,
        "The entity that the mention stands for. With it hoplens finds out which hop fails and measures repairs.",
    ),
];

/// Keys of a hop under the older key `chain`.
pub const LINK: &[Key] = &[
    required(
        "subject",
        KeyKind::Text,
        "The obscure phrase as it appears in the rendered prompt.",
    ),
    key(
        "relation",
        KeyKind::Text,
        "How the subject leads to the bridge; for readers.",
    ),
    key(
        "bridge",
        KeyKind::Text,
        "The entity that the subject stands for.",
    ),
];

/// Keys of a case.
pub const CASE: &[Key] = &[
    key(
        "id",
        KeyKind::Text,
        "A name, needed only to refer to the case. Without it, it is called `#1`, `#2`, … in the order of the file.",
    ),
    key(
        "input",
        KeyKind::Values(&KeyKind::Any),
        "Values of the template's variables.",
    ),
    key(
        "matrix",
        KeyKind::Either(&[
            KeyKind::Values(&KeyKind::List(&KeyKind::Any)),
            KeyKind::List(&KeyKind::Values(&KeyKind::Any)),
        ]),
        "Variables with lists of values: one case for each combination. Or a list of rows, each a map of variables, which may have its own `expect` and `hops`. `{{variable}}` in `expect`, `prefill`, `reference`, `mention` and `bridge` stands for the row's value.",
    ),
    key(
        "expect",
        KeyKind::Either(&[KeyKind::Text, KeyKind::List(&KeyKind::Text)]),
        "The expected answer, or a list of accepted answers, whose probabilities add up. A leading space matters.",
    ),
    key(
        "match",
        KeyKind::Word(AnswerMatch::NAMES),
        "How the answer is compared with the reply: the reply `begins` with it (the default), `contains` it, `icontains` it in upper or lower case, or `equals` it.",
    ),
    key(
        "raw",
        KeyKind::Flag,
        "Whether a model with a chat template continues the text of a prompt without roles, instead of reading it as one user message.",
    ),
    key(
        "prefill",
        KeyKind::Text,
        "The first words of the model's reply; the answer is scored behind them.",
    ),
    key(
        "reference",
        KeyKind::Text,
        "A whole reply, scored by the mean log-probability of its tokens. If it has a marked part `[[100 days]]`, that part alone is scored. `\\[[` stands for the signs themselves.",
    ),
    key(
        "hops",
        KeyKind::List(&KeyKind::Map(HOP)),
        "The chain of hops, first hop first.",
    ),
    key(
        "chain",
        KeyKind::List(&KeyKind::Map(LINK)),
        "The older name of `hops`.",
    ),
];

/// Keys of a scope that is a piece of the prompt.
pub const SPAN: &[Key] = &[
    required("span", KeyKind::Text, "A piece of the rendered prompt."),
    key("nth", KeyKind::Index(1), "Which occurrence of it, from 1."),
];

/// Keys of the measured effect.
pub const MEASURED: &[Key] = &[
    required(
        "model",
        KeyKind::Text,
        "`sha256:` and the digest of the model's weights, possibly shortened.",
    ),
    required(
        "before",
        KeyKind::Probability,
        "Probability of the expected answer without the injection.",
    ),
    required(
        "after",
        KeyKind::Probability,
        "Probability of the expected answer with it.",
    ),
];

/// The names of the encodings.
pub const ENCODINGS: &[&str] = &["embed", "unembed", "layerwise"];

/// The names of the scopes that are words.
pub const SCOPES: &[&str] = &["all", "last"];

/// Keys of an injection.
pub const INJECT: &[Key] = &[
    key(
        "case",
        KeyKind::Text,
        "The id of the case that it belongs to, or `#2` for the second without one. Without it, it acts on every case of the file.",
    ),
    required(
        "memory",
        KeyKind::Text,
        "The text whose vector is added. A leading space matters.",
    ),
    key(
        "encoding",
        KeyKind::Word(ENCODINGS),
        "How the text becomes a vector: `embed` (the default), `unembed` or `layerwise`.",
    ),
    required(
        "layer",
        KeyKind::Index(0),
        "The layer, from 0, to whose attention output the vector is added.",
    ),
    key(
        "head",
        KeyKind::Index(0),
        "The head, from 0, to whose output the memory is confined. Without it, the whole layer.",
    ),
    required(
        "tau",
        KeyKind::Number,
        "The magnitude; negative suppresses.",
    ),
    key(
        "scope",
        KeyKind::Either(&[KeyKind::Word(SCOPES), KeyKind::Map(SPAN)]),
        "The positions it acts on: `all` (the default), `last`, or a quoted piece of the prompt.",
    ),
    key(
        "measured",
        KeyKind::Map(MEASURED),
        "What was measured when it was written; hoplens says when it no longer holds.",
    ),
];

/// The lists of declarations, in every format.
pub const LISTS: &[Key] = &[
    key(
        "cases",
        KeyKind::List(&KeyKind::Map(CASE)),
        "What should happen: expected answers, with the hops that lead there.",
    ),
    key(
        "inject",
        KeyKind::List(&KeyKind::Map(INJECT)),
        "Memories that hoplens adds while the model reads; other runtimes do not.",
    ),
    key(
        "ignore",
        KeyKind::List(&KeyKind::Word(Code::NAMES)),
        "Codes of findings that are not to be shown in this file.",
    ),
    key(
        "helpers",
        KeyKind::List(&KeyKind::Text),
        "Names of the Handlebars helpers that the application registers in its code.",
    ),
    key(
        "partials",
        KeyKind::List(&KeyKind::Text),
        "Names of the partials that the application registers in its code.",
    ),
];

/// The version of a sidecar.
pub const VERSION: Key = required("version", KeyKind::Version(1), "Always 1.");

/// Returns the words of a key without former codes, which old files may still contain.
pub fn current_words(words: &'static [&'static str]) -> impl Iterator<Item = &'static str> {
    let is_former = |word: &str| word.parse::<Code>().is_ok_and(Code::is_former);
    words.iter().copied().filter(move |word| !is_former(word))
}

/// Returns the names of keys.
pub(crate) fn names(keys: &[Key]) -> Vec<&'static str> {
    keys.iter().map(|key| key.name).collect()
}
