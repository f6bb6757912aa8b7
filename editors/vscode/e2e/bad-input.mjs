// Servers that are not there, are others, die or may not run; no model.

import assert from "node:assert/strict";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { waitFor } from "./code-server.mjs";
import { inWindow } from "./session.mjs";

/** An environment in whose PATH there is no hoplens. */
const BARE = { PATH: "/usr/bin:/bin" };

export async function withoutAServerOneMessageNamesTheRemedies(context) {
    const wanted = { name: "no-server", vsix: context.universal, env: BARE };
    await inWindow(context, wanted, async ({ bench, page }) => {
        await bench.openFile("reef.prompt");
        const text = await bench.notification(/The hoplens server was not found/);
        assert.match(text, /hoplens\.server\.path/);
        for (const button of ["How to Install", "Name Its Path", "Show Log"]) {
            await page.locator(".notification-list-item", { hasText: button }).first().waitFor();
        }
        assert.equal(await page.locator(".notification-list-item").count(), 1, "one message");
        await bench.screenshot(path.join(context.pictures, "vscode-no-server.png"));
        await bench.press("How to Install");
        await page.locator(".getting-started-step", { hasText: "The server" }).first().waitFor();
        // The walkthrough's own button: the command list would lose the focus to a page that opens.
        await page.getByRole("button", { name: "Restart the Server", exact: true }).click();
        await bench.press("Name Its Path");
        await page.locator(".settings-editor").waitFor();
    });
}

export async function aServerOfAnotherVersionIsWarnedOf(context) {
    const server = script(context, "other", 'if [ "$1" = --version ]; then echo hoplens 9.9.9; exit 0; fi', `exec "${context.server}" "$@"`);
    const wanted = { name: "version", settings: { "hoplens.server.path": server } };
    await inWindow(context, wanted, async ({ bench }) => {
        await bench.openFile("reef.prompt");
        const text = await bench.notification(/version 9\.9\.9/);
        assert.match(text, /this extension is 0\.1\.0/);
        assert.ok((await bench.probability()) > 10, "it is used all the same");
    });
}

export async function aServerThatDiesAtOnceIsQuoted(context) {
    const server = script(context, "dead", "echo 'libmissing.so: cannot open' >&2", "exit 3");
    const wanted = { name: "dead", settings: { "hoplens.server.path": server } };
    await inWindow(context, wanted, async ({ bench }) => {
        await bench.openFile("reef.prompt");
        const text = await bench.notification(/ends at once/);
        assert.match(text, /\(3\): libmissing\.so: cannot open/);
    });
}

export async function aServerThatKeepsDyingIsGivenUp(context) {
    const count = path.join(context.work, "starts");
    const server = script(
        context,
        "dying",
        'if [ "$1" = --version ]; then echo hoplens 0.1.0; exit 0; fi',
        `echo start >> "${count}"`,
        "echo 'out of memory' >&2",
        "exit 1",
    );
    const starts = () => readFileSync(count, "utf8").trim().split("\n").length;
    const wanted = { name: "dying", settings: { "hoplens.server.path": server } };
    await inWindow(context, wanted, async ({ bench, page }) => {
        await bench.openFile("reef.prompt");
        const text = await bench.notification(/keeps dying/);
        assert.match(text, /exit code 1; its last words: out of memory/);
        assert.equal(starts(), 6);
        await page.waitForTimeout(3000);
        assert.equal(starts(), 6, "it is not started again by itself");
        await bench.press("Try Again");
        await waitFor(() => starts() > 6, 20_000);
    });
}

export async function aServerWithoutPermissionIsNamedWithTheRemedy(context) {
    const server = script(context, "locked", "echo hoplens 0.1.0");
    chmodSync(server, 0o644);
    const wanted = { name: "locked", settings: { "hoplens.server.path": server } };
    await inWindow(context, wanted, async ({ bench }) => {
        await bench.openFile("reef.prompt");
        const text = await bench.notification(/may not be run/);
        assert.ok(text.includes(`chmod +x "${server}"`), text);
        copyFileSync(context.server, server);
        chmodSync(server, 0o755);
        await bench.press("Try Again");
        assert.ok((await bench.probability()) > 10);
    });
}

export async function withoutAModelThePersonIsToldAndNotBlocked(context) {
    const home = path.join(context.work, "empty-home");
    mkdirSync(home, { recursive: true });
    const elsewhere = { HOPLENS_HOME: home, HF_HOME: home, XDG_CACHE_HOME: home, HOME: home };
    const wanted = { name: "no-model", settings: { "hoplens.server.env": { ...elsewhere, HF_HUB_OFFLINE: "1" } } };
    await inWindow(context, wanted, async ({ bench, page }) => {
        await bench.openFile("reef.prompt");
        const hover = await bench.hover("coral", /No model yet/);
        assert.match(hover, /network is off/);
        await page.keyboard.press("Escape");
        await bench.click("coral");
        await bench.command("hoplens: Show Heads");
        const view = await bench.view(".status");
        await view.locator(".status", { hasText: /not on this disk/ }).waitFor({ timeout: 30_000 });
    });
}

export async function aFolderThatIsNotTrustedChoosesNoServer(context) {
    const mark = path.join(context.work, "ran");
    const evil = script(context, "evil", `touch "${mark}"`, "echo hoplens 0.1.0");
    const wanted = {
        name: "untrusted",
        flags: [],
        settings: {
            "security.workspace.trust.enabled": true,
            "security.workspace.trust.startupPrompt": "never",
            "security.workspace.trust.untrustedFiles": "open",
            "security.workspace.trust.banner": "never",
        },
    };
    const before = (folder) => {
        mkdirSync(path.join(folder, ".vscode"));
        const settings = { "hoplens.server.path": evil, "hoplens.model": "gpt2" };
        writeFileSync(path.join(folder, ".vscode/settings.json"), JSON.stringify(settings));
        writeFileSync(path.join(folder, "hoplens.toml"), 'model = "gpt2"\n');
    };
    await inWindow(context, { ...wanted, before }, async ({ bench }) => {
        await bench.openFile("reef.prompt");
        assert.ok((await bench.probability()) > 10, "the own server and the default model");
        assert.throws(() => readFileSync(mark), "the folder's server did not run");
    });
}

/** A program of shell commands. */
function script({ work }, name, ...lines) {
    const file = path.join(work, `server-${name}`);
    writeFileSync(file, `#!/bin/sh\n${lines.join("\n")}\n`);
    chmodSync(file, 0o755);
    return file;
}
