// Bundles the extension and its webviews, or with --tests the unit tests.

import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import esbuild from "esbuild";

const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const root = path.resolve(here, "../..");
const isProduction = process.argv.includes("--production");
const common = {
    absWorkingDir: here,
    bundle: true,
    minify: isProduction,
    sourcemap: isProduction ? false : "inline",
    logLevel: "warning",
    legalComments: "linked",
};

if (process.argv.includes("--tests")) {
    rmSync(path.join(here, "out"), { recursive: true, force: true });
    const tests = readdirSync(path.join(here, "test")).filter((name) => name.endsWith(".test.ts"));
    await esbuild.build({
        ...common,
        entryPoints: tests.map((name) => `test/${name}`),
        outdir: "out/test",
        platform: "node",
        target: "node20",
        format: "cjs",
        alias: { vscode: "./test/vscode-stub.ts" },
    });
} else {
    rmSync(path.join(here, "dist"), { recursive: true, force: true });
    const extension = await esbuild.build({
        ...common,
        entryPoints: ["src/extension.ts"],
        outdir: "dist",
        platform: "node",
        target: "node20",
        format: "cjs",
        external: ["vscode"],
        metafile: true,
    });
    const views = await esbuild.build({
        ...common,
        entryPoints: [
            "webview/heads.ts",
            "webview/sweep.ts",
            "webview/preview.ts",
            "webview/view.css",
        ],
        outdir: "dist/webview",
        platform: "browser",
        target: "es2022",
        format: "iife",
        metafile: true,
    });
    const inputs = [extension, views].flatMap(({ metafile }) => Object.keys(metafile.inputs));
    writeFileSync(path.join(here, "dist/THIRD-PARTY.txt"), licences(inputs));
    for (const [from, to, names] of [
        ["schemas", "schemas", ["sidecar.schema.json", "front-matter.schema.json"]],
        ["examples", "samples", ["reef.prompt", "louvre.prompt", "chat.prompt"]],
    ]) {
        mkdirSync(path.join(here, "dist", to), { recursive: true });
        for (const name of names) {
            cpSync(path.join(root, from, name), path.join(here, "dist", to, name));
        }
    }
}

/** Returns the licences of the bundled packages. */
function licences(inputs) {
    const packages = inputs.flatMap((file) => {
        const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file);
        return match ? [match[1]] : [];
    });
    const texts = [...new Set(packages)].sort().map((folder) => {
        const { name, version, license } = JSON.parse(
            readFileSync(path.join(here, folder, "package.json"), "utf8"),
        );
        const file = readdirSync(path.join(here, folder)).find((name) => /^licen[cs]e/i.test(name));
        if (file === undefined) {
            throw new Error(`${name} has no licence file; its licence must go into the package`);
        }
        const text = readFileSync(path.join(here, folder, file), "utf8").trim();
        return `${name} ${version} (${license})\n\n${text}`;
    });
    return `The extension contains these packages.\n\n${texts.join("\n\n----\n\n")}\n`;
}
