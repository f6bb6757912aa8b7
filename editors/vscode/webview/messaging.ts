import type { FromWebview, ToWebview } from "../src/views/messages";

const api = acquireVsCodeApi();

/** Sends a message to the extension. */
export function post(message: FromWebview): void {
    api.postMessage(message);
}

/** Keeps what the view needs after VS Code reloads the window. */
export function keepState(state: unknown): void {
    api.setState(state);
}

/** Calls `onMessage` for each message of the extension, and tells it that the page is ready. */
export function listen(onMessage: (message: ToWebview) => void): void {
    window.addEventListener("message", (event: MessageEvent<ToWebview>) => {
        onMessage(event.data);
    });
    // VS Code restores only views that have a state when it reloads the window.
    api.setState(api.getState() ?? {});
    post({ type: "ready" });
}
