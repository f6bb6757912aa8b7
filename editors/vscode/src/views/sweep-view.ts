import * as vscode from "vscode";

import type { SweepCell, SweepResult } from "../client/protocol";
import * as requests from "../client/requests";
import { errorMessage, isCancelled } from "../commands/errors";
import type { PromptDocuments } from "../prompt-documents";
import { requireClient } from "../server/require-client";
import type { Supervisor } from "../server/supervisor";
import { formatPercent } from "../../webview/format";
import { LatestRequest } from "./latest-request";
import type { FromWebview, ImageFormat, SweepOptions } from "./messages";
import { fileName, saveExport } from "./save-export";
import { ViewPanel } from "./view-panel";

export const SWEEP_VIEW = "hoplens.sweep";

/** The case that is swept: by its id, else the first one of the file. */
export interface SweepTarget {
    uri: string;
    case?: string;
    memory?: string;
}

const STALE_NOTICE = "The prompt changed after this was measured.";

/** The view that shows what a memory does at each layer and magnitude. */
export class SweepView implements vscode.Disposable {
    private panel: ViewPanel | undefined;
    private target: SweepTarget | undefined;
    private document: SweepResult | undefined;
    private options: SweepOptions = { memory: undefined, encoding: "embed", scope: "all" };
    private isStale = false;
    private staleNotice = STALE_NOTICE;
    private readonly request = new LatestRequest();
    private readonly subscription: vscode.Disposable;

    constructor(
        private readonly extensionUri: vscode.Uri,
        private readonly supervisor: Supervisor,
        private readonly prompts: PromptDocuments,
    ) {
        this.subscription = vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
            if (contentChanges.length > 0 && document.uri.toString() === this.target?.uri) {
                this.markStale();
            }
        });
    }

    get isActive(): boolean {
        return this.panel?.isActive ?? false;
    }

    get isOpen(): boolean {
        return this.panel !== undefined;
    }

    open(target: SweepTarget): void {
        if (target.uri !== this.target?.uri || target.case !== this.target.case) {
            this.document = undefined;
            this.options = { ...this.options, memory: undefined };
        }
        this.target = target;
        if (target.memory !== undefined) {
            this.options = { ...this.options, memory: target.memory };
        }
        if (this.panel === undefined) {
            const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
            this.attachPanel(vscode.window.createWebviewPanel(SWEEP_VIEW, "Sweep", column));
        } else {
            this.panel.reveal();
        }
        void this.measure();
    }

    /** Takes over a panel of an earlier session. It measures only when the user asks for it. */
    restore(panel: vscode.WebviewPanel): void {
        this.attachPanel(panel);
        const editor = this.prompts.editor();
        if (editor !== undefined) {
            this.target = { uri: editor.document.uri.toString() };
        }
        this.panel?.post({ type: "failed", message: "Nothing measured yet." });
    }

    export(format: ImageFormat): void {
        this.panel?.post({ type: "export", format });
    }

    dispose(): void {
        this.request.dispose();
        this.subscription.dispose();
        this.panel?.dispose();
    }

    private attachPanel(panel: vscode.WebviewPanel): void {
        this.panel = new ViewPanel(panel, {
            extensionUri: this.extensionUri,
            script: "sweep.js",
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

    private markStale(): void {
        if (this.document !== undefined && !this.isStale) {
            this.isStale = true;
            this.panel?.post({ type: "stale", message: this.staleNotice });
        }
    }

    /** Shows a message above the map. */
    private notify(message: string): void {
        this.panel?.post({ type: this.isStale ? "stale" : "notice", message });
    }

    private async measure(): Promise<void> {
        const target = this.target ?? this.activeTarget();
        if (target === undefined) {
            this.panel?.post({ type: "failed", message: "Open a prompt file first." });
            return;
        }
        this.target = target;
        const { memory, encoding, scope } = this.options;
        this.panel?.post({ type: "busy", message: "Measuring the memory in each layer…" });
        try {
            const client = await requireClient(this.supervisor);
            const params = { uri: target.uri, case: target.case, memory, encoding, scope };
            const document = await this.request.run((token) =>
                requests.sweep(client, params, token),
            );
            if (document === undefined) {
                return;
            }
            this.document = document;
            this.options = { ...this.options, memory: document.memory };
            this.isStale = false;
            this.staleNotice = STALE_NOTICE;
            this.show();
        } catch (error) {
            const message = isCancelled(error) ? "Cancelled." : errorMessage(error);
            this.panel?.post({ type: "failed", message });
        }
    }

    private activeTarget(): SweepTarget | undefined {
        const editor = this.prompts.editor();
        return editor === undefined ? undefined : { uri: editor.document.uri.toString() };
    }

    private show(): void {
        if (this.document === undefined || this.panel === undefined) {
            return;
        }
        const file = fileName(this.document.uri);
        this.panel.title = `Sweep: ${file}`;
        this.panel.post({ type: "sweep", document: this.document, options: this.options, file });
        if (this.isStale) {
            this.panel.post({ type: "stale", message: this.staleNotice });
        }
    }

    private async onMessage(message: FromWebview): Promise<void> {
        switch (message.type) {
            case "ready":
                this.show();
                break;
            case "refresh":
                await this.measure();
                break;
            case "cancel":
                this.request.cancel();
                this.panel?.post({ type: "failed", message: "Cancelled." });
                break;
            case "setSweepOptions":
                this.options = message.options;
                await this.measure();
                break;
            case "inject":
                await this.inject(message.cell);
                break;
            case "save":
                await saveExport(
                    vscode.Uri.parse(this.document?.uri ?? ""),
                    "sweep",
                    message.format,
                    Buffer.from(message.base64, "base64"),
                );
                break;
            case "setHeadsOptions":
            case "revealToken":
                break;
        }
    }

    /** Inserts the injection of a cell into the prompt file. */
    private async inject(cell: SweepCell): Promise<void> {
        if (this.document === undefined) {
            return;
        }
        const { uri, case: id, memory } = this.document;
        const { encoding, layer, tau, scope } = cell;
        try {
            const client = await requireClient(this.supervisor);
            this.notify("Measuring this injection…");
            const params = { uri, case: id, memory, encoding, layer, tau, scope };
            const { before, after } = await requests.inject(client, params);
            const change = `${formatPercent(before)} → ${formatPercent(after)}`;
            // The edit arrives later and marks the map stale; this message must stay.
            this.staleNotice = `Inserted layer ${layer}, τ ${tau}: ${change}. Undo in the editor removes it. The map shows the prompt before the injection.`;
            this.notify(this.staleNotice);
        } catch (error) {
            this.notify(`The injection was not inserted: ${errorMessage(error)}`);
        }
    }
}
