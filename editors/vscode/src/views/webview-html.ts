import { randomBytes } from "node:crypto";

export interface WebviewPage {
    title: string;
    /** `Webview.cspSource`. */
    cspSource: string;
    scriptUri: string;
    styleUri: string;
}

/**
 * Returns the HTML of a webview. Its content security policy allows the page's own script and
 * style and no other resource. Prompts arrive as messages, and the script writes them as text.
 */
export function webviewHtml(
    page: WebviewPage,
    nonce = randomBytes(18).toString("base64"),
): string {
    const policy = [
        "default-src 'none'",
        `style-src ${page.cspSource}`,
        `script-src 'nonce-${nonce}'`,
        // A map that is saved as PNG is loaded as an image first.
        `img-src ${page.cspSource} data:`,
        "base-uri 'none'",
        "form-action 'none'",
    ].join("; ");
    return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escape(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(page.title)}</title>
<link rel="stylesheet" href="${escape(page.styleUri)}">
</head>
<body>
<main id="root" aria-busy="true"><p class="note">Waiting for the server…</p></main>
<script nonce="${escape(nonce)}" src="${escape(page.scriptUri)}"></script>
</body>
</html>`;
}

function escape(text: string): string {
    return text
        .replace(/&/g, "&amp;")
        .replace(/</g, "&lt;")
        .replace(/>/g, "&gt;")
        .replace(/"/g, "&quot;");
}
