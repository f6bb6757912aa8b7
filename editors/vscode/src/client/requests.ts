import type { CancellationToken } from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";

import { SERVER_COMMANDS } from "./methods";
import type {
    HeadsParams,
    HeadsResult,
    InfluenceResult,
    InjectParams,
    InjectResult,
    ListedModel,
    PreviewParams,
    PreviewResult,
    StatusResult,
    SweepParams,
    SweepResult,
} from "./protocol";

const EXECUTE_COMMAND = "workspace/executeCommand";

/** Runs a command of the server. Rejects with the server's error. */
function execute<T>(
    client: LanguageClient,
    command: string,
    argument?: unknown,
    token?: CancellationToken,
): Promise<T> {
    const params = { command, arguments: argument === undefined ? [] : [argument] };
    // `sendRequest` would send an `undefined` token as a second parameter.
    return token === undefined
        ? client.sendRequest<T>(EXECUTE_COMMAND, params)
        : client.sendRequest<T>(EXECUTE_COMMAND, params, token);
}

export function heads(
    client: LanguageClient,
    params: HeadsParams,
    token: CancellationToken,
): Promise<HeadsResult> {
    return execute(client, SERVER_COMMANDS.heads, params, token);
}

export function sweep(
    client: LanguageClient,
    params: SweepParams,
    token: CancellationToken,
): Promise<SweepResult> {
    return execute(client, SERVER_COMMANDS.sweep, params, token);
}

export function influence(
    client: LanguageClient,
    params: { uri: string; case?: string | undefined },
    token: CancellationToken,
): Promise<InfluenceResult> {
    return execute(client, SERVER_COMMANDS.influence, params, token);
}

export function preview(
    client: LanguageClient,
    params: Pick<PreviewParams, "uri"> & {
        position?: PreviewParams["position"] | undefined;
        case?: string | undefined;
    },
    token: CancellationToken,
): Promise<PreviewResult> {
    return execute(client, SERVER_COMMANDS.preview, params, token);
}

export function inject(client: LanguageClient, params: InjectParams): Promise<InjectResult> {
    return execute(client, SERVER_COMMANDS.inject, params);
}

/** Starts an analysis with repairs, of one prompt or, without a URI, of all open ones. */
export function measure(client: LanguageClient, uri: string | undefined): Promise<void> {
    return execute(client, SERVER_COMMANDS.measure, uri === undefined ? undefined : { uri });
}

/** Cancels the work for one prompt or for all. Returns how many prompts had work. */
export function cancel(client: LanguageClient, uri: string | undefined): Promise<number> {
    return execute(client, SERVER_COMMANDS.cancel, uri === undefined ? undefined : { uri });
}

export function models(client: LanguageClient): Promise<ListedModel[]> {
    return execute(client, SERVER_COMMANDS.models);
}

export function useModel(client: LanguageClient, model: string): Promise<void> {
    return execute(client, SERVER_COMMANDS.useModel, { model });
}

export function downloadModel(client: LanguageClient): Promise<void> {
    return execute(client, SERVER_COMMANDS.downloadModel);
}

export function status(client: LanguageClient): Promise<StatusResult> {
    return execute(client, SERVER_COMMANDS.status);
}
