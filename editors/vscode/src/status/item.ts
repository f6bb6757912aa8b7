import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";

import { SERVER_STATUS, type ServerStatus, type Status } from "../client/protocol";
import * as requests from "../client/requests";
import { fileGlobs } from "../config";
import { documentSelector } from "../selector";
import type { ServerState } from "../server/state";
import { describe } from "./describe";

const SEVERITY = {
    information: vscode.LanguageStatusSeverity.Information,
    warning: vscode.LanguageStatusSeverity.Warning,
    error: vscode.LanguageStatusSeverity.Error,
};

/** The language status item of prompts: model, state, what is going on. */
export class StatusItem implements vscode.Disposable {
    private readonly item: vscode.LanguageStatusItem;
    private server: ServerState = { kind: "stopped" };
    private model: ServerStatus | undefined;
    private account: Status | undefined;
    private readonly work = new Map<string, string>();

    constructor() {
        this.item = vscode.languages.createLanguageStatusItem(
            "hoplens.status",
            documentSelector(fileGlobs()),
        );
        this.item.name = "hoplens";
        this.show();
    }

    dispose(): void {
        this.item.dispose();
    }

    /** The files that may be prompts are others now. */
    reselect(): void {
        this.item.selector = documentSelector(fileGlobs());
    }

    /** The server's process changed. */
    hearServer(state: ServerState): void {
        this.server = state;
        if (state.kind !== "running") {
            this.model = undefined;
            this.account = undefined;
            this.work.clear();
        }
        this.show();
    }

    /** Listens to what a client's server says of its model. */
    attach(client: LanguageClient): void {
        client.onNotification(SERVER_STATUS, (status: ServerStatus) => {
            this.model = status;
            this.show();
            void this.refresh(client);
        });
    }

    /** Asks the server how it is; one that cannot say so is asked no more than that. */
    async refresh(client: LanguageClient): Promise<void> {
        try {
            this.account = await requests.status(client);
        } catch {
            this.account = undefined;
        }
        this.show();
    }

    /** Work with a progress of its own began, went on, or ended (without a title). */
    hearWork(token: string, title: string | undefined): void {
        if (title === undefined) {
            this.work.delete(token);
        } else {
            this.work.set(token, title);
        }
        this.show();
    }

    private show(): void {
        const shown = describe({
            server: this.server,
            model: this.model,
            account: this.account,
            work: [...this.work.values()],
        });
        this.item.text = shown.text;
        this.item.detail = shown.detail;
        this.item.severity = SEVERITY[shown.severity];
        this.item.busy = shown.busy;
        this.item.command = shown.command;
        const hasModel = this.model?.health === "ok" && this.model.quiescent;
        void vscode.commands.executeCommand("setContext", "hoplens.hasModel", hasModel);
        void vscode.commands.executeCommand(
            "setContext",
            "hoplens.isRunning",
            this.server.kind === "running",
        );
    }
}
