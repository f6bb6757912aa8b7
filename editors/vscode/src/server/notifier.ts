import * as vscode from "vscode";

import type { Remedy, ServerError } from "./server-error";
import type { ServerState } from "./server-state";
import { isCompatible } from "./version";

const BUTTONS: Record<Remedy, string> = {
    choosePath: "Set Path",
    install: "How to Install",
    showLog: "Show Log",
    restart: "Try Again",
};

function applyRemedy(remedy: Remedy): Thenable<unknown> {
    switch (remedy) {
        case "choosePath":
            return vscode.commands.executeCommand(
                "workbench.action.openSettings",
                "hoplens.server.path",
            );
        case "install":
            return vscode.commands.executeCommand("hoplens.openWalkthrough");
        case "showLog":
            return vscode.commands.executeCommand("hoplens.showLog");
        case "restart":
            return vscode.commands.executeCommand("hoplens.restartServer");
    }
}

type ShowMessage = (message: string, ...buttons: string[]) => Thenable<string | undefined>;

async function showWithRemedies(
    show: ShowMessage,
    message: string,
    remedies: readonly Remedy[],
): Promise<void> {
    const button = await show(message, ...remedies.map((remedy) => BUTTONS[remedy]));
    const remedy = remedies.find((remedy) => BUTTONS[remedy] === button);
    if (remedy !== undefined) {
        await applyRemedy(remedy);
    }
}

/** Shows an error of the server with a button for each remedy. */
export function showServerError(error: ServerError): Promise<void> {
    const show: ShowMessage = (message, ...buttons) =>
        vscode.window.showErrorMessage(message, ...buttons);
    return showWithRemedies(show, error.message, error.remedies);
}

/** Notifies the user of each server error once, and of a server with an incompatible version. */
export class ServerNotifier {
    private shownError: string | undefined;
    private shownVersion: string | undefined;

    constructor(private readonly extensionVersion: string) {}

    onStateChange(state: ServerState): void {
        if (state.kind === "failed") {
            if (state.error.message !== this.shownError) {
                this.shownError = state.error.message;
                void showServerError(state.error);
            }
        } else if (state.kind === "running") {
            this.shownError = undefined;
            this.checkVersion(state.version, state.path);
        }
    }

    /** Makes the next error show even if it is the same, because the user tried again. */
    reset(): void {
        this.shownError = undefined;
    }

    private checkVersion(version: string, path: string): void {
        if (isCompatible(version, this.extensionVersion) || version === this.shownVersion) {
            return;
        }
        this.shownVersion = version;
        const message =
            `The hoplens server \`${path}\` has version ${version}, this extension has ` +
            `${this.extensionVersion}. Some features may not work. Install the same version of both.`;
        const show: ShowMessage = (text, ...buttons) =>
            vscode.window.showWarningMessage(text, ...buttons);
        void showWithRemedies(show, message, ["choosePath", "install"]);
    }
}
