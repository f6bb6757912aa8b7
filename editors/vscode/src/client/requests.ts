import type { CancellationToken } from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";

import {
    SERVER,
    type HeadsArguments,
    type HeadsDocument,
    type InjectArguments,
    type Injected,
    type KnownModel,
    type Status,
    type SweepArguments,
    type SweepDocument,
} from "./protocol";

const EXECUTE = "workspace/executeCommand";

/** Has the server run a command and gives its answer; errors are those of the server. */
function execute<T>(
    client: LanguageClient,
    command: string,
    argument?: unknown,
    token?: CancellationToken,
): Promise<T> {
    const params = { command, arguments: argument === undefined ? [] : [argument] };
    // An absent token would be taken for a second parameter.
    return token === undefined
        ? client.sendRequest<T>(EXECUTE, params)
        : client.sendRequest<T>(EXECUTE, params, token);
}

export function heads(
    client: LanguageClient,
    argument: HeadsArguments,
    token: CancellationToken,
): Promise<HeadsDocument> {
    return execute(client, SERVER.heads, argument, token);
}

export function sweep(
    client: LanguageClient,
    argument: SweepArguments,
    token: CancellationToken,
): Promise<SweepDocument> {
    return execute(client, SERVER.sweep, argument, token);
}

export function inject(client: LanguageClient, argument: InjectArguments): Promise<Injected> {
    return execute(client, SERVER.inject, argument);
}

/** Looks at a prompt and measures repairs, at all prompts without one. */
export function measure(client: LanguageClient, uri: string | undefined): Promise<void> {
    return execute(client, SERVER.measure, uri === undefined ? undefined : { uri });
}

/** Ends work; gives the number of prompts whose work it was. */
export function cancel(client: LanguageClient, uri: string | undefined): Promise<number> {
    return execute(client, SERVER.cancel, uri === undefined ? undefined : { uri });
}

export function models(client: LanguageClient): Promise<KnownModel[]> {
    return execute(client, SERVER.models);
}

export function useModel(client: LanguageClient, model: string): Promise<void> {
    return execute(client, SERVER.useModel, { model });
}

export function downloadModel(client: LanguageClient): Promise<void> {
    return execute(client, SERVER.downloadModel);
}

export function status(client: LanguageClient): Promise<Status> {
    return execute(client, SERVER.status);
}
