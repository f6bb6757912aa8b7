import * as vscode from "vscode";
import type { Range } from "vscode-languageserver-types";

/** Selects a range in the editor of a file; the selection ends at the range's start. */
export async function revealRange(file: string, { start, end }: Range): Promise<void> {
    // A cursor at the end would be on what follows.
    const selection = new vscode.Selection(
        new vscode.Position(end.line, end.character),
        new vscode.Position(start.line, start.character),
    );
    const uri = vscode.Uri.parse(file);
    const open = vscode.window.visibleTextEditors.find(
        ({ document: shown }) => shown.uri.toString() === uri.toString(),
    );
    const editor = await vscode.window.showTextDocument(uri, {
        preserveFocus: true,
        viewColumn: open?.viewColumn ?? vscode.ViewColumn.One,
    });
    editor.selection = selection;
    editor.revealRange(editor.selection);
}
