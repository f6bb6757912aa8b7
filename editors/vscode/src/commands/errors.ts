import * as vscode from "vscode";

import { showServerError } from "../server/notifier";
import { ServerError } from "../server/server-error";

/** Shows why a command failed. Cancelled requests are not failures. */
export function showCommandError(what: string, error: unknown): void {
    if (isCancelled(error)) {
        return;
    }
    if (error instanceof ServerError) {
        void showServerError(error);
        return;
    }
    void vscode.window.showErrorMessage(`${what}: ${errorMessage(error)}`);
}

export function errorMessage(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}

/** `RequestCancelled`, `ContentModified` and `ServerCancelled` of LSP. */
const CANCELLED_CODES = [-32800, -32801, -32802];

/** Whether the request was cancelled, or an edit made it obsolete. */
export function isCancelled(error: unknown): boolean {
    const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
    return (typeof code === "number" && CANCELLED_CODES.includes(code)) || name === "Canceled";
}
