import type { LanguageClient } from "vscode-languageclient/node";

import { ServerError } from "./server-error";
import type { Supervisor } from "./supervisor";

const START_TIMEOUT_MS = 20_000;

/** Returns the client, starting the server or waiting for it. Rejects with a {@link ServerError}. */
export async function requireClient(supervisor: Supervisor): Promise<LanguageClient> {
    const { state } = supervisor;
    if (state.kind === "stopped") {
        await supervisor.restart();
    } else if (state.kind === "starting" || state.kind === "restarting") {
        await startFinished(supervisor);
    }
    const client = supervisor.runningClient;
    if (client !== undefined) {
        return client;
    }
    throw supervisor.state.kind === "failed"
        ? supervisor.state.error
        : new ServerError("failed", "The hoplens server is still starting. Try again in a moment.", [
              "restart",
              "showLog",
          ]);
}

/** Resolves when the server runs, failed or stopped, at the latest after the timeout. */
function startFinished(supervisor: Supervisor): Promise<void> {
    return new Promise((resolve) => {
        const done = (): void => {
            clearTimeout(timer);
            subscription.dispose();
            resolve();
        };
        const timer = setTimeout(done, START_TIMEOUT_MS);
        const subscription = supervisor.onDidChange(({ kind }) => {
            if (kind === "running" || kind === "failed" || kind === "stopped") {
                done();
            }
        });
    });
}
