import * as vscode from "vscode";

import type { HeadsResult } from "../client/protocol";
import * as requests from "../client/requests";
import { errorMessage, isCancelled } from "../commands/errors";
import type { PromptDocuments } from "../prompt-documents";
import { requireClient } from "../server/require-client";
import type { Supervisor } from "../server/supervisor";
import { LatestRequest } from "./latest-request";
import type { FromWebview, HeadsOptions, ImageFormat } from "./messages";
import { fileName, saveExport } from "./save-export";
import { ViewPanel } from "./view-panel";

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
    private panel: ViewPanel | undefined;
    private target: HeadsTarget | undefined;
    private document: HeadsResult | undefined;
    private options: HeadsOptions = { ablate: "none", followCursor: true };
    private readonly request = new LatestRequest();
    private readonly subscriptions: vscode.Disposable[];
    private timer: NodeJS.Timeout | undefined;

    constructor(
        private readonly extensionUri: vscode.Uri,
        private readonly supervisor: Supervisor,
        private readonly prompts: PromptDocuments,
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

    open(target: HeadsTarget): void {
        this.target = target;
        if (this.panel === undefined) {
            const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
            this.attachPanel(vscode.window.createWebviewPanel(HEADS_VIEW, "Heads", column));
        } else {
            this.panel.reveal();
        }
        void this.readHeads();
    }

    /** Takes over a panel of an earlier session and shows the open prompt. */
    restore(panel: vscode.WebviewPanel): void {
        this.attachPanel(panel);
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
        if (this.panel !== undefined && this.target !== undefined) {
            void this.readHeads();
        }
    }

    export(format: ImageFormat): void {
        this.panel?.post({ type: "export", format });
    }

    dispose(): void {
        clearTimeout(this.timer);
        this.request.dispose();
        this.panel?.dispose();
        for (const subscription of this.subscriptions) {
            subscription.dispose();
        }
    }

    private attachPanel(panel: vscode.WebviewPanel): void {
        this.panel = new ViewPanel(panel, {
            extensionUri: this.extensionUri,
            script: "heads.js",
            onMessage: (message) => {
                void this.onMessage(message);
            },
            onClose: () => {
                this.panel = undefined;
                this.document = undefined;
                this.request.cancel();
            },
        });
    }

    private follow(editor: vscode.TextEditor | undefined): void {
        if (this.panel === undefined || !this.options.followCursor || editor === undefined) {
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
        this.panel?.post({ type: "busy", message: "Reading the heads…" });
        try {
            const client = await requireClient(this.supervisor);
            const { uri, position } = target;
            const params = {
                uri,
                case: target.case,
                ablate: this.options.ablate,
                position: position && { line: position.line, character: position.character },
            };
            const document = await this.request.run((token) =>
                requests.heads(client, params, token),
            );
            if (document !== undefined) {
                this.document = document;
                this.show();
            }
        } catch (error) {
            // After an edit the server cancels the request; `onDidAnalyze` then starts a new one.
            if (!isCancelled(error)) {
                this.panel?.post({ type: "failed", message: errorMessage(error) });
            }
        }
    }

    private show(): void {
        if (this.document === undefined || this.panel === undefined) {
            return;
        }
        const file = fileName(this.document.uri);
        this.panel.title = `Heads: ${file}`;
        this.panel.post({ type: "heads", document: this.document, options: this.options, file });
    }

    private async onMessage(message: FromWebview): Promise<void> {
        switch (message.type) {
            case "ready":
                this.show();
                break;
            case "refresh":
                this.refresh();
                break;
            case "cancel":
                this.request.cancel();
                this.panel?.post({ type: "failed", message: "Cancelled." });
                break;
            case "setHeadsOptions":
                this.options = message.options;
                this.refresh();
                break;
            case "revealToken":
                await this.revealToken(message.token);
                break;
            case "save":
                await saveExport(
                    vscode.Uri.parse(this.document?.uri ?? ""),
                    "heads",
                    message.format,
                    Buffer.from(message.base64, "base64"),
                );
                break;
            case "setSweepOptions":
            case "inject":
                break;
        }
    }

    /** Selects a token of the prompt in the editor. */
    private async revealToken(token: number): Promise<void> {
        const range = this.document?.ranges[token];
        if (this.document === undefined || range === undefined || range === null) {
            return;
        }
        const { start, end } = range;
        // The selection ends at the token's start: a cursor at its end would be on the next token.
        const selection = new vscode.Selection(
            new vscode.Position(end.line, end.character),
            new vscode.Position(start.line, start.character),
        );
        const uri = vscode.Uri.parse(this.document.uri);
        const open = vscode.window.visibleTextEditors.find(
            ({ document }) => document.uri.toString() === uri.toString(),
        );
        const editor = await vscode.window.showTextDocument(uri, {
            preserveFocus: true,
            viewColumn: open?.viewColumn ?? vscode.ViewColumn.One,
        });
        editor.selection = selection;
        editor.revealRange(editor.selection);
    }
}

function cursorTarget(editor: vscode.TextEditor): HeadsTarget {
    return { uri: editor.document.uri.toString(), position: editor.selection.active };
}
