import type { FromView, ToView } from "../src/views/messages";

const api = acquireVsCodeApi();

/** Sends a message to the extension. */
export function post(message: FromView): void {
    api.postMessage(message);
}

/** Hears messages of the extension, and tells it that the page can. */
export function listen(hear: (message: ToView) => void): void {
    window.addEventListener("message", (event: MessageEvent<ToView>) => {
        hear(event.data);
    });
    // So that VS Code restores the view when the window is loaded again.
    api.setState({});
    post({ type: "ready" });
}
