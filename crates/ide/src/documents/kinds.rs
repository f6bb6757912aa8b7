//! What the map of layers × heads shows.

use crate::documents::error::ShowError;
use crate::documents::map::HeadMap;
use crate::documents::rows::{Ablate, HeadRow, LensResult, SpokenRow};
use crate::numbers::quoted;
use hoplens_runtime::Model;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapKind {
    /// What silencing a head changes.
    Ablation,
    /// What it adds to the answer's logit.
    Logit,
    /// How high it ranks the bridge in the prompt as written.
    Bridge,
    /// … and where the bridge is named.
    BridgeNamed,
    /// How much higher as written than where it is named.
    BridgeDifference,
    /// How high it ranks one of --words.
    Words,
}

/// The map that is asked for, or that shows most of what was asked for.
pub fn head_map(
    result: &LensResult,
    asked: Option<MapKind>,
    ablate: Ablate,
    model: &Model,
) -> Result<HeadMap, ShowError> {
    let has_ablation = ablate != Ablate::None;
    let kind = asked.unwrap_or(match (&result.words, &result.bridge) {
        (Some(_), _) => MapKind::Words,
        (None, Some(_)) => MapKind::Bridge,
        _ if has_ablation => MapKind::Ablation,
        _ => MapKind::Logit,
    });
    let missing = match kind {
        MapKind::Ablation if !has_ablation => Some("--ablate none measures no ablation"),
        MapKind::Bridge | MapKind::BridgeNamed | MapKind::BridgeDifference
            if result.bridge.is_none() =>
        {
            Some("there is no bridge; name one with --bridge and --mention")
        }
        MapKind::Words if result.words.is_none() => Some("name the words with --words"),
        _ => None,
    };
    if let Some(reason) = missing {
        return Err(ShowError::Asked(reason.into()));
    }
    // From 0 for the last rank to 1 for the first.
    let vocabulary = (model.config().vocab as f64).ln();
    let height = |row: &SpokenRow| 1.0 - ((row.rank + 1) as f64).ln() / vocabulary;
    let bridge = |head: &HeadRow| {
        let row = head.bridge.as_ref()?;
        Some((height(&row.composed), height(&row.explicit)))
    };
    let value = |head: &HeadRow| -> Option<f64> {
        match kind {
            MapKind::Ablation => head.ablation_dlogp.map(|change| -change),
            MapKind::Logit => Some(f64::from(head.direct_logit)),
            MapKind::Bridge => bridge(head).map(|(composed, _)| composed),
            MapKind::BridgeNamed => bridge(head).map(|(_, named)| named),
            MapKind::BridgeDifference => bridge(head).map(|(composed, named)| composed - named),
            MapKind::Words => head.words.as_ref().map(height),
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

/// The map's title, and what its ends mean.
fn titles(kind: MapKind, result: &LensResult) -> (String, &'static str, &'static str) {
    let target = quoted(&result.target);
    let bridge = result.bridge.as_ref().map_or("", |bridge| &bridge.text);
    let bridge = quoted(bridge);
    let first = "the lens says it first";
    match kind {
        MapKind::Ablation => (
            format!("what log p of {target} owes to each head"),
            "it gains without the head",
            "it loses without the head",
        ),
        MapKind::Logit => (
            format!("what each head adds to the logit of {target}"),
            "lowers it",
            "raises it",
        ),
        MapKind::Bridge => (
            format!("how high heads rank {bridge}, as written"),
            "",
            first,
        ),
        MapKind::BridgeNamed => (
            format!("how high heads rank {bridge} where it is named"),
            "",
            first,
        ),
        MapKind::BridgeDifference => (
            format!("how much higher heads rank {bridge} as written than where it is named"),
            "higher where it is named",
            "higher as written",
        ),
        MapKind::Words => ("how high heads rank one of the words".into(), "", first),
    }
}
