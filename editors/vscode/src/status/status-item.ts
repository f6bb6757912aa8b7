import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";

import { SERVER_STATUS } from "../client/methods";
import type { ServerStatusParams, StatusResult } from "../client/protocol";
import * as requests from "../client/requests";
import { fileGlobs } from "../config";
import { documentSelector } from "../selector";
import type { ServerState } from "../server/server-state";
import { describeStatus } from "./describe-status";

const SEVERITY = {
    information: vscode.LanguageStatusSeverity.Information,
    warning: vscode.LanguageStatusSeverity.Warning,
    error: vscode.LanguageStatusSeverity.Error,
};

/** The language status item of prompts: the model, its state, and the work in progress. */
export class StatusItem implements vscode.Disposable {
    private readonly item: vscode.LanguageStatusItem;
    private server: ServerState = { kind: "stopped" };
    private modelStatus: ServerStatusParams | undefined;
    private details: StatusResult | undefined;
    private readonly progressTitles = new Map<string, string>();

    constructor() {
        this.item = vscode.languages.createLanguageStatusItem(
            "hoplens.status",
            documentSelector(fileGlobs()),
        );
        this.item.name = "hoplens";
        this.update();
    }

    dispose(): void {
        this.item.dispose();
    }

    /** Applies the setting `hoplens.files`. */
    updateSelector(): void {
        this.item.selector = documentSelector(fileGlobs());
    }

    setServerState(state: ServerState): void {
        this.server = state;
        if (state.kind !== "running") {
            this.modelStatus = undefined;
            this.details = undefined;
            this.progressTitles.clear();
        }
        this.update();
    }

    /** Listens to the model status of a client's server. */
    listenTo(client: LanguageClient): void {
        client.onNotification(SERVER_STATUS, (status: ServerStatusParams) => {
            this.modelStatus = status;
            this.update();
            void this.refreshDetails(client);
        });
    }

    /** Asks the server for details. A server without that command shows none. */
    async refreshDetails(client: LanguageClient): Promise<void> {
        try {
            this.details = await requests.status(client);
        } catch {
            this.details = undefined;
        }
        this.update();
    }

    /** Records that work began, or with an `undefined` title that it ended. */
    setProgress(token: string, title: string | undefined): void {
        if (title === undefined) {
            this.progressTitles.delete(token);
        } else {
            this.progressTitles.set(token, title);
        }
        this.update();
    }

    private update(): void {
        const content = describeStatus({
            server: this.server,
            modelStatus: this.modelStatus,
            details: this.details,
            progressTitles: [...this.progressTitles.values()],
        });
        this.item.text = content.text;
        this.item.detail = content.detail;
        this.item.severity = SEVERITY[content.severity];
        this.item.busy = content.busy;
        this.item.command = content.command;
        const hasModel = this.modelStatus?.health === "ok" && this.modelStatus.quiescent;
        void vscode.commands.executeCommand("setContext", "hoplens.hasModel", hasModel);
        void vscode.commands.executeCommand(
            "setContext",
            "hoplens.isRunning",
            this.server.kind === "running",
        );
    }
}
