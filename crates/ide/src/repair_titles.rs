//! Repairs in words.

use crate::numbers::{better_than, factor, percent, quoted};
use crate::snapshot::Snapshot;
use hoplens_analysis::{CaseFindings, Repair, RepairChange, Wording, words_edit};
use hoplens_injection::{Encoding, Scope};
use hoplens_interp::memory::{MemoryInjection, Placement};
use hoplens_prompt::FileEdit;

/// Returns what a repair does, where, and its measured gain.
pub fn repair_title(snapshot: &Snapshot, case: &CaseFindings, repair: &Repair) -> String {
    let (before, after) = (repair.logp_before.exp(), repair.logp_after.exp());
    let control = repair.control.as_ref().map_or_else(String::new, |control| {
        format!(", {}", better_than(control.percentile(), "random memories"))
    });
    let gain = format!(
        "{} → {} ({}{control})",
        percent(before),
        percent(after),
        factor(after / before)
    );
    let action = match &repair.change {
        RepairChange::Inject(memory_injection) => injection_title(memory_injection),
        RepairChange::Words {
            wording, was, text, ..
        } => {
            let place = words_edit(&case.rendered, &repair.change);
            let place = place.and_then(|edit| input_of(snapshot, &edit));
            rewording_title(*wording, was, text, place.as_deref())
        }
    };
    let fakes = if repair.fakes {
        "; the model lacks this knowledge, the injection only fakes it"
    } else {
        ""
    };
    format!("{action}: {gain}{fakes}")
}

fn injection_title(memory_injection: &MemoryInjection) -> String {
    let Placement {
        encoding,
        layer,
        tau,
        scope,
        ..
    } = &memory_injection.placement;
    // `embed` is the default and is not named.
    let encoding = match encoding {
        Encoding::Embed => "",
        Encoding::Unembed => " (unembed)",
        Encoding::Layerwise => " (layerwise)",
    };
    let place = match scope {
        Scope::All => String::new(),
        Scope::Last => ", last token".into(),
        Scope::Span(span) => format!(", at {}", quoted(&span.text)),
    };
    let memory = quoted(&memory_injection.memory);
    format!("Inject memory {memory}{encoding}, layer {layer}, τ {tau}{place}")
}

/// Returns the variable whose value an edit changes, such as ``the case's input `thing` ``; `None`
/// if it changes the prompt's own text.
fn input_of(snapshot: &Snapshot, edit: &FileEdit) -> Option<String> {
    let at = &edit.edits.first()?.range;
    let fences = snapshot.file.fences.iter().flat_map(|fence| &fence.inputs);
    let value = snapshot.file.inputs.iter().chain(fences).find(|value| {
        value.origin == edit.target && value.range.start <= at.start && at.end <= value.range.end
    })?;
    Some(match value.case {
        Some(_) => format!("the case's input `{}`", value.name),
        None => format!("the default of `{}`", value.name),
    })
}

/// Returns what a change of words does; `place` is the variable that it changes, if any.
fn rewording_title(wording: Wording, was: &str, text: &str, place: Option<&str>) -> String {
    let inside = place.map_or_else(String::new, |place| format!(" in {place}"));
    match wording {
        Wording::Rewrite if place.is_some() => format!("Name {}{inside}", quoted(text)),
        Wording::Rewrite => format!("Name {} in the text", quoted(text)),
        Wording::Appositive => format!("Add {} behind the mention{inside}", quoted(text)),
        Wording::Fact => format!("State {} first{inside}", quoted(text.trim_end())),
        Wording::Retokenize if text.is_empty() => format!("Remove {}{inside}", quoted(was)),
        Wording::Retokenize => format!("Write {} instead of {}{inside}", quoted(text), quoted(was)),
    }
}
