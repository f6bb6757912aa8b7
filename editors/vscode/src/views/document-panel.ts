import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";

import { requireClient } from "../server/require-client";
import type { Supervisor } from "../server/supervisor";
import { LatestRequest } from "./latest-request";
import type { FromWebview, ImageFormat, ToWebview } from "./messages";
import { fileName, saveExport } from "./save-export";
import { ViewPanel } from "./view-panel";

/** What a view shows: a document of the server about a prompt. */
export interface PromptDocument {
    /** The prompt. */
    uri: string;
}

/** What one view has of its own. */
export interface DocumentPanelOptions<Document extends PromptDocument> {
    extensionUri: vscode.Uri;
    supervisor: Supervisor;
    /** The type of the view in VS Code. */
    viewType: string;
    /** The title without the prompt's name. */
    title: string;
    /** The name of the page's script and of saved files. */
    name: string;
    /** Returns the messages that show a document. */
    render: (document: Document, file: string) => ToWebview[];
    /** Reads the document again. */
    refresh: () => Promise<void>;
    /** Handles the messages that only this view's page sends. */
    onMessage: (message: FromWebview) => Promise<void>;
}

/** The life of a view: its panel, its document, and the request that reads the document. */
export class DocumentPanel<Document extends PromptDocument> implements vscode.Disposable {
    private panel: ViewPanel | undefined;
    private current: Document | undefined;
    private readonly request = new LatestRequest();

    constructor(private readonly options: DocumentPanelOptions<Document>) {}

    get isActive(): boolean {
        return this.panel?.isActive ?? false;
    }

    get isOpen(): boolean {
        return this.panel !== undefined;
    }

    /** The document that was read last. */
    get document(): Document | undefined {
        return this.current;
    }

    /** Shows the panel; creates it if there is none. */
    open(): void {
        if (this.panel === undefined) {
            const { viewType, title } = this.options;
            const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
            this.attach(vscode.window.createWebviewPanel(viewType, title, column));
        } else {
            this.panel.reveal();
        }
    }

    /** Takes over a panel, which may be one of an earlier session. */
    attach(panel: vscode.WebviewPanel): void {
        this.panel = new ViewPanel(panel, {
            extensionUri: this.options.extensionUri,
            script: `${this.options.name}.js`,
            onMessage: (message) => {
                void this.onMessage(message);
            },
            onClose: () => {
                this.panel = undefined;
                this.forget();
                this.request.cancel();
            },
        });
    }

    post(message: ToWebview): void {
        this.panel?.post(message);
    }

    export(format: ImageFormat): void {
        this.post({ type: "export", format });
    }

    /** Drops the document, so that it is not shown again. */
    forget(): void {
        this.current = undefined;
    }

    /**
     * Reads a document instead of the one that is being read, and says so in the panel if there is
     * a message. Returns `undefined` if this request was cancelled.
     */
    async read(
        message: string | undefined,
        request: (client: LanguageClient, token: vscode.CancellationToken) => Promise<Document>,
    ): Promise<Document | undefined> {
        if (message !== undefined) {
            this.post({ type: "busy", message });
        }
        const client = await requireClient(this.options.supervisor);
        const document = await this.request.run((token) => request(client, token));
        this.current = document ?? this.current;
        return document;
    }

    /** Shows the document, if there is one. */
    show(): void {
        if (this.current === undefined || this.panel === undefined) {
            return;
        }
        const file = fileName(this.current.uri);
        this.panel.title = `${this.options.title}: ${file}`;
        for (const message of this.options.render(this.current, file)) {
            this.panel.post(message);
        }
    }

    dispose(): void {
        this.request.dispose();
        this.panel?.dispose();
    }

    private async onMessage(message: FromWebview): Promise<void> {
        switch (message.type) {
            case "ready":
                this.show();
                break;
            case "refresh":
                await this.options.refresh();
                break;
            case "cancel":
                this.request.cancel();
                this.post({ type: "failed", message: "Cancelled." });
                break;
            case "save":
                await saveExport(
                    vscode.Uri.parse(this.current?.uri ?? ""),
                    this.options.name,
                    message.format,
                    Buffer.from(message.base64, "base64"),
                );
                break;
            case "setHeadsOptions":
            case "revealToken":
            case "setSweepOptions":
            case "inject":
            case "setPreviewOptions":
            case "revealSource":
                await this.options.onMessage(message);
                break;
        }
    }
}
