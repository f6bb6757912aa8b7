//! The names that a Jinja or Nunjucks template uses, each with the scope that it belongs to.
//!
//! The template need not compile: an author who types a tag needs this most.

use std::ops::Range;

use crate::declarations::spanned::Spanned;
use crate::lint::jinja_uses::{GLOBALS, Name, names};
use crate::lint::uses::{CallKind, HelperCall, LocalUse, OpenBlock, TemplateUses, VariableUse};
use crate::template::jinja::lexer::{JinjaTokenKind, tokens};

/// Words of the language that are no names.
pub(crate) const KEYWORDS: &[&str] = &[
    "and",
    "as",
    "else",
    "false",
    "False",
    "if",
    "import",
    "in",
    "is",
    "none",
    "None",
    "not",
    "or",
    "recursive",
    "true",
    "True",
    "with",
    "without",
    "context",
];

/// The rest of a template with more open blocks is not read; no template language accepts it.
const MAX_SCOPES: usize = 500;

/// What begins a scope, or closes one.
struct Scope {
    /// The word that closes it; empty for the template itself.
    close: String,
    /// The names that are defined in it.
    locals: Vec<Spanned<String>>,
    /// Whether a name that is assigned inside belongs to it, and not to the scope around.
    keeps_names: bool,
}

/// Reads a template; ranges are bytes of `body`.
pub(crate) fn read(body: &str) -> TemplateUses {
    let mut reader = Reader {
        body,
        scopes: vec![Scope {
            close: String::new(),
            locals: Vec::new(),
            keeps_names: true,
        }],
        uses: TemplateUses::default(),
    };
    for token in tokens(body) {
        if reader.scopes.len() > MAX_SCOPES {
            break;
        }
        match token.kind {
            JinjaTokenKind::Expression => reader.expression(&names(body, token.inside)),
            JinjaTokenKind::Statement => reader.statement(&token.inside),
            _ => {}
        }
    }
    let open = reader.scopes.into_iter().enumerate().map(|(at, scope)| {
        let close = if at == 0 { String::new() } else { scope.close };
        OpenBlock {
            close,
            locals: scope.locals,
            has_own_context: false,
        }
    });
    TemplateUses {
        open_blocks: open.collect(),
        ..reader.uses
    }
}

struct Reader<'a> {
    body: &'a str,
    scopes: Vec<Scope>,
    uses: TemplateUses,
}

impl Reader<'_> {
    fn text(&self, name: &Name) -> &str {
        self.body.get(name.range.clone()).unwrap_or_default()
    }

    fn open(&mut self, close: &str, keeps_names: bool) {
        self.scopes.push(Scope {
            close: close.to_owned(),
            locals: Vec::new(),
            keeps_names,
        });
    }

    fn close(&mut self, close: &str) {
        let at = self.scopes.iter().rposition(|scope| scope.close == close);
        if let Some(at) = at.filter(|at| *at > 0) {
            self.scopes.truncate(at);
        }
    }

    /// Adds a name to the innermost scope, or to the innermost that keeps its names.
    fn define(&mut self, range: Range<usize>, is_assignment: bool) {
        let name = self.body.get(range.clone()).unwrap_or_default().to_owned();
        let at = if is_assignment {
            self.scopes.iter().rposition(|scope| scope.keeps_names)
        } else {
            self.scopes.len().checked_sub(1)
        };
        let Some(scope) = at.and_then(|at| self.scopes.get_mut(at)) else {
            return;
        };
        // A second assignment changes the same variable.
        let known = scope.locals.iter().find(|local| local.value == name);
        let definition = known.map_or_else(|| range.clone(), |local| local.range.clone());
        if known.is_none() {
            scope.locals.push(Spanned {
                value: name.clone(),
                range: range.clone(),
            });
        }
        self.uses.locals.push(LocalUse {
            name,
            range,
            definition,
        });
    }

    fn statement(&mut self, inside: &Range<usize>) {
        let all = names(self.body, inside.clone());
        let Some((first, rest)) = all.split_first() else {
            return;
        };
        let word = self.text(first).to_owned();
        match word.as_str() {
            "for" => self.open_loop(rest),
            "set" => self.assignment(inside, rest),
            "macro" | "call" => self.open_call(&word, inside, rest),
            "with" => self.open_with(rest),
            "block" => self.open("endblock", true),
            "filter" => {
                self.open("endfilter", true);
                self.filter_name(rest);
            }
            "import" | "from" => self.import(rest),
            "if" => {
                self.open("endif", false);
                self.expression(rest);
            }
            "else" => {
                // The variables of a loop are unknown where it has no items.
                if let Some(scope) = self.scopes.last_mut()
                    && scope.close == "endfor"
                {
                    scope.locals.clear();
                }
            }
            end if end.starts_with("end") => self.close(end),
            _ => self.expression(rest),
        }
    }

    /// Reads `{% for a, b in items if … %}`.
    fn open_loop(&mut self, rest: &[Name]) {
        let at = rest.iter().position(|name| self.text(name) == "in");
        let (targets, items) = rest.split_at(at.unwrap_or(rest.len()));
        let filter = items.iter().position(|name| self.text(name) == "if");
        let (items, filter) = items.split_at(filter.unwrap_or(items.len()));
        self.expression(items);
        self.open("endfor", true);
        for target in targets {
            self.define(target.range.clone(), false);
        }
        self.expression(filter);
    }

    /// Reads `{% set a = … %}`, and `{% set a %}`, which assigns what follows.
    fn assignment(&mut self, inside: &Range<usize>, rest: &[Name]) {
        let code = self.body.get(inside.clone()).unwrap_or_default();
        let Some(sign) = code.find('=') else {
            let targets = rest.iter().take(1);
            let targets: Vec<Range<usize>> = targets.map(|name| name.range.clone()).collect();
            let filters = rest.get(1..).unwrap_or_default();
            self.expression(filters);
            for target in targets {
                self.define(target, true);
            }
            self.open("endset", true);
            return;
        };
        let sign = inside.start + sign;
        let (targets, value): (Vec<&Name>, Vec<&Name>) =
            rest.iter().partition(|name| name.range.end <= sign);
        self.each(&value);
        for target in targets {
            // `{% set object.field = … %}` uses `object`.
            if target.before == Some('.') || target.after == Some('.') {
                self.each(&[target]);
            } else {
                self.define(target.range.clone(), true);
            }
        }
    }

    /// Reads `{% macro name(a, b=…) %}` and `{% call(a) name(…) %}`.
    fn open_call(&mut self, word: &str, inside: &Range<usize>, rest: &[Name]) {
        let is_macro = word == "macro";
        let mut rest = rest;
        if is_macro && let Some((name, arguments)) = rest.split_first() {
            self.define(name.range.clone(), true);
            rest = arguments;
        }
        let code = self.body.get(inside.clone()).unwrap_or_default();
        let after_word = code.trim_start().trim_start_matches("call").trim_start();
        let has_parameters = after_word.starts_with('(');
        let end = match code.find(')') {
            _ if is_macro => inside.end,
            Some(at) if has_parameters => inside.start + at,
            _ => inside.start,
        };
        let (parameters, call): (Vec<&Name>, Vec<&Name>) =
            rest.iter().partition(|name| name.range.end <= end);
        self.each(&call);
        let is_parameter = |name: &&&Name| matches!(name.before, Some('(' | ','));
        let values: Vec<&Name> = parameters
            .iter()
            .filter(|name| !is_parameter(name))
            .copied()
            .collect();
        self.each(&values);
        self.open(&format!("end{word}"), true);
        for name in parameters.iter().filter(is_parameter) {
            self.define(name.range.clone(), false);
        }
    }

    /// Reads `{% with a = …, b = … %}`.
    fn open_with(&mut self, rest: &[Name]) {
        let is_target =
            |name: &&Name| name.after == Some('=') && matches!(name.before, None | Some(',' | 'w'));
        let values: Vec<&Name> = rest.iter().filter(|name| !is_target(name)).collect();
        self.each(&values);
        self.open("endwith", true);
        for name in rest.iter().filter(is_target) {
            self.define(name.range.clone(), false);
        }
    }

    /// Reads `{% import "x" as y %}` and `{% from "x" import a as b %}`.
    fn import(&mut self, rest: &[Name]) {
        for (at, name) in rest.iter().enumerate() {
            let word = self.text(name);
            let renamed = rest.get(at + 1).is_some_and(|next| self.text(next) == "as");
            if !KEYWORDS.contains(&word) && !renamed {
                self.define(name.range.clone(), true);
            }
        }
    }

    fn filter_name(&mut self, rest: &[Name]) {
        let Some((name, arguments)) = rest.split_first() else {
            return;
        };
        self.call(CallKind::Filter, name);
        self.expression(arguments);
    }

    fn call(&mut self, kind: CallKind, name: &Name) {
        let call = HelperCall {
            kind,
            name: self.text(name).to_owned(),
            range: name.range.clone(),
            may_be_variable: false,
        };
        self.uses.calls.push(call);
    }

    fn expression(&mut self, names: &[Name]) {
        let all: Vec<&Name> = names.iter().collect();
        self.each(&all);
    }

    fn each(&mut self, names: &[&Name]) {
        for (at, name) in names.iter().enumerate() {
            let before = |steps: usize| {
                let one = at.checked_sub(steps).and_then(|at| names.get(at));
                one.map_or("", |one| self.text(one))
            };
            let word = self.text(name);
            let is_test =
                (before(1) == "is" && word != "not") || (before(1) == "not" && before(2) == "is");
            if name.before == Some('.') || name.after == Some('=') {
                continue;
            }
            if name.before == Some('|') {
                self.call(CallKind::Filter, name);
            } else if is_test {
                self.call(CallKind::Test, name);
            } else if !KEYWORDS.contains(&word) {
                self.name(name);
            }
        }
    }

    /// Reads a name that is a variable or a function.
    fn name(&mut self, name: &Name) {
        let word = self.text(name).to_owned();
        let mut locals = self.scopes.iter().rev().flat_map(|scope| &scope.locals);
        let local = locals.find(|local| local.value == word);
        let range = name.range.clone();
        if let Some(local) = local {
            self.uses.locals.push(LocalUse {
                name: word,
                range,
                definition: local.range.clone(),
            });
        } else if GLOBALS.contains(&word.as_str()) {
            self.uses.contexts.push(Spanned { value: word, range });
        } else if name.after == Some('(') {
            self.call(CallKind::Helper, name);
        } else {
            self.uses.variables.push(VariableUse {
                name: word,
                range,
                is_root: true,
                may_be_root: true,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the prompt's own variables.
    fn variables(body: &str) -> Vec<&str> {
        let uses = read(body);
        uses.variables
            .iter()
            .map(|one| &body[one.range.clone()])
            .collect()
    }

    /// Returns the names that the template defines, with the offset of the definition.
    fn locals(body: &str) -> Vec<(&str, usize)> {
        let uses = read(body);
        let locals = uses.locals.iter();
        locals
            .map(|one| (&body[one.range.clone()], one.definition.start))
            .collect()
    }

    #[test]
    fn a_loop_variable_is_not_the_variable_of_the_same_name() {
        let body = "{{ a }}{% for a in a.b if a.c %}{{ a }}{{ loop.index }}{% else %}{{ a }}{% endfor %}{{ a }}";
        assert_eq!(variables(body), ["a", "a", "a", "a"]);
        let definition = body.find("for a").unwrap() + 4;
        assert_eq!(locals(body), [("a", definition); 3]);
    }

    #[test]
    fn assigned_names_are_known_from_there_on() {
        assert_eq!(
            variables("{{ x }}{% set x = x + y %}{{ x }}"),
            ["x", "x", "y"]
        );
        assert_eq!(
            variables("{% if a %}{% set x = 1 %}{% endif %}{{ x }}"),
            ["a"]
        );
        assert_eq!(
            variables("{% for i in xs %}{% set x = 1 %}{% endfor %}{{ x }}"),
            ["xs", "x"]
        );
        assert_eq!(variables("{% set x %}{{ y }}{% endset %}{{ x }}"), ["y"]);
    }

    #[test]
    fn macros_and_with_have_names_of_their_own() {
        assert_eq!(
            variables(
                "{% macro m(a, b=c) %}{{ a }}{{ b }}{{ d }}{% endmacro %}{{ m(e, b=f) }}{{ a }}"
            ),
            ["c", "d", "e", "f", "a"]
        );
        assert_eq!(
            variables("{% with a = b, c = 1 %}{{ a }}{{ c }}{% endwith %}{{ a }}"),
            ["b", "a"]
        );
        assert_eq!(
            variables("{% call(u) m(v) %}{{ u }}{% endcall %}{{ u }}"),
            ["v", "u"]
        );
    }

    #[test]
    fn filters_tests_and_functions_are_no_variables() {
        let body = "{{ a | join(b) | upper if c is not defined and now() else \"d\" }}{{ f(x=g) }}";
        assert_eq!(variables(body), ["a", "b", "c", "g"]);
        let uses = read(body);
        let calls: Vec<(CallKind, &str)> = uses
            .calls
            .iter()
            .map(|one| (one.kind, one.name.as_str()))
            .collect();
        let expected = [
            (CallKind::Filter, "join"),
            (CallKind::Filter, "upper"),
            (CallKind::Test, "defined"),
            (CallKind::Helper, "now"),
            (CallKind::Helper, "f"),
        ];
        assert_eq!(calls, expected);
    }

    #[test]
    fn blocks_that_are_open_at_the_end_are_known() {
        let uses = read("{% set z = 1 %}{% if a %}{% for b, c in d %}{{ b }}");
        let blocks: Vec<(String, Vec<String>)> = uses
            .open_blocks
            .into_iter()
            .map(|one| {
                let names = one.locals.into_iter().map(|local| local.value);
                (one.close, names.collect())
            })
            .collect();
        let names = |names: &[&str]| names.iter().map(|one| (*one).to_owned()).collect();
        assert_eq!(
            blocks,
            [
                (String::new(), names(&["z"])),
                ("endif".to_owned(), Vec::new()),
                ("endfor".to_owned(), names(&["b", "c"])),
            ]
        );
    }
}
