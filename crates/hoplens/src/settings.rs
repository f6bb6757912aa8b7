//! The settings of an analysis: the defaults with what a project's `hoplens.toml` changes.

use hoplens_analysis::{AnalysisSettings, ReplySettings, SearchSettings, Thresholds};
use hoplens_injection::Scope;
use hoplens_runtime::BosPolicy;
use hoplens_workspace::{
    Bos, Project, ProjectReplies, ProjectScope, ProjectSearch, ProjectThresholds,
};

/// The settings of an analysis in a project.
pub fn analysis_settings(project: &Project) -> AnalysisSettings {
    AnalysisSettings {
        bos: project.bos.map(bos_policy).unwrap_or_default(),
        thresholds: thresholds(&project.thresholds),
        search: search(&project.search),
        declared_only: project.declared_only,
        replies: replies(&project.replies),
    }
}

/// The tokenizer's policy for a `bos` of a `hoplens.toml`.
pub fn bos_policy(bos: Bos) -> BosPolicy {
    match bos {
        Bos::Auto => BosPolicy::Auto,
        Bos::Always => BosPolicy::Always,
        Bos::Never => BosPolicy::Never,
    }
}

fn replies(project: &ProjectReplies) -> ReplySettings {
    let default = ReplySettings::default();
    ReplySettings {
        samples: project.samples.unwrap_or(default.samples),
        tokens: project.tokens.unwrap_or(default.tokens),
    }
}

fn thresholds(project: &ProjectThresholds) -> Thresholds {
    let default = Thresholds::default();
    Thresholds {
        known: project.known.unwrap_or(default.known),
        hop_known: project.hop_known.unwrap_or(default.hop_known),
        shortcut_share: project.shortcut_share.unwrap_or(default.shortcut_share),
        lost_factor: project.lost_factor.unwrap_or(default.lost_factor),
        gain_factor: project.gain_factor.unwrap_or(default.gain_factor),
    }
}

fn search(project: &ProjectSearch) -> SearchSettings {
    let default = SearchSettings::default();
    let scope = |positions: &ProjectScope| match positions {
        ProjectScope::All => Scope::All,
        ProjectScope::Last => Scope::Last,
    };
    SearchSettings {
        encodings: project.encodings.clone().unwrap_or(default.encodings),
        taus: project.taus.clone().unwrap_or(default.taus),
        scopes: project
            .scopes
            .as_ref()
            .map_or(default.scopes, |scopes| scopes.iter().map(scope).collect()),
        passes: project.passes.unwrap_or(default.passes),
        most: project.most.unwrap_or(default.most),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_project_keeps_the_defaults() {
        assert_eq!(
            analysis_settings(&Project::default()),
            AnalysisSettings::default()
        );
    }

    #[test]
    fn a_project_changes_only_what_it_sets() {
        let text = "bos = \"always\"\n[thresholds]\nknown = 0.2\n[search]\nscopes = [\"last\"]\n\
                    most = 2\ntaus = [1, -2.5]\n[replies]\ntokens = 8\n";
        let settings = analysis_settings(&Project::parse(text).unwrap());
        assert_eq!(settings.bos, BosPolicy::Always);
        let thresholds = Thresholds {
            known: 0.2,
            ..Thresholds::default()
        };
        assert_eq!(settings.thresholds, thresholds);
        assert_eq!(settings.search.scopes, [Scope::Last]);
        assert_eq!(settings.search.taus, [1.0, -2.5]);
        assert_eq!(settings.search.most, 2);
        assert_eq!(settings.search.encodings.len(), 3);
        let replies = ReplySettings {
            tokens: 8,
            ..ReplySettings::default()
        };
        assert_eq!(settings.replies, replies);
    }
}
