import type { Middleware } from "vscode-languageclient/node";

import { codeLensesEnabled, serverSettings } from "../config";
import { SERVER } from "./protocol";

/** What happens with the server's commands in this editor, instead of what plain clients get. */
export interface Handlers {
    showHeads: (argument: unknown) => void;
    showSweep: (argument: unknown) => void;
    failed: (command: string, error: unknown) => void;
    /** Work that the server reports began or went on; without a title it ended. */
    work: (token: string, title: string | undefined) => void;
}

/** Sends lenses and links to the views, and answers for the settings. */
export function middleware(handlers: Handlers): Middleware {
    return {
        executeCommand: async (command, args: unknown[], next) => {
            switch (command) {
                case SERVER.showHeads:
                    handlers.showHeads(args[0]);
                    return undefined;
                case SERVER.showSweep:
                    handlers.showSweep(args[0]);
                    return undefined;
                default:
                    break;
            }
            try {
                return (await next(command, args)) as unknown;
            } catch (error) {
                handlers.failed(command, error);
                return undefined;
            }
        },
        handleWorkDoneProgress: (token, params, next) => {
            if (params.kind === "begin") {
                handlers.work(String(token), params.title);
            } else if (params.kind === "end") {
                handlers.work(String(token), undefined);
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
