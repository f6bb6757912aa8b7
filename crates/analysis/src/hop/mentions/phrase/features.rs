//! The features of a phrase, and what follows it.

/// What follows a phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hop::mentions) enum After {
    /// A verb: the phrase is its subject.
    Verb,
    /// A word that is a verb only if the phrase ends here.
    LikelyVerb,
    /// A mark or another clause.
    Mark,
    /// Nothing: the prompt ends here and is to be continued.
    Nothing,
}

/// The features of a phrase.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is counted on its own")]
pub(in crate::hop::mentions) struct Features {
    pub(in crate::hop::mentions) definite: bool,
    /// A name with a possessive ending begins it.
    pub(in crate::hop::mentions) possessive: bool,
    pub(in crate::hop::mentions) superlative: bool,
    pub(in crate::hop::mentions) relative: bool,
    /// `located`, `named`, `following`.
    pub(in crate::hop::mentions) participle: bool,
    /// A preposition continues the phrase after its noun.
    pub(in crate::hop::mentions) chain: bool,
    /// A name, number or quotation follows its first noun.
    pub(in crate::hop::mentions) name: bool,
    /// It is capitalized like a name, and contains a common noun as its head.
    pub(in crate::hop::mentions) epithet: bool,
    /// The number of lower-case words that are nouns, adjectives and the like.
    pub(in crate::hop::mentions) words: usize,
}

impl Features {
    /// Returns whether the phrase describes an entity. A name does not, nor does `the city`.
    pub(in crate::hop::mentions) fn describes(self) -> bool {
        self.epithet
            || (self.words > 0
                && (self.superlative
                    || self.relative
                    || self.participle
                    || self.possessive
                    || self.chain
                    || self.words > 1
                    || self.name))
    }
}
