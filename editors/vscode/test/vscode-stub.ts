// Replaces the module `vscode` in unit tests, with the parts that the tested code uses.

export interface ShownMessage {
    kind: "error" | "warning" | "information";
    message: string;
    buttons: string[];
}

/** A panel with a page, as the tests see it. */
export class StubPanel {
    active = true;
    revealed = 0;
    iconPath: unknown;
    /** What the extension sent to the page. */
    readonly sent: unknown[] = [];
    private receive: ((message: unknown) => void) | undefined;
    private disposed: (() => void) | undefined;
    readonly webview = {
        options: {},
        html: "",
        cspSource: "https://view",
        asWebviewUri: (uri: unknown): unknown => uri,
        onDidReceiveMessage: (listener: (message: unknown) => void): void => {
            this.receive = listener;
        },
        postMessage: (message: unknown): Promise<boolean> => {
            this.sent.push(message);
            return Promise.resolve(true);
        },
    };

    constructor(
        readonly viewType: string,
        public title: string,
    ) {}

    onDidDispose(listener: () => void): void {
        this.disposed = listener;
    }

    reveal(): void {
        this.revealed += 1;
    }

    dispose(): void {
        this.disposed?.();
    }

    /** Acts as the page that sends a message. */
    say(message: unknown): void {
        this.receive?.(message);
    }
}

/** The state of the simulated editor: what it showed and ran, and how the user acts. */
export const editor = {
    messages: [] as ShownMessage[],
    panels: [] as StubPanel[],
    executedCommands: [] as unknown[][],
    pressedButton: undefined as string | undefined,
    settings: {} as Record<string, unknown>,
    isTrusted: true,
    reset(): void {
        editor.messages = [];
        editor.panels = [];
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
    createWebviewPanel: (viewType: string, title: string): StubPanel => {
        const panel = new StubPanel(viewType, title);
        editor.panels.push(panel);
        return panel;
    },
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

export const Uri = {
    parse: (text: string) => ({ path: text.replace(/^[a-z]+:\/\//, ""), toString: () => text }),
    joinPath: (base: { path: string }, ...names: string[]) => Uri.parse([base.path, ...names].join("/")),
};

export enum ViewColumn {
    Beside = -2,
}

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
