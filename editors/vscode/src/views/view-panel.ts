import * as vscode from "vscode";

import type { FromWebview, ToWebview } from "./messages";
import { webviewHtml } from "./webview-html";

export interface ViewPanelOptions {
    extensionUri: vscode.Uri;
    /** File name of the script in `dist/webview`. */
    script: string;
    onMessage: (message: FromWebview) => void;
    onClose: () => void;
}

/** A webview panel that queues messages until its page can receive them. */
export class ViewPanel implements vscode.Disposable {
    private isReady = false;
    /** The latest message of each type. */
    private queue: ToWebview[] = [];

    constructor(
        private readonly panel: vscode.WebviewPanel,
        private readonly options: ViewPanelOptions,
    ) {
        const { extensionUri, script, onClose } = options;
        const folder = vscode.Uri.joinPath(extensionUri, "dist", "webview");
        const { webview } = panel;
        webview.options = { enableScripts: true, localResourceRoots: [folder] };
        const webviewUri = (name: string): string =>
            webview.asWebviewUri(vscode.Uri.joinPath(folder, name)).toString();
        panel.iconPath = vscode.Uri.joinPath(extensionUri, "icon.png");
        webview.onDidReceiveMessage((message: FromWebview) => {
            this.receive(message);
        });
        panel.onDidDispose(onClose);
        webview.html = webviewHtml({
            title: panel.title,
            cspSource: webview.cspSource,
            scriptUri: webviewUri(script),
            styleUri: webviewUri("view.css"),
        });
    }

    get isActive(): boolean {
        return this.panel.active;
    }

    set title(title: string) {
        this.panel.title = title;
    }

    reveal(): void {
        this.panel.reveal(undefined, true);
    }

    /** Sends a message now, or as soon as the page is ready. */
    post(message: ToWebview): void {
        if (this.isReady) {
            void this.panel.webview.postMessage(message);
        } else {
            this.queue = [...this.queue.filter(({ type }) => type !== message.type), message];
        }
    }

    dispose(): void {
        this.panel.dispose();
    }

    private receive(message: FromWebview): void {
        const { onMessage } = this.options;
        if (message.type !== "ready") {
            onMessage(message);
            return;
        }
        // VS Code reloads a page that was hidden, and the page reports that it is ready again.
        this.isReady = true;
        const { queue } = this;
        this.queue = [];
        onMessage(message);
        for (const queued of queue) {
            this.post(queued);
        }
    }
}
