import assert from "node:assert/strict";
import { test } from "node:test";

import type { LanguageClient } from "vscode-languageclient/node";

import * as requests from "../src/client/requests";
import { isCancelled } from "../src/commands/context";
import { item } from "../src/commands/models";
import { placeIn } from "../src/commands/views";
import { Asking } from "../src/views/asking";
import { pageHtml } from "../src/views/html";

const PAGE = { title: "Heads", source: "https://view", script: "https://view/a.js", style: "https://view/a.css" };

test("a page runs its own script only, and loads nothing", () => {
    const html = pageHtml(PAGE, "abc123");
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? "";
    assert.match(policy, /^default-src 'none'; /);
    assert.match(policy, /script-src 'nonce-abc123'/);
    assert.doesNotMatch(policy, /unsafe/);
    assert.equal(html.match(/<script/g)?.length, 1);
});

test("each page has a nonce of its own, and a title becomes no markup", () => {
    const nonce = (html: string): string => /nonce="([^"]+)"/.exec(html)?.[1] ?? "";
    const [one, other] = [nonce(pageHtml(PAGE)), nonce(pageHtml(PAGE))];
    assert.ok(one.length >= 16);
    assert.notEqual(one, other);
    const html = pageHtml({ ...PAGE, title: '</title><img src=x onerror="x">' });
    assert.ok(!html.includes("<img"));
});

test("a newer question ends the older one", async () => {
    const asking = new Asking();
    let finish: ((answer: string) => void) | undefined;
    const older = asking.ask(
        () =>
            new Promise<string>((resolve) => {
                finish = resolve;
            }),
    );
    const newer = asking.ask(() => Promise.resolve("new"));
    finish?.("old");
    assert.equal(await older, undefined);
    assert.equal(await newer, "new");
});

test("an answer's error is told, one of a question that was ended is not", async () => {
    const asking = new Asking();
    await assert.rejects(
        asking.ask(() => Promise.reject(new Error("no model"))),
        /no model/,
    );
    const ended = asking.ask(async (): Promise<string> => {
        await new Promise(setImmediate);
        throw new Error("ended");
    });
    asking.cancel();
    assert.equal(await ended, undefined);
});

test("what was cancelled or overtaken is no failure", () => {
    assert.ok(isCancelled({ code: -32800 }));
    assert.ok(isCancelled({ code: -32801 }));
    assert.ok(!isCancelled(new Error("no model")));
    assert.ok(!isCancelled(undefined));
});

test("arguments of links are looked at before they are believed", () => {
    assert.equal(placeIn(undefined), undefined);
    assert.equal(placeIn({ uri: 3 }), undefined);
    const place = placeIn({ uri: "file:///a", position: { line: "x" }, case: 7, memory: "m" });
    assert.deepEqual(place, { uri: "file:///a", position: undefined, case: undefined, memory: "m" });
    const whole = placeIn({ uri: "file:///a", position: { line: 1, character: 2 }, case: "reef" });
    assert.deepEqual(whole?.position, { line: 1, character: 2 });
});

test("a model's item says its size, licence and place", () => {
    const model = { name: "gpt2", size: 548e6, licence: "mit", here: false, current: false };
    assert.equal(item(model).description, "548 MB · mit · not on this disk");
    assert.match(item(model).label, /cloud-download/);
    assert.match(item({ ...model, here: true, current: true }).label, /check/);
    assert.equal(item({ ...model, size: null, licence: null, here: true }).description, "");
});

test("a command has one parameter, and a token only where there is one", async () => {
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
