// Tests the packaged extension in real VS Code.
//
// Usage: node run.mjs --tools FOLDER --chromium PATH --server PATH [--pictures FOLDER] [--only NAME]
// FOLDER has code-server and playwright-core installed, and this must run on a version of Node that
// code-server supports. The screenshots go to --pictures, by default next to the profiles. --only
// selects tests whose names contain NAME.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import * as badInput from "./bad-input.mjs";
import { CodeServer } from "./code-server.mjs";
import * as preview from "./preview.mjs";
import * as prompts from "./prompts.mjs";
import * as views from "./views.mjs";

const { values } = parseArgs({
    options: {
        tools: { type: "string" },
        chromium: { type: "string" },
        server: { type: "string" },
        pictures: { type: "string" },
        only: { type: "string" },
    },
});
const here = import.meta.dirname;
const examples = path.resolve(here, "../../../examples");
const work = mkdtempSync(path.join(tmpdir(), "hoplens-vscode-"));
const pictures = values.pictures ?? path.join(work, "pictures");
mkdirSync(pictures, { recursive: true });

/** Packages the extension and returns the package's path. */
function packageExtension(...args) {
    const out = path.join(work, "packages");
    const output = execFileSync(
        process.execPath,
        [path.join(here, "../package.mjs"), "--out", out, ...args],
        { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
    );
    return output.trim().split("\n").at(-1);
}

const code = new CodeServer({
    tools: path.resolve(values.tools),
    node: process.execPath,
    chromium: values.chromium,
    work,
});
const server = path.resolve(values.server);
const target = `${process.platform}-${process.arch}`;
const context = {
    code,
    server,
    examples,
    work,
    pictures,
    universal: packageExtension(),
    platform: packageExtension("--target", target, "--server", server),
};

let failures = 0;
for (const [name, run] of Object.entries({ ...prompts, ...views, ...preview, ...badInput })) {
    if (values.only !== undefined && !name.includes(values.only)) {
        continue;
    }
    const start = Date.now();
    try {
        await run(context);
        console.log(`ok ${name} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
    } catch (error) {
        failures += 1;
        console.error(`FAILED ${name}:`, error);
    }
}
if (failures > 0) {
    console.error(`${failures} failed; screenshots and profiles are in ${work}`);
    process.exit(1);
}
rmSync(work, { recursive: true, force: true });
