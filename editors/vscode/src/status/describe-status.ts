import type { ServerStatusParams, StatusResult } from "../client/protocol";
import type { ServerState } from "../server/server-state";

/** Everything that decides what the status item shows. */
export interface StatusInput {
    server: ServerState;
    /** The last `experimental/serverStatus`, which is about the model. */
    modelStatus: ServerStatusParams | undefined;
    /** The last result of `hoplens.server.status`, if the server has that command. */
    details: StatusResult | undefined;
    /** Titles of the work in progress, oldest first. */
    progressTitles: readonly string[];
}

/** The fields of VS Code's `LanguageStatusItem`. */
export interface StatusContent {
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
const CANCEL = { command: "hoplens.cancel", title: "Cancel" };

/** Describes the most urgent fact: a missing server before a missing model before work. */
export function describeStatus(input: StatusInput): StatusContent {
    const { server } = input;
    const quiet = { severity: "information", busy: false } as const;
    switch (server.kind) {
        case "stopped":
            return { ...quiet, text: "hoplens: stopped", detail: "", command: RESTART };
        case "starting":
            return { ...quiet, text: "hoplens: starting", detail: "", busy: true, command: SHOW_LOG };
        case "restarting":
            return {
                text: "hoplens: restarting",
                detail: `The server crashed: ${server.reason}`,
                severity: "warning",
                busy: true,
                command: SHOW_LOG,
            };
        case "failed":
            return {
                text: "hoplens: no server",
                detail: server.error.message,
                severity: "error",
                busy: false,
                command: RESTART,
            };
        case "running":
            return describeModel(input);
    }
}

function describeModel({ modelStatus, details, progressTitles }: StatusInput): StatusContent {
    if (modelStatus === undefined) {
        return {
            text: "hoplens",
            detail: "The server is running",
            severity: "information",
            busy: true,
            command: SHOW_LOG,
        };
    }
    const message = modelStatus.message;
    if (!modelStatus.quiescent) {
        return {
            text: "hoplens: loading the model",
            detail: message,
            severity: "information",
            busy: true,
            command: SHOW_LOG,
        };
    }
    switch (modelStatus.health) {
        case "ok": {
            const name = details?.model?.name ?? message.replace(/ \(sha256:.*\)$/, "");
            const title = progressTitles.at(-1);
            const busy = title !== undefined || details?.busy === true;
            return {
                text: name === "" ? "hoplens" : name,
                detail: busy ? (title ?? "measuring") : "The model that analyses prompts",
                severity: "information",
                busy,
                command: busy ? CANCEL : PICK,
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
