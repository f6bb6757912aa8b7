import { LanguageClient } from "vscode-languageclient/node";

/**
 * A language client that writes its errors to the log and shows no messages. `ServerNotifier` shows
 * one message for each problem, with buttons that help.
 */
export class LogOnlyClient extends LanguageClient {
    override error(message: string, data?: unknown): void {
        super.error(message, data, false);
    }

    override warn(message: string, data?: unknown): void {
        super.warn(message, data, false);
    }
}
