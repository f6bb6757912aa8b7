// A prompt in the editor: hints, squiggles, hovers and repairs, also after the server is killed.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { waitFor } from "./code-server.mjs";
import { inWindow } from "./session.mjs";

export async function aFailingHopIsShownAndRepaired(context) {
    await inWindow(context, { name: "repair", height: 600 }, async ({ bench, page, folder }) => {
        await bench.openFile("reef.prompt");
        await page.keyboard.press("Control+B");
        const before = await bench.probability();
        assert.ok(before > 10 && before < 40, `as written ${before} %`);
        await bench.squiggle("warning");

        const problem = await bench.hover("coral", /hop lost: P\(" Australia"\)/);
        assert.match(problem, /hoplens\W*hop-lost/);
        await bench.hover("located", /Heads that move/);
        await bench.screenshot(path.join(context.pictures, "vscode-hover.png"));
        await page.keyboard.press("Escape");

        const offers = await bench.lightBulb("coral reef");
        const titles = await offers.allInnerTexts();
        await bench.screenshot(path.join(context.pictures, "vscode-repairs.png"));
        const wanted = titles.findIndex((title) => /Inject memory/.test(title));
        const promised = Number(/→ ([\d.]+) %/.exec(titles[wanted])[1]);
        await offers.nth(wanted).click();
        const after = await waitFor(async () => {
            const now = await bench.probability();
            return now > before + 5 ? now : undefined;
        }, 240_000);
        assert.ok(Math.abs(after - promised) < 0.2, `promised ${promised} %, got ${after} %`);

        await page.keyboard.press("Control+S");
        const saved = () => readFileSync(path.join(folder, "reef.prompt"), "utf8");
        await waitFor(() => /hoplens\.inject/.test(saved()), 10_000, saved);
        await bench.screenshot(path.join(context.pictures, "vscode-injected.png"));
    });
}

export async function aKilledServerIsRestarted(context) {
    await inWindow(context, { name: "killed" }, async ({ bench, profile }) => {
        await bench.openFile("reef.prompt");
        const before = await bench.probability();
        const first = await waitFor(() => processes(profile).at(0), 10_000);
        process.kill(first, "SIGKILL");
        const next = await waitFor(
            () => processes(profile).find((pid) => pid !== first),
            30_000,
        );
        assert.notEqual(next, first);
        // The old hint may still be shown, so the test changes the text and waits for another figure.
        await bench.click("coast");
        await bench.page.keyboard.press("End");
        await bench.page.keyboard.type(" the country");
        const after = await waitFor(async () => {
            const now = await bench.probability();
            return now !== before ? now : undefined;
        }, 240_000);
        assert.ok(after > 0);
    });
}

export async function aSampleOpensWithoutAPromptFile(context) {
    await inWindow(context, { name: "sample" }, async ({ bench, page }) => {
        await bench.command("hoplens: Open Sample Prompt");
        await bench.pick("A lost hop");
        await page.locator(".tab.active", { hasText: "Untitled" }).waitFor();
        assert.ok((await bench.probability()) > 10);
        await bench.squiggle("warning");
    });
}

export async function theStatusItemNamesTheModelAndOffersOthers(context) {
    await inWindow(context, { name: "status", height: 600 }, async ({ bench, page, profile }) => {
        await bench.openFile("reef.prompt");
        await bench.probability();
        await bench.command("hoplens: Cancel Measuring");
        await page.locator(".statusbar-item", { hasText: /Cancelled the work|There was nothing to cancel/ }).waitFor();
        await page.locator('[id="status.languageStatus"]').click();
        const flyout = page.locator(".hover-language-status", { hasText: "smollm2-135m" });
        await flyout.waitFor();
        await flyout.getByText("Pick Model").waitFor();
        await page.keyboard.press("Escape");
        // The flyout stays while the mouse is over it, and would cover the message.
        await page.mouse.move(600, 300);
        await flyout.waitFor({ state: "hidden" });

        await bench.command("hoplens: Pick Model");
        const row = page.locator(".quick-input-list .monaco-list-row", { hasText: "smollm2-135m" });
        assert.match(await row.innerText(), /98 MB · apache-2\.0/);
        await row.click();
        await bench.notification(/smollm2-135m now analyses the prompts/);
        await bench.press("Use in All Folders");
        // VS Code stores settings of scope `machine-overridable` in a file of their own.
        await waitFor(
            () => existsSync(profile.machine) && readFileSync(profile.machine, "utf8").includes("hoplens.model"),
            240_000,
        );
    });
}

/** Process ids of the servers that a profile's extension started. */
function processes(profile) {
    const list = execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8" });
    return list
        .split("\n")
        .filter((line) => line.includes(profile.extensions) && / lsp\b/.test(line))
        .map((line) => Number(line.trim().split(" ", 1)[0]));
}
