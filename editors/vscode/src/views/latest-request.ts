import * as vscode from "vscode";

/** Runs one request at a time: a new request cancels the one before it. */
export class LatestRequest implements vscode.Disposable {
    private source: vscode.CancellationTokenSource | undefined;

    /** Returns the result, or `undefined` if a newer request or {@link cancel} cancelled this one. */
    async run<T>(request: (token: vscode.CancellationToken) => Promise<T>): Promise<T | undefined> {
        this.cancel();
        const source = new vscode.CancellationTokenSource();
        this.source = source;
        try {
            const result = await request(source.token);
            return source.token.isCancellationRequested ? undefined : result;
        } catch (error) {
            if (source.token.isCancellationRequested) {
                return undefined;
            }
            throw error;
        } finally {
            if (this.source === source) {
                this.source = undefined;
            }
            source.dispose();
        }
    }

    cancel(): void {
        this.source?.cancel();
        this.source = undefined;
    }

    dispose(): void {
        this.cancel();
    }
}
