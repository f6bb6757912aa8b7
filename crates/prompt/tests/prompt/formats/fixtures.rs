//! Prompts that the real packages read too: name, text, input.

/// A prompt, the values of its variables, and partials by name.
pub struct Fixture {
    pub text: &'static str,
    pub input: &'static str,
    pub partials: &'static [(&'static str, &'static str)],
    /// The files that the prompt refers to, by path.
    pub files: &'static [(&'static str, &'static str)],
}

const fn one(text: &'static str, input: &'static str) -> Fixture {
    let partials = &[];
    let files = &[];
    Fixture {
        text,
        input,
        partials,
        files,
    }
}

pub const DOTPROMPT: &[Fixture] = &[
    one(
        "The capital of {{country}} is\n",
        r#"{"country": "France"}"#,
    ),
    one(
        "---\nmodel: m\n---\n\n  The capital of {{c}} is \n\n",
        r#"{"c": "France"}"#,
    ),
    one(
        "---\r\nmodel: m\r\n---\r\n{{role \"system\"}}\r\nBe short.\r\n{{role \"user\"}}\r\nHi {{n}}\r\n",
        r#"{"n": "Ann"}"#,
    ),
    one(
        "---\ninput: {default: {a: x, n: 2}}\n---\n{{a}} {{n}} {{missing}}|",
        "{}",
    ),
    one(
        "---\ninput:\n  default: {a: x}\n  schema:\n    a: string\n    b?: string, what it is\n    list(array, some): string\n---\n{{#each list}}\n- {{this}} {{@index}}{{#unless @last}},{{/unless}}\n{{/each}}\n{{#if a}}yes{{else}}no{{/if}}",
        r#"{"list": ["p", "q"]}"#,
    ),
    one(
        "---\na: 1\n---\n{{!hoplens-ignore hop-lost }}\nHi {{! note }}\n{{!-- long }} --}}\nthere",
        "{}",
    ),
    one(
        "---\na: 1\n---\n{{json v}} {{json v indent=2}} {{{h}}} {{h}} {{#with v}}{{k.[1]}}{{/with}}",
        r#"{"v": {"k": [1, "x"]}, "h": "<&>"}"#,
    ),
    one(
        "---\na: 1\n---\n{{#ifEquals a b}}same{{else}}other{{/ifEquals}} {{#unlessEquals a 1}}not{{/unlessEquals}}{{#ifEquals a 1}}one{{/ifEquals}}",
        r#"{"a": 1, "b": "1"}"#,
    ),
    one(
        "---\na: 1\n---\nBefore {{role \"model\"}} said {{history}} after {{role \"user\"}}\n\n last",
        "{}",
    ),
    one(
        "---\na: 1\n---\nLook {{media url=u}} at {{section \"code\"}} it",
        r#"{"u": "http://x/y.png"}"#,
    ),
    one(
        "---\na: 1\n---\n  {{~#if yes~}}  in  {{~else~}} out {{~/if~}}  . \\{{x}} \\\\{{yes}}",
        r#"{"yes": true}"#,
    ),
    one(
        "---\na: 1\n---\n{{#each m}}{{@key}}={{this}};{{else}}none{{/each}}{{#each none}}x{{else}} none{{/each}}",
        r#"{"m": {"a": 1, "b": "c"}, "none": []}"#,
    ),
    one(
        "---\na: 1\n---\n{{#each list as |item i|}}{{i}}{{item}} {{/each}}{{list.[1]}} {{lookup list 0}} {{@root.x}} {{#each list}}{{../x}}{{/each}}",
        r#"{"list": ["p", "q"], "x": "."}"#,
    ),
    one(
        "---\na: 1\n---\n{{n}} {{f}} {{t}} {{z}} {{e}}|{{#if z}}z{{/if}}{{#if e}}e{{/if}}{{#if list}}l{{/if}}",
        r#"{"n": 1.5, "f": false, "t": true, "z": 0, "e": "", "list": []}"#,
    ),
    one(
        "---\na: 1\n---\n{{#person}}{{name}}{{/person}}{{#gone}}x{{else}} none {{/gone}}{{#list}}{{this}}{{/list}}{{#yes}}y{{x}}{{/yes}}",
        r#"{"person": {"name": "Ann"}, "list": [1, 2], "yes": true, "x": "x"}"#,
    ),
    one(
        "---\na: \"x --- y\"\n# ---- line\nb: 2\n---\nHi\n---\nthere",
        "{}",
    ),
    one(
        "---\na: 1\n---\n\u{feff} é😀 {{a}}\u{a0}\n",
        r#"{"a": "日本"}"#,
    ),
    one(
        "---\na: 1\n---\n{{^no}}x{{/no}} {{^a}}x{{^}}y{{/a}} {{^e}}none{{/e}}{{^l}}n{{else}}<{{this}}>{{/l}}\n{{^gone}}\nz\n{{/gone}}\nend",
        INVERSE,
    ),
    one(
        "{{~^no~}} x {{~/no~}} y {{^if a}}x{{else}}y{{/if}}{{#if no}}a{{^if a}}b{{/if}}{{else}}d{{/if}}{{^o.k}}x{{else}}{{this}}{{/o.k}}",
        INVERSE,
    ),
    // Broken YAML: the whole file is the prompt.
    one(
        "---\nmodel: x\ninput: {schema: {a: string\n---\nHello {{a}}.\n",
        r#"{"a": "A"}"#,
    ),
    one(
        "---\ninput: {default: {a: x}}\ninput: {default: {a: y}}\n---\nHi {{a}} \n",
        "{}",
    ),
    one("---\na: {b: 1, b: 2}\n---\nHi", "{}"),
    one(
        "---\na: 1\n---\n{{json gone}} {{json n}} {{json gone indent=2}}|{{json n indent=2}}",
        r#"{"n": null}"#,
    ),
    one("Hi {{@state.name}}|{{@auth}}", "{}"),
    one(
        "{{#if items}}{{> gone}}{{lookup items 0}}{{/if}}x {{#with p as |q|}}{{q.n}}{{/with}}",
        r#"{"p": {"n": 1}}"#,
    ),
    Fixture {
        text: "---\na: 1\n---\n{{> head}}\nBody {{x}}\n  {{> foot y=x}}\nend {{>foot}}",
        input: r#"{"x": "X"}"#,
        partials: &[("head", "Head {{x}}\n"), ("foot", "foot {{x}}{{y}}\n")],
        files: &[],
    },
    Fixture {
        text: "{{#each list}}{{> item}}{{/each}}{{> role}}Go on",
        input: r#"{"list": ["p", "q"]}"#,
        partials: &[("item", "- {{this}}\n"), ("role", "{{role \"model\"}}\n")],
        files: &[],
    },
];

/// Inverse blocks, which the library of hoplens does not know by itself.
const INVERSE: &str = r#"{"a": 1, "l": ["p", "q"], "e": [], "no": false, "o": {"k": "v"}}"#;

pub const PROMPTY: &[Fixture] = &[
    one(
        "---\nname: x\n---\nThe capital of {{country}} is\n",
        r#"{"country": "France"}"#,
    ),
    one(
        "---\nname: x\n---\n\n\n  The capital of {{country}} is \n\n",
        r#"{"country": "France"}"#,
    ),
    one(
        "---\r\nname: x\r\n---\r\nsystem:\r\n\r\nBe short.\r\n\r\n# User:\r\nHi {{n}}\r\n \r\n\r\nassistant :\r\nYes",
        r#"{"n": "Ann"}"#,
    ),
    one(
        "---\nname: x\ninputs:\n  - {name: a, kind: string, default: d}\n  - {name: n, kind: integer, default: 2}\n---\n{{a}} {{n}} {{missing}}|",
        "{}",
    ),
    one(
        "---\nname: x\ninputs:\n  a: {kind: string, default: d}\n---\nuser[name=\"A, B\", n=7]:\n{{a}}\nuser[]:\nnot a role: x\nsystem: no\n",
        "{}",
    ),
    one(
        "---\nname: x\n---\nuser:\n{# hoplens-ignore hop-lost #}\nHi {#- c -#}  there\n{# c #}",
        "{}",
    ),
    one(
        "---\nname: x\n---\n{# first #}\nsystem:\nHi\nuser:\nassistant:\nlast",
        "{}",
    ),
    one(
        "---\nname: x\n---\n{% for x in list %}\n- {{ x }}{% if not loop.last %},{% endif %}\n{% endfor %}\n{% if a %}yes{% else %}no{% endif %}",
        r#"{"list": ["p", "q"]}"#,
    ),
    one(
        "---\nname: x\n---\n{%- for x in list -%}\n  {{- x -}}  {% endfor -%}  .\n{% set y = 'v' %}{{ y | upper }}{{ a.b }}{{ l[0] }}{{ a['b'] | default('d') }}",
        r#"{"list": ["p", "q"], "a": {"b": "c"}, "l": [1]}"#,
    ),
    one(
        "---\nname: x\n---\n{{n}} {{f}} {{t}} {{z}} {{l}} {{m}} {{x.y}} {{e}}",
        r#"{"n": null, "f": false, "t": true, "z": 0, "l": [1, "a'b", null], "m": {"k": true}, "x": {}, "e": "<&>"}"#,
    ),
    one(
        "---\nname: x\n---\n{% raw %}{{ x }}{% endraw %} {{ '}}' }} {{ {'a': 1}['a'] }} é😀\u{2028}next\u{c}page\n",
        "{}",
    ),
    one("---\nname: x\ndescription: a---b\n---\nHi\n", "{}"),
    one("---\nname: x\n# -----\n---\nHi\n", "{}"),
    one(
        "---\nname: x\n+++\nuser:\nHi {{a}}\n",
        r#"{"a": "two\nlines\n"}"#,
    ),
    one(
        "---\nname: x\ntemplate: {format: {kind: jinja2, strict: false}, parser: {kind: prompty}}\n---\nHi\n{{a}}\nyou",
        r##"{"a": "# assistant:"}"##,
    ),
    one(
        "---\nname: x\ntemplate: {format: mustache, parser: prompty}\n---\nuser:\n{{!hoplens-ignore hop-lost }}\nHi {{n}} <{{{h}}}> {{h}} {{&h}} {{missing}}|\n",
        r#"{"n": "Ann", "h": "<\"&'>"}"#,
    ),
    one(
        "---\nname: x\ntemplate:\n  format: {kind: mustache}\n  parser: {kind: prompty}\n---\n{{#list}}\n  - {{.}} {{x}}\n{{/list}}\n{{^none}}none{{.}}\n{{/none}}{{#p}}{{name}} {{#q}}{{z}}{{/q}}{{/p}} {{p.name}}",
        r#"{"list": ["p", 2], "x": "X", "p": {"name": "Ann", "q": [{"z": 1}, {"z": 2}]}}"#,
    ),
    one(
        "---\nname: x\ntemplate: {format: mustache, parser: prompty}\n---\n{{=<% %>=}}\n<%a%> {{a}} <%={{ }}=%> {{a}}\n  {{#t}}\n  in {{z}} {{f}}\n  {{/t}}  \n{{#f}}no{{#t}}x{{/t}}{{/f}}{{^f}}off{{/f}} {{l}}",
        r#"{"a": "A", "t": true, "f": false, "z": 0, "l": [1, "x"]}"#,
    ),
    one("Hello {{a}}, how are\n  you?\n", r#"{"a": "B"}"#),
    one(
        "name: x\ninstructions: |\n  user:\n  Hi {{a}}\n",
        r#"{"a": "B"}"#,
    ),
    Fixture {
        text: "---\nname: x\ninputs:\n  - {name: a, kind: string, default: '${file:s.txt}'}\n  - {name: b, kind: object, default: '${file:s.json}'}\n  - {name: c, kind: string, default: '${env:HOPLENS_UNSET:dd}'}\n  - {name: d, kind: string, default: ' x ${env:HOME}'}\n---\nuser:\n{{a}} {{b.k}} {{c}}{{d}}",
        input: "{}",
        partials: &[],
        files: &[("s.txt", "text\nhere\n"), ("s.json", r#"{"k": " ${v} "}"#)],
    },
    one(
        "---\nname: x\n---\nuser:\nsee ![a](http://x/y.png) and\n",
        "{}",
    ),
    one(
        "---\nname: x\ntemplate: {format: mustache, parser: prompty}\n---\nsystem:\r\nA\r\n{{#t}}\r\nB\r\n{{/t}}\r\nuser:\r\n{{a}}\r\n",
        r#"{"a": "x\r\ny", "t": {"k": 1}}"#,
    ),
];

/// Prompts of Prompty's version 1.
pub const PROMPTY_V1: &[Fixture] = &[
    one(
        "---\nname: x\nmodel: {api: chat}\nsample: {a: '  t ', l: [' p '], m: {k: ' v'}}\n---\nsystem:\n{{a}}| {{l}} {{m}}\n\nuser:\nHi {{b}}\n",
        r#"{"b": " kept "}"#,
    ),
    one(
        "---\nmodel: {api: chat, configuration: {type: azure_openai}}\ninputs:\n  a: {type: string, default: d}\n  b: {type: string, default: e}\nsample: {a: s}\n---\nuser:\n{{a}} {{b}}|",
        "{}",
    ),
    one(
        "---\nmodel: {api: chat}\nsample:\n  history: [{role: user, content: c}, {role: assistant, content: d}]\n---\nsystem:\nBe brief.\n\n{% for turn in history %}\n{{turn.role}}:\n{{turn.content}}\n{% endfor %}\n\nuser:\nq\n",
        "{}",
    ),
    one(
        "---\nmodel: {api: chat}\nsample: {h: [{role: user, content: c}]}\n---\n# {% for item in h %}{{item.role}} :\n\n {{item.content}}\n{% endfor %}user:\nq: {{gone}}",
        "{}",
    ),
    one(
        "---\nmodel: {api: chat}\n---\nHi there\n # User :\n\n  yes\ndeveloper:\nno\nassistant:\n",
        "{}",
    ),
    one(
        "---\r\nmodel: {api: chat}\r\ntemplate: jinja2\r\n---\r\nsystem:\r\nA\r\n\r\nB\r\nuser:\r\n{{a}}\r\n",
        r#"{"a": "x"}"#,
    ),
    one(
        "---\nmodel: {api: chat}\ntemplate: mustache\nsample: {a: '<&'}\n---\nsystem:\n{{#l}}{{.}} {{/l}}{{a}} {{{a}}}\nfunction:\nx\n",
        r#"{"l": [1, 2]}"#,
    ),
    one(
        "---\nmodel: {api: chat}\n---\nuser:\nsee ![a](http://x/y.png \"t\") and\n ![b](data:z)\nthere\n",
        "{}",
    ),
    Fixture {
        text: "---\nmodel: {api: chat}\nsample: ${file:s.json}\n---\nuser:\n{{a.b}} {{c}} {{d}}|\n",
        input: r#"{"d": "D"}"#,
        partials: &[],
        files: &[
            (
                "s.json",
                r#"{"a": {"b": " q "}, "c": "${file:t.json}", "d": 1}"#,
            ),
            ("t.json", "[1, \" x \", \"${env:HOPLENS_UNSET:dd}\"]"),
        ],
    },
    one(
        "---\nmodel: {api: chat}\nsample: {a: '${env:HOPLENS_UNSET:dd}', b: 'x ${env:HOME}'}\n---\nuser:\n{{a}} {{b}}",
        "{}",
    ),
];

/// What dotprompt refuses, and so must be an error here.
pub const DOTPROMPT_REFUSES: &[Fixture] = &[
    one("{{#if items}}{{bulets items}}{{/if}}x", "{}"),
    one("{{#each l}}{{#shout this}}a{{/shout}}{{/each}}", "{}"),
    one("{{json (upper x)}}", r#"{"x": "y"}"#),
    one("{{> gone}}", "{}"),
    one("{{#if a}}x", "{}"),
    one("{{#if a}}x{{/unless}}", "{}"),
    one("{{a", "{}"),
    one("{{}}", "{}"),
];

/// What Prompty's version 1 refuses, and so must be a finding here.
pub const PROMPTY_V1_REFUSES: &[Fixture] = &[
    one(
        "---\nmodel: {api: chat}\noutputs: hello\n---\nuser:\nx\n",
        "{}",
    ),
    one(
        "---\nmodel: {api: chat}\ninputs: [a]\n---\nuser:\nx\n",
        "{}",
    ),
    one(
        "---\nmodel: {api: chat}\ninputs: {h: {type: array, is_chat_history: true}}\n---\nuser:\nx\n",
        "{}",
    ),
    one(
        "---\nmodel: {api: chat}\ninputs: {a: 3}\n---\nuser:\nx\n",
        "{}",
    ),
    one("---\nmodel: {api: chat}\ninputs:\n---\nuser:\nx\n", "{}"),
    one(
        "---\nmodel: {api: chat}\nsample: [a]\n---\nuser:\nx\n",
        "{}",
    ),
    one(
        "---\nmodel: {api: chat}\ntemplate: {type: jinja2}\n---\nuser:\nx\n",
        "{}",
    ),
    one("---\nmodel: {api: chat}\nfoo: bar\n---\nuser:\nx\n", "{}"),
    one("---\nsample: {q: a}\n---\nuser:\nx\n", "{}"),
    one(
        "---\nmodel: {configuration: {type: openai}}\n---\nuser:\nx\n",
        "{}",
    ),
    one("---\nmodel: {api: foo}\n---\nuser:\nx\n", "{}"),
    one("---\nmodel: {api: chat, foo: 1}\n---\nuser:\nx\n", "{}"),
    one(
        "---\nmodel: {api: chat, configuration: a}\n---\nuser:\nx\n",
        "{}",
    ),
    one(
        "---\nmodel: {api: chat}\nsample: {}\n---\nsystem:\nuser:\nHi\n",
        "{}",
    ),
    one(
        "---\nmodel: {api: chat}\nsample: {a: '${env:HOPLENS_UNSET}'}\n---\nuser:\n{{a}}\n",
        "{}",
    ),
    one(
        "---\nmodel: {api: chat}\nsample: {a: '${foo}'}\n---\nuser:\nx\n",
        "{}",
    ),
    one(
        "---\nmodel: {api: chat}\nsample: ${file:gone.json}\n---\nuser:\nx\n",
        "{}",
    ),
    one(
        "---\nmodel: {api: chat}\ntemplate: handlebars\n---\nuser:\nx\n",
        "{}",
    ),
    Fixture {
        text: "---\nmodel: {api: chat}\nsample: ${file:s.json}\n---\nuser:\nx\n",
        input: "{}",
        partials: &[],
        files: &[("s.json", "{")],
    },
];

/// What Prompty refuses, and so must be a finding here.
pub const PROMPTY_REFUSES: &[Fixture] = &[
    one("---\nmetadata: {a: b}\ninputs:\n---\nuser:\nx\n", "{}"),
    one("---\nname: x\nmodel: [a]\n---\nuser:\nx\n", "{}"),
    one("---\nname: x\n---\nHi\n{{a}}\nyou", r#"{"a": "user:"}"#),
    one("---\nname: x\n---\n{% if %}", "{}"),
    one("---\nname: [x\n---\nHi", "{}"),
    one("---\nname: x\n---", "{}"),
    one("---\nname: x\nHi", "{}"),
    one("\u{feff}---\nname: x\n---\nHi", "{}"),
    one("+++\nname: x\n+++\nHi", "{}"),
    one("---\nname: x\ntemplate: mustache\n---\nHi", "{}"),
    one("---\nname: x\ntemplate: {format: mustache}\n---\nHi", "{}"),
    one(
        "---\nname: x\ntemplate: {format: mustache, parser: prompty}\n---\n{{#a}}Hi",
        "{}",
    ),
    one(
        "---\nname: x\ninputs:\n  a: {kind: string, required: true}\n---\nHi",
        "{}",
    ),
    one(
        "---\nname: x\ninputs: [{name: a, kind: string, default: '${file:../s.txt}'}]\n---\n{{a}}",
        "{}",
    ),
    one(
        "---\nname: x\ninputs: [{name: a, kind: string, default: '${env:HOPLENS_UNSET}'}]\n---\n{{a}}",
        "{}",
    ),
    one(
        "---\nname: x\ndescription: '${file:gone.txt}'\n---\nHi",
        "{}",
    ),
];

/// Front matters that injections are written into: name of the file, text.
pub const EDITED: &[(&str, &str)] = &[
    ("x.prompt", "The capital of {{c}} is"),
    (
        "x.prompt",
        "---\nmodel: m\n---\n{{role \"system\"}}\nBe short.\n{{role \"user\"}}\nHi {{c}}\n",
    ),
    (
        "x.prompt",
        "---\r\nmodel: m # why\r\nhoplens.inject:\r\n  - {memory: a, layer: 0, tau: 1}\r\n\r\nconfig: {temperature: 0}\r\n---\r\nHi {{c}}\r\n",
    ),
    (
        "x.prompt",
        "---\nhoplens.cases:\n  - {expect: a, input: {c: x}}\n  - {expect: b}\n---\nHi {{c}}",
    ),
    (
        "x.prompty",
        "---\nname: x\n---\nsystem:\nBe short.\nuser:\nHi {{c}}\n",
    ),
    (
        "x.prompty",
        "---\nname: x\nmetadata:\n  authors: [me]\n  hoplens:\n    cases:\n      - {expect: a}\n      - {expect: b}\n    inject:\n      - memory: a\n        layer: 0\n        tau: 1\ntools: []\n---\nHi {{c}}\n",
    ),
    (
        "x.prompty",
        "---\r\nname: x\r\nmetadata:\r\n  tags: [a, b] # two\r\n\r\ndescription: d\r\n---\r\nHi {{c}}\r\n",
    ),
    (
        "x.prompty",
        "---\nname: x\nmetadata: {authors: [me]}\n---\nHi {{c}}\n",
    ),
    (
        "x.prompty",
        "---\nname: x\nmetadata:\ndescription: d\n---\nHi {{c}}\n",
    ),
    ("x.prompty", "---\n{name: x}\n---\nHi {{c}}\n"),
    (
        "x.prompty",
        "---\nname: x\nmetadata:\n  hoplens: {cases: [{id: q, expect: a}]}\n---\nHi {{c}}\n",
    ),
];
