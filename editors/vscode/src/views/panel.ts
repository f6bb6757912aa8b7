import * as vscode from "vscode";

import { pageHtml } from "./html";
import type { FromView, ToView } from "./messages";

/** A view's panel beside the editor. */
export class Panel implements vscode.Disposable {
    private isReady = false;
    /** The newest of each kind of message, for a page that is not there yet. */
    private waiting: ToView[] = [];

    constructor(
        private readonly panel: vscode.WebviewPanel,
        extensionUri: vscode.Uri,
        script: string,
        private readonly hear: (message: FromView) => void,
        gone: () => void,
    ) {
        const folder = vscode.Uri.joinPath(extensionUri, "dist", "webview");
        const { webview } = panel;
        webview.options = { enableScripts: true, localResourceRoots: [folder] };
        const address = (name: string): string =>
            webview.asWebviewUri(vscode.Uri.joinPath(folder, name)).toString();
        panel.iconPath = vscode.Uri.joinPath(extensionUri, "icon.png");
        webview.onDidReceiveMessage((message: FromView) => {
            this.receive(message);
        });
        panel.onDidDispose(gone);
        webview.html = pageHtml({
            title: panel.title,
            source: webview.cspSource,
            script: address(script),
            style: address("view.css"),
        });
    }

    get isActive(): boolean {
        return this.panel.active;
    }

    get isVisible(): boolean {
        return this.panel.visible;
    }

    set title(title: string) {
        this.panel.title = title;
    }

    reveal(): void {
        this.panel.reveal(undefined, true);
    }

    /** Sends a message, as soon as the page can hear. */
    post(message: ToView): void {
        if (this.isReady) {
            void this.panel.webview.postMessage(message);
        } else {
            this.waiting = [...this.waiting.filter(({ type }) => type !== message.type), message];
        }
    }

    dispose(): void {
        this.panel.dispose();
    }

    private receive(message: FromView): void {
        if (message.type === "ready") {
            // A page that was hidden is loaded again and says so again.
            this.isReady = true;
            const { waiting } = this;
            this.waiting = [];
            this.hear(message);
            for (const late of waiting) {
                this.post(late);
            }
            return;
        }
        this.hear(message);
    }
}
