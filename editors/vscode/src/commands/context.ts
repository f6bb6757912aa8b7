import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";

import { isPromptLanguage } from "../selector";
import { asProblem, ServerProblem } from "../server/problem";
import type { Supervisor } from "../server/supervisor";
import { tellProblem } from "../server/tell";

/** The client, once the server runs; a problem that can be told where there is none. */
export async function needClient(supervisor: Supervisor): Promise<LanguageClient> {
    const { state } = supervisor;
    if (state.kind === "stopped") {
        await supervisor.restart();
    } else if (state.kind === "starting" || state.kind === "waiting") {
        await settled(supervisor);
    }
    const client = supervisor.running;
    if (client !== undefined) {
        return client;
    }
    throw supervisor.state.kind === "problem"
        ? supervisor.state.problem
        : new ServerProblem("failed", "The hoplens server does not run yet; try again in a moment.", [
              "restart",
              "showLog",
          ]);
}

/** Waits until the server runs or cannot; not for ever. */
function settled(supervisor: Supervisor, patienceMs = 20_000): Promise<void> {
    return new Promise((resolve) => {
        const done = (): void => {
            clearTimeout(timer);
            subscription.dispose();
            resolve();
        };
        const timer = setTimeout(done, patienceMs);
        const subscription = supervisor.onDidChange(({ kind }) => {
            if (kind === "running" || kind === "problem" || kind === "stopped") {
                done();
            }
        });
    });
}

/** Tells why a command did not work; what was cancelled is no news. */
export function tellFailure(what: string, error: unknown): void {
    if (isCancelled(error)) {
        return;
    }
    if (error instanceof ServerProblem) {
        void tellProblem(asProblem(error));
        return;
    }
    void vscode.window.showErrorMessage(`${what}: ${reasonOf(error)}`);
}

/** The reason that an error names. */
export function reasonOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}

/** JSON-RPC's codes of requests that were cancelled, or overtaken by an edit. */
const CANCELLED = [-32800, -32801, -32802];

/** Whether the request was cancelled or overtaken. */
export function isCancelled(error: unknown): boolean {
    const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
    return (typeof code === "number" && CANCELLED.includes(code)) || name === "Canceled";
}

/** The prompts that the server has looked at, whatever their language. */
export class Prompts {
    private readonly analysed = new Set<string>();

    add(uri: string): void {
        this.analysed.add(uri);
    }

    has(document: vscode.TextDocument): boolean {
        return isPromptLanguage(document) || this.analysed.has(document.uri.toString());
    }

    /** The editor whose prompt a command means: the active one, else one that is visible. */
    editor(): vscode.TextEditor | undefined {
        const active = vscode.window.activeTextEditor;
        if (active !== undefined && this.has(active.document)) {
            return active;
        }
        return vscode.window.visibleTextEditors.find(({ document }) => this.has(document));
    }
}
