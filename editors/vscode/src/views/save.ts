import * as vscode from "vscode";

import type { ImageFormat } from "./messages";

const KIND: Record<ImageFormat, string> = {
    svg: "Picture (SVG)",
    png: "Picture (PNG)",
    json: "Data (JSON)",
};

/** Asks where a picture or its data go, and writes them there. */
export async function save(
    prompt: vscode.Uri,
    what: string,
    format: ImageFormat,
    content: Uint8Array,
): Promise<void> {
    const to = await vscode.window.showSaveDialog({
        defaultUri: proposal(prompt, what, format),
        filters: { [KIND[format]]: [format] },
        title: `Save the ${what}`,
    });
    if (to === undefined) {
        return;
    }
    await vscode.workspace.fs.writeFile(to, content);
    vscode.window.setStatusBarMessage(`$(check) Saved ${to.fsPath}`, 4000);
}

/** Beside the prompt where it is a file, else in the folder. */
function proposal(prompt: vscode.Uri, what: string, format: ImageFormat): vscode.Uri {
    const name = prompt.path.split("/").at(-1) ?? "";
    const file = `${name.split(".", 1)[0] ?? "prompt"}-${what}.${format}`;
    if (prompt.scheme === "file") {
        return vscode.Uri.joinPath(prompt, "..", file);
    }
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    return folder === undefined ? vscode.Uri.file(file) : vscode.Uri.joinPath(folder, file);
}
