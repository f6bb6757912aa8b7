import * as vscode from "vscode";

import type { SweepCell, SweepResult } from "../client/protocol";
import * as requests from "../client/requests";
import { errorMessage, isCancelled } from "../commands/errors";
import type { PromptDocuments } from "../prompt-documents";
import { requireClient } from "../server/require-client";
import type { Supervisor } from "../server/supervisor";
import { formatPercent } from "../../webview/format";
import { DocumentPanel } from "./document-panel";
import type { FromWebview, ImageFormat, SweepOptions, ToWebview } from "./messages";

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
    private readonly panel: DocumentPanel<SweepResult>;
    private target: SweepTarget | undefined;
    private options: SweepOptions = { memory: undefined, encoding: "embed", scope: "all" };
    private isStale = false;
    private staleNotice = STALE_NOTICE;
    private readonly subscription: vscode.Disposable;

    constructor(
        extensionUri: vscode.Uri,
        private readonly supervisor: Supervisor,
        private readonly prompts: PromptDocuments,
    ) {
        this.panel = new DocumentPanel({
            extensionUri,
            supervisor,
            viewType: SWEEP_VIEW,
            title: "Sweep",
            name: "sweep",
            render: (document, file) => this.render(document, file),
            refresh: () => this.measure(),
            onMessage: (message) => this.onMessage(message),
        });
        this.subscription = vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
            if (contentChanges.length > 0 && document.uri.toString() === this.target?.uri) {
                this.markStale();
            }
        });
    }

    get isActive(): boolean {
        return this.panel.isActive;
    }

    get isOpen(): boolean {
        return this.panel.isOpen;
    }

    open(target: SweepTarget): void {
        if (target.uri !== this.target?.uri || target.case !== this.target.case) {
            this.panel.forget();
            this.options = { ...this.options, memory: undefined };
        }
        this.target = target;
        if (target.memory !== undefined) {
            this.options = { ...this.options, memory: target.memory };
        }
        this.panel.open();
        void this.measure();
    }

    /** Takes over a panel of an earlier session. It measures only when the user asks for it. */
    restore(panel: vscode.WebviewPanel): void {
        this.panel.attach(panel);
        const editor = this.prompts.editor();
        if (editor !== undefined) {
            this.target = { uri: editor.document.uri.toString() };
        }
        this.panel.post({ type: "failed", message: "Nothing measured yet." });
    }

    export(format: ImageFormat): void {
        this.panel.export(format);
    }

    dispose(): void {
        this.subscription.dispose();
        this.panel.dispose();
    }

    private markStale(): void {
        if (this.panel.document !== undefined && !this.isStale) {
            this.isStale = true;
            this.panel.post({ type: "stale", message: this.staleNotice });
        }
    }

    /** Shows a message above the map. */
    private notify(message: string): void {
        this.panel.post({ type: this.isStale ? "stale" : "notice", message });
    }

    private async measure(): Promise<void> {
        const target = this.target ?? this.activeTarget();
        if (target === undefined) {
            this.panel.post({ type: "failed", message: "Open a prompt file first." });
            return;
        }
        this.target = target;
        const { memory, encoding, scope } = this.options;
        try {
            const document = await this.panel.read(
                "Measuring the memory in each layer…",
                (client, token) => {
                    const params = { uri: target.uri, case: target.case, memory, encoding, scope };
                    return requests.sweep(client, params, token);
                },
            );
            if (document === undefined) {
                return;
            }
            this.options = { ...this.options, memory: document.memory };
            this.isStale = false;
            this.staleNotice = STALE_NOTICE;
            this.panel.show();
        } catch (error) {
            const message = isCancelled(error) ? "Cancelled." : errorMessage(error);
            this.panel.post({ type: "failed", message });
        }
    }

    private activeTarget(): SweepTarget | undefined {
        const editor = this.prompts.editor();
        return editor === undefined ? undefined : { uri: editor.document.uri.toString() };
    }

    private render(document: SweepResult, file: string): ToWebview[] {
        const shown: ToWebview = { type: "sweep", document, options: this.options, file };
        return this.isStale ? [shown, { type: "stale", message: this.staleNotice }] : [shown];
    }

    private async onMessage(message: FromWebview): Promise<void> {
        if (message.type === "setSweepOptions") {
            this.options = message.options;
            await this.measure();
        } else if (message.type === "inject") {
            await this.inject(message.cell);
        }
    }

    /** Inserts the injection of a cell into the prompt file. */
    private async inject(cell: SweepCell): Promise<void> {
        const { document } = this.panel;
        if (document === undefined) {
            return;
        }
        const { uri, case: id, memory } = document;
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
