//! Searches for repairs and ranks them on one scale: Δlog p of the expected answer.

use crate::case::findings::CaseFindings;
use crate::context::AnalysisContext;
use crate::error::AnalysisError;
use crate::hop::verdict::Verdict;
use crate::repair::change::RepairChange;
use crate::repair::injection::injection_repairs;
use crate::repair::measured_repair::Repair;
use crate::repair::rank::rank;
use crate::repair::wording::wording_repairs;

/// Measures the repairs of a failing case and ranks those that help, best first. For a case that is
/// ok, only the space at the end of its prompt is tried. A case without an outcome has no repairs.
/// [`crate::add_evidence`] measures the evidence for the repairs.
///
/// If a bridge is declared, the hop that loses most log-probability is repaired: by words (rewrite,
/// appositive, fact), and by injections of its bridge. The best cell of each encoding and scope is
/// searched by the first tokens of the answers and measured again on the whole answers. Every
/// number is measured with the file's own injections in force. At most
/// [`crate::SearchSettings::most`] repairs remain, including a rewrite that helps. Injections that
/// only fake knowledge come last.
///
/// # Errors
/// As [`hoplens_interp::memory::search`].
pub fn find_repairs(
    context: &mut AnalysisContext<'_>,
    case: &CaseFindings,
) -> Result<Vec<Repair>, AnalysisError> {
    let Ok(outcome) = &case.outcome else {
        return Ok(Vec::new());
    };
    let mut found = wording_repairs(context, case, outcome)?;
    let before = outcome.probes.composed.logp;
    if outcome.verdict == Some(Verdict::Ok) {
        return Ok(rank(found, context.settings));
    }
    // The vector of a whole sentence is that of its commonest words.
    let named = outcome
        .probes
        .weakest()
        .filter(|(_, hop)| !hop.is_statement);
    if let Some((_, hop)) = named {
        found.extend(injection_repairs(
            context,
            &case.query,
            before,
            &hop.bridge,
        )?);
    }
    let fakes = outcome.verdict == Some(Verdict::AnswerUnknown);
    for repair in &mut found {
        repair.fakes = fakes && matches!(repair.change, RepairChange::Inject(_));
    }
    Ok(rank(found, context.settings))
}
