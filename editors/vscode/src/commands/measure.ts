import * as vscode from "vscode";

import * as requests from "../client/requests";
import type { PromptDocuments } from "../prompt-documents";
import { requireClient } from "../server/require-client";
import type { Supervisor } from "../server/supervisor";
import { showCommandError } from "./errors";

const STATUS_MESSAGE_MS = 4000;

/** Starts an analysis of the prompt, with repairs. */
export async function measureRepairs(
    supervisor: Supervisor,
    prompts: PromptDocuments,
): Promise<void> {
    try {
        const client = await requireClient(supervisor);
        await requests.measure(client, prompts.editor()?.document.uri.toString());
        vscode.window.setStatusBarMessage("$(beaker) Measuring repairs…", STATUS_MESSAGE_MS);
    } catch (error) {
        showCommandError("Could not measure repairs", error);
    }
}

/** Cancels the model's work for all prompts. */
export async function cancelMeasuring(supervisor: Supervisor): Promise<void> {
    try {
        const client = await requireClient(supervisor);
        const count = await requests.cancel(client, undefined);
        const what =
            count === 0
                ? "There was nothing to cancel"
                : `Cancelled the work for ${count === 1 ? "one prompt" : `${count} prompts`}`;
        vscode.window.setStatusBarMessage(`$(circle-slash) ${what}`, STATUS_MESSAGE_MS);
    } catch (error) {
        showCommandError("Could not cancel", error);
    }
}
