// The heads view, the sweep view, and the files that they save.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { waitFor } from "./code-server.mjs";
import { inWindow } from "./session.mjs";

const DARK = { "workbench.colorTheme": "Default Dark Modern", "editor.wordWrap": "on" };

export async function headsFollowTheCursorAndShowTheirAttention(context) {
    const options = { name: "heads", settings: DARK };
    await inWindow(context, options, async ({ bench, page, folder }) => {
        await bench.openFile("reef.prompt");
        await page.keyboard.press("Control+B");
        await bench.probability();
        await bench.click("coast");
        await bench.command("hoplens: Show Heads");
        const view = await bench.view('svg[aria-label^="Heads"] .cell');
        assert.equal(await view.locator(".cell").count(), 30 * 9);
        const here = () => view.locator(".prompt .chips .chip.here").innerText();
        await waitFor(async () => (await here()) === "␣coast", 240_000, here);

        // The cursor moves, and the view with it.
        await bench.click("reef system");
        await waitFor(async () => ["␣reef", "␣system"].includes(await here()), 240_000, here);
        await bench.click("located");
        await waitFor(async () => (await here()) === "␣located", 240_000, here);

        const cell = view.locator('.cell[data-column="20"][data-row="4"]');
        await cell.click();
        const title = view.locator(".panel h2");
        assert.equal(await title.innerText(), "Layer 20, head 4");
        assert.equal(await view.locator(".panel .chips .chip").count(), 14);
        // A token cannot attend to later ones.
        assert.equal(await view.locator(".panel .chips .chip.shaded").count(), 10);
        assert.ok((await view.locator(".panel .word").count()) > 3);
        assert.match(await cell.getAttribute("aria-label"), /^layer 20 head 4: direct logit/);
        await page.keyboard.press("ArrowRight");
        await page.keyboard.press("ArrowDown");
        assert.equal(await title.innerText(), "Layer 21, head 5");

        await bench.click("of");
        await waitFor(async () => (await here()) === "␣of", 240_000, here);
        assert.equal(await title.innerText(), "Layer 21, head 5", "the head stays selected");
        await view.locator('.cell[data-column="23"][data-row="4"]').click();
        await page.mouse.move(5, 300);
        await bench.screenshot(path.join(context.pictures, "vscode-heads.png"));

        // Pressing a token of the prompt reads the heads there.
        await view.locator(".prompt .chips .chip", { hasText: "␣world" }).click();
        await waitFor(async () => (await here()) === "␣world", 240_000, here);
        await saveAs(bench, page, view, folder, "svg", "heads");
        const picture = readFileSync(path.join(folder, "reef-heads.svg"), "utf8");
        assert.match(picture, /^<svg /);
        assert.equal(picture.match(/<title>layer \d+ head \d+/g).length, 30 * 9);
    });
}

export async function aClickOnASweepCellInsertsItsInjection(context) {
    const options = { name: "sweep", settings: DARK };
    await inWindow(context, options, async ({ bench, page, folder }) => {
        await bench.openFile("reef.prompt");
        await page.keyboard.press("Control+B");
        const before = await bench.probability();
        // The server's code lens opens this view; in other clients it opens a page in the browser.
        await page.locator(".codelens-decoration a", { hasText: "show sweep" }).click();
        const view = await bench.view('svg[aria-label^="Injections"] .cell');
        assert.equal(await view.locator(".cell").count(), 30 * 15);
        await bench.screenshot(path.join(context.pictures, "vscode-sweep.png"));

        const cell = view.locator('.cell[data-column="16"][data-row="12"]');
        const promised = Number(/: ([\d.]+) %/.exec(await cell.getAttribute("aria-label"))[1]);
        await cell.click();
        const after = await waitFor(async () => {
            const now = await bench.probability();
            return now > before + 5 ? now : undefined;
        }, 240_000);
        assert.ok(Math.abs(after - promised) < 0.5, `promised ${promised} %, got ${after} %`);
        assert.ok(await bench.contains("hoplens.inject"));
        assert.ok(await bench.contains("layer: 16"));
        await view.locator(".status", { hasText: "Inserted layer 16, τ 12" }).waitFor();
        await view.getByRole("button", { name: "Measure Again" }).waitFor();
        await bench.screenshot(path.join(context.pictures, "vscode-sweep-inserted.png"));

        await saveAs(bench, page, view, folder, "png", "sweep");
        const png = readFileSync(path.join(folder, "reef-sweep.png"));
        assert.equal(png.toString("latin1", 1, 4), "PNG");
        await saveAs(bench, page, view, folder, "json", "sweep");
        const data = JSON.parse(readFileSync(path.join(folder, "reef-sweep.json"), "utf8"));
        assert.equal(data.cells.length, 30 * 15);
        assert.equal(data.memory, "Great Barrier Reef");
    });
}

/** Saves what the view shows and accepts the file name that VS Code proposes. */
async function saveAs(bench, page, view, folder, format, what) {
    await view.getByRole("button", { name: format.toUpperCase() }).click();
    const input = page.locator(".quick-input-widget input");
    await input.waitFor({ state: "visible", timeout: 20_000 });
    const file = path.join(folder, `reef-${what}.${format}`);
    await waitFor(
        async () => (await input.inputValue()) === file,
        10_000,
        () => input.inputValue(),
    );
    await page.keyboard.press("Enter");
    await waitFor(() => existsSync(file), 20_000);
}
