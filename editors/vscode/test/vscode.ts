// A stand-in for the editor: as much of `vscode` as the units under test touch.

export interface Shown {
    kind: "error" | "warning" | "information";
    message: string;
    buttons: string[];
}

/** What was shown and run, and what the person answers. */
export const seen = {
    shown: [] as Shown[],
    ran: [] as unknown[][],
    answer: undefined as string | undefined,
    settings: {} as Record<string, unknown>,
    isTrusted: true,
    reset(): void {
        seen.shown = [];
        seen.ran = [];
        seen.answer = undefined;
        seen.settings = {};
        seen.isTrusted = true;
    },
};

function show(kind: Shown["kind"]) {
    return (message: string, ...buttons: string[]): Promise<string | undefined> => {
        seen.shown.push({ kind, message, buttons });
        return Promise.resolve(seen.answer);
    };
}

export const window = {
    showErrorMessage: show("error"),
    showWarningMessage: show("warning"),
    showInformationMessage: show("information"),
    setStatusBarMessage: (): void => undefined,
    activeTextEditor: undefined as unknown,
    visibleTextEditors: [] as unknown[],
};

export const commands = {
    executeCommand: (...command: unknown[]): Promise<void> => {
        seen.ran.push(command);
        return Promise.resolve();
    },
};

export const workspace = {
    get isTrusted(): boolean {
        return seen.isTrusted;
    },
    getConfiguration: (section: string) => ({
        get: (name: string, other?: unknown): unknown =>
            seen.settings[`${section}.${name}`] ?? other,
    }),
};

export enum ConfigurationTarget {
    Global = 1,
}

export enum QuickPickItemKind {
    Separator = -1,
    Default = 0,
}

export class CancellationTokenSource {
    readonly token = { isCancellationRequested: false };

    cancel(): void {
        this.token.isCancellationRequested = true;
    }

    dispose(): void {
        // Nothing is held.
    }
}

export class Position {
    constructor(
        readonly line: number,
        readonly character: number,
    ) {}
}
