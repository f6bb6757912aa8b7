import * as vscode from "vscode";

import type { HeadsDocument } from "../client/protocol";
import * as requests from "../client/requests";
import { isCancelled, needClient, reasonOf, type Prompts } from "../commands/context";
import type { Supervisor } from "../server/supervisor";
import { Asking } from "./asking";
import type { FromView, HeadsChoice, ImageFormat } from "./messages";
import { Panel } from "./panel";
import { save } from "./save";

export const HEADS_VIEW = "hoplens.heads";

/** How long the cursor rests before the heads at it are read. */
const REST_MS = 150;

/** Where heads are read. */
export interface HeadsPlace {
    uri: string;
    position?: vscode.Position;
    case?: string;
}

/** The map of heads at the cursor's token. */
export class HeadsView implements vscode.Disposable {
    private panel: Panel | undefined;
    private place: HeadsPlace | undefined;
    private document: HeadsDocument | undefined;
    private choice: HeadsChoice = { ablate: "none", follow: true };
    private readonly asking = new Asking();
    private readonly subscriptions: vscode.Disposable[];
    private timer: NodeJS.Timeout | undefined;

    constructor(
        private readonly extensionUri: vscode.Uri,
        private readonly supervisor: Supervisor,
        private readonly prompts: Prompts,
    ) {
        this.subscriptions = [
            vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => {
                this.follow(textEditor);
            }),
            vscode.window.onDidChangeActiveTextEditor((editor) => {
                this.follow(editor);
            }),
        ];
    }

    get isActive(): boolean {
        return this.panel?.isActive ?? false;
    }

    get isOpen(): boolean {
        return this.panel !== undefined;
    }

    /** Shows the heads at a place. */
    open(place: HeadsPlace): void {
        this.place = place;
        if (this.panel === undefined) {
            const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
            this.adopt(vscode.window.createWebviewPanel(HEADS_VIEW, "Heads", column));
        } else {
            this.panel.reveal();
        }
        void this.read();
    }

    /** Takes over a panel that VS Code kept; it shows the prompt that is open. */
    restore(panel: vscode.WebviewPanel): void {
        this.adopt(panel);
        const editor = this.prompts.editor();
        if (editor !== undefined) {
            this.place = placeOf(editor);
            void this.read();
        }
    }

    /** Something new is known of a prompt. */
    hearAnalysis(uri: string): void {
        if (uri === this.place?.uri) {
            this.readSoon();
        } else if (this.place === undefined) {
            this.follow(vscode.window.activeTextEditor);
        }
    }

    /** Reads again, at the same place. */
    again(): void {
        if (this.panel !== undefined && this.place !== undefined) {
            void this.read();
        }
    }

    export(format: ImageFormat): void {
        this.panel?.post({ type: "export", format });
    }

    dispose(): void {
        clearTimeout(this.timer);
        this.asking.dispose();
        this.panel?.dispose();
        for (const subscription of this.subscriptions) {
            subscription.dispose();
        }
    }

    private adopt(panel: vscode.WebviewPanel): void {
        const hear = (message: FromView): void => {
            void this.hear(message);
        };
        this.panel = new Panel(panel, this.extensionUri, "heads.js", hear, () => {
            this.panel = undefined;
            this.document = undefined;
            this.asking.cancel();
        });
    }

    private follow(editor: vscode.TextEditor | undefined): void {
        if (this.panel === undefined || !this.choice.follow || editor === undefined) {
            return;
        }
        if (this.prompts.has(editor.document)) {
            this.place = placeOf(editor);
            this.readSoon();
        }
    }

    private readSoon(): void {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => {
            this.again();
        }, REST_MS);
    }

    private async read(): Promise<void> {
        const { place } = this;
        if (place === undefined) {
            return;
        }
        this.panel?.post({ type: "busy", what: "Reading the heads…" });
        try {
            const client = await needClient(this.supervisor);
            const { uri, position } = place;
            const argument = {
                uri,
                case: place.case,
                ablate: this.choice.ablate,
                position: position && { line: position.line, character: position.character },
            };
            const document = await this.asking.ask((token) =>
                requests.heads(client, argument, token),
            );
            if (document !== undefined) {
                this.document = document;
                this.show();
            }
        } catch (error) {
            // Overtaken by an edit: the findings of the new text bring the next reading.
            if (!isCancelled(error)) {
                this.panel?.post({ type: "failed", message: reasonOf(error) });
            }
        }
    }

    private show(): void {
        if (this.document === undefined || this.panel === undefined) {
            return;
        }
        const file = nameOf(this.document.uri);
        this.panel.title = `Heads: ${file}`;
        this.panel.post({ type: "heads", document: this.document, choice: this.choice, file });
    }

    private async hear(message: FromView): Promise<void> {
        switch (message.type) {
            case "ready":
                this.show();
                break;
            case "again":
                this.again();
                break;
            case "cancel":
                this.asking.cancel();
                this.panel?.post({ type: "failed", message: "The reading was ended." });
                break;
            case "headsChoice":
                this.choice = message.choice;
                this.again();
                break;
            case "reveal":
                await this.reveal(message.token);
                break;
            case "save":
                await save(
                    vscode.Uri.parse(this.document?.uri ?? ""),
                    "heads",
                    message.format,
                    Buffer.from(message.base64, "base64"),
                );
                break;
            case "sweepChoice":
            case "inject":
                break;
        }
    }

    /** Moves the cursor to a token of the prompt. */
    private async reveal(token: number): Promise<void> {
        const range = this.document?.ranges[token];
        if (this.document === undefined || range === undefined || range === null) {
            return;
        }
        const { start, end } = range;
        // The cursor goes to the front: at the back it would stand at the next token.
        const [front, back] = [start, end].map(
            ({ line, character }) => new vscode.Position(line, character),
        ) as [vscode.Position, vscode.Position];
        const uri = vscode.Uri.parse(this.document.uri);
        const open = vscode.window.visibleTextEditors.find(
            ({ document }) => document.uri.toString() === uri.toString(),
        );
        const viewColumn = open?.viewColumn ?? vscode.ViewColumn.One;
        const editor = await vscode.window.showTextDocument(uri, {
            preserveFocus: true,
            viewColumn,
        });
        editor.selection = new vscode.Selection(back, front);
        editor.revealRange(editor.selection);
    }
}

function placeOf(editor: vscode.TextEditor): HeadsPlace {
    return { uri: editor.document.uri.toString(), position: editor.selection.active };
}

/** A document's name without its folders. */
export function nameOf(uri: string): string {
    return vscode.Uri.parse(uri).path.split("/").at(-1) ?? uri;
}
