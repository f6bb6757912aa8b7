import * as vscode from "vscode";

/** The model in untrusted folders, whose `hoplens.toml` must not choose one. */
const DEFAULT_MODEL = "smollm2-135m";

/** The settings that the server reads. */
export interface ServerSettings {
    model?: string;
    run: string;
    debounceMs: number;
    declaredOnly: boolean;
    replies: { samples: number | null; tokens: number | null };
    hints: { surprisal: boolean };
    codeLens: { enabled: boolean };
}

/** Settings that take effect only in a new server process. */
const RESTART_SETTINGS = ["server.path", "server.args", "server.env", "files"];

function section(): vscode.WorkspaceConfiguration {
    return vscode.workspace.getConfiguration("hoplens");
}

/**
 * Returns the settings for the server. In an untrusted folder they always name a model, so that
 * the folder's `hoplens.toml` cannot.
 */
export function serverSettings(): ServerSettings {
    const settings = section();
    const fallback = vscode.workspace.isTrusted ? "" : DEFAULT_MODEL;
    const chosen = settings.get<string | null>("model")?.trim() ?? "";
    const model = chosen === "" ? fallback : chosen;
    return {
        ...(model === "" ? {} : { model }),
        run: settings.get("run", "onType"),
        debounceMs: settings.get("debounceMs", 400),
        declaredOnly: settings.get("declaredOnly", false),
        replies: {
            samples: settings.get<number | null>("replies.samples", null),
            tokens: settings.get<number | null>("replies.tokens", null),
        },
        hints: { surprisal: settings.get("hints.surprisal", false) },
        codeLens: { enabled: settings.get("codeLens.enabled", true) },
    };
}

/** Returns the setting `hoplens.server.path`. */
export function serverPath(): string | undefined {
    return section().get<string | null>("server.path") ?? undefined;
}

/** Returns additional arguments for `hoplens lsp`. */
export function serverArgs(): string[] {
    return section().get<string[]>("server.args", []);
}

/** Returns this process's environment with the variables of the setting added. */
export function serverEnv(): NodeJS.ProcessEnv {
    return { ...process.env, ...section().get<Record<string, string>>("server.env", {}) };
}

/** Returns globs of files that may be prompts. */
export function fileGlobs(): string[] {
    return section().get<string[]>("files", []);
}

/** Whether code lenses are shown above cases. */
export function codeLensesEnabled(): boolean {
    return section().get("codeLens.enabled", true);
}

/** Whether a change of the settings needs a new server process. */
export function needsRestart(change: vscode.ConfigurationChangeEvent): boolean {
    return RESTART_SETTINGS.some((name) => change.affectsConfiguration(`hoplens.${name}`));
}

/** Saves a model in the user's settings, for all folders. */
export async function saveModelSetting(model: string): Promise<void> {
    await section().update("model", model, vscode.ConfigurationTarget.Global);
}
