import * as vscode from "vscode";

import type { PreviewResult } from "../client/protocol";
import * as requests from "../client/requests";
import { errorMessage, isCancelled } from "../commands/errors";
import type { PromptDocuments } from "../prompt-documents";
import type { Supervisor } from "../server/supervisor";
import { DocumentPanel } from "./document-panel";
import type { FromWebview, PreviewCursor, PreviewOptions, ToWebview } from "./messages";
import {
    DEFAULT_OPTIONS,
    isSidecarOf,
    parsePreviewState,
    shownPreview,
    type ShownPreview,
} from "./preview-state";
import { revealRange } from "./reveal-range";

export const PREVIEW_VIEW = "hoplens.preview";

/** How long the author must pause before the prompt is rendered again. */
const TYPING_DELAY_MS = 120;
/** How long the cursor must rest before another case is looked for at it. */
const CURSOR_DELAY_MS = 200;

/** The view that shows the rendered prompt at the cursor. */
export class PreviewView implements vscode.Disposable {
    private readonly panel: DocumentPanel<PreviewResult>;
    /** The prompt. */
    private uri: string | undefined;
    /** Where the cursor is, in the prompt or its sidecar. */
    private cursor: PreviewCursor | undefined;
    private options: PreviewOptions = DEFAULT_OPTIONS;
    private lastGood: PreviewResult | undefined;
    private shown: ShownPreview | undefined;
    private timer: NodeJS.Timeout | undefined;
    private readonly subscriptions: vscode.Disposable[];

    constructor(
        extensionUri: vscode.Uri,
        supervisor: Supervisor,
        private readonly prompts: PromptDocuments,
    ) {
        this.panel = new DocumentPanel({
            extensionUri,
            supervisor,
            viewType: PREVIEW_VIEW,
            title: "Preview",
            name: "preview",
            render: (document, file) => this.render(document, file),
            refresh: () => this.readPreview(this.cursor),
            onMessage: (message) => this.onMessage(message),
        });
        this.subscriptions = [
            vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
                if (contentChanges.length > 0 && this.concerns(document)) {
                    this.refreshSoon(TYPING_DELAY_MS);
                }
            }),
            vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => {
                this.follow(textEditor);
            }),
            vscode.window.onDidChangeActiveTextEditor((editor) => {
                this.follow(editor);
            }),
        ];
    }

    get isOpen(): boolean {
        return this.panel.isOpen;
    }

    /** Opens the preview of the prompt in the editor. */
    open(editor: vscode.TextEditor): void {
        this.choose(editor);
        this.panel.open();
        void this.readPreview(this.cursor);
    }

    /** Takes over a panel of an earlier session, with the prompt and the case that it showed. */
    restore(panel: vscode.WebviewPanel, state: unknown): void {
        this.panel.attach(panel);
        const kept = parsePreviewState(state);
        if (kept !== undefined) {
            this.uri = kept.uri;
            this.options = kept.options;
        }
        const editor = this.prompts.editor();
        if (editor !== undefined && (kept === undefined || editor.document.uri.toString() === kept.uri)) {
            this.choose(editor);
        }
        void this.readPreview(this.cursor);
    }

    /** Renders the prompt again after the server analysed it, or read a companion file of it. */
    onDidAnalyze(uri: string): void {
        if (uri === this.uri) {
            this.refreshSoon(0);
        } else if (this.uri === undefined) {
            this.follow(vscode.window.activeTextEditor);
        }
    }

    /** Renders the same prompt again. */
    refresh(): void {
        if (this.panel.isOpen) {
            const isOpen = vscode.workspace.textDocuments.some(
                ({ uri }) => uri.toString() === this.cursor?.uri,
            );
            // The sidecar that the cursor was in may be closed.
            this.cursor = isOpen ? this.cursor : undefined;
            void this.readPreview(this.cursor);
        }
    }

    dispose(): void {
        clearTimeout(this.timer);
        this.panel.dispose();
        for (const subscription of this.subscriptions) {
            subscription.dispose();
        }
    }

    /** Whether a document is the prompt or its sidecar. */
    private concerns({ uri }: vscode.TextDocument): boolean {
        const changed = uri.toString();
        return this.uri !== undefined && (changed === this.uri || isSidecarOf(changed, this.uri));
    }

    /** Makes the prompt of an editor, or the prompt of its sidecar, the one that is shown. */
    private choose(editor: vscode.TextEditor): void {
        const uri = editor.document.uri.toString();
        const { line, character } = editor.selection.active;
        this.cursor = { uri, line, character };
        if (this.uri !== undefined && isSidecarOf(uri, this.uri)) {
            return;
        }
        if (uri !== this.uri) {
            this.uri = uri;
            this.options = { ...this.options, case: undefined };
            this.lastGood = undefined;
            this.shown = undefined;
            this.panel.forget();
        }
    }

    private follow(editor: vscode.TextEditor | undefined): void {
        if (!this.panel.isOpen || editor === undefined) {
            return;
        }
        if (!this.prompts.has(editor.document) && !this.concerns(editor.document)) {
            return;
        }
        const before = { uri: this.uri, line: this.cursor?.line };
        this.choose(editor);
        if (this.uri !== before.uri) {
            this.refreshSoon(0);
            return;
        }
        this.panel.post({ type: "cursor", cursor: this.cursor });
        const hasCases = (this.shown?.document.cases.length ?? 0) > 1;
        if (hasCases && this.cursor?.line !== before.line) {
            this.refreshSoon(CURSOR_DELAY_MS);
        }
    }

    private refreshSoon(delay: number): void {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => {
            this.refresh();
        }, delay);
    }

    /** Reads the preview; the case in whose declaration `cursor` is comes before the chosen one. */
    private async readPreview(cursor: PreviewCursor | undefined): Promise<void> {
        const { uri } = this;
        if (uri === undefined) {
            this.panel.post({ type: "failed", message: "Open a prompt file first." });
            return;
        }
        const params = {
            uri: cursor?.uri ?? uri,
            case: this.options.case,
            position: cursor && { line: cursor.line, character: cursor.character },
        };
        try {
            const message = this.shown === undefined ? "Rendering the prompt…" : undefined;
            const document = await this.panel.read(message, (client, token) =>
                requests.preview(client, params, token),
            );
            if (document !== undefined && uri === this.uri) {
                this.options = { ...this.options, case: document.case ?? undefined };
                this.lastGood = document.error === null ? document : this.lastGood;
                this.panel.show();
            }
        } catch (error) {
            // A newer text is rendered soon.
            if (!isCancelled(error)) {
                this.panel.post({ type: "failed", message: errorMessage(error) });
            }
        }
    }

    private render(newest: PreviewResult, file: string): ToWebview[] {
        this.shown = shownPreview(newest, this.lastGood);
        const { options, cursor } = this;
        return [{ type: "preview", ...this.shown, uri: this.uri ?? newest.uri, options, cursor, file }];
    }

    private async onMessage(message: FromWebview): Promise<void> {
        if (message.type === "setPreviewOptions") {
            const isOtherCase = message.options.case !== this.options.case;
            this.options = message.options;
            if (isOtherCase) {
                await this.readPreview(undefined);
            }
        } else if (message.type === "revealSource") {
            await revealRange(message.uri, message.range);
        }
    }
}
