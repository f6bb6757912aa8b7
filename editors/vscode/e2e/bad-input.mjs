// Missing, incompatible, crashing and forbidden servers, and a missing model.

import assert from "node:assert/strict";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { waitFor } from "./code-server.mjs";
import { inWindow } from "./session.mjs";

/** An environment whose PATH has no hoplens. */
const NO_HOPLENS_ON_PATH = { PATH: "/usr/bin:/bin" };

export async function aMissingServerShowsOneMessageWithRemedies(context) {
    const options = { name: "no-server", vsix: context.universal, env: NO_HOPLENS_ON_PATH };
    await inWindow(context, options, async ({ bench, page }) => {
        await bench.openFile("reef.prompt");
        const text = await bench.notification(/The hoplens server was not found/);
        assert.match(text, /hoplens\.server\.path/);
        for (const button of ["How to Install", "Set Path", "Show Log"]) {
            await page.locator(".notification-list-item", { hasText: button }).first().waitFor();
        }
        assert.equal(await page.locator(".notification-list-item").count(), 1, "one message");
        await bench.screenshot(path.join(context.pictures, "vscode-no-server.png"));
        await bench.press("How to Install");
        await page.locator(".getting-started-step", { hasText: "The server" }).first().waitFor();
        // The command palette would lose the focus to a page that opens, so this presses the
        // walkthrough's own button.
        await page.getByRole("button", { name: "Restart the Server", exact: true }).click();
        await bench.press("Set Path");
        await page.locator(".settings-editor").waitFor();
    });
}

export async function anIncompatibleServerShowsAWarningAndStillWorks(context) {
    const server = script(context, "other", 'if [ "$1" = --version ]; then echo hoplens 9.9.9; exit 0; fi', `exec "${context.server}" "$@"`);
    const options = { name: "version", settings: { "hoplens.server.path": server } };
    await inWindow(context, options, async ({ bench }) => {
        await bench.openFile("reef.prompt");
        const text = await bench.notification(/has version 9\.9\.9/);
        assert.match(text, /this extension has 0\.1\.0/);
        assert.ok((await bench.probability()) > 10, "the server is used all the same");
    });
}

export async function anErrorQuotesAServerThatExitsAtOnce(context) {
    const server = script(context, "dead", "echo 'libmissing.so: cannot open' >&2", "exit 3");
    const options = { name: "dead", settings: { "hoplens.server.path": server } };
    await inWindow(context, options, async ({ bench }) => {
        await bench.openFile("reef.prompt");
        const text = await bench.notification(/exits at once/);
        assert.match(text, /\(3\): libmissing\.so: cannot open/);
    });
}

export async function aCrashingServerIsRestartedFiveTimes(context) {
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
    const options = { name: "dying", settings: { "hoplens.server.path": server } };
    await inWindow(context, options, async ({ bench, page }) => {
        await bench.openFile("reef.prompt");
        const text = await bench.notification(/keeps crashing/);
        assert.match(text, /exit code 1; end of its log: out of memory/);
        assert.equal(starts(), 6);
        await page.waitForTimeout(3000);
        assert.equal(starts(), 6, "it does not restart by itself");
        await bench.press("Try Again");
        await waitFor(() => starts() > 6, 20_000);
    });
}

export async function aServerThatIsNotExecutableShowsTheRemedy(context) {
    const server = script(context, "locked", "echo hoplens 0.1.0");
    chmodSync(server, 0o644);
    const options = { name: "locked", settings: { "hoplens.server.path": server } };
    await inWindow(context, options, async ({ bench }) => {
        await bench.openFile("reef.prompt");
        const text = await bench.notification(/is not executable/);
        assert.ok(text.includes(`chmod +x "${server}"`), text);
        copyFileSync(context.server, server);
        chmodSync(server, 0o755);
        await bench.press("Try Again");
        assert.ok((await bench.probability()) > 10);
    });
}

export async function aMissingModelIsReportedAndDoesNotBlock(context) {
    const home = path.join(context.work, "empty-home");
    mkdirSync(home, { recursive: true });
    const emptyStore = { HOPLENS_HOME: home, HF_HOME: home, XDG_CACHE_HOME: home, HOME: home };
    const options = { name: "no-model", settings: { "hoplens.server.env": { ...emptyStore, HF_HUB_OFFLINE: "1" } } };
    await inWindow(context, options, async ({ bench, page }) => {
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

export async function anUntrustedFolderCannotChooseTheServer(context) {
    const marker = path.join(context.work, "ran");
    const evil = script(context, "evil", `touch "${marker}"`, "echo hoplens 0.1.0");
    const options = {
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
    await inWindow(context, { ...options, before }, async ({ bench }) => {
        await bench.openFile("reef.prompt");
        assert.ok((await bench.probability()) > 10, "the bundled server and the default model are used");
        assert.throws(() => readFileSync(marker), "the folder's server ran");
    });
}

/** Writes a shell script that stands in for a server. */
function script({ work }, name, ...lines) {
    const file = path.join(work, `server-${name}`);
    writeFileSync(file, `#!/bin/sh\n${lines.join("\n")}\n`);
    chmodSync(file, 0o755);
    return file;
}
