import * as vscode from "vscode";

const SAMPLES = [
    { file: "reef.prompt", label: "A lost hop", detail: "The model knows the reef and the country, and does not get from one to the other." },
    { file: "louvre.prompt", label: "An unknown hop", detail: "The model does not know what is meant." },
    { file: "chat.prompt", label: "A chat", detail: "Messages with roles, read in the model's own chat template." },
];

/** Opens one of the bundled prompts as an unsaved document, so that it can be edited at will. */
export async function openSample(extensionUri: vscode.Uri, name: unknown): Promise<void> {
    const file = typeof name === "string" ? name : (await pick())?.file;
    if (file === undefined) {
        return;
    }
    const uri = vscode.Uri.joinPath(extensionUri, "dist", "samples", file);
    const content = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
    const document = await vscode.workspace.openTextDocument({ language: "dotprompt", content });
    await vscode.window.showTextDocument(document);
}

function pick(): Thenable<(typeof SAMPLES)[number] | undefined> {
    return vscode.window.showQuickPick(SAMPLES, { title: "Which sample?", matchOnDetail: true });
}
