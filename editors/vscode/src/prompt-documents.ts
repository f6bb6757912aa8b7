import * as vscode from "vscode";

import { isPromptLanguage } from "./selector";

/** Knows which open documents are prompts: by their language, or because the server analysed them. */
export class PromptDocuments {
    private readonly analysedUris = new Set<string>();

    add(uri: string): void {
        this.analysedUris.add(uri);
    }

    has(document: vscode.TextDocument): boolean {
        return isPromptLanguage(document) || this.analysedUris.has(document.uri.toString());
    }

    /** Returns the prompt editor that a command applies to: the active one, else a visible one. */
    editor(): vscode.TextEditor | undefined {
        const active = vscode.window.activeTextEditor;
        if (active !== undefined && this.has(active.document)) {
            return active;
        }
        return vscode.window.visibleTextEditors.find(({ document }) => this.has(document));
    }
}
