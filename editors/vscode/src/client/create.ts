import type * as vscode from "vscode";
import {
    CloseAction,
    ErrorAction,
    RevealOutputChannelOn,
    type LanguageClient,
} from "vscode-languageclient/node";

import { fileGlobs, serverSettings } from "../config";
import { documentSelector } from "../selector";
import type { ServerProcess } from "../server/process";
import { ExperimentalFeature } from "./experimental";
import { middleware, type Handlers } from "./middleware";
import { QuietClient } from "./quiet";

/** Commands that a hover may link to. Prompts are untrusted text, so there are no others. */
const LINKED_COMMANDS = ["hoplens.showHeads", "hoplens.showSweep", "hoplens.measureRepairs"];

export interface Life {
    process: ServerProcess;
    log: vscode.LogOutputChannel;
    handlers: Handlers;
    /** The connection is gone, wanted or not. */
    closed: () => void;
}

/** A client for one life of a server; another life gets another client. */
export function createClient(life: Life): LanguageClient {
    const client = new QuietClient("hoplens", "hoplens", () => Promise.resolve(life.process.child), {
        documentSelector: documentSelector(fileGlobs()),
        outputChannel: life.log,
        revealOutputChannelOn: RevealOutputChannelOn.Never,
        initializationOptions: { hoplens: serverSettings() },
        initializationFailedHandler: () => false,
        middleware: middleware(life.handlers),
        markdown: { isTrusted: { enabledCommands: LINKED_COMMANDS }, supportHtml: false },
        // The process's own reader logs these lines.
        stdioOptions: { stdout: () => undefined, stderr: () => undefined },
        errorHandler: {
            error: () => ({ action: ErrorAction.Continue, handled: true }),
            closed: () => {
                life.closed();
                return { action: CloseAction.DoNotRestart, handled: true };
            },
        },
    });
    client.registerFeature(new ExperimentalFeature());
    return client;
}
