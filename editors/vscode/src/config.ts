import * as vscode from "vscode";

/** The model that is taken where a folder may not choose one. */
const DEFAULT_MODEL = "smollm2-135m";

/** The section that the server reads. */
export interface ServerSettings {
    model?: string;
    run: string;
    debounceMs: number;
    declaredOnly: boolean;
    hints: { surprisal: boolean };
    codeLens: { enabled: boolean };
}

/** Settings that say which program runs, with what: a change of them needs another process. */
const NEED_RESTART = ["server.path", "server.args", "server.env", "files"];

function section(): vscode.WorkspaceConfiguration {
    return vscode.workspace.getConfiguration("hoplens");
}

/** What the server is told. In a folder that is not trusted its `hoplens.toml` names no model. */
export function serverSettings(): ServerSettings {
    const settings = section();
    const fallback = vscode.workspace.isTrusted ? "" : DEFAULT_MODEL;
    const own = settings.get<string | null>("model")?.trim() ?? "";
    const model = own === "" ? fallback : own;
    return {
        ...(model === "" ? {} : { model }),
        run: settings.get("run", "onType"),
        debounceMs: settings.get("debounceMs", 400),
        declaredOnly: settings.get("declaredOnly", false),
        hints: { surprisal: settings.get("hints.surprisal", false) },
        codeLens: { enabled: settings.get("codeLens.enabled", true) },
    };
}

/** The setting `hoplens.server.path`. */
export function serverPath(): string | undefined {
    return section().get<string | null>("server.path") ?? undefined;
}

/** More arguments for the server. */
export function serverArgs(): string[] {
    return section().get<string[]>("server.args", []);
}

/** The server's environment: this process's, and what the setting adds. */
export function serverEnv(): NodeJS.ProcessEnv {
    return { ...process.env, ...section().get<Record<string, string>>("server.env", {}) };
}

/** Globs of files that may be prompts. */
export function fileGlobs(): string[] {
    return section().get<string[]>("files", []);
}

/** Whether lenses above cases are shown. */
export function codeLensesEnabled(): boolean {
    return section().get("codeLens.enabled", true);
}

/** Whether a change of the settings needs another server process. */
export function needsRestart(change: vscode.ConfigurationChangeEvent): boolean {
    return NEED_RESTART.some((name) => change.affectsConfiguration(`hoplens.${name}`));
}

/** Keeps a model for all of the person's folders. */
export async function keepModel(model: string): Promise<void> {
    await section().update("model", model, vscode.ConfigurationTarget.Global);
}
