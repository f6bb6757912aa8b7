import * as vscode from "vscode";

import * as requests from "../client/requests";
import type { Supervisor } from "../server/supervisor";
import { needClient, tellFailure, type Prompts } from "./context";

const SHOWN_MS = 4000;

/** Has the model look at the prompt now, and repairs measured. */
export async function measureRepairs(supervisor: Supervisor, prompts: Prompts): Promise<void> {
    try {
        const client = await needClient(supervisor);
        await requests.measure(client, prompts.editor()?.document.uri.toString());
        vscode.window.setStatusBarMessage("$(beaker) Repairs are being measured", SHOWN_MS);
    } catch (error) {
        tellFailure("Repairs cannot be measured", error);
    }
}

/** Ends what the model is doing for prompts. */
export async function cancel(supervisor: Supervisor): Promise<void> {
    try {
        const client = await needClient(supervisor);
        const ended = await requests.cancel(client, undefined);
        const what =
            ended === 0
                ? "Nothing was being measured"
                : `Ended the work on ${ended === 1 ? "one prompt" : `${ended} prompts`}`;
        vscode.window.setStatusBarMessage(`$(circle-slash) ${what}`, SHOWN_MS);
    } catch (error) {
        tellFailure("The work cannot be ended", error);
    }
}
