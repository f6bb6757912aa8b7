// The actions of a user in VS Code, and what the window shows.

import { waitFor } from "./code-server.mjs";

/** Long enough for the model on a busy machine. */
const LONG = 240_000;

export class Workbench {
    constructor(page) {
        this.page = page;
    }

    /** Opens a file of the folder by its name. */
    async openFile(name) {
        await this.page.keyboard.press("Control+P");
        const input = this.page.locator(".quick-input-widget input");
        await input.waitFor({ state: "visible", timeout: LONG });
        await input.fill(name);
        await this.page.locator(".quick-input-list .monaco-list-row", { hasText: name }).first().waitFor();
        await this.page.keyboard.press("Enter");
        await this.page.locator(".tab.active", { hasText: name }).first().waitFor({ timeout: LONG });
        await this.page.locator(".monaco-editor .view-line").first().waitFor();
    }

    /** Runs a command by its title. */
    async command(title) {
        const input = this.page.locator(".quick-input-widget input");
        const row = this.page.locator(".quick-input-list .monaco-list-row", { hasText: title }).first();
        // A new window knows the commands of its extensions only after a while.
        await waitFor(async () => {
            await this.page.keyboard.press("F1");
            // A page that opens meanwhile takes the focus and closes the list.
            const found = await input
                .fill(`>${title}`, { timeout: 5000 })
                .then(() => row.waitFor({ timeout: 5000 }))
                .then(() => true, () => false);
            if (!found) {
                await this.page.keyboard.press("Escape");
            }
            return found;
        }, LONG);
        await this.page.keyboard.press("Enter");
    }

    /** Chooses an item of the open list. */
    async pick(text) {
        await this.page
            .locator(".quick-input-list .monaco-list-row", { hasText: text })
            .first()
            .click();
    }

    /** Presses a message's button until the message closes; it ignores clicks while it slides in. */
    async press(name) {
        const button = this.page.getByRole("button", { name, exact: true }).first();
        await button.waitFor({ timeout: LONG });
        let wasClicked = false;
        await waitFor(async () => {
            const isClicked = await button.click({ timeout: 2000 }).then(() => true, () => false);
            wasClicked ||= isClicked;
            const isClosed = await button
                .waitFor({ state: "hidden", timeout: 2000 })
                .then(() => true, () => false);
            if (isClosed && !wasClicked) {
                // On a busy machine the message can time out before the click.
                await this.command("Notifications: Show Notifications");
            }
            return isClosed && wasClicked;
        }, LONG);
    }

    /** Returns the text of the editor with its inlay hints. */
    async hints() {
        // The editor draws spaces as no-break spaces.
        const lines = await this.page.locator(".monaco-editor .view-line").allInnerTexts();
        return lines.join("\n").replace(/\u00a0/g, " ");
    }

    /** Returns the probability in the hint at the prompt's end. */
    async probability(timeout = LONG) {
        const find = async () => /→ " \S+" ([\d.]+) %/.exec(await this.hints());
        const match = await waitFor(find, timeout, () => this.hints());
        return Number(match[1]);
    }

    /** Waits for a squiggle of a severity. */
    async squiggle(severity = "warning") {
        await this.page.locator(`.squiggly-${severity}`).first().waitFor({ timeout: LONG });
    }

    /** Hovers over a word until the hover matches, and returns its text. */
    async hover(word, pattern) {
        const hover = this.page.locator(".monaco-hover:not(.hidden)").first();
        let text = "";
        return waitFor(
            async () => {
                // The editor requests a hover only when the mouse moves.
                await this.page.mouse.move(5, 300);
                await this.wordAt(word, (x, y) => this.page.mouse.move(x, y, { steps: 4 }));
                await hover.waitFor({ timeout: 8000 }).catch(() => {});
                await this.page.waitForTimeout(2000);
                text = await hover.innerText({ timeout: 1000 }).catch(() => "");
                return pattern.test(text) ? text : undefined;
            },
            LONG,
            () => text,
        );
    }

    /** Puts the cursor into a word by a click. */
    async click(word) {
        await this.wordAt(word, (x, y) => this.page.mouse.click(x, y));
    }

    async wordAt(word, act) {
        const box = await this.page.evaluate((wanted) => {
            const boxes = [];
            for (const line of document.querySelectorAll(".monaco-editor .view-line")) {
                // A line has one node for each style.
                const from = line.textContent.replace(/\u00a0/g, " ").indexOf(wanted);
                if (from < 0) {
                    continue;
                }
                const range = document.createRange();
                const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
                let at = 0;
                let node;
                while ((node = walker.nextNode())) {
                    const end = at + node.length;
                    if (at <= from && from < end) {
                        range.setStart(node, from - at);
                    }
                    if (at < from + wanted.length && from + wanted.length <= end) {
                        range.setEnd(node, from + wanted.length - at);
                    }
                    at = end;
                }
                const { x, y, width, height } = range.getBoundingClientRect();
                boxes.push({ x: x + width / 2, y: y + height / 2 });
            }
            // The front matter above the prompt may contain the word too.
            return boxes.sort((one, other) => other.y - one.y)[0] ?? null;
        }, word);
        if (box === null) {
            throw new Error(`"${word}" is not in the editor: ${await this.hints()}`);
        }
        await act(box.x, box.y);
    }

    /** Opens the light bulb's menu at a word and returns its rows. */
    async lightBulb(word) {
        await this.click(word);
        const rows = this.page.locator(".action-widget .monaco-list-row.action");
        const find = async () => {
            await this.page.keyboard.press("Control+.");
            await this.page.waitForTimeout(500);
            const texts = await rows.allInnerTexts();
            if (texts.some((text) => /Inject memory/.test(text))) {
                return texts;
            }
            await this.page.keyboard.press("Escape");
            await this.page.waitForTimeout(500);
            return undefined;
        };
        await waitFor(find, LONG);
        return rows;
    }

    /** Whether the visible text of the editor contains a text. */
    async contains(text) {
        return (await this.hints()).includes(text);
    }

    /** Returns the frame of the webview that contains an element. */
    async view(marker) {
        return waitFor(async () => {
            for (const frame of this.page.frames()) {
                if (frame.name() === "" || frame === this.page.mainFrame()) {
                    continue;
                }
                const found = await frame.locator(marker).count().catch(() => 0);
                if (found > 0) {
                    return frame;
                }
            }
            return undefined;
        }, LONG);
    }

    /** Waits for a notification that matches, and returns its text. */
    async notification(pattern, timeout = LONG) {
        const texts = () => this.page.locator(".notification-list-item").allInnerTexts();
        return waitFor(
            async () => (await texts()).find((text) => pattern.test(text)),
            timeout,
            async () => JSON.stringify(await texts()),
        );
    }

    async screenshot(file) {
        await this.page.screenshot({ path: file });
    }
}
