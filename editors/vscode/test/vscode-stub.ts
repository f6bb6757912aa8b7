// Replaces the module `vscode` in unit tests, with the parts that the tested code uses.

export interface ShownMessage {
    kind: "error" | "warning" | "information";
    message: string;
    buttons: string[];
}

/** The state of the simulated editor: what it showed and ran, and how the user acts. */
export const editor = {
    messages: [] as ShownMessage[],
    executedCommands: [] as unknown[][],
    pressedButton: undefined as string | undefined,
    settings: {} as Record<string, unknown>,
    isTrusted: true,
    reset(): void {
        editor.messages = [];
        editor.executedCommands = [];
        editor.pressedButton = undefined;
        editor.settings = {};
        editor.isTrusted = true;
    },
};

function showMessage(kind: ShownMessage["kind"]) {
    return (message: string, ...buttons: string[]): Promise<string | undefined> => {
        editor.messages.push({ kind, message, buttons });
        return Promise.resolve(editor.pressedButton);
    };
}

export const window = {
    showErrorMessage: showMessage("error"),
    showWarningMessage: showMessage("warning"),
    showInformationMessage: showMessage("information"),
    setStatusBarMessage: (): void => undefined,
    activeTextEditor: undefined as unknown,
    visibleTextEditors: [] as unknown[],
};

export const commands = {
    executeCommand: (...command: unknown[]): Promise<void> => {
        editor.executedCommands.push(command);
        return Promise.resolve();
    },
};

export const workspace = {
    get isTrusted(): boolean {
        return editor.isTrusted;
    },
    getConfiguration: (section: string) => ({
        get: (name: string, fallback?: unknown): unknown =>
            editor.settings[`${section}.${name}`] ?? fallback,
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
        // The stub holds no resources.
    }
}

export class Position {
    constructor(
        readonly line: number,
        readonly character: number,
    ) {}
}
