//! Classifies English words: closed classes by lists, open classes by their endings.

/// The class of a word, as far as its lower-case form shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// `the`.
    Definite,
    /// `a`, `this`, `its`, `many`, …
    Determiner,
    /// `of`.
    Of,
    /// Another preposition, `to` included.
    Preposition,
    /// `and`, `or`, `&`.
    And,
    /// `but`, `because`, `if`, …: another clause follows.
    Conjunction,
    /// `who`, `that`, `which`, …
    Relative,
    /// A form of be, have or do, or a modal verb.
    Auxiliary,
    /// An irregular past form.
    Past,
    /// `he`, `it`, `what`, …
    Pronoun,
    /// `also`, `often`, and words that end in `-ly`.
    Adverb,
    /// Ends in `-ed`.
    Ed,
    /// Ends in `-s`, as verbs of the third person do; most such words are nouns.
    S,
    /// `first`, `16th`, `largest`, `most`, `only`.
    Superlative,
    /// Any other word: a noun, an adjective, or a verb without a telling form.
    Open,
}

const DETERMINERS: &[&str] = &[
    "a", "an", "this", "these", "those", "his", "her", "its", "their", "our", "my", "your", "some",
    "any", "every", "each", "no", "many", "several", "all", "both", "another",
];
const PREPOSITIONS: &[&str] = &[
    "in", "on", "at", "for", "with", "from", "by", "to", "near", "into", "onto", "under", "over",
    "between", "among", "through", "during", "after", "before", "against", "about", "around",
    "behind", "beside", "beyond", "across", "along", "inside", "outside", "within", "without",
    "off", "above", "below", "beneath", "upon", "via", "per", "toward", "towards", "until",
    "since", "like", "opposite",
];
const CONJUNCTIONS: &[&str] = &[
    "but", "because", "if", "while", "although", "though", "than", "as", "so", "unless", "whether",
    "nor", "yet", "then",
];
const RELATIVES: &[&str] = &["who", "whom", "whose", "which", "that", "where", "when"];
const AUXILIARIES: &[&str] = &[
    "is", "are", "was", "were", "be", "been", "being", "am", "isn't", "wasn't", "aren't",
    "weren't", "has", "have", "had", "does", "do", "did", "doesn't", "don't", "didn't", "can",
    "could", "may", "might", "must", "shall", "should", "will", "would", "cannot", "can't",
    "won't",
];
const PASTS: &[&str] = &[
    "ate",
    "beat",
    "became",
    "began",
    "bit",
    "blew",
    "bore",
    "bought",
    "broke",
    "brought",
    "built",
    "came",
    "caught",
    "chose",
    "dealt",
    "drank",
    "drew",
    "drove",
    "dug",
    "fed",
    "fell",
    "felt",
    "fled",
    "flew",
    "forgot",
    "fought",
    "found",
    "froze",
    "gave",
    "got",
    "grew",
    "heard",
    "held",
    "hid",
    "hung",
    "kept",
    "knew",
    "laid",
    "led",
    "left",
    "lost",
    "made",
    "meant",
    "met",
    "oversaw",
    "paid",
    "ran",
    "rode",
    "rose",
    "said",
    "sang",
    "sank",
    "sat",
    "saw",
    "sent",
    "shook",
    "shot",
    "slept",
    "sold",
    "sought",
    "spent",
    "spoke",
    "stole",
    "stood",
    "struck",
    "swam",
    "swept",
    "swore",
    "taught",
    "thought",
    "threw",
    "told",
    "took",
    "tore",
    "understood",
    "went",
    "withdrew",
    "woke",
    "won",
    "wore",
    "wrote",
];
const PRONOUNS: &[&str] = &[
    "i",
    "you",
    "he",
    "she",
    "it",
    "we",
    "they",
    "me",
    "him",
    "them",
    "us",
    "there",
    "here",
    "what",
    "how",
    "why",
    "one",
    "someone",
    "something",
    "please",
    "yes",
    "not",
];
const ADVERBS: &[&str] = &[
    "also", "once", "often", "never", "always", "still", "just", "even", "ever", "now", "today",
    "soon", "later", "already", "very", "too", "again", "together",
];
const ORDINALS: &[&str] = &[
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "last", "only", "most", "least", "best", "worst", "youngest", "eldest", "main", "sole",
];
/// Words that end in `-est` and are no superlatives.
const NO_SUPERLATIVES: &[&str] = &[
    "west",
    "forest",
    "interest",
    "request",
    "guest",
    "contest",
    "harvest",
    "protest",
    "priest",
    "test",
    "quest",
    "chest",
    "nest",
    "arrest",
    "pest",
    "conquest",
    "rest",
    "vest",
    "digest",
    "invest",
    "suggest",
    "northwest",
    "southwest",
    "honest",
    "modest",
    "everest",
    "bequest",
];
/// Words that end in `-ed` and are no participles.
const NO_PARTICIPLES: &[&str] = &[
    "red", "bed", "seed", "speed", "hundred", "need", "feed", "breed", "deed", "weed", "sacred",
    "shed", "sled", "embed", "reed",
];
/// Words that end in `-s` and are no verbs.
const NO_VERBS: &[&str] = &[
    "this",
    "his",
    "its",
    "series",
    "species",
    "news",
    "always",
    "perhaps",
    "physics",
    "mathematics",
    "politics",
    "economics",
    "sometimes",
    "besides",
    "plus",
];
/// Common nouns that are capitalized in epithets of persons and places.
const EPITHETS: &[&str] = &[
    "boy",
    "capital",
    "captain",
    "champion",
    "city",
    "continent",
    "country",
    "doctor",
    "duke",
    "emperor",
    "empire",
    "empress",
    "father",
    "founder",
    "general",
    "giant",
    "girl",
    "island",
    "isle",
    "king",
    "kingdom",
    "lady",
    "lake",
    "land",
    "leader",
    "lion",
    "lord",
    "maid",
    "man",
    "mother",
    "mountain",
    "nation",
    "planet",
    "pope",
    "president",
    "prince",
    "princess",
    "prophet",
    "queen",
    "republic",
    "river",
    "saint",
    "savior",
    "sea",
    "son",
    "star",
    "state",
    "town",
    "woman",
];

fn holds(list: &[&str], word: &str) -> bool {
    list.contains(&word)
}

/// Returns the class of `word`, which is in lower case and without a possessive ending.
pub(crate) fn class(word: &str) -> Class {
    if word == "the" {
        Class::Definite
    } else if holds(DETERMINERS, word) {
        Class::Determiner
    } else if word == "of" {
        Class::Of
    } else if holds(PREPOSITIONS, word) {
        Class::Preposition
    } else if matches!(word, "and" | "or" | "&") {
        Class::And
    } else if holds(CONJUNCTIONS, word) {
        Class::Conjunction
    } else if holds(RELATIVES, word) {
        Class::Relative
    } else if holds(AUXILIARIES, word) {
        Class::Auxiliary
    } else if holds(PASTS, word) {
        Class::Past
    } else if holds(PRONOUNS, word) {
        Class::Pronoun
    } else {
        by_form(word)
    }
}

fn by_form(word: &str) -> Class {
    let ends = |ending: &str| word.len() > ending.len() + 1 && word.ends_with(ending);
    let counted = word.starts_with(|c: char| c.is_ascii_digit())
        && ["st", "nd", "rd", "th"]
            .iter()
            .any(|ending| word.ends_with(ending));
    if counted || holds(ORDINALS, word) || (ends("est") && !holds(NO_SUPERLATIVES, word)) {
        Class::Superlative
    } else if holds(ADVERBS, word) || (word.len() > 4 && word.ends_with("ly")) {
        Class::Adverb
    } else if ends("ed") && !holds(NO_PARTICIPLES, word) {
        Class::Ed
    } else if word.len() > 3
        && word.ends_with('s')
        && !["ss", "us", "ous", "sis"]
            .iter()
            .any(|ending| word.ends_with(ending))
        && !holds(NO_VERBS, word)
    {
        Class::S
    } else {
        Class::Open
    }
}

/// Returns whether `word`, in lower case, is a common noun that epithets end in or begin with ("The
/// Windy City", "The King of …").
pub(super) fn is_epithet(word: &str) -> bool {
    holds(EPITHETS, word)
}

/// Returns whether `word`, in lower case, has the ending of a noun for a person who does something:
/// founder, author, pianist.
pub(super) fn is_doer(word: &str) -> bool {
    word.len() > 4
        && ["er", "or", "ist", "ent", "ian"]
            .iter()
            .any(|ending| word.ends_with(ending))
}

/// Returns whether `word`, in lower case, announces a name.
pub(super) fn is_naming(word: &str) -> bool {
    matches!(
        word,
        "called" | "named" | "titled" | "dubbed" | "nicknamed" | "known"
    )
}

/// Returns whether a full stop after `word` belongs to it.
pub(crate) fn is_abbreviation(word: &str) -> bool {
    let shortened = [
        "st", "jr", "sr", "dr", "mr", "mrs", "ms", "mt", "prof", "gen", "ft", "vs", "etc",
    ];
    let initial = word.chars().count() == 1 && word.starts_with(char::is_uppercase);
    initial || word.contains('.') || shortened.iter().any(|one| word.eq_ignore_ascii_case(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_classified_by_their_endings() {
        for (word, expected) in [
            ("tallest", Class::Superlative),
            ("16th", Class::Superlative),
            ("forest", Class::Open),
            ("famously", Class::Adverb),
            ("located", Class::Ed),
            ("hundred", Class::Open),
            ("works", Class::S),
            ("glass", Class::Open),
            ("fought", Class::Past),
            ("reef", Class::Open),
        ] {
            assert_eq!(class(word), expected, "{word}");
        }
    }
}
