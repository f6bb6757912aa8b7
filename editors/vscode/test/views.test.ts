import assert from "node:assert/strict";
import { test } from "node:test";

import type { LanguageClient } from "vscode-languageclient/node";

import * as requests from "../src/client/requests";
import { isCancelled } from "../src/commands/errors";
import { modelItem } from "../src/commands/models";
import { parseViewTarget } from "../src/commands/views";
import { barColour, lineEnd } from "../src/views/influence-decorations";
import { LatestRequest } from "../src/views/latest-request";
import { webviewHtml } from "../src/views/webview-html";

const PAGE = {
    title: "Heads",
    cspSource: "https://view",
    scriptUri: "https://view/a.js",
    styleUri: "https://view/a.css",
};

test("a webview runs only its own script and loads nothing else", () => {
    const html = webviewHtml(PAGE, "abc123");
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? "";
    assert.match(policy, /^default-src 'none'; /);
    assert.match(policy, /script-src 'nonce-abc123'/);
    assert.doesNotMatch(policy, /unsafe/);
    assert.equal(html.match(/<script/g)?.length, 1);
});

test("each webview has its own nonce, and a title is never markup", () => {
    const nonce = (html: string): string => /nonce="([^"]+)"/.exec(html)?.[1] ?? "";
    const [first, second] = [nonce(webviewHtml(PAGE)), nonce(webviewHtml(PAGE))];
    assert.ok(first.length >= 16);
    assert.notEqual(first, second);
    const html = webviewHtml({ ...PAGE, title: '</title><img src=x onerror="x">' });
    assert.ok(!html.includes("<img"));
});

test("a line without effect has a dot, and one with effect a bar of its colour", () => {
    const line = { line: 3, share: 0, bar: "", text: "nothing" };
    assert.equal(lineEnd(line), "· nothing");
    assert.equal(lineEnd({ ...line, share: 0.5, bar: "████" }), "████ nothing");
    assert.deepEqual([1, 0.5, 0.2, 0.01].map(barColour), [0, 0, 1, 2]);
});

test("a newer request cancels the one before it", async () => {
    const latest = new LatestRequest();
    let finishFirst: ((result: string) => void) | undefined;
    const first = latest.run(
        () =>
            new Promise<string>((resolve) => {
                finishFirst = resolve;
            }),
    );
    const second = latest.run(() => Promise.resolve("second"));
    finishFirst?.("first");
    assert.equal(await first, undefined);
    assert.equal(await second, "second");
});

test("the error of a request is thrown unless the request was cancelled", async () => {
    const latest = new LatestRequest();
    await assert.rejects(
        latest.run(() => Promise.reject(new Error("no model"))),
        /no model/,
    );
    const cancelled = latest.run(async (): Promise<string> => {
        await new Promise(setImmediate);
        throw new Error("cancelled");
    });
    latest.cancel();
    assert.equal(await cancelled, undefined);
});

test("cancelled and obsolete requests are not failures", () => {
    assert.ok(isCancelled({ code: -32800 }));
    assert.ok(isCancelled({ code: -32801 }));
    assert.ok(!isCancelled(new Error("no model")));
    assert.ok(!isCancelled(undefined));
});

test("every field of a link argument is checked", () => {
    assert.equal(parseViewTarget(undefined), undefined);
    assert.equal(parseViewTarget({ uri: 3 }), undefined);
    const target = parseViewTarget({ uri: "file:///a", position: { line: "x" }, case: 7, memory: "m" });
    assert.deepEqual(target, { uri: "file:///a", position: undefined, case: undefined, memory: "m" });
    const whole = parseViewTarget({ uri: "file:///a", position: { line: 1, character: 2 }, case: "reef" });
    assert.deepEqual(whole?.position, { line: 1, character: 2 });
});

test("the item of a model shows its size, its licence and whether it is on disk", () => {
    const model = { name: "gpt2", size: 548e6, licence: "mit", here: false, current: false };
    assert.equal(modelItem(model).description, "548 MB · mit · not on this disk");
    assert.match(modelItem(model).label, /cloud-download/);
    assert.match(modelItem({ ...model, here: true, current: true }).label, /check/);
    assert.equal(modelItem({ ...model, size: null, licence: null, here: true }).description, "");
});

test("a request has one parameter, plus a cancellation token if there is one", async () => {
    const sent: unknown[][] = [];
    const client = {
        sendRequest: (...all: unknown[]) => {
            sent.push(all);
            return Promise.resolve(3);
        },
    } as unknown as LanguageClient;
    assert.equal(await requests.cancel(client, "file:///a"), 3);
    await requests.status(client);
    const command = (name: string, args: unknown[]): unknown[] => [
        "workspace/executeCommand",
        { command: `hoplens.server.${name}`, arguments: args },
    ];
    assert.deepEqual(sent, [command("cancel", [{ uri: "file:///a" }]), command("status", [])]);
});
