//! Repairs as edits of the prompt file or its sidecar.

use crate::numbers::quoted;
use crate::snapshot::Snapshot;
use hoplens_analysis::{CaseFindings, Repair, RepairChange, words_edit};
use hoplens_interp::memory::MemoryInjection;
use hoplens_prompt::{
    FileEdit, Measured, NewInjection, insert_injection, preserves_declarations, sidecar_name,
};
use hoplens_runtime::ModelInfo;

/// Returns the edit that applies a repair; `None` if the file cannot take it.
pub fn repair_edit(snapshot: &Snapshot, case: &CaseFindings, repair: &Repair) -> Option<FileEdit> {
    match &repair.change {
        RepairChange::Inject(memory_injection) => {
            let measured = (repair.logp_before.exp(), repair.logp_after.exp());
            injection_edit(snapshot, case, memory_injection, Some(measured))
        }
        RepairChange::Words { .. } => words_edit(&case.rendered, &repair.change)
            .filter(|edit| preserves_declarations(&snapshot.file, &snapshot.text, edit)),
    }
}

/// Returns the edit that adds an injection to a case; `None` if the file cannot take it. `measured` is
/// the answer's probability without the injection and with it.
pub fn injection_edit(
    snapshot: &Snapshot,
    case: &CaseFindings,
    memory_injection: &MemoryInjection,
    measured: Option<(f64, f64)>,
) -> Option<FileEdit> {
    let model = &snapshot.findings.as_ref()?.model;
    let placement = &memory_injection.placement;
    let injection = NewInjection {
        memory: memory_injection.memory.clone(),
        encoding: placement.encoding,
        layer: placement.layer,
        tau: placement.tau,
        scope: placement.scope.clone(),
        measured: measured.map(|(before, after)| Measured {
            model: model_digest(model),
            before,
            after,
        }),
    };
    let id = case.case.map(|_| case.id.as_str());
    let edit = insert_injection(&snapshot.file, &snapshot.text, id, &injection);
    (!edit.edits.is_empty()).then_some(edit)
}

/// Returns the model's name in a record of an injection.
pub(super) fn model_digest(model: &ModelInfo) -> String {
    format!("sha256:{}", model.sha256.get(..12).unwrap_or(&model.sha256))
}

/// Returns why a repair has to be made by hand; `None` if it has an edit.
pub fn manual_repair_reason(
    snapshot: &Snapshot,
    case: &CaseFindings,
    repair: &Repair,
) -> Option<String> {
    if repair_edit(snapshot, case, repair).is_some() {
        return None;
    }
    Some(match &repair.change {
        RepairChange::Inject(_) => {
            let sidecar = sidecar_name(&snapshot.name);
            format!(
                "neither the front matter nor {sidecar} can take the injection: the rest of their \
                 YAML would change its meaning. Fix the YAML, then try again."
            )
        }
        RepairChange::Words { was, text, .. } => {
            let words = if was.is_empty() { text } else { was };
            let words = quoted(words.trim());
            if words_edit(&case.rendered, &repair.change).is_some() {
                format!("in the place of {words}, the new words would break the YAML around them.")
            } else if was.is_empty() {
                format!(
                    "the file has no place for {words}: a template produces the text there, or would \
                     read the words as a tag. Write them where they belong."
                )
            } else {
                format!(
                    "the file does not contain {words}: a template, a partial or another file \
                     produces it, or the new words would be read as a tag. Change it where it comes \
                     from."
                )
            }
        }
    })
}
