//! The filters, tests, functions and statements of Jinja2 and Nunjucks.

use crate::symbols::call_docs::call_doc::{CallDoc, block, call};

/// Filters that Jinja2 and Nunjucks have.
pub(crate) const FILTERS_OF_BOTH: &[CallDoc] = &[
    call("abs", "x | abs", "The number without its sign."),
    call("batch", "x | batch(3)", "Lists of so many items each."),
    call(
        "capitalize",
        "x | capitalize",
        "The text with a capital first letter and small ones behind it.",
    ),
    call(
        "center",
        "x | center(80)",
        "The text in the middle of so many columns.",
    ),
    call(
        "default",
        "x | default(\"none\")",
        "The other value if the variable has no value.",
    ),
    call("d", "x | d(\"none\")", "A short name of `default`."),
    call(
        "dictsort",
        "x | dictsort",
        "The entries of a map as pairs, sorted by key.",
    ),
    call("e", "x | e", "A short name of `escape`."),
    call(
        "escape",
        "x | escape",
        "The text with `&`, `<`, `>` and quotes as HTML entities.",
    ),
    call("first", "x | first", "The first item."),
    call(
        "float",
        "x | float",
        "The value as a number with a fraction; 0.0 if it is none.",
    ),
    call(
        "forceescape",
        "x | forceescape",
        "The text with HTML entities, even if it has been escaped.",
    ),
    call(
        "groupby",
        "x | groupby(\"city\")",
        "The items in groups with the same value of a field.",
    ),
    call(
        "indent",
        "x | indent(4)",
        "The text with spaces before every line but the first.",
    ),
    call(
        "int",
        "x | int",
        "The value as a whole number; 0 if it is none.",
    ),
    call(
        "join",
        "x | join(\", \")",
        "The items as one text with something between them.",
    ),
    call("last", "x | last", "The last item."),
    call("length", "x | length", "The number of items or characters."),
    call(
        "list",
        "x | list",
        "The value as a list; of a text, its characters.",
    ),
    call("lower", "x | lower", "The text in small letters."),
    call("random", "x | random", "An item that is chosen at random."),
    call(
        "reject",
        "x | reject(\"odd\")",
        "The items that do not pass a test.",
    ),
    call(
        "rejectattr",
        "x | rejectattr(\"done\")",
        "The items whose field does not pass a test.",
    ),
    call(
        "replace",
        "x | replace(\"a\", \"b\")",
        "The text with one part replaced by another everywhere.",
    ),
    call(
        "reverse",
        "x | reverse",
        "The items or characters from the last to the first.",
    ),
    call(
        "round",
        "x | round(2)",
        "The number with so many digits behind the point.",
    ),
    call("safe", "x | safe", "The text, marked as not to be escaped."),
    call(
        "select",
        "x | select(\"odd\")",
        "The items that pass a test.",
    ),
    call(
        "selectattr",
        "x | selectattr(\"done\")",
        "The items whose field passes a test.",
    ),
    call(
        "slice",
        "x | slice(3)",
        "So many lists that together have the items.",
    ),
    call("sort", "x | sort", "The items in order."),
    call("string", "x | string", "The value as a text."),
    call(
        "striptags",
        "x | striptags",
        "The text without HTML tags, and with single spaces.",
    ),
    call("sum", "x | sum", "The sum of the numbers."),
    call(
        "title",
        "x | title",
        "The text with a capital letter at the start of each word.",
    ),
    call(
        "trim",
        "x | trim",
        "The text without white space at both ends.",
    ),
    call(
        "truncate",
        "x | truncate(80)",
        "The beginning of the text, with `...` if something is left out.",
    ),
    call("upper", "x | upper", "The text in capital letters."),
    call(
        "urlencode",
        "x | urlencode",
        "The text as a part of an address.",
    ),
    call(
        "urlize",
        "x | urlize",
        "The text with addresses as HTML links.",
    ),
    call("wordcount", "x | wordcount", "The number of words."),
];

/// Filters that only Jinja2 has.
pub(crate) const JINJA_FILTERS: &[CallDoc] = &[
    call("attr", "x | attr(\"name\")", "The attribute of this name."),
    call("count", "x | count", "Another name of `length`."),
    call(
        "filesizeformat",
        "x | filesizeformat",
        "A number of bytes as people read it, such as `13 kB`.",
    ),
    call(
        "format",
        "\"%s, %s\" | format(a, b)",
        "The text with values in the places of `%s`.",
    ),
    call(
        "items",
        "x | items",
        "The entries of a map as pairs of key and value.",
    ),
    call(
        "map",
        "x | map(attribute=\"name\")",
        "A field of every item, or every item through a filter.",
    ),
    call("max", "x | max", "The greatest item."),
    call("min", "x | min", "The smallest item."),
    call(
        "pprint",
        "x | pprint",
        "The value as Python prints it, for a look at it.",
    ),
    call("tojson", "x | tojson", "The value as JSON."),
    call("unique", "x | unique", "The items without repetitions."),
    call(
        "wordwrap",
        "x | wordwrap(80)",
        "The text in lines of at most so many characters.",
    ),
    call(
        "xmlattr",
        "x | xmlattr",
        "The entries of a map as attributes of an XML element.",
    ),
];

/// Filters that only Nunjucks has.
pub(crate) const NUNJUCKS_FILTERS: &[CallDoc] = &[
    call("dump", "x | dump", "The value as JSON."),
    call("nl2br", "x | nl2br", "The text with HTML line breaks."),
];

/// The tests behind `is`.
pub(crate) const TESTS_OF_BOTH: &[CallDoc] = &[
    call(
        "boolean",
        "x is boolean",
        "Whether the value is `true` or `false`.",
    ),
    call(
        "callable",
        "x is callable",
        "Whether the value is a function.",
    ),
    call(
        "defined",
        "x is defined",
        "Whether the variable has a value.",
    ),
    call(
        "divisibleby",
        "x is divisibleby(3)",
        "Whether the number divides without a rest.",
    ),
    call("eq", "x is eq(1)", "Whether the values are the same."),
    call("equalto", "x is equalto(1)", "Another name of `eq`."),
    call(
        "escaped",
        "x is escaped",
        "Whether the text has been escaped.",
    ),
    call("even", "x is even", "Whether the number is even."),
    call("false", "x is false", "Whether the value is `false`."),
    call(
        "filter",
        "\"upper\" is filter",
        "Whether there is a filter of this name.",
    ),
    call(
        "float",
        "x is float",
        "Whether the value is a number with a fraction.",
    ),
    call(
        "ge",
        "x is ge(1)",
        "Whether the value is at least the other.",
    ),
    call(
        "greaterthan",
        "x is greaterthan(1)",
        "Another name of `gt`.",
    ),
    call(
        "gt",
        "x is gt(1)",
        "Whether the value is greater than the other.",
    ),
    call(
        "in",
        "x is in(list)",
        "Whether the value is in the list, map or text.",
    ),
    call(
        "integer",
        "x is integer",
        "Whether the value is a whole number.",
    ),
    call(
        "iterable",
        "x is iterable",
        "Whether a loop over the value is possible.",
    ),
    call(
        "le",
        "x is le(1)",
        "Whether the value is at most the other.",
    ),
    call("lessthan", "x is lessthan(1)", "Another name of `lt`."),
    call(
        "lower",
        "x is lower",
        "Whether the text is in small letters.",
    ),
    call(
        "lt",
        "x is lt(1)",
        "Whether the value is less than the other.",
    ),
    call("mapping", "x is mapping", "Whether the value is a map."),
    call("ne", "x is ne(1)", "Whether the values differ."),
    call("none", "x is none", "Whether the value is `none`."),
    call("number", "x is number", "Whether the value is a number."),
    call("odd", "x is odd", "Whether the number is odd."),
    call(
        "sameas",
        "x is sameas(y)",
        "Whether the two are the very same object.",
    ),
    call(
        "sequence",
        "x is sequence",
        "Whether the value is a list or a text.",
    ),
    call("string", "x is string", "Whether the value is a text."),
    call(
        "test",
        "\"odd\" is test",
        "Whether there is a test of this name.",
    ),
    call("true", "x is true", "Whether the value is `true`."),
    call(
        "undefined",
        "x is undefined",
        "Whether the variable has no value.",
    ),
    call(
        "upper",
        "x is upper",
        "Whether the text is in capital letters.",
    ),
];

/// The functions that need no definition.
pub(crate) const FUNCTIONS: &[CallDoc] = &[
    call(
        "range",
        "range(1, 5)",
        "The whole numbers from the first up to the last, without the last.",
    ),
    call("dict", "dict(a=1)", "A map with these entries."),
    call(
        "namespace",
        "namespace(n=0)",
        "A value whose fields keep what is assigned in a loop.",
    ),
    call(
        "cycler",
        "cycler(\"a\", \"b\")",
        "Gives the values in turn, with `next()`.",
    ),
    call(
        "joiner",
        "joiner(\", \")",
        "Writes nothing at the first call and the text at all others.",
    ),
    call("lipsum", "lipsum(n=1)", "Text without a meaning."),
];

/// The statements.
pub(crate) const STATEMENTS: &[CallDoc] = &[
    block(
        "if",
        "{% if x %}…{% else %}…{% endif %}",
        "Writes the block if the value is neither empty, `false` nor 0.",
    ),
    call(
        "elif",
        "{% elif x %}",
        "Another condition of the `if` around.",
    ),
    call(
        "else",
        "{% else %}",
        "What is written if no condition holds, or if a loop has no items.",
    ),
    block(
        "for",
        "{% for item in items %}…{% endfor %}",
        "Writes the block once for each item.",
    ),
    block("set", "{% set x = 1 %}", "Gives a name to a value."),
    block(
        "macro",
        "{% macro name(a) %}…{% endmacro %}",
        "Defines a piece of the template that is called like a function.",
    ),
    block(
        "call",
        "{% call name(a) %}…{% endcall %}",
        "Calls a macro with the block as its `caller()`.",
    ),
    block(
        "with",
        "{% with x = 1 %}…{% endwith %}",
        "Gives names to values within the block.",
    ),
    block(
        "filter",
        "{% filter upper %}…{% endfilter %}",
        "Puts the block through a filter.",
    ),
    block(
        "raw",
        "{% raw %}{{ x }}{% endraw %}",
        "Writes the block as it is, with its braces.",
    ),
    block(
        "block",
        "{% block name %}…{% endblock %}",
        "A part that a template which extends this one replaces.",
    ),
    call(
        "include",
        "{% include \"file\" %}",
        "Writes another template here. hoplens does not read other templates.",
    ),
];
