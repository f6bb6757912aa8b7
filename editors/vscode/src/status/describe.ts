import type { ServerStatus, Status } from "../client/protocol";
import type { ServerState } from "../server/state";

/** All that the status item is made of. */
export interface Known {
    server: ServerState;
    /** What the server last said about the model. */
    model: ServerStatus | undefined;
    /** The server's own account, where it gives one. */
    account: Status | undefined;
    /** Titles of the work that it reports. */
    work: readonly string[];
}

/** What the status item shows. */
export interface Shown {
    text: string;
    detail: string;
    severity: "information" | "warning" | "error";
    busy: boolean;
    command: { command: string; title: string };
}

const SHOW_LOG = { command: "hoplens.showLog", title: "Show Log" };
const RESTART = { command: "hoplens.restartServer", title: "Restart" };
const DOWNLOAD = { command: "hoplens.downloadModel", title: "Download" };
const PICK = { command: "hoplens.pickModel", title: "Pick Model" };

/** What is to be said of the server and its model, the most pressing first. */
export function describe(known: Known): Shown {
    const { server } = known;
    const plain = { severity: "information", busy: false } as const;
    switch (server.kind) {
        case "stopped":
            return { ...plain, text: "hoplens: stopped", detail: "", command: RESTART };
        case "starting":
            return { ...plain, text: "hoplens: starting", detail: "", busy: true, command: SHOW_LOG };
        case "waiting":
            return {
                text: "hoplens: starting again",
                detail: `The server died: ${server.reason}`,
                severity: "warning",
                busy: true,
                command: SHOW_LOG,
            };
        case "problem":
            return {
                text: "hoplens: no server",
                detail: server.problem.message,
                severity: "error",
                busy: false,
                command: RESTART,
            };
        case "running":
            return describeModel(known);
    }
}

function describeModel({ model, account, work }: Known): Shown {
    if (model === undefined) {
        return {
            text: "hoplens",
            detail: "The server runs",
            severity: "information",
            busy: true,
            command: SHOW_LOG,
        };
    }
    const message = model.message ?? "";
    if (!model.quiescent) {
        return {
            text: "hoplens: loading a model",
            detail: message,
            severity: "information",
            busy: true,
            command: SHOW_LOG,
        };
    }
    switch (model.health) {
        case "ok": {
            const name = account?.model?.name ?? message.replace(/ \(sha256:.*\)$/, "");
            const doing = work.at(-1);
            const busy = doing !== undefined || account?.busy === true;
            return {
                text: name === "" ? "hoplens" : name,
                detail: busy ? (doing ?? "measuring") : "The model that looks at prompts",
                severity: "information",
                busy,
                command: busy ? { command: "hoplens.cancel", title: "Cancel" } : PICK,
            };
        }
        case "warning":
            return {
                text: "hoplens: no model",
                detail: message,
                severity: "warning",
                busy: false,
                command: DOWNLOAD,
            };
        case "error":
            return {
                text: "hoplens: model failed",
                detail: message,
                severity: "error",
                busy: false,
                command: PICK,
            };
    }
}
