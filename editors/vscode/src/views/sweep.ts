import * as vscode from "vscode";

import type { SweepCell, SweepDocument } from "../client/protocol";
import * as requests from "../client/requests";
import { isCancelled, needClient, reasonOf, type Prompts } from "../commands/context";
import type { Supervisor } from "../server/supervisor";
import { Asking } from "./asking";
import { nameOf } from "./heads";
import type { FromView, ImageFormat, SweepChoice } from "./messages";
import { Panel } from "./panel";
import { save } from "./save";

export const SWEEP_VIEW = "hoplens.sweep";

/** Whose prompt is swept. */
export interface SweepPlace {
    uri: string;
    case?: string;
    memory?: string;
}

function percent(p: number): string {
    return `${(100 * p).toPrecision(3)} %`;
}

const STALE = "The prompt changed since this was measured.";

/** The map of what a memory does at each layer and magnitude. */
export class SweepView implements vscode.Disposable {
    private panel: Panel | undefined;
    private place: SweepPlace | undefined;
    private document: SweepDocument | undefined;
    private choice: SweepChoice = { memory: undefined, encoding: "embed", scope: "all" };
    private isStale = false;
    /** What is said of a map that is stale. */
    private stale = STALE;
    private readonly asking = new Asking();
    private readonly subscription: vscode.Disposable;

    constructor(
        private readonly extensionUri: vscode.Uri,
        private readonly supervisor: Supervisor,
        private readonly prompts: Prompts,
    ) {
        this.subscription = vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
            if (contentChanges.length > 0 && document.uri.toString() === this.place?.uri) {
                this.becomeStale();
            }
        });
    }

    get isActive(): boolean {
        return this.panel?.isActive ?? false;
    }

    get isOpen(): boolean {
        return this.panel !== undefined;
    }

    /** Measures a sweep and shows it. */
    open(place: SweepPlace): void {
        if (place.uri !== this.place?.uri || place.case !== this.place.case) {
            this.document = undefined;
            this.choice = { ...this.choice, memory: undefined };
        }
        this.place = place;
        if (place.memory !== undefined) {
            this.choice = { ...this.choice, memory: place.memory };
        }
        if (this.panel === undefined) {
            const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
            this.adopt(vscode.window.createWebviewPanel(SWEEP_VIEW, "Sweep", column));
        } else {
            this.panel.reveal();
        }
        void this.measure();
    }

    /** Takes over a panel that VS Code kept. Nothing is measured until the person asks for it. */
    restore(panel: vscode.WebviewPanel): void {
        this.adopt(panel);
        const editor = this.prompts.editor();
        if (editor !== undefined) {
            this.place = { uri: editor.document.uri.toString() };
        }
        this.panel?.post({ type: "failed", message: "Nothing is measured yet." });
    }

    export(format: ImageFormat): void {
        this.panel?.post({ type: "export", format });
    }

    dispose(): void {
        this.asking.dispose();
        this.subscription.dispose();
        this.panel?.dispose();
    }

    private adopt(panel: vscode.WebviewPanel): void {
        const hear = (message: FromView): void => {
            void this.hear(message);
        };
        this.panel = new Panel(panel, this.extensionUri, "sweep.js", hear, () => {
            this.panel = undefined;
            this.document = undefined;
            this.asking.cancel();
        });
    }

    private becomeStale(): void {
        if (this.document !== undefined && !this.isStale) {
            this.isStale = true;
            this.panel?.post({ type: "stale", message: this.stale });
        }
    }

    /** Says something beside the map. */
    private tell(message: string): void {
        this.panel?.post({ type: this.isStale ? "stale" : "notice", message });
    }

    private async measure(): Promise<void> {
        const place = this.place ?? this.openPlace();
        if (place === undefined) {
            this.panel?.post({ type: "failed", message: "Open a prompt file first." });
            return;
        }
        this.place = place;
        const { memory, encoding, scope } = this.choice;
        this.panel?.post({ type: "busy", what: "Measuring what the memory does in each layer…" });
        try {
            const client = await needClient(this.supervisor);
            const argument = { uri: place.uri, case: place.case, memory, encoding, scope };
            const document = await this.asking.ask((token) =>
                requests.sweep(client, argument, token),
            );
            if (document === undefined) {
                return;
            }
            this.document = document;
            this.choice = { ...this.choice, memory: document.memory };
            this.isStale = false;
            this.stale = STALE;
            this.show();
        } catch (error) {
            const message = isCancelled(error) ? "The measurement was ended." : reasonOf(error);
            this.panel?.post({ type: "failed", message });
        }
    }

    private openPlace(): SweepPlace | undefined {
        const editor = this.prompts.editor();
        return editor === undefined ? undefined : { uri: editor.document.uri.toString() };
    }

    private show(): void {
        if (this.document === undefined || this.panel === undefined) {
            return;
        }
        const file = nameOf(this.document.uri);
        this.panel.title = `Sweep: ${file}`;
        this.panel.post({ type: "sweep", document: this.document, choice: this.choice, file });
        if (this.isStale) {
            this.panel.post({ type: "stale", message: this.stale });
        }
    }

    private async hear(message: FromView): Promise<void> {
        switch (message.type) {
            case "ready":
                this.show();
                break;
            case "again":
                await this.measure();
                break;
            case "cancel":
                this.asking.cancel();
                this.panel?.post({ type: "failed", message: "The measurement was ended." });
                break;
            case "sweepChoice":
                this.choice = message.choice;
                await this.measure();
                break;
            case "inject":
                await this.inject(message.cell);
                break;
            case "save":
                await save(
                    vscode.Uri.parse(this.document?.uri ?? ""),
                    "sweep",
                    message.format,
                    Buffer.from(message.base64, "base64"),
                );
                break;
            case "headsChoice":
            case "reveal":
                break;
        }
    }

    /** Writes a cell's injection into the prompt file. */
    private async inject(cell: SweepCell): Promise<void> {
        if (this.document === undefined) {
            return;
        }
        const { uri, case: id, memory } = this.document;
        const { encoding, layer, tau, scope } = cell;
        try {
            const client = await needClient(this.supervisor);
            this.tell("Measuring this injection…");
            const argument = { uri, case: id, memory, encoding, layer, tau, scope };
            const { before, after } = await requests.inject(client, argument);
            const gain = `${percent(before)} → ${percent(after)}`;
            // The edit comes later and makes the map stale, which must not hide this.
            this.stale = `Inserted layer ${layer}, τ ${tau}: ${gain}. Undo in the editor takes it back; the map shows the prompt before.`;
            this.tell(this.stale);
        } catch (error) {
            this.tell(`The injection was not inserted: ${reasonOf(error)}`);
        }
    }
}
