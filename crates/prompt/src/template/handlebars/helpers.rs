//! The helpers that dotprompt adds to Handlebars.
//!
//! Helpers that produce more than text write a signal between two marker characters, which
//! [`crate::render::turns`] removes again.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::companion_files::RegisteredNames;
use handlebars::template::{Template, TemplateElement};
use handlebars::{
    BlockContext, Context, Handlebars, Helper, HelperDef, HelperResult, JsonRender, JsonValue,
    Output, RenderContext, RenderErrorReason, Renderable, no_escape,
};

/// Helpers that handlebars-rust adds to Handlebars; a variable may have such a name.
const EXTRAS: [&str; 11] = [
    "raw", "eq", "ne", "gt", "gte", "lt", "lte", "and", "or", "not", "len",
];

/// Maximum number of tags and texts that loops may execute, including those without output.
const MAX_STEPS: usize = 400_000;

/// Adds the helpers and partials that an application registers; each writes a signal only.
pub(crate) fn add_registered(
    registry: &mut Handlebars<'static>,
    marker: char,
    registered: &RegisteredNames,
) {
    for name in &registered.helpers {
        let kind = "registered";
        registry.register_helper(name, Box::new(Signal { marker, kind }));
    }
    for name in &registered.partials {
        let mut template = Template::new();
        let signal = format!("{marker}registered {marker}");
        template.elements.push(TemplateElement::RawString(signal));
        registry.register_template(name, template);
    }
}

/// The loops of a template repeat more than [`MAX_STEPS`] tags and texts.
#[derive(Debug)]
pub(crate) struct TooManySteps;

impl fmt::Display for TooManySteps {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("its loops go round too often")
    }
}

impl std::error::Error for TooManySteps {}

/// Returns a registry with dotprompt's helpers and without escaping. The marker is also the name of
/// the helper for inverse blocks, see [`super::blocks`].
pub(crate) fn registry(marker: char) -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    let step = Step(AtomicUsize::new(0));
    registry.register_helper(&format!("{marker}s"), Box::new(step));
    registry.register_escape_fn(no_escape);
    for name in EXTRAS {
        registry.unregister_helper(name);
    }
    let signal = |kind| Box::new(Signal { marker, kind });
    registry.register_helper("role", signal("role"));
    registry.register_helper("history", signal("history"));
    registry.register_helper("media", signal("media"));
    registry.register_helper("section", signal("section"));
    registry.register_helper("helperMissing", signal("missing"));
    let section = |inverse| Section { inverse };
    registry.register_helper("blockHelperMissing", Box::new(section(false)));
    registry.register_helper(&marker.to_string(), Box::new(section(true)));
    registry.register_helper("json", Box::new(json));
    registry.register_helper("ifEquals", Box::new(Equals { wanted: true }));
    registry.register_helper("unlessEquals", Box::new(Equals { wanted: false }));
    registry
}

struct Signal {
    marker: char,
    kind: &'static str,
}

impl HelperDef for Signal {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let first = helper.param(0).map(|param| param.value().render());
        let value = match self.kind {
            "missing" if first.is_some() || !helper.hash().is_empty() => {
                return Err(RenderErrorReason::HelperNotFound(helper.name().to_owned()).into());
            }
            "missing" => helper.name().to_owned(),
            "role" => first.ok_or(RenderErrorReason::ParamNotFoundForIndex("role", 0))?,
            _ => String::new(),
        };
        let marker = self.marker;
        let value = value.replace(marker, "");
        write!(out, "{marker}{} {value}{marker}", self.kind)?;
        Ok(())
    }
}

fn json(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    if helper
        .param(0)
        .is_some_and(|value| value.is_value_missing())
    {
        // `JSON.stringify` gives nothing for it, which JavaScript writes as a word.
        out.write("undefined")?;
        return Ok(());
    }
    let value = helper.param(0).map_or(&JsonValue::Null, |p| p.value());
    let indent = helper.hash_get("indent").and_then(|p| p.value().as_u64());
    let text = match indent {
        Some(indent @ 1..=10) => pretty(value, &" ".repeat(indent as usize)),
        _ => Ok(value.to_string()),
    };
    out.write(&text.map_err(RenderErrorReason::from)?)?;
    Ok(())
}

fn pretty(value: &JsonValue, indent: &str) -> Result<String, serde_json::Error> {
    use serde::Serialize;
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(indent.as_bytes());
    value.serialize(&mut serde_json::Serializer::with_formatter(
        &mut out, formatter,
    ))?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

struct Equals {
    wanted: bool,
}

impl HelperDef for Equals {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let value = |at| helper.param(at).map(handlebars::PathAndJson::value);
        let template = if (value(0) == value(1)) == self.wanted {
            helper.template()
        } else {
            helper.inverse()
        };
        match template {
            Some(template) => template.render(registry, context, render, out),
            None => Ok(()),
        }
    }
}

/// Adds a tag to a template and to each of its blocks that counts their tags and texts whenever
/// they are executed. The library itself repeats a loop without output without limit.
pub(crate) fn count(template: &mut Template, marker: char) {
    for element in &mut template.elements {
        match element {
            TemplateElement::HelperBlock(block) => {
                let parts = block.template.iter_mut().chain(&mut block.inverse);
                parts.for_each(|part| count(part, marker));
            }
            TemplateElement::PartialBlock(block) | TemplateElement::DecoratorBlock(block) => {
                block
                    .template
                    .iter_mut()
                    .for_each(|part| count(part, marker));
            }
            _ => {}
        }
    }
    let size = template.elements.len() + 1;
    let step = Template::compile(&format!("{{{{{marker}s {size}}}}}"));
    // This tag always compiles.
    if let Some(step) = step.ok().and_then(|mut step| step.elements.pop()) {
        template.elements.insert(0, step);
        let first = template.mapping.first().cloned();
        template.mapping.splice(0..0, first);
    }
}

/// The helper of the counting tag.
struct Step(AtomicUsize);

impl HelperDef for Step {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        _: &mut dyn Output,
    ) -> HelperResult {
        let size = helper.param(0).and_then(|size| size.value().as_u64());
        let size = size.unwrap_or(1) as usize;
        if self.0.fetch_add(size, Ordering::Relaxed) > MAX_STEPS {
            return Err(RenderErrorReason::NestedError(Box::new(TooManySteps)).into());
        }
        Ok(())
    }
}

/// `{{#name}}…{{/name}}` without a helper of that name: renders once for each item of a list, once
/// for any other value, and the `{{else}}` part for a missing value. An inverse block has the two
/// parts in the other order, and its name as its argument.
struct Section {
    inverse: bool,
}

impl HelperDef for Section {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let arguments = usize::from(self.inverse);
        if helper.param(arguments).is_some() || !helper.hash().is_empty() {
            return Err(RenderErrorReason::HelperNotFound(helper.name().to_owned()).into());
        }
        let value = match helper.param(0).filter(|_| self.inverse) {
            Some(value) => value.value().clone(),
            None => render.evaluate(context, helper.name())?.as_json().clone(),
        };
        let (filled, empty) = if self.inverse {
            (helper.inverse(), helper.template())
        } else {
            (helper.template(), helper.inverse())
        };
        let inside = match value {
            JsonValue::Null | JsonValue::Bool(false) => Vec::new(),
            JsonValue::Bool(true) => vec![None],
            JsonValue::Array(items) => items.into_iter().map(Some).collect(),
            other => vec![Some(other)],
        };
        if inside.is_empty() {
            return match empty {
                Some(inverse) => inverse.render(registry, context, render, out),
                None => Ok(()),
            };
        }
        let Some(template) = filled else {
            return Ok(());
        };
        for item in inside {
            let Some(item) = item else {
                template.render(registry, context, render, out)?;
                continue;
            };
            let mut block = BlockContext::new();
            block.set_base_value(item);
            render.push_block(block);
            let done = template.render(registry, context, render, out);
            render.pop_block();
            done?;
        }
        Ok(())
    }
}
