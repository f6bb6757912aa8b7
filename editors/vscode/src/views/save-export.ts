import * as vscode from "vscode";

import type { ImageFormat } from "./messages";

const FILTER_NAMES: Record<ImageFormat, string> = {
    svg: "Picture (SVG)",
    png: "Picture (PNG)",
    json: "Data (JSON)",
};

/** Asks for a file name and writes a picture or its data there. `view` is part of the proposal. */
export async function saveExport(
    prompt: vscode.Uri,
    view: string,
    format: ImageFormat,
    content: Uint8Array,
): Promise<void> {
    const target = await vscode.window.showSaveDialog({
        defaultUri: proposedUri(prompt, view, format),
        filters: { [FILTER_NAMES[format]]: [format] },
        title: `Save the ${view}`,
    });
    if (target === undefined) {
        return;
    }
    await vscode.workspace.fs.writeFile(target, content);
    vscode.window.setStatusBarMessage(`$(check) Saved ${target.fsPath}`, 4000);
}

/** Proposes the folder of the prompt file, else the workspace folder. */
function proposedUri(prompt: vscode.Uri, view: string, format: ImageFormat): vscode.Uri {
    const name = prompt.path.split("/").at(-1) ?? "";
    const file = `${name.split(".", 1)[0] ?? "prompt"}-${view}.${format}`;
    if (prompt.scheme === "file") {
        return vscode.Uri.joinPath(prompt, "..", file);
    }
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    return folder === undefined ? vscode.Uri.file(file) : vscode.Uri.joinPath(folder, file);
}

/** The last component of a document's path. */
export function fileName(uri: string): string {
    return vscode.Uri.parse(uri).path.split("/").at(-1) ?? uri;
}
