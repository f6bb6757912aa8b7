//! promptfoo's configuration.

use crate::declarations::keys::{Key, KeyKind, key, required};

/// The assertions, those first that hoplens reads.
const TYPES: &[&str] = &[
    "equals",
    "starts-with",
    "contains",
    "icontains",
    "contains-any",
    "contains-all",
    "icontains-any",
    "icontains-all",
    "similar",
    "levenshtein",
    "rouge-n",
    "bleu",
    "gleu",
    "meteor",
    "regex",
    "is-json",
    "contains-json",
    "is-xml",
    "is-sql",
    "javascript",
    "python",
    "webhook",
    "llm-rubric",
    "g-eval",
    "factuality",
    "answer-relevance",
    "context-recall",
    "context-relevance",
    "context-faithfulness",
    "model-graded-closedqa",
    "classifier",
    "moderation",
    "is-refusal",
    "latency",
    "cost",
    "perplexity",
    "is-valid-openai-tools-call",
    "select-best",
];

const ASSERTION: &[Key] = &[
    required(
        "type",
        KeyKind::Word(TYPES),
        "How the reply is judged; `not-` before it asks for the contrary.",
    ),
    key("value", KeyKind::Any, "What the reply is compared with."),
    key("threshold", KeyKind::Number, "The least score that passes."),
    key(
        "weight",
        KeyKind::Number,
        "How much the assertion counts among those of the test.",
    ),
    key(
        "metric",
        KeyKind::Text,
        "The name under which results are added up.",
    ),
    key("provider", KeyKind::Any, "The model that judges."),
    key(
        "rubricPrompt",
        KeyKind::Any,
        "The question to the model that judges.",
    ),
    key(
        "transform",
        KeyKind::Text,
        "Code that changes the reply before it is judged.",
    ),
    key("config", KeyKind::Any, "Settings of the assertion."),
];

const OPTIONS: &[Key] = &[
    key(
        "prefix",
        KeyKind::Text,
        "A text before the prompt; hoplens does not add it.",
    ),
    key(
        "suffix",
        KeyKind::Text,
        "A text behind the prompt; hoplens does not add it.",
    ),
    key(
        "transform",
        KeyKind::Text,
        "Code that changes the reply; hoplens does not run it.",
    ),
    key(
        "transformVars",
        KeyKind::Text,
        "Code that changes the variables; hoplens does not run it.",
    ),
    key(
        "postprocess",
        KeyKind::Text,
        "The older name of `transform`.",
    ),
    key("provider", KeyKind::Any, "The model that judges replies."),
    key(
        "disableVarExpansion",
        KeyKind::Flag,
        "Whether a list is one value, and not one test for each item.",
    ),
    key(
        "storeOutputAs",
        KeyKind::Text,
        "The variable that gets the reply in later tests.",
    ),
];

const TEST: &[Key] = &[
    key(
        "description",
        KeyKind::Text,
        "The name of the test; hoplens takes it as the case's id.",
    ),
    key(
        "vars",
        KeyKind::Values(&KeyKind::Any),
        "Values of the template's variables; a list stands for one test for each item.",
    ),
    key(
        "assert",
        KeyKind::List(&KeyKind::Map(ASSERTION)),
        "What the reply must be like.",
    ),
    key("options", KeyKind::Map(OPTIONS), "Settings of the test."),
    key(
        "threshold",
        KeyKind::Number,
        "The least score of all assertions that passes.",
    ),
    key("metadata", KeyKind::Any, "Whatever tools keep in a test."),
    key("provider", KeyKind::Any, "The model that the test runs."),
    key(
        "prompts",
        KeyKind::List(&KeyKind::Text),
        "The prompts that the test applies to.",
    ),
];

const SCENARIO: &[Key] = &[
    key(
        "config",
        KeyKind::List(&KeyKind::Map(TEST)),
        "What each run of the tests adds to them.",
    ),
    key("tests", KeyKind::List(&KeyKind::Map(TEST)), "The tests."),
];

/// The keys of promptfoo's configuration.
pub const PROMPTFOO_OWN: &[Key] = &[
    key("description", KeyKind::Text, "What the evaluation is for."),
    required(
        "prompts",
        KeyKind::List(&KeyKind::Text),
        "The prompts: texts, or files (`file://prompt.txt`).",
    ),
    key(
        "providers",
        KeyKind::List(&KeyKind::Text),
        "The models that promptfoo runs. hoplens analyses its own local model.",
    ),
    key(
        "targets",
        KeyKind::List(&KeyKind::Text),
        "Another name of `providers`.",
    ),
    key(
        "tests",
        KeyKind::List(&KeyKind::Map(TEST)),
        "The tests; hoplens reads them as cases of the prompts.",
    ),
    key(
        "scenarios",
        KeyKind::List(&KeyKind::Map(SCENARIO)),
        "Groups of tests that run with several configurations.",
    ),
    key(
        "defaultTest",
        KeyKind::Map(TEST),
        "What every test has unless it says otherwise.",
    ),
    key(
        "nunjucksFilters",
        KeyKind::Values(&KeyKind::Text),
        "Filters of your own, in JavaScript; hoplens cannot run them.",
    ),
    key("outputPath", KeyKind::Any, "The file for the results."),
    key(
        "evaluateOptions",
        KeyKind::Any,
        "How many requests run at a time, and other settings.",
    ),
    key(
        "commandLineOptions",
        KeyKind::Any,
        "Defaults of the command line.",
    ),
    key(
        "derivedMetrics",
        KeyKind::Any,
        "Metrics that are computed from others.",
    ),
    key("env", KeyKind::Any, "Environment variables."),
    key(
        "extensions",
        KeyKind::List(&KeyKind::Text),
        "Code that runs before and after tests.",
    ),
    key(
        "metadata",
        KeyKind::Any,
        "Whatever tools keep in a configuration.",
    ),
    key("sharing", KeyKind::Any, "Whether results may be shared."),
    key(
        "tags",
        KeyKind::Values(&KeyKind::Text),
        "Words by which results are found.",
    ),
];
