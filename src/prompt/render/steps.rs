//! An end for loops that write nothing and so never reach the limit of the output.

use std::sync::atomic::{AtomicUsize, Ordering};

use handlebars::template::{Template, TemplateElement};
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderErrorReason,
};

/// Times that the insides of a template's blocks may be rendered, all together.
const MAX_STEPS: usize = 200_000;
/// The helper that counts; no template would call one of this name.
const STEP: &str = "hoplens-step-of-a-loop";
/// What is said where there are too many.
pub(super) const TOO_MANY: &str = "its loops go round more often than hoplens waits for";

/// Counts the steps of one registry's renderings.
struct Steps(AtomicUsize);

impl HelperDef for Steps {
    fn call<'reg: 'rc, 'rc>(
        &self,
        _: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        _: &mut dyn Output,
    ) -> HelperResult {
        if self.0.fetch_add(1, Ordering::Relaxed) < MAX_STEPS {
            return Ok(());
        }
        Err(RenderErrorReason::Other(TOO_MANY.to_owned()).into())
    }
}

/// Lets a registry count.
pub(super) fn register(registry: &mut Handlebars<'static>) {
    registry.register_helper(STEP, Box::new(Steps(AtomicUsize::new(0))));
}

/// Makes every block of a compiled template count what is inside of it.
pub(super) fn count(template: &mut Template) {
    let Some(step) = Template::compile(&format!("{{{{{STEP}}}}}")).ok() else {
        return;
    };
    if let [step] = step.elements.as_slice() {
        blocks(template, step);
    }
}

fn blocks(template: &mut Template, step: &TemplateElement) {
    for element in &mut template.elements {
        let TemplateElement::HelperBlock(helper) = element else {
            continue;
        };
        if let Some(inside) = &mut helper.template {
            blocks(inside, step);
            inside.elements.insert(0, step.clone());
            // The library looks up the line of an error by the element's index.
            if let Some(first) = inside.mapping.first().cloned() {
                inside.mapping.insert(0, first);
            }
        }
        if let Some(inverse) = &mut helper.inverse {
            blocks(inverse, step);
        }
    }
}
