// Starts code-server, which is VS Code in the browser, with the extension installed.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { createRequire } from "node:module";
import path from "node:path";

/** Switches off what would cover the editor. */
const SETTINGS = {
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": false,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.activityBar.location": "hidden",
    "telemetry.telemetryLevel": "off",
    "chat.disableAIFeatures": true,
    "security.workspace.trust.enabled": false,
    "editor.minimap.enabled": false,
    "files.simpleDialog.enable": true,
    "files.autoSave": "off",
};

export class CodeServer {
    /** @param {{tools: string, node: string, chromium: string, work: string}} places */
    constructor(places) {
        this.places = places;
        this.program = path.join(places.tools, "node_modules/code-server/out/node/entry.js");
        this.env = { ...process.env, HF_HUB_OFFLINE: "1" };
    }

    /** Creates a profile with its own settings and extensions. */
    profile(name, { vsix, settings = {} }) {
        const folder = path.join(this.places.work, name);
        const user = path.join(folder, "user");
        const extensions = path.join(folder, "extensions");
        mkdirSync(path.join(user, "User"), { recursive: true });
        const file = path.join(user, "User", "settings.json");
        writeFileSync(file, JSON.stringify({ ...SETTINGS, ...settings }));
        const args = ["--user-data-dir", user, "--extensions-dir", extensions];
        execFileSync(this.places.node, [this.program, ...args, "--install-extension", vsix], {
            env: this.env,
            stdio: ["ignore", "pipe", "pipe"],
        });
        return { folder, args, extensions, machine: path.join(user, "Machine/settings.json") };
    }

    /** Copies files into a new folder, so that tests do not change the repository. */
    workspace(name, from, files) {
        const folder = path.join(this.places.work, name);
        mkdirSync(folder, { recursive: true });
        for (const file of files) {
            cpSync(path.join(from, file), path.join(folder, file));
        }
        return folder;
    }

    /** Starts VS Code with a folder and opens it in the browser. */
    async open(profile, folder, { env = {}, flags = [], height = 860 } = {}) {
        const port = await freePort();
        const server = spawn(
            this.places.node,
            [
                this.program,
                ...["--auth", "none", "--bind-addr", `127.0.0.1:${port}`],
                ...["--disable-telemetry", "--disable-update-check"],
                ...profile.args,
                ...flags,
                folder,
            ],
            { env: { ...this.env, ...env }, stdio: ["ignore", "pipe", "pipe"] },
        );
        let log = "";
        server.stdout.on("data", (text) => (log += text));
        server.stderr.on("data", (text) => (log += text));
        await waitFor(() => /HTTP server listening/.test(log), 60_000, () => log);
        const browser = await this.browser();
        const page = await browser.newPage({ viewport: { width: 1400, height } });
        const errors = [];
        page.on("console", (message) => {
            if (/Content Security Policy|Refused to/.test(message.text())) {
                errors.push(message.text());
            }
        });
        const query = `folder=${encodeURIComponent(folder)}`;
        await page.goto(`http://127.0.0.1:${port}/?${query}`);
        await page.waitForSelector(".monaco-workbench", { timeout: 60_000 });
        const close = async () => {
            await browser.close();
            server.kill();
            await new Promise((resolve) => server.once("exit", resolve));
        };
        return { page, errors, close };
    }

    browser() {
        const require = createRequire(path.join(this.places.tools, "package.json"));
        return require("playwright-core").chromium.launch({
            executablePath: this.places.chromium,
            args: [
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        });
    }
}

/** Waits until `condition` is truthy and returns its value. `describe` goes into the error. */
export async function waitFor(condition, ms, describe = () => "") {
    const end = Date.now() + ms;
    for (;;) {
        const value = await condition();
        if (value) {
            return value;
        }
        if (Date.now() > end) {
            assert.fail(`waited ${ms} ms for ${condition}: ${await describe()}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}

function freePort() {
    return new Promise((resolve) => {
        const probe = createServer().listen(0, "127.0.0.1", () => {
            const { port } = probe.address();
            probe.close(() => resolve(port));
        });
    });
}
