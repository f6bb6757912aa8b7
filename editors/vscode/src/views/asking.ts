import * as vscode from "vscode";

/** Asks one thing at a time: a newer question ends the older one. */
export class Asking implements vscode.Disposable {
    private source: vscode.CancellationTokenSource | undefined;

    /** Gives the answer, or nothing where a newer question or {@link cancel} came in between. */
    async ask<T>(question: (token: vscode.CancellationToken) => Promise<T>): Promise<T | undefined> {
        this.cancel();
        const source = new vscode.CancellationTokenSource();
        this.source = source;
        try {
            const answer = await question(source.token);
            return source.token.isCancellationRequested ? undefined : answer;
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

    get isAsking(): boolean {
        return this.source !== undefined;
    }

    cancel(): void {
        this.source?.cancel();
        this.source = undefined;
    }

    dispose(): void {
        this.cancel();
    }
}
