import type * as vscode from "vscode";
import {
    CloseAction,
    ErrorAction,
    RevealOutputChannelOn,
    type LanguageClient,
} from "vscode-languageclient/node";

import { fileGlobs, serverSettings } from "../config";
import { documentSelector } from "../selector";
import type { ServerProcess } from "../server/server-process";
import { ExperimentalCapabilities } from "./experimental-capabilities";
import { LogOnlyClient } from "./log-only-client";
import { createMiddleware, type ClientHandlers } from "./middleware";

/** The commands that a hover may link to. A prompt is untrusted text, so the list is closed. */
const LINKED_COMMANDS = ["hoplens.showHeads", "hoplens.showSweep", "hoplens.measureRepairs"];

export interface ClientOptions {
    process: ServerProcess;
    log: vscode.LogOutputChannel;
    handlers: ClientHandlers;
    /** Called when the connection closes, for whatever reason. */
    onClose: () => void;
}

/** Creates a client for one server process. A restarted server gets a new client. */
export function createClient(options: ClientOptions): LanguageClient {
    const { process, log, handlers, onClose } = options;
    const client = new LogOnlyClient("hoplens", "hoplens", () => Promise.resolve(process.child), {
        documentSelector: documentSelector(fileGlobs()),
        outputChannel: log,
        revealOutputChannelOn: RevealOutputChannelOn.Never,
        initializationOptions: { hoplens: serverSettings() },
        initializationFailedHandler: () => false,
        middleware: createMiddleware(handlers),
        markdown: { isTrusted: { enabledCommands: LINKED_COMMANDS }, supportHtml: false },
        // `startServer` already logs what the process writes.
        stdioOptions: { stdout: () => undefined, stderr: () => undefined },
        errorHandler: {
            error: () => ({ action: ErrorAction.Continue, handled: true }),
            closed: () => {
                onClose();
                return { action: CloseAction.DoNotRestart, handled: true };
            },
        },
    });
    client.registerFeature(new ExperimentalCapabilities());
    return client;
}
