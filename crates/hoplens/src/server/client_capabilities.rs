//! The client's capabilities that matter to the server.

use tower_lsp_server::ls_types as lsp;

use hoplens_ide::{InsertStyle, MarkdownStyle};
use hoplens_prompt::text::PositionEncoding;

/// What the client supports; the default supports nothing.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one independent capability of the protocol"
)]
pub(super) struct ClientCapabilities {
    /// How positions are counted.
    pub encoding: PositionEncoding,
    /// Which Markdown the client renders.
    pub markdown: MarkdownStyle,
    /// Edits may carry the version they were made for.
    pub document_changes: bool,
    /// Edits may create files.
    pub create_files: bool,
    /// `experimental/serverStatus` is supported.
    pub server_status: bool,
    /// `window/workDoneProgress/create` is answered.
    pub progress: bool,
    /// `workspace/inlayHint/refresh` is answered.
    pub refresh_hints: bool,
    /// `workspace/codeLens/refresh` is answered.
    pub refresh_lenses: bool,
    /// `workspace/applyEdit` is answered.
    pub apply_edit: bool,
    /// `window/showDocument` is answered.
    pub show_documents: bool,
    /// The edit of a code action may be computed when the action is chosen.
    pub resolve_edits: bool,
    /// Diagnostics may link to the page of their code.
    pub code_links: bool,
    /// `hoplens/didAnalyze` is supported.
    pub did_analyze: bool,
    /// `workspace/configuration` is answered.
    pub configuration: bool,
    /// The client reports changed settings on request.
    pub watch_settings: bool,
    /// Which text a completion may insert.
    pub insert: InsertStyle,
    /// Completions may be documented in Markdown.
    pub markdown_docs: bool,
    /// The outline of a document may be a tree.
    pub nested_symbols: bool,
    /// Document links may have a tooltip.
    pub link_tooltips: bool,
    /// The client watches files on request.
    pub watch_files: bool,
    /// Code actions may be disabled.
    pub disabled_actions: bool,
    /// Diagnostics may have related locations.
    pub related_information: bool,
    /// A definition may say which words lead to it.
    pub definition_links: bool,
    /// The client asks whether a name can be changed before it asks for a new one.
    pub prepare_rename: bool,
}

impl ClientCapabilities {
    /// Reads the parameters of `initialize`.
    pub(super) fn read(params: &lsp::InitializeParams) -> Self {
        let client = &params.capabilities;
        let workspace = client.workspace.as_ref();
        let edit = workspace.and_then(|workspace| workspace.workspace_edit.as_ref());
        // Neovim 0.11 supports both and announces neither.
        let is_neovim = params
            .client_info
            .as_ref()
            .is_some_and(|info| info.name.eq_ignore_ascii_case("neovim"));
        let creates = edit.is_some_and(|edit| {
            let operations = edit.resource_operations.as_deref().unwrap_or_default();
            operations.contains(&lsp::ResourceOperationKind::Create)
        });
        let hints = workspace.and_then(|workspace| workspace.inlay_hint.as_ref());
        let watched = workspace.and_then(|workspace| workspace.did_change_watched_files.as_ref());
        let settings = workspace.and_then(|workspace| workspace.did_change_configuration.as_ref());
        let text = client.text_document.as_ref();
        let published = text.and_then(|text| text.publish_diagnostics.as_ref());
        let actions = text.and_then(|text| text.code_action.as_ref());
        let completion = text.and_then(|text| text.completion.as_ref());
        let item = completion.and_then(|completion| completion.completion_item.as_ref());
        let window = client.window.as_ref();
        let lenses = workspace.and_then(|workspace| workspace.code_lens.as_ref());
        let own = |name: &str| {
            let experimental = client.experimental.as_ref();
            experimental
                .and_then(|own| own.get(name))
                .is_some_and(|value| value == true)
        };
        Self {
            encoding: encoding(client),
            markdown: markdown(client),
            document_changes: is_neovim
                || edit.is_some_and(|edit| edit.document_changes == Some(true)),
            create_files: is_neovim || creates,
            server_status: own("serverStatusNotification"),
            progress: window.is_some_and(|window| window.work_done_progress == Some(true)),
            refresh_hints: hints.is_some_and(|hints| hints.refresh_support == Some(true)),
            refresh_lenses: lenses.is_some_and(|lenses| lenses.refresh_support == Some(true)),
            apply_edit: workspace.is_some_and(|workspace| workspace.apply_edit == Some(true)),
            show_documents: window
                .and_then(|window| window.show_document.as_ref())
                .is_some_and(|show| show.support),
            resolve_edits: actions
                .and_then(|actions| actions.resolve_support.as_ref())
                .is_some_and(|resolve| resolve.properties.iter().any(|name| name == "edit")),
            code_links: published
                .is_some_and(|published| published.code_description_support == Some(true)),
            did_analyze: own("hoplensDidAnalyze"),
            disabled_actions: actions.is_some_and(|actions| actions.disabled_support == Some(true)),
            configuration: workspace.is_some_and(|workspace| workspace.configuration == Some(true)),
            watch_settings: settings
                .is_some_and(|settings| settings.dynamic_registration == Some(true)),
            insert: insert(item),
            markdown_docs: item
                .and_then(|item| item.documentation_format.as_deref())
                .is_some_and(|formats| formats.contains(&lsp::MarkupKind::Markdown)),
            nested_symbols: text
                .and_then(|text| text.document_symbol.as_ref())
                .is_some_and(|symbols| symbols.hierarchical_document_symbol_support == Some(true)),
            link_tooltips: text
                .and_then(|text| text.document_link.as_ref())
                .is_some_and(|links| links.tooltip_support == Some(true)),
            watch_files: watched.is_some_and(|files| files.dynamic_registration == Some(true)),
            related_information: published
                .is_some_and(|published| published.related_information == Some(true)),
            definition_links: text
                .and_then(|text| text.definition.as_ref())
                .is_some_and(|definition| definition.link_support == Some(true)),
            prepare_rename: text
                .and_then(|text| text.rename.as_ref())
                .is_some_and(|rename| rename.prepare_support == Some(true)),
        }
    }

    /// Returns the protocol's name of [`ClientCapabilities::encoding`].
    pub(super) fn encoding_kind(&self) -> lsp::PositionEncodingKind {
        match self.encoding {
            PositionEncoding::Utf8 => lsp::PositionEncodingKind::UTF8,
            PositionEncoding::Utf16 => lsp::PositionEncodingKind::UTF16,
            PositionEncoding::Utf32 => lsp::PositionEncodingKind::UTF32,
        }
    }
}

/// Returns which text a completion may insert: the lines of a snippet keep their indentation only
/// if the client supports that.
fn insert(item: Option<&lsp::CompletionItemCapability>) -> InsertStyle {
    let snippets = item.is_some_and(|item| item.snippet_support == Some(true));
    let modes = item.and_then(|item| item.insert_text_mode_support.as_ref());
    let as_is = modes.is_some_and(|modes| modes.value_set.contains(&lsp::InsertTextMode::AS_IS));
    match (snippets, as_is) {
        (false, _) => InsertStyle::Text,
        (true, false) => InsertStyle::Line,
        (true, true) => InsertStyle::Lines,
    }
}

/// Returns UTF-8 if it is offered, because it needs no conversion; else UTF-16, which every client
/// supports, before UTF-32.
fn encoding(client: &lsp::ClientCapabilities) -> PositionEncoding {
    let offered = client
        .general
        .as_ref()
        .and_then(|general| general.position_encodings.as_deref())
        .unwrap_or_default();
    let preferred = [
        (lsp::PositionEncodingKind::UTF8, PositionEncoding::Utf8),
        (lsp::PositionEncodingKind::UTF16, PositionEncoding::Utf16),
        (lsp::PositionEncodingKind::UTF32, PositionEncoding::Utf32),
    ];
    preferred
        .into_iter()
        .find(|(kind, _)| offered.contains(kind))
        .map_or(PositionEncoding::Utf16, |(_, encoding)| encoding)
}

/// Returns the rich style for VS Code's renderer, the only one that is known to draw tables.
fn markdown(client: &lsp::ClientCapabilities) -> MarkdownStyle {
    let parser = client
        .general
        .as_ref()
        .and_then(|general| general.markdown.as_ref())
        .map(|markdown| markdown.parser.as_str());
    match parser {
        Some("marked") => MarkdownStyle::Rich,
        _ => MarkdownStyle::Plain,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(params: serde_json::Value) -> ClientCapabilities {
        ClientCapabilities::read(&serde_json::from_value(params).unwrap())
    }

    #[test]
    fn the_best_offered_encoding_is_chosen() {
        let with = |offered: &[&str]| {
            read(json!({"capabilities": {"general": {"positionEncodings": offered}}})).encoding
        };
        assert_eq!(with(&["utf-16", "utf-8"]), PositionEncoding::Utf8);
        assert_eq!(with(&["utf-32", "utf-16"]), PositionEncoding::Utf16);
        assert_eq!(with(&["utf-32"]), PositionEncoding::Utf32);
        assert_eq!(with(&["latin-1"]), PositionEncoding::Utf16);
        assert_eq!(
            read(json!({"capabilities": {}})).encoding,
            PositionEncoding::Utf16
        );
    }

    #[test]
    fn neovim_supports_more_than_it_announces() {
        let neovim = read(json!({"capabilities": {}, "clientInfo": {"name": "Neovim"}}));
        assert!(neovim.document_changes && neovim.create_files);
        let other = read(json!({"capabilities": {}, "clientInfo": {"name": "Other"}}));
        assert!(!other.document_changes && !other.create_files);
    }
}
