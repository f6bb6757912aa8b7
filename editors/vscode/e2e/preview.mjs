// The preview of the rendered prompt, also after the window is reloaded.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";

import { waitFor } from "./code-server.mjs";
import { inWindow } from "./session.mjs";

const DARK = { "workbench.colorTheme": "Default Dark Modern", "editor.wordWrap": "on" };
const LIGHT = { "workbench.colorTheme": "Default Light Modern", "editor.wordWrap": "on" };
const LONG = 240_000;

const SUPPORT = `---
model: any
input:
  schema:
    plan: string
    question: string
hoplens.cases:
  - id: refund
    input: {plan: Pro, question: "Can I return the shoes?"}
    expect: "Yes"
  - id: invoice
    input: {plan: Basic, question: "Where is my invoice?"}
    expect: "In"
---
{{role "system"}}
You answer customers of a shop, in at most two sentences.

- Customers on the Pro plan may return goods within 100 days.
- Never promise a date to {{customer}}.

{{role "user"}}
I am on the {{plan}} plan. {{question}}
`;

export async function thePreviewFollowsTextAndCursor(context) {
    const before = (folder) => writeFileSync(path.join(folder, "support.prompt"), SUPPORT);
    const options = { name: "preview", settings: DARK, height: 640, before };
    await inWindow(context, options, async ({ bench, page }) => {
        await bench.openFile("support.prompt");
        await page.keyboard.press("Control+B");
        await bench.command("hoplens: Preview Rendered Prompt");
        const view = await bench.view(".preview .message");
        await view.locator(".size", { hasText: "of 8192 tokens" }).waitFor({ timeout: LONG });
        const roles = () => view.locator(".message .role").allInnerTexts();
        assert.deepEqual(await roles(), ["system", "user"]);
        const user = view.locator('.message[data-role="user"]');
        assert.match(await user.locator(".content").innerText(), /on the Pro plan\. Can I return the shoes\?/);
        assert.match(await user.locator("h2").innerText(), /\d+ tokens/);
        assert.equal(await view.locator(".segment.unset").innerText(), "{{customer}}");

        // The cursor's line is marked, and the case at the cursor is shown.
        await bench.click("Never promise");
        const here = view.locator(".segment.here");
        await waitFor(async () => /Never promise/.test(await here.innerText()), LONG, () => here.allInnerTexts());
        await page.mouse.move(5, 300);
        await bench.screenshot(path.join(context.pictures, "vscode-preview.png"));
        await bench.click("invoice?");
        await waitFor(async () => /Where is my invoice/.test(await user.innerText()), LONG);
        assert.equal(await view.getByLabel("Case").inputValue(), "invoice");
        await view.getByLabel("Case").selectOption("refund");
        await waitFor(async () => /return the shoes/.test(await user.innerText()), LONG);

        // A click on a part selects its source.
        await view.locator(".segment.value", { hasText: "Pro" }).click();
        await waitFor(async () => /plan/.test(await here.first().getAttribute("title")), LONG);

        // The exact text has what the chat template adds; the preview follows what is typed.
        await view.getByLabel("Show").selectOption("exact");
        await view.locator(".segment.template", { hasText: "<|im_start|>" }).first().waitFor();
        await view.getByLabel("Show").selectOption("messages");
        await bench.click("two sentences");
        await page.keyboard.press("End");
        await page.keyboard.type(" Be kind.");
        await view.locator(".segment", { hasText: "Be kind." }).waitFor({ timeout: LONG });
        await page.keyboard.type(" {{#if x");
        await view.locator(".problem.error", { hasText: "last version without an error" }).waitFor({ timeout: LONG });
        assert.match(await view.locator(".prompt").innerText(), /Be kind\./);
        for (let count = 0; count < " {{#if x}}".length; count += 1) {
            await page.keyboard.press("Backspace");
        }
        await waitFor(async () => (await view.locator(".problem.error").count()) === 0, LONG);
        await page.keyboard.press("Control+S");
    });
}

export async function thePreviewIsBackAfterAReload(context) {
    const before = (folder) => writeFileSync(path.join(folder, "support.prompt"), SUPPORT);
    const options = { name: "preview-reload", settings: LIGHT, before };
    await inWindow(context, options, async ({ bench, page }) => {
        await bench.openFile("support.prompt");
        await bench.command("hoplens: Preview Rendered Prompt");
        let view = await bench.view(".preview .message");
        await view.locator(".size", { hasText: "of 8192 tokens" }).waitFor({ timeout: LONG });
        await view.getByLabel("Case").selectOption("invoice");
        await view.locator(".message", { hasText: "Where is my invoice" }).waitFor({ timeout: LONG });
        await view.getByLabel("Show").selectOption("exact");
        await view.locator(".segment.template").first().waitFor();
        await page.waitForTimeout(2000);
        await page.reload();
        await page.waitForSelector(".monaco-workbench", { timeout: 60_000 });
        view = await bench.view(".preview .segment.template");
        await view.locator(".message", { hasText: "Where is my invoice" }).waitFor({ timeout: LONG });
        await page.keyboard.press("Control+B");
        await bench.click("two sentences");
        await waitFor(async () => /two sentences/.test(await view.locator(".segment.here").innerText()), LONG);
        await page.setViewportSize({ width: 800, height: 640 });
        await bench.screenshot(path.join(context.pictures, "vscode-preview-exact.png"));
    });
}
