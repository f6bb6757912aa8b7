import type { Middleware } from "vscode-languageclient/node";

import { codeLensesEnabled, serverSettings } from "../config";
import { SERVER_COMMANDS } from "./methods";

export interface ClientHandlers {
    showHeads: (argument: unknown) => void;
    showSweep: (argument: unknown) => void;
    showInfluence: (argument: unknown) => void;
    onCommandError: (command: string, error: unknown) => void;
    /** Work with a progress token began; `title` is `undefined` when it ended. */
    onProgress: (token: string, title: string | undefined) => void;
}

/** Opens the views for the server's `show…` commands and answers requests for settings. */
export function createMiddleware(handlers: ClientHandlers): Middleware {
    return {
        executeCommand: async (command, args: unknown[], next) => {
            switch (command) {
                case SERVER_COMMANDS.showHeads:
                    handlers.showHeads(args[0]);
                    return undefined;
                case SERVER_COMMANDS.showSweep:
                    handlers.showSweep(args[0]);
                    return undefined;
                case SERVER_COMMANDS.influence:
                    handlers.showInfluence(args[0]);
                    return undefined;
                default:
                    break;
            }
            try {
                return (await next(command, args)) as unknown;
            } catch (error) {
                handlers.onCommandError(command, error);
                return undefined;
            }
        },
        handleWorkDoneProgress: (token, params, next) => {
            if (params.kind === "begin") {
                handlers.onProgress(String(token), params.title);
            } else if (params.kind === "end") {
                handlers.onProgress(String(token), undefined);
            }
            next(token, params);
        },
        provideCodeLenses: (document, token, next) =>
            codeLensesEnabled() ? next(document, token) : [],
        workspace: {
            configuration: (params) =>
                params.items.map(({ section }) =>
                    section === "hoplens" ? serverSettings() : null,
                ),
        },
    };
}
