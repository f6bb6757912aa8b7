//! The map of layers × heads: which number of each head it shows.

use crate::documents::error::{DocumentError, MissingMapInput};
use crate::documents::heads::options::AblationMethod;
use crate::documents::heads::rows::{HeadRow, HeadsDocument, WordRankRow};
use crate::documents::pictures::head_map::HeadMap;
use crate::numbers::quoted;
use hoplens_runtime::Model;

/// What a map of layers × heads shows of each head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadMapKind {
    /// How much the target's log-probability loses without the head.
    Ablation,
    /// What the head adds to the target's logit.
    Logit,
    /// How high the head ranks the bridge in the prompt as written.
    Bridge,
    /// How high the head ranks the bridge in the prompt that names it.
    BridgeNamed,
    /// The first of these ranks less the second.
    BridgeDifference,
    /// How high the head ranks the best of the words.
    Words,
}

/// Returns a map of a read-out. Without a `kind` it shows the words if any were looked for, else
/// the bridge, the ablation or the logit.
///
/// # Errors
/// The read-out lacks what the map shows.
pub fn head_map(
    result: &HeadsDocument,
    kind: Option<HeadMapKind>,
    ablate: AblationMethod,
    model: &Model,
) -> Result<HeadMap, DocumentError> {
    let has_ablation = ablate != AblationMethod::None;
    let kind = kind.unwrap_or(match (&result.words, &result.bridge) {
        (Some(_), _) => HeadMapKind::Words,
        (None, Some(_)) => HeadMapKind::Bridge,
        _ if has_ablation => HeadMapKind::Ablation,
        _ => HeadMapKind::Logit,
    });
    let missing = match kind {
        HeadMapKind::Ablation if !has_ablation => Some(MissingMapInput::Ablation),
        HeadMapKind::Bridge | HeadMapKind::BridgeNamed | HeadMapKind::BridgeDifference
            if result.bridge.is_none() =>
        {
            Some(MissingMapInput::Bridge)
        }
        HeadMapKind::Words if result.words.is_none() => Some(MissingMapInput::Words),
        _ => None,
    };
    if let Some(missing) = missing {
        return Err(missing.into());
    }
    // 0 for the last rank, 1 for the first.
    let vocabulary = (model.config().vocab as f64).ln();
    let height = |row: &WordRankRow| 1.0 - ((row.rank + 1) as f64).ln() / vocabulary;
    let bridge = |head: &HeadRow| {
        let row = head.bridge.as_ref()?;
        Some((height(&row.composed), height(&row.explicit)))
    };
    let value = |head: &HeadRow| -> Option<f64> {
        match kind {
            HeadMapKind::Ablation => head.ablation_dlogp.map(|change| -change),
            HeadMapKind::Logit => Some(f64::from(head.direct_logit)),
            HeadMapKind::Bridge => bridge(head).map(|(composed, _)| composed),
            HeadMapKind::BridgeNamed => bridge(head).map(|(_, named)| named),
            HeadMapKind::BridgeDifference => bridge(head).map(|(composed, named)| composed - named),
            HeadMapKind::Words => head.words.as_ref().map(height),
        }
    };
    let (title, less, more) = titles(kind, result);
    Ok(HeadMap {
        title,
        ends: (less.into(), more.into()),
        layers: model.info.layers,
        heads: model.info.heads,
        values: result
            .heads
            .iter()
            .map(|head| value(head).unwrap_or(f64::NAN))
            .collect(),
    })
}

/// Returns the map's title, and what the two ends of its scale mean.
fn titles(kind: HeadMapKind, result: &HeadsDocument) -> (String, &'static str, &'static str) {
    let target = quoted(&result.target);
    let bridge = result.bridge.as_ref().map_or("", |bridge| &bridge.text);
    let bridge = quoted(bridge);
    let first = "the lens says it first";
    match kind {
        HeadMapKind::Ablation => (
            format!("what log p of {target} owes to each head"),
            "it gains without the head",
            "it loses without the head",
        ),
        HeadMapKind::Logit => (
            format!("what each head adds to the logit of {target}"),
            "lowers it",
            "raises it",
        ),
        HeadMapKind::Bridge => (
            format!("how high heads rank {bridge}, as written"),
            "",
            first,
        ),
        HeadMapKind::BridgeNamed => (
            format!("how high heads rank {bridge} where it is named"),
            "",
            first,
        ),
        HeadMapKind::BridgeDifference => (
            format!("how much higher heads rank {bridge} as written than where it is named"),
            "higher where it is named",
            "higher as written",
        ),
        HeadMapKind::Words => ("how high heads rank one of the words".into(), "", first),
    }
}
