//! Neutral reference prompts, made for this project, to measure side effects on.

use hoplens_runtime::{Answer, BosPolicy, Model, PromptQuery};

/// The prompts, each with its expected answer if it has one: facts of one hop, plain prose, code,
/// arithmetic and dialogue. They are short because every search is followed by a pass over them.
pub const NEUTRAL_PROMPTS: [(&str, Option<&str>); 40] = [
    ("The capital of France is", Some(" Paris")),
    ("The capital of Japan is", Some(" Tokyo")),
    ("The capital of Egypt is", Some(" Cairo")),
    ("Madrid is the capital of", Some(" Spain")),
    ("The Great Wall is located in", Some(" China")),
    ("The Colosseum is in the city of", Some(" Rome")),
    ("Hamlet was written by William", Some(" Shakespeare")),
    (
        "The theory of relativity was developed by Albert",
        Some(" Einstein"),
    ),
    ("The chemical symbol for oxygen is", Some(" O")),
    (
        "The largest planet in the solar system is",
        Some(" Jupiter"),
    ),
    ("Bees make wax and", Some(" honey")),
    ("The opposite of cold is", Some(" hot")),
    ("The currency of the United Kingdom is the", Some(" pound")),
    ("The first man on the Moon was Neil", Some(" Armstrong")),
    ("Water is made of hydrogen and", Some(" oxygen")),
    ("Monday, Tuesday, Wednesday,", Some(" Thursday")),
    ("January, February, March,", Some(" April")),
    ("one, two, three, four,", Some(" five")),
    ("A, B, C, D,", Some(" E")),
    ("To be or not to", Some(" be")),
    ("The sky was grey, and the rain had not stopped since", None),
    ("She closed the door behind her and walked down the", None),
    ("Thank you for your letter of last week. I am", None),
    ("In this paper we study the effect of", None),
    ("Preheat the oven and grease a baking", None),
    ("The committee will meet again next", None),
    ("Once upon a time there was a little", None),
    ("He had never liked the sea, but", None),
    ("The museum is open every day except", None),
    ("My grandmother kept her buttons in an old", None),
    ("for i in range(", None),
    ("import numpy as", Some(" np")),
    ("def add(a, b):\n    return a", Some(" +")),
    ("SELECT name FROM users WHERE", None),
    ("<html>\n<head>\n<", None),
    ("2+2=", Some("4")),
    ("10, 20, 30, 40, 5", Some("0")),
    ("Q: What colour is grass?\nA:", None),
    ("\"How are you?\" he asked. \"I am", None),
    ("Anna: Shall we go?\nBen: Yes,", None),
];

/// Returns the neutral prompts, tokenized; leaves out those that are empty or longer than the
/// model's context.
pub fn neutral_prompts(model: &Model, bos: BosPolicy) -> Vec<PromptQuery> {
    let answer = |text: &str| Answer {
        text: text.to_owned(),
        ids: model.tokenizer.continuation(text),
    };
    NEUTRAL_PROMPTS
        .iter()
        .map(|(prompt, expected)| PromptQuery {
            answers: expected
                .map(answer)
                .into_iter()
                .filter(|answer| !answer.ids.is_empty())
                .collect(),
            ..PromptQuery::new(&model.tokenizer, *prompt, bos)
        })
        .filter(|query| (1..=model.config().context).contains(&query.tokens.len()))
        .collect()
}
