import { LanguageClient } from "vscode-languageclient/node";

/**
 * A client whose own errors go to the log alone: the supervisor says once, with remedies, what is
 * wrong with the server.
 */
export class QuietClient extends LanguageClient {
    override error(message: string, data?: unknown): void {
        super.error(message, data, false);
    }

    override warn(message: string, data?: unknown): void {
        super.warn(message, data, false);
    }
}
