// Packages the extension with vsce: `node package.mjs [--target NAME --server PATH] [--out FOLDER]`.
//
// With a target, the package contains the server for that platform. Without one, the package is
// universal and uses the server that is installed on the user's machine.

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
    throw new Error(`Unknown target ${target}. The targets are: ${TARGETS.join(", ")}`);
}
if ((target === undefined) !== (server === undefined)) {
    throw new Error("Give --target and --server together, or neither for the universal package.");
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
    `hoplens is licensed under either of the two licences below, at your choice.\n\n${licence.join("\n\n")}`,
);
// The package gets copies of the pictures that the README shows.
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
    // A server left here would go into the next package.
    rmSync(bundled, { recursive: true, force: true });
    rmSync(pictures, { recursive: true, force: true });
}
console.log(file);
