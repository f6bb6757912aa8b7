// The page of `hoplens lens --page` in a real browser: what a person clicks and reads.
//
// Usage: node heads.mjs FOLDER CHROMIUM HOPLENS MODEL; FOLDER has playwright-core installed and
// gets the pages and a screenshot.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [folder, chromium, hoplens, model] = process.argv.slice(2).map((part) => path.resolve(part));
const { chromium: engine } = createRequire(path.join(folder, "package.json"))("playwright-core");
const work = mkdtempSync(path.join(folder, "pages-"));

const HOSTILE = 'Say </script><script>document.title="broken"</script> & <img src=x onerror=alert(1)> `x` 😀 is';
const REEF = `---
hoplens.cases:
  - id: reef
    expect: " a"
    hops: [{mention: "The largest coral reef", bridge: "the Great Barrier Reef"}]
---
The largest coral reef is in`;

/** Writes a page with the real binary and returns its address and the document in it. */
function page(name, args) {
    const file = path.join(work, name);
    const all = ["lens", ...args, "--model", model, "--json", "--page", file];
    const env = { ...process.env, HF_HUB_OFFLINE: "1" };
    const text = execFileSync(hoplens, all, { env, encoding: "utf8", maxBuffer: 1 << 28 });
    return { address: pathToFileURL(file).href, document: JSON.parse(text) };
}

const browser = await engine.launch({
    executablePath: chromium,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
const requests = [];
const errors = [];

async function open({ address }) {
    const tab = await browser.newPage({ viewport: { width: 1280, height: 1400 } });
    tab.on("request", (request) => requests.push(request.url()));
    tab.on("pageerror", (error) => errors.push(String(error)));
    tab.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    tab.on("dialog", (dialog) => {
        errors.push(`a dialog: ${dialog.message()}`);
        dialog.dismiss();
    });
    await tab.goto(address);
    await tab.waitForSelector("main:not([hidden])");
    return tab;
}

// Every head has its cell; a click shows its attention over the whole prompt, and its words.
writeFileSync(path.join(work, "reef.prompt"), REEF);
const reef = page("reef.html", [path.join(work, "reef.prompt")]);
const tab = await open(reef);
const { heads, tokens } = reef.document;
assert.equal(await tab.locator("#map .cell").count(), heads.length);
const wanted = heads[heads.length - 1];
await tab.locator("#map .cell").last().click();
assert.equal(
    await tab.locator("#panel-title").textContent(),
    `Layer ${wanted.layer}, head ${wanted.head}`,
);
assert.equal(await tab.locator("#attention .chip").count(), tokens.length);
assert.equal(await tab.locator("#words .word").count(), wanted.top.length);
const strongest = wanted.attention.indexOf(Math.max(...wanted.attention));
const most = await tab.locator("#attention .chip.most").getAttribute("title");
assert.ok(most.startsWith(`position ${strongest}:`), most);
// The bridge is a measure of its own, and the panel says where it is spoken.
await tab.getByRole("radio", { name: "Speaks the bridge" }).check();
const label = await tab.locator("#map .cell").last().getAttribute("aria-label");
const { token, rank } = wanted.bridge.composed;
assert.ok(label.includes(`“${token}” is number ${rank + 1}`), label);
assert.ok((await tab.locator("#facts").textContent()).includes(`#${rank + 1}`));
// The keyboard does what the mouse does.
await tab.locator("#map .cell").last().press("ArrowUp");
assert.equal(
    await tab.locator("#panel-title").textContent(),
    `Layer ${wanted.layer}, head ${wanted.head - 1}`,
);
await tab.screenshot({ path: path.join(folder, "heads.png"), fullPage: true });

// Nothing that a prompt says is run, and everything that it says is shown.
const hostile = page("hostile.html", ["--prompt", HOSTILE, "--ablate", "none"]);
const other = await open(hostile);
assert.ok((await other.title()).includes("</script>"));
const shown = await other.locator("#prompt").textContent();
for (const piece of ["script", "<", "&", "onerror", "`"]) {
    assert.ok(shown.includes(piece), `${piece} in ${shown}`);
}
assert.equal(await other.locator("img").count(), 0);

await browser.close();
assert.deepEqual(errors, []);
assert.ok(
    requests.every((url) => url.startsWith("file:")),
    `only the file itself is read: ${requests}`,
);
console.log(`heads.mjs: ${heads.length} heads clicked through, ${requests.length} files read`);
