// Packages the extension with vsce: `node package.mjs [--target NAME --server PATH] [--out FOLDER]`.
//
// With a target the server's program goes into the package; without one the package is universal
// and finds the server on the person's machine.

import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { parseArgs } from "node:util";

const here = import.meta.dirname;
const root = path.resolve(here, "../..");
const TARGETS = [
    "linux-x64",
    "linux-arm64",
    "alpine-x64",
    "darwin-x64",
    "darwin-arm64",
    "win32-x64",
    "win32-arm64",
];

const { values } = parseArgs({
    options: { target: { type: "string" }, server: { type: "string" }, out: { type: "string" } },
});
const { target, server, out = here } = values;

if (target !== undefined && !TARGETS.includes(target)) {
    throw new Error(`There is no target ${target}; the targets are: ${TARGETS.join(", ")}`);
}
if ((target === undefined) !== (server === undefined)) {
    throw new Error("A package for a target needs --server PATH, and the universal one has none.");
}

const { name, version } = JSON.parse(readFileSync(path.join(here, "package.json"), "utf8"));
const bundled = path.join(here, "server");
rmSync(bundled, { recursive: true, force: true });
if (server !== undefined) {
    mkdirSync(bundled);
    const program = path.join(bundled, target.startsWith("win32") ? "hoplens.exe" : "hoplens");
    copyFileSync(server, program);
    chmodSync(program, 0o755);
}
const licence = ["LICENSE-MIT", "LICENSE-APACHE"].map((file) =>
    readFileSync(path.join(root, file), "utf8"),
);
writeFileSync(
    path.join(here, "LICENSE"),
    `hoplens is under either of the two licences below, as you like.\n\n${licence.join("\n\n")}`,
);
// The pictures lie with the documents of the repository; the package has copies of those it shows.
const readme = readFileSync(path.join(here, "README.md"), "utf8");
const pictures = path.join(here, "images");
rmSync(pictures, { recursive: true, force: true });
mkdirSync(pictures);
for (const [, picture] of readme.matchAll(/\(..\/..\/docs\/images\/([\w-]+\.png)\)/g)) {
    copyFileSync(path.join(root, "docs/images", picture), path.join(pictures, picture));
}
const packagedReadme = path.join(pictures, "README.md");
writeFileSync(packagedReadme, readme.replaceAll("../../docs/images/", "images/"));
mkdirSync(out, { recursive: true });
const file = path.join(out, `${name}-${target ?? "universal"}-${version}.vsix`);
const vsce = createRequire(import.meta.url).resolve("@vscode/vsce/vsce");
const args = [
    ...["package", "--no-dependencies", "--allow-missing-repository"],
    ...["--readme-path", path.relative(here, packagedReadme), "--no-rewrite-relative-links"],
    ...["--out", file],
];
if (target !== undefined) {
    args.push("--target", target);
}
try {
    execFileSync(process.execPath, [vsce, ...args], { cwd: here, stdio: ["ignore", "inherit", "inherit"] });
} finally {
    // A program that stays here would go into the next package.
    rmSync(bundled, { recursive: true, force: true });
    rmSync(pictures, { recursive: true, force: true });
}
console.log(file);
