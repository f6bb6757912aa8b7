//! The names that a Handlebars template uses.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::declarations::spanned::Spanned;
use crate::lint::handlebars_words::{Word, WordKind, words};
use crate::lint::uses::{
    CallKind, HelperCall, LocalUse, OpenBlock, PartialCall, TemplateUses, VariableUse,
};
use crate::template::handlebars::helpers::HELPERS;
use crate::template::handlebars::lexer::{HandlebarsTokenKind, tokens};

/// The rest of a template with more open blocks is not read; the renderer refuses it.
const MAX_BLOCKS: usize = 500;

/// An open block.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one independent fact about the block"
)]
struct Block {
    /// Its first word, which closes it.
    name: String,
    /// Whether names inside are fields of something else than the prompt's variables.
    has_own_context: bool,
    /// Whether that holds only for some values: `{{#a}}` is about the same value if `a` is `true`.
    may_keep_context: bool,
    /// Whether the other branch is the one with a context of its own.
    is_inverse: bool,
    /// Whether the name is a variable, and not a helper.
    is_variable: bool,
    /// The names in `as |item index|`.
    params: Vec<Spanned<String>>,
}

/// Reads a template; ranges are bytes of `body`. `registered` names helpers of the application.
pub(crate) fn read(body: &str, registered: &BTreeSet<String>) -> TemplateUses {
    let mut reader = Reader {
        body,
        registered,
        blocks: Vec::new(),
        uses: TemplateUses::default(),
    };
    for token in tokens(body) {
        if reader.blocks.len() > MAX_BLOCKS {
            break;
        }
        match token.kind {
            HandlebarsTokenKind::Text | HandlebarsTokenKind::Comment => {}
            HandlebarsTokenKind::Close => reader.close(&token.range),
            HandlebarsTokenKind::Open => reader.open(&token.range),
            HandlebarsTokenKind::Else => reader.divide(&token.range),
            HandlebarsTokenKind::Expression => reader.expression(&token.range),
        }
    }
    let open = reader.blocks.iter().map(|block| OpenBlock {
        close: block.name.clone(),
        locals: block.params.clone(),
        has_own_context: block.is_own(),
    });
    reader.uses.open_blocks = open.collect();
    reader.uses
}

struct Reader<'a> {
    body: &'a str,
    registered: &'a BTreeSet<String>,
    blocks: Vec<Block>,
    uses: TemplateUses,
}

impl Reader<'_> {
    /// Returns the sign after the braces of a tag, and where the code after it begins.
    fn code(&self, tag: &Range<usize>) -> (&'static str, Range<usize>) {
        let text = self.body.get(tag.clone()).unwrap_or_default();
        let inner = text.trim_start_matches('{').trim_start_matches(['~', ' ']);
        let end = tag.start + text.trim_end_matches('}').trim_end_matches('~').len();
        let signs = ["#>", "#*", "#", "^", ">", "&", "*"];
        let sign = signs.into_iter().find(|sign| inner.starts_with(sign));
        let sign = sign.unwrap_or_default();
        let start = tag.start + text.len() - inner.len() + sign.len();
        (sign, start..end.max(start))
    }

    fn open(&mut self, tag: &Range<usize>) {
        let (sign, code) = self.code(tag);
        let words = words(self.body, code);
        let name = words.first().map_or("", |word| word.text(self.body));
        let mut block = Block {
            name: name.to_owned(),
            has_own_context: false,
            may_keep_context: false,
            is_inverse: sign == "^",
            is_variable: false,
            params: Vec::new(),
        };
        match sign {
            "#>" => self.partial(&words),
            "#*" => {
                if let Some(name) = words.get(1) {
                    let name = name.unquoted(self.body).to_owned();
                    self.uses.own_partials.insert(name);
                }
                block.has_own_context = true;
            }
            _ => {
                let keeps = ["if", "unless", "ifEquals", "unlessEquals", "log", "section"];
                block.has_own_context = !keeps.contains(&name);
                block.may_keep_context = !["each", "with"].contains(&name);
                let calls = self.uses.calls.len();
                self.call(&words, false);
                block.is_variable = self.uses.calls.len() == calls;
            }
        }
        let params = words.iter().filter(|word| word.kind == WordKind::Param);
        let params = params.map(|word| Spanned {
            value: word.text(self.body).to_owned(),
            range: word.range.clone(),
        });
        block.params = params.collect();
        for param in &block.params {
            self.uses.locals.push(LocalUse {
                name: param.value.clone(),
                range: param.range.clone(),
                definition: param.range.clone(),
            });
        }
        self.blocks.push(block);
    }

    /// Reads `{{/name}}`, which repeats the name of its block.
    fn close(&mut self, tag: &Range<usize>) {
        let is_variable = self.blocks.pop().is_some_and(|block| block.is_variable);
        let (_, code) = self.code(tag);
        let inside = self.body.get(code.clone()).unwrap_or_default();
        let slash = inside.find('/').map_or(0, |at| at + 1);
        let words = words(self.body, code.start + slash..code.end);
        let Some(name) = words.first().filter(|_| is_variable) else {
            return;
        };
        let before = self.uses.variables.len();
        self.variable(name);
        let closing = self.uses.variables.split_off(before);
        self.uses.closing.extend(closing);
    }

    /// Reads `{{else}}`, `{{^}}` and `{{else if …}}`.
    fn divide(&mut self, tag: &Range<usize>) {
        let (_, code) = self.code(tag);
        let words = words(self.body, code);
        if let Some(block) = self.blocks.last_mut() {
            block.is_inverse = !block.is_inverse;
            block.params.clear();
        }
        let chained = words
            .iter()
            .skip_while(|word| word.text(self.body) == "else");
        let chained: Vec<Word> = chained.cloned().collect();
        if chained.is_empty() {
            return;
        }
        self.call(&chained, false);
        let keeps = ["if", "unless", "ifEquals", "unlessEquals"];
        let name = chained.first().map_or("", |word| word.text(self.body));
        if let Some(block) = self.blocks.last_mut() {
            block.has_own_context = !keeps.contains(&name);
            block.may_keep_context = !["each", "with"].contains(&name);
            block.is_inverse = false;
        }
    }

    fn expression(&mut self, tag: &Range<usize>) {
        let (sign, code) = self.code(tag);
        let words = words(self.body, code);
        match sign {
            ">" => self.partial(&words),
            "*" => {}
            _ => self.call(&words, false),
        }
    }

    fn partial(&mut self, words: &[Word]) {
        let Some((first, rest)) = words.split_first() else {
            return;
        };
        if first.kind == WordKind::Open {
            // The name is computed, so any partial may be meant.
            self.uses.uses_all = true;
            self.arguments(words);
            return;
        }
        let range = first.inner(self.body);
        let value = first.unquoted(self.body).to_owned();
        // The whole context is what a partial reads anyway.
        let whole = |word: &&Word| matches!(word.text(self.body), "this" | ".");
        let has_context = rest
            .first()
            .is_some_and(|word| word.kind == WordKind::Name && !whole(&word));
        if !value.starts_with('@') {
            let keys = rest.iter().filter(|word| word.kind == WordKind::Key);
            self.uses.partial_calls.push(PartialCall {
                name: value.clone(),
                arguments: keys.map(|word| word.text(self.body).to_owned()).collect(),
                has_context: has_context || self.blocks.iter().any(Block::is_own),
            });
            self.uses.partials.push(Spanned { value, range });
        }
        let rest: Vec<Word> = rest.iter().filter(|word| !whole(word)).cloned().collect();
        self.arguments(&rest);
    }

    /// Reads a helper or variable with its arguments.
    fn call(&mut self, words: &[Word], in_parentheses: bool) {
        let Some((first, rest)) = words.split_first() else {
            return;
        };
        let name = first.text(self.body);
        let has_arguments = in_parentheses
            || rest
                .iter()
                .any(|word| !matches!(word.kind, WordKind::Param | WordKind::As));
        let is_helper = HELPERS.contains(&name) || self.registered.contains(name);
        let is_name = first.kind == WordKind::Name;
        if is_name && (has_arguments || is_helper) && !name.starts_with(['.', '@']) {
            self.uses.calls.push(HelperCall {
                kind: CallKind::Helper,
                name: name.to_owned(),
                range: first.range.clone(),
                may_be_variable: !has_arguments,
            });
            if name == "role"
                && let Some(role) = rest.first().filter(|word| word.kind == WordKind::Text)
            {
                self.uses.roles.push(Spanned {
                    value: role.unquoted(self.body).to_owned(),
                    range: role.inner(self.body),
                });
            }
        } else {
            self.variable(first);
        }
        self.arguments(rest);
    }

    fn arguments(&mut self, words: &[Word]) {
        let mut at = 0;
        while let Some(word) = words.get(at) {
            at += 1;
            match word.kind {
                WordKind::Name => self.variable(word),
                WordKind::Open => {
                    let end = closing(words, at);
                    self.call(words.get(at..end).unwrap_or_default(), true);
                    at = end + 1;
                }
                _ => {}
            }
        }
    }

    fn variable(&mut self, word: &Word) {
        if word.kind != WordKind::Name {
            return;
        }
        let mut path = word.text(self.body);
        let mut blocks = self.blocks.as_slice();
        let mut is_root = false;
        if let Some(rest) = path.strip_prefix("@root") {
            path = rest.trim_start_matches(['.', '/']);
            (blocks, is_root) = (&[], true);
        }
        if path.starts_with('@') {
            self.uses.contexts.push(Spanned {
                value: path.to_owned(),
                range: word.range.clone(),
            });
            return;
        }
        while let Some(rest) = path.strip_prefix("..") {
            path = rest.strip_prefix('/').unwrap_or(rest);
            let own = blocks.iter().rposition(Block::is_own);
            blocks = own.map_or(&[][..], |own| &blocks[..own]);
        }
        let own = || blocks.iter().filter(|block| block.is_own());
        let may_be_root = is_root || own().all(|block| block.may_keep_context);
        is_root |= own().next().is_none();
        let rest = path.strip_prefix("this").or(path.strip_prefix('.'));
        if let Some(rest) = rest
            && (rest.is_empty() || rest.starts_with(['.', '/']))
        {
            path = rest.trim_start_matches(['.', '/']);
        }
        if path.is_empty() {
            // The whole context.
            self.uses.uses_all |= is_root;
            return;
        }
        let name = match path.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((name, _)) => name,
            None => path.split(['.', '/', '[']).next().unwrap_or_default(),
        };
        if name.is_empty() || is_literal(name) {
            return;
        }
        let text = word.text(self.body);
        let start = word.range.start + (text.len() - path.len()) + path.find(name).unwrap_or(0);
        let range = start..start + name.len();
        let mut params = blocks.iter().rev().flat_map(|block| &block.params);
        if let Some(param) = params.find(|param| param.value == name) {
            self.uses.locals.push(LocalUse {
                name: name.to_owned(),
                range,
                definition: param.range.clone(),
            });
            return;
        }
        self.uses.variables.push(VariableUse {
            name: name.to_owned(),
            range,
            is_root,
            may_be_root,
        });
    }
}

impl Block {
    /// Whether the branch that is open now has a context of its own.
    fn is_own(&self) -> bool {
        self.has_own_context && !self.is_inverse
    }
}

/// Returns the index of the word that closes the parenthesis before `from`.
fn closing(words: &[Word], from: usize) -> usize {
    let mut open = 1usize;
    for (at, word) in words.iter().enumerate().skip(from) {
        match word.kind {
            WordKind::Open => open += 1,
            WordKind::Close => open -= 1,
            _ => {}
        }
        if open == 0 {
            return at;
        }
    }
    words.len()
}

fn is_literal(name: &str) -> bool {
    matches!(name, "true" | "false" | "null" | "undefined" | "else")
        || name.starts_with(|char: char| char.is_ascii_digit() || char == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(body: &str) -> TemplateUses {
        read(body, &BTreeSet::from(["now".to_owned()]))
    }

    /// Returns the variables, those that are certainly the prompt's own with a `!`.
    fn variables(body: &str) -> Vec<String> {
        let found = uses(body).variables.into_iter();
        found
            .map(|one| {
                assert_eq!(&body[one.range.clone()], one.name);
                format!("{}{}", one.name, if one.is_root { "!" } else { "" })
            })
            .collect()
    }

    #[test]
    fn variables_are_found_in_every_branch_and_argument() {
        assert_eq!(
            variables(
                "{{a}}{{{b.c}}}{{~ d ~}}{{#if e}}{{f}}{{else if g}}{{h}}{{else}}{{i}}{{/if}}"
            ),
            ["a!", "b!", "d!", "e!", "f!", "g!", "h!", "i!"]
        );
        assert_eq!(
            variables("{{json (lookup a \"x}}\") indent=b}}{{media url=c.[d e]}}{{this.f}}{{./g}}"),
            ["a!", "b!", "c!", "f!", "g!"]
        );
        assert_eq!(
            variables("{{true}}{{1}}{{@first}}{{@state.x}}{{@root.y}}"),
            ["y!"]
        );
        assert_eq!(variables("\\{{a}}{{!-- {{b}} --}}{{[a b]}}"), ["a b!"]);
    }

    #[test]
    fn names_in_loops_may_be_fields_of_the_items() {
        assert_eq!(
            variables("{{#each a}}{{b}}{{../c}}{{#if d}}{{/if}}{{else}}{{e}}{{/each}}{{f}}"),
            ["a!", "b", "c!", "d", "e!", "f!"]
        );
        assert_eq!(
            variables(
                "{{#each a as |item at|}}{{item.x}}{{at}}{{#with y}}{{item}}{{../../z}}{{/with}}{{/each}}"
            ),
            ["a!", "y", "z!"]
        );
        assert_eq!(
            variables("{{#a}}{{b}}{{/a}}{{^a}}{{b}}{{/a}}"),
            ["a!", "b", "a!", "b!"]
        );
    }

    #[test]
    fn the_whole_context_uses_everything() {
        for body in [
            "{{json this}}",
            "{{this}}",
            "{{#each .}}x{{/each}}",
            "{{json @root}}",
        ] {
            assert!(uses(body).uses_all, "{body}");
        }
        for body in [
            "{{#each a}}{{this}}{{/each}}",
            "{{> card this}}",
            "{{this.a}}",
        ] {
            assert!(!uses(body).uses_all, "{body}");
        }
    }

    #[test]
    fn helpers_partials_and_roles_are_found() {
        let body = "{{#if a}}{{shout (trim b)}}{{/if}}{{now}}{{role \"user\"}}{{role kind}}{{> card a x=1}}{{#> \"lay/out\"}}{{/lay/out}}{{#*inline \"own\"}}{{/inline}}{{#list a}}{{/list}}{{#list a b}}{{/list}}";
        let found = uses(body);
        let calls: Vec<(&str, bool)> = found
            .calls
            .iter()
            .map(|call| (&body[call.range.clone()], call.may_be_variable))
            .collect();
        let expected = [
            ("if", false),
            ("shout", false),
            ("trim", false),
            ("now", true),
            ("role", false),
            ("role", false),
            ("list", false),
            ("list", false),
        ];
        assert_eq!(calls, expected);
        let partials: Vec<&str> = found
            .partials
            .iter()
            .map(|one| &body[one.range.clone()])
            .collect();
        assert_eq!(partials, ["card", "lay/out"]);
        assert!(found.own_partials.contains("own"));
        let roles: Vec<&str> = found
            .roles
            .iter()
            .map(|one| &body[one.range.clone()])
            .collect();
        assert_eq!(roles, ["user"]);
    }
}
