import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import type { Uri } from "vscode";

import type { Supervisor } from "../src/server/supervisor";
import { DocumentPanel } from "../src/views/document-panel";
import type { FromWebview } from "../src/views/messages";
import { editor, Uri as StubUri } from "./vscode-stub";

const URI = "file:///prompts/reef.prompt";

const supervisor = { state: { kind: "running" }, runningClient: {} } as unknown as Supervisor;

interface Recorded {
    panel: DocumentPanel<{ uri: string }>;
    refreshed: number;
    own: FromWebview[];
}

function documentPanel(): Recorded {
    const recorded: Recorded = {
        refreshed: 0,
        own: [],
        panel: new DocumentPanel<{ uri: string }>({
            extensionUri: StubUri.parse("file:///extension") as unknown as Uri,
            supervisor,
            viewType: "hoplens.test",
            title: "Test",
            name: "test",
            render: (document, file) => [{ type: "notice", message: `${document.uri} ${file}` }],
            refresh: () => {
                recorded.refreshed += 1;
                return Promise.resolve();
            },
            onMessage: (message) => {
                recorded.own.push(message);
                return Promise.resolve();
            },
        }),
    };
    return recorded;
}

const SHOWN = { type: "notice", message: `${URI} reef.prompt` };

beforeEach(() => {
    editor.reset();
});

test("a view has one panel until it is closed", () => {
    const { panel } = documentPanel();
    assert.deepEqual([panel.isOpen, panel.isActive], [false, false]);
    panel.open();
    panel.open();
    const [first] = editor.panels;
    assert.deepEqual([editor.panels.length, first?.revealed, first?.viewType], [1, 1, "hoplens.test"]);
    assert.deepEqual([panel.isOpen, panel.isActive], [true, true]);
    first?.dispose();
    assert.deepEqual([panel.isOpen, panel.isActive], [false, false]);
    panel.open();
    assert.equal(editor.panels.length, 2);
});

test("a document is shown once the page is ready, and again when it reloads", async () => {
    const { panel } = documentPanel();
    panel.open();
    const [shown] = editor.panels;
    assert.ok(shown !== undefined);
    const document = await panel.read("Reading…", () => Promise.resolve({ uri: URI }));
    assert.deepEqual(document, { uri: URI });
    panel.show();
    assert.equal(shown.title, "Test: reef.prompt");
    assert.deepEqual(shown.sent, []);
    shown.say({ type: "ready" });
    assert.ok(shown.sent.some((message) => JSON.stringify(message) === JSON.stringify(SHOWN)));
    shown.sent.length = 0;
    shown.say({ type: "ready" });
    assert.deepEqual(shown.sent, [SHOWN]);
});

test("closing a panel cancels the request and drops the document", async () => {
    const { panel } = documentPanel();
    panel.open();
    await panel.read("Reading…", () => Promise.resolve({ uri: URI }));
    const pending = panel.read("Reading…", async (_client, token) => {
        await new Promise(setImmediate);
        assert.ok(token.isCancellationRequested);
        return { uri: URI };
    });
    await new Promise<void>((resolve) => {
        queueMicrotask(resolve);
    });
    editor.panels[0]?.dispose();
    assert.equal(await pending, undefined);
    assert.equal(panel.document, undefined);
});

test("a failed request keeps the document and is reported to its caller", async () => {
    const { panel } = documentPanel();
    panel.open();
    await panel.read("Reading…", () => Promise.resolve({ uri: URI }));
    await assert.rejects(
        panel.read("Reading…", () => Promise.reject(new Error("no model"))),
        /no model/,
    );
    assert.deepEqual(panel.document, { uri: URI });
});

test("messages of every page are handled alike, and the others by the view", () => {
    const recorded = documentPanel();
    recorded.panel.open();
    const [shown] = editor.panels;
    assert.ok(shown !== undefined);
    shown.say({ type: "ready" });
    shown.say({ type: "refresh" });
    shown.say({ type: "revealToken", token: 3 });
    shown.say({ type: "cancel" });
    recorded.panel.export("svg");
    assert.equal(recorded.refreshed, 1);
    assert.deepEqual(recorded.own, [{ type: "revealToken", token: 3 }]);
    assert.deepEqual(shown.sent, [
        { type: "failed", message: "Cancelled." },
        { type: "export", format: "svg" },
    ]);
});
