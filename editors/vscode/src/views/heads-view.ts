import * as vscode from "vscode";

import type { HeadsResult } from "../client/protocol";
import * as requests from "../client/requests";
import { errorMessage, isCancelled } from "../commands/errors";
import type { PromptDocuments } from "../prompt-documents";
import type { Supervisor } from "../server/supervisor";
import { DocumentPanel } from "./document-panel";
import type { FromWebview, HeadsOptions, ImageFormat } from "./messages";
import { revealRange } from "./reveal-range";

export const HEADS_VIEW = "hoplens.heads";

/** How long the cursor must rest before the heads at its token are read. */
const CURSOR_DELAY_MS = 150;

/** The token whose heads are shown: at a position, else at the end of a case's prompt. */
export interface HeadsTarget {
    uri: string;
    position?: vscode.Position;
    case?: string;
}

/** The view that shows the map of heads for the token at the cursor. */
export class HeadsView implements vscode.Disposable {
    private readonly panel: DocumentPanel<HeadsResult>;
    private target: HeadsTarget | undefined;
    private options: HeadsOptions = { ablate: "none", followCursor: true };
    private readonly subscriptions: vscode.Disposable[];
    private timer: NodeJS.Timeout | undefined;

    constructor(
        extensionUri: vscode.Uri,
        supervisor: Supervisor,
        private readonly prompts: PromptDocuments,
    ) {
        this.panel = new DocumentPanel({
            extensionUri,
            supervisor,
            viewType: HEADS_VIEW,
            title: "Heads",
            name: "heads",
            render: (document, file) => [
                { type: "heads", document, options: this.options, file },
            ],
            refresh: () => this.readHeads(),
            onMessage: (message) => this.onMessage(message),
        });
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
        return this.panel.isActive;
    }

    get isOpen(): boolean {
        return this.panel.isOpen;
    }

    open(target: HeadsTarget): void {
        this.target = target;
        this.panel.open();
        void this.readHeads();
    }

    /** Takes over a panel of an earlier session and shows the open prompt. */
    restore(panel: vscode.WebviewPanel): void {
        this.panel.attach(panel);
        const editor = this.prompts.editor();
        if (editor !== undefined) {
            this.target = cursorTarget(editor);
            void this.readHeads();
        }
    }

    /** Reads the heads again after the server analysed a prompt. */
    onDidAnalyze(uri: string): void {
        if (uri === this.target?.uri) {
            this.refreshSoon();
        } else if (this.target === undefined) {
            this.follow(vscode.window.activeTextEditor);
        }
    }

    /** Reads the heads of the same target again. */
    refresh(): void {
        if (this.panel.isOpen) {
            void this.readHeads();
        }
    }

    export(format: ImageFormat): void {
        this.panel.export(format);
    }

    dispose(): void {
        clearTimeout(this.timer);
        this.panel.dispose();
        for (const subscription of this.subscriptions) {
            subscription.dispose();
        }
    }

    private follow(editor: vscode.TextEditor | undefined): void {
        if (!this.panel.isOpen || !this.options.followCursor || editor === undefined) {
            return;
        }
        if (this.prompts.has(editor.document)) {
            this.target = cursorTarget(editor);
            this.refreshSoon();
        }
    }

    private refreshSoon(): void {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => {
            this.refresh();
        }, CURSOR_DELAY_MS);
    }

    private async readHeads(): Promise<void> {
        const { target } = this;
        if (target === undefined) {
            return;
        }
        const { uri, position } = target;
        try {
            const document = await this.panel.read("Reading the heads…", (client, token) => {
                const params = {
                    uri,
                    case: target.case,
                    ablate: this.options.ablate,
                    position: position && { line: position.line, character: position.character },
                };
                return requests.heads(client, params, token);
            });
            if (document !== undefined) {
                this.panel.show();
            }
        } catch (error) {
            // After an edit the server cancels the request; `onDidAnalyze` then starts a new one.
            if (!isCancelled(error)) {
                this.panel.post({ type: "failed", message: errorMessage(error) });
            }
        }
    }

    private async onMessage(message: FromWebview): Promise<void> {
        if (message.type === "setHeadsOptions") {
            this.options = message.options;
            await this.readHeads();
        } else if (message.type === "revealToken") {
            await this.revealToken(message.token);
        }
    }

    /** Selects a token of the prompt in the editor. */
    private async revealToken(token: number): Promise<void> {
        const { document } = this.panel;
        const range = document?.ranges[token];
        if (document === undefined || range === undefined || range === null) {
            return;
        }
        await revealRange(document.uri, range);
    }
}

function cursorTarget(editor: vscode.TextEditor): HeadsTarget {
    return { uri: editor.document.uri.toString(), position: editor.selection.active };
}
