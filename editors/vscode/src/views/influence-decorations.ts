import * as vscode from "vscode";

import * as requests from "../client/requests";
import type { InfluenceLine, InfluenceResult } from "../client/protocol";
import { showCommandError } from "../commands/errors";
import type { PromptDocuments } from "../prompt-documents";
import { requireClient } from "../server/require-client";
import type { Supervisor } from "../server/supervisor";
import { LatestRequest } from "./latest-request";

/** Shares from which a line gets the colour of a large and of a middling effect. */
const LARGE = 0.5;
const MIDDLING = 0.1;

const BAR_COLOURS = ["charts.red", "charts.orange", "charts.yellow"] as const;

/** The index in {@link BAR_COLOURS} of a line's bar. */
export function barColour(share: number): number {
    return share >= LARGE ? 0 : share >= MIDDLING ? 1 : 2;
}

/** The text behind a line; without a bar where nothing measurable changes. */
export function lineEnd(line: InfluenceLine): string {
    return line.bar === "" ? `· ${line.text}` : `${line.bar} ${line.text}`;
}

interface Shown {
    lines: InfluenceLine[];
    version: number;
}

/** Shows at the end of each line how much the answer depends on the line. */
export class InfluenceDecorations implements vscode.Disposable {
    private readonly request = new LatestRequest();
    private readonly shown = new Map<string, Shown>();
    private readonly bars = BAR_COLOURS.map((colour) => createDecoration(colour));
    private readonly none = createDecoration("editorCodeLens.foreground");
    private readonly subscriptions: vscode.Disposable[];

    constructor(
        private readonly supervisor: Supervisor,
        private readonly prompts: PromptDocuments,
    ) {
        this.subscriptions = [
            // After an edit, the bars would belong to another text.
            vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
                if (contentChanges.length > 0) {
                    this.clear(document.uri.toString());
                }
            }),
            vscode.workspace.onDidCloseTextDocument(({ uri }) => {
                this.shown.delete(uri.toString());
            }),
            vscode.window.onDidChangeVisibleTextEditors((editors) => {
                editors.forEach((editor) => {
                    this.draw(editor);
                });
            }),
        ];
    }

    /** Measures the prompt of a code lens or of the editor; hides the bars if they are shown. */
    async toggle(argument: unknown): Promise<void> {
        const target = parseTarget(argument);
        const uri = target?.uri ?? this.prompts.editor()?.document.uri.toString();
        if (uri === undefined) {
            void vscode.window.showInformationMessage("Open a prompt file first.");
            return;
        }
        const key = vscode.Uri.parse(uri).toString();
        if (target === undefined && this.shown.has(key)) {
            this.clear(key);
            return;
        }
        try {
            await this.measure(key, { uri, case: target?.case });
        } catch (error) {
            showCommandError("Could not measure which instruction matters", error);
        }
    }

    private async measure(
        key: string,
        target: { uri: string; case?: string | undefined },
    ): Promise<void> {
        const client = await requireClient(this.supervisor);
        const title = "Which instruction matters";
        const location = vscode.ProgressLocation.Window;
        const result = await vscode.window.withProgress({ location, title }, () =>
            this.request.run((token) => requests.influence(client, target, token)),
        );
        if (result !== undefined) {
            this.show(key, result);
        }
    }

    private show(key: string, { lines, version }: InfluenceResult): void {
        const editors = vscode.window.visibleTextEditors.filter(
            ({ document }) => document.uri.toString() === key,
        );
        const isStale = editors.some(({ document }) => document.version !== version);
        if (isStale || version === null) {
            return;
        }
        this.shown.set(key, { lines, version });
        editors.forEach((editor) => {
            this.draw(editor);
        });
    }

    private draw(editor: vscode.TextEditor): void {
        const shown = this.shown.get(editor.document.uri.toString());
        const lines = shown?.version === editor.document.version ? shown.lines : [];
        const inText = lines.filter(({ line }) => line < editor.document.lineCount);
        const options = (line: InfluenceLine): vscode.DecorationOptions => ({
            range: editor.document.lineAt(line.line).range,
            renderOptions: { after: { contentText: lineEnd(line) } },
        });
        this.bars.forEach((decoration, index) => {
            const own = inText.filter(
                ({ bar, share }) => bar !== "" && barColour(share) === index,
            );
            editor.setDecorations(decoration, own.map(options));
        });
        editor.setDecorations(this.none, inText.filter(({ bar }) => bar === "").map(options));
    }

    private clear(key: string): void {
        if (!this.shown.delete(key)) {
            return;
        }
        vscode.window.visibleTextEditors
            .filter(({ document }) => document.uri.toString() === key)
            .forEach((editor) => {
                this.draw(editor);
            });
    }

    dispose(): void {
        for (const disposable of [this.request, this.none, ...this.bars, ...this.subscriptions]) {
            disposable.dispose();
        }
    }
}

function createDecoration(colour: string): vscode.TextEditorDecorationType {
    return vscode.window.createTextEditorDecorationType({
        after: { color: new vscode.ThemeColor(colour), margin: "0 0 0 2em" },
        overviewRulerColor: new vscode.ThemeColor(colour),
        overviewRulerLane: vscode.OverviewRulerLane.Right,
        rangeBehavior: vscode.DecorationRangeBehavior.ClosedOpen,
    });
}

function parseTarget(argument: unknown): { uri: string; case?: string } | undefined {
    const { uri, case: id } = (argument ?? {}) as Record<string, unknown>;
    if (typeof uri !== "string") {
        return undefined;
    }
    return typeof id === "string" ? { uri, case: id } : { uri };
}
