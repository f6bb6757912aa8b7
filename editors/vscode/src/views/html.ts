import { randomBytes } from "node:crypto";

export interface Page {
    title: string;
    /** What `Webview.cspSource` says. */
    source: string;
    script: string;
    style: string;
}

/**
 * The page of a view. Its policy lets only its own script and style run and loads nothing else;
 * prompts come as messages and are written as text.
 */
export function pageHtml(page: Page, nonce = randomBytes(18).toString("base64")): string {
    const policy = [
        "default-src 'none'",
        `style-src ${page.source}`,
        `script-src 'nonce-${nonce}'`,
        // The picture of a map on its way to PNG.
        `img-src ${page.source} data:`,
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
<link rel="stylesheet" href="${escape(page.style)}">
</head>
<body>
<main id="root" aria-busy="true"><p class="note">Waiting for the server…</p></main>
<script nonce="${escape(nonce)}" src="${escape(page.script)}"></script>
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
