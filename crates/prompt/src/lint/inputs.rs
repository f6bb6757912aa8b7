//! The inputs that a prompt file declares or gives values for.

use std::ops::Range;

use crate::declarations::namespace;
use crate::declarations::spanned::Origin;
use crate::file::prompt_file::PromptFile;
use crate::format::prompt_format::PromptFormat;
use crate::lint::value_type::{ValueType, picoschema_key};
use crate::yaml;
use crate::yaml::node::{Data, Node};

/// Where an input is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InputSource {
    /// The schema, or Prompty's `inputs`.
    Schema,
    /// A default value or a sample.
    Default,
    /// The input of a case.
    Case,
}

/// A name that the file declares or gives a value for.
#[derive(Debug, Clone)]
pub(crate) struct DeclaredInput {
    pub name: String,
    /// The bytes of the name, or of the key that contains it.
    pub range: Range<usize>,
    pub origin: Origin,
    pub source: InputSource,
    /// Whether the application must give it a value.
    pub required: bool,
    pub value_type: ValueType,
    pub value: Option<Node>,
    /// What the schema says about it.
    pub description: Option<String>,
    /// The indices that lead from the root of the YAML to its entry or item.
    pub path: Vec<usize>,
}

/// The inputs of a file.
#[derive(Debug, Default)]
pub(crate) struct DeclaredInputs {
    pub list: Vec<DeclaredInput>,
    /// Whether the format refuses every other input.
    pub is_closed: bool,
    /// Whether the file declares inputs in a schema or in Prompty's `inputs`.
    pub has_schema: bool,
}

impl DeclaredInputs {
    /// Whether any place declares or gives this name.
    pub fn contains(&self, name: &str) -> bool {
        self.list.iter().any(|input| input.name == name)
    }

    /// Returns the type that the schema declares for a name.
    pub fn type_of(&self, name: &str) -> Option<&ValueType> {
        let mut declared = self
            .list
            .iter()
            .filter(|input| input.source == InputSource::Schema);
        declared
            .find(|input| input.name == name)
            .map(|input| &input.value_type)
    }
}

/// Returns the root of the YAML that contains a file's declarations.
pub(crate) fn root(file: &PromptFile, text: &str, origin: Origin) -> Option<Node> {
    let (text, range) = match origin {
        Origin::FrontMatter if file.format == PromptFormat::Github => (text, 0..text.len()),
        Origin::FrontMatter => (text, file.front_matter.clone()?),
        Origin::Sidecar => {
            let text = file.sidecar.as_deref()?;
            (text, 0..text.len())
        }
    };
    let yaml = text.get(range.clone())?;
    yaml::read::read(yaml, range.start).root
}

/// Reads the inputs of a file with a single prompt.
pub(crate) fn declared_inputs(file: &PromptFile, text: &str) -> DeclaredInputs {
    let mut inputs = DeclaredInputs::default();
    if let Some(root) = root(file, text, Origin::FrontMatter) {
        match file.format {
            PromptFormat::Dotprompt => inputs.dotprompt(&root),
            PromptFormat::Prompty => inputs.prompty(&root),
            PromptFormat::Github => inputs.rows(&root),
            _ => {}
        }
        if file.format != PromptFormat::Github {
            inputs.cases(file.format, &root, Origin::FrontMatter);
        }
    }
    if let Some(root) = root(file, text, Origin::Sidecar) {
        inputs.cases(file.format, &root, Origin::Sidecar);
    }
    inputs
}

/// A node of the YAML and the indices that lead to it.
#[derive(Clone)]
struct Place<'node> {
    node: &'node Node,
    path: Vec<usize>,
}

impl<'node> Place<'node> {
    /// Returns the value of a key.
    fn key(&self, name: &str) -> Option<Place<'node>> {
        let mut entries = self.node.entries().iter();
        let at = entries.position(|(key, _)| key.text() == Some(name))?;
        Some(self.value(at))
    }

    fn value(&self, at: usize) -> Place<'node> {
        let mut path = self.path.clone();
        path.push(at);
        let node = &self.node.entries()[at].1;
        Place { node, path }
    }

    /// Returns the entries of a map with their places.
    fn entries(&self) -> impl Iterator<Item = (&'node str, &'node Node, Place<'node>)> + '_ {
        let entries = self.node.entries().iter().enumerate();
        entries.filter_map(|(at, (key, _))| Some((key.text()?, key, self.value(at))))
    }

    fn items(&self) -> impl Iterator<Item = Place<'node>> + '_ {
        let items = match &self.node.data {
            Data::List { items, .. } if self.node.alias.is_none() => &items[..],
            _ => &[],
        };
        items.iter().enumerate().map(|(at, node)| {
            let mut path = self.path.clone();
            path.push(at);
            Place { node, path }
        })
    }

    fn is_map(&self) -> bool {
        matches!(self.node.data, Data::Map { .. })
    }
}

impl DeclaredInputs {
    fn add(&mut self, name: &str, key: &Node, source: InputSource, place: Place<'_>) {
        let value = (source != InputSource::Schema).then(|| place.node.clone());
        self.list.push(DeclaredInput {
            name: name.to_owned(),
            range: key.here().clone(),
            origin: Origin::FrontMatter,
            source,
            required: false,
            value_type: ValueType::Any,
            value,
            description: None,
            path: place.path,
        });
    }

    fn add_all(&mut self, map: Option<&Place<'_>>, source: InputSource) {
        for (name, key, place) in map.into_iter().flat_map(Place::entries) {
            self.add(name, key, source, place);
        }
    }

    fn dotprompt(&mut self, root: &Node) {
        let path = Vec::new();
        let input = Place { node: root, path }.key("input");
        let inside = |key| input.as_ref().and_then(|input| input.key(key));
        if let Some(schema) = inside("schema").filter(Place::is_map) {
            self.schema(&schema);
        }
        self.add_all(inside("default").as_ref(), InputSource::Default);
    }

    /// Reads `input.schema` by dotprompt's rule: it is a JSON Schema if it has a `type` of JSON
    /// Schema or `properties`, and else Picoschema.
    fn schema(&mut self, schema: &Place<'_>) {
        self.has_schema = true;
        let json_type = schema
            .node
            .entry("type")
            .and_then(|(_, value)| value.text());
        let is_json_type = json_type.is_some_and(|name| ValueType::named(name) != ValueType::Any);
        let properties = schema.key("properties").filter(Place::is_map);
        if is_json_type || properties.is_some() {
            let extra = schema.node.entry("additionalProperties");
            self.is_closed = extra.and_then(|(_, value)| value.text()) == Some("false");
            let required = schema.node.entry("required").map(|(_, value)| &value.data);
            let is_required = |name: &str| match required {
                Some(Data::List { items, .. }) => {
                    items.iter().any(|item| item.text() == Some(name))
                }
                _ => false,
            };
            for (name, key, place) in properties.iter().flat_map(Place::entries) {
                let value_type = ValueType::of_json_schema(place.node);
                let description = described(place.node);
                self.add(name, key, InputSource::Schema, place);
                self.complete(is_required(name), value_type, description);
            }
            return;
        }
        let mut is_open = false;
        for (key_text, key, place) in schema.entries() {
            let (name, about) = picoschema_key(key_text);
            if name.is_empty() {
                // `(*)` stands for any other name.
                is_open = true;
                continue;
            }
            let value_type = ValueType::of_picoschema(about, place.node);
            let description = picoschema_description(about, place.node);
            let plain = name.trim_end_matches('?');
            self.add(plain, key, InputSource::Schema, place);
            self.complete(plain == name, value_type, description);
        }
        self.is_closed = !is_open;
        self.has_schema = !is_open;
    }

    /// Sets what the last added input is declared as.
    fn complete(&mut self, required: bool, value_type: ValueType, description: Option<String>) {
        if let Some(last) = self.list.last_mut() {
            (last.required, last.value_type) = (required, value_type);
            last.description = description;
        }
    }

    fn prompty(&mut self, root: &Node) {
        let path = Vec::new();
        let root = Place { node: root, path };
        if let Some(inputs) = root.key("inputs") {
            let named = inputs.items().filter_map(|item| {
                let (_, name) = item.node.entry("name")?;
                Some((name.text()?, name, item.clone()))
            });
            let named: Vec<_> = named.chain(inputs.entries()).collect();
            self.has_schema = !named.is_empty();
            for (name, key, place) in named {
                self.prompty_input(name, key, place);
            }
        }
        self.add_all(root.key("sample").as_ref(), InputSource::Default);
    }

    /// Reads one of Prompty's `inputs`; `name: value` is a short form for a default.
    fn prompty_input(&mut self, name: &str, key: &Node, place: Place<'_>) {
        let entry = |key| place.node.entry(key).map(|(_, value)| value);
        let kind = entry("type").or(entry("kind")).and_then(Node::text);
        let value_type = kind.map_or(ValueType::Any, ValueType::named);
        let required = entry("required").and_then(Node::text) == Some("true");
        let mut values = ["default", "example", "sample"].into_iter();
        let value = values.find_map(entry).cloned();
        let is_map = place.is_map();
        let description = described(place.node);
        self.add(name, key, InputSource::Schema, place);
        self.complete(required, value_type, description);
        if let Some(last) = self.list.last_mut() {
            last.value = value.filter(|_| is_map);
        }
    }

    /// Reads the rows of GitHub's `testData`, which `gh models` also passes to evaluators.
    fn rows(&mut self, root: &Node) {
        let path = Vec::new();
        let rows = Place { node: root, path }.key("testData");
        for row in rows.iter().flat_map(Place::items) {
            self.add_all(Some(&row), InputSource::Case);
        }
    }

    /// Reads the variables of the declared cases.
    fn cases(&mut self, format: PromptFormat, root: &Node, origin: Origin) {
        let before = self.list.len();
        let mut place = Some(Place {
            node: root,
            path: Vec::new(),
        });
        for key in namespace::path(format, origin, "cases") {
            place = place.and_then(|place| place.key(&key));
        }
        for case in place.iter().flat_map(Place::items) {
            self.add_all(case.key("input").as_ref(), InputSource::Case);
            let Some(matrix) = case.key("matrix") else {
                continue;
            };
            for row in matrix.items() {
                let fields = ["expect", "hops", "chain"];
                for (name, key, place) in row.entries() {
                    if !fields.contains(&name) {
                        self.add(name, key, InputSource::Case, place);
                    }
                }
            }
            for (name, key, mut place) in matrix.entries() {
                // Each item of the list is a value.
                place.node = key;
                self.add(name, key, InputSource::Case, place);
                if let Some(last) = self.list.last_mut() {
                    last.value = None;
                }
            }
        }
        for added in &mut self.list[before..] {
            added.origin = origin;
        }
    }
}

/// Returns the `description` in a map.
fn described(node: &Node) -> Option<String> {
    let (_, description) = node.entry("description")?;
    description.text().map(str::to_owned)
}

/// Returns the description in Picoschema: behind the first comma of the key's parentheses, or of
/// the value.
fn picoschema_description(about: Option<&str>, value: &Node) -> Option<String> {
    let texts = [about, value.text()].into_iter().flatten();
    let mut found = texts.filter_map(|text| Some(text.split_once(',')?.1.trim()));
    found.find(|text| !text.is_empty()).map(str::to_owned)
}
