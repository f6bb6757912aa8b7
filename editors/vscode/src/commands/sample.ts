import * as vscode from "vscode";

const SAMPLES = [
    {
        file: "reef.prompt",
        label: "A lost hop",
        detail: "The model knows the reef and knows the country, but does not get from one to the other.",
    },
    {
        file: "louvre.prompt",
        label: "An unknown hop",
        detail: "The model does not know what the description refers to.",
    },
    {
        file: "chat.prompt",
        label: "A chat",
        detail: "Messages with roles, rendered with the model's own chat template.",
    },
];

/** Opens a bundled prompt as an unsaved document that the user can edit freely. */
export async function openSample(extensionUri: vscode.Uri, name: unknown): Promise<void> {
    const file = typeof name === "string" ? name : (await pickSample())?.file;
    if (file === undefined) {
        return;
    }
    const uri = vscode.Uri.joinPath(extensionUri, "dist", "samples", file);
    const content = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
    const document = await vscode.workspace.openTextDocument({ language: "dotprompt", content });
    await vscode.window.showTextDocument(document);
}

function pickSample(): Thenable<(typeof SAMPLES)[number] | undefined> {
    return vscode.window.showQuickPick(SAMPLES, { title: "Open which sample?", matchOnDetail: true });
}
