import * as vscode from "vscode";

import type { Remedy, ServerProblem } from "./problem";
import type { ServerState } from "./state";
import { fits } from "./version";

const BUTTONS: Record<Remedy, string> = {
    choosePath: "Name Its Path",
    install: "How to Install",
    showLog: "Show Log",
    restart: "Try Again",
};

/** Does what a button says. */
function follow(remedy: Remedy): Thenable<unknown> {
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

type Show = (message: string, ...buttons: string[]) => Thenable<string | undefined>;

async function ask(
    show: Show,
    message: string,
    remedies: readonly Remedy[],
): Promise<void> {
    const button = await show(message, ...remedies.map((remedy) => BUTTONS[remedy]));
    const remedy = remedies.find((remedy) => BUTTONS[remedy] === button);
    if (remedy !== undefined) {
        await follow(remedy);
    }
}

/** Tells the person of a problem, with buttons for its remedies. */
export function tellProblem(problem: ServerProblem): Promise<void> {
    const show: Show = (message, ...buttons) => vscode.window.showErrorMessage(message, ...buttons);
    return ask(show, problem.message, problem.remedies);
}

/** Tells of problems once each, and of a server whose version does not fit. */
export class Teller {
    private told: string | undefined;
    private toldVersion: string | undefined;

    constructor(private readonly extensionVersion: string) {}

    hear(state: ServerState): void {
        if (state.kind === "problem") {
            if (state.problem.message !== this.told) {
                this.told = state.problem.message;
                void tellProblem(state.problem);
            }
        } else if (state.kind === "running") {
            this.told = undefined;
            this.compare(state.version, state.path);
        }
    }

    /** The person asked again, so the same problem is news again. */
    forget(): void {
        this.told = undefined;
    }

    private compare(version: string, path: string): void {
        if (fits(version, this.extensionVersion) || version === this.toldVersion) {
            return;
        }
        this.toldVersion = version;
        const message =
            `The hoplens server \`${path}\` is version ${version}, this extension is ` +
            `${this.extensionVersion}. Some of it may not work; install the same version of both.`;
        const show: Show = (text, ...buttons) => vscode.window.showWarningMessage(text, ...buttons);
        void ask(show, message, ["choosePath", "install"]);
    }
}
