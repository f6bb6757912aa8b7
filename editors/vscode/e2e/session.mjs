// A VS Code window for one test.

import assert from "node:assert/strict";
import path from "node:path";

import { Workbench } from "./workbench.mjs";

let count = 0;

/**
 * Opens a window, runs a test in it, and closes it. A failed test leaves a screenshot.
 * @param context from run.mjs
 * @param {{name: string, files?: string[], vsix?: string, settings?: object, env?: object, flags?: string[], height?: number, before?: (folder: string) => void}} options
 */
export async function inWindow(context, options, test) {
    const { code, examples, work } = context;
    count += 1;
    const name = `${count}-${options.name}`;
    const profile = code.profile(`profile-${name}`, {
        vsix: options.vsix ?? context.platform,
        settings: options.settings,
    });
    const folder = code.workspace(`folder-${name}`, examples, options.files ?? ["reef.prompt"]);
    options.before?.(folder);
    const flags = options.flags ?? ["--disable-workspace-trust"];
    const { page, errors, close } = await code.open(profile, folder, {
        env: options.env,
        flags,
        height: options.height,
    });
    const bench = new Workbench(page);
    try {
        await test({ bench, page, profile, folder });
        assert.deepEqual(errors, [], "a view broke its content security policy");
    } catch (error) {
        await page.screenshot({ path: path.join(work, `failed-${name}.png`) }).catch(() => {});
        throw error;
    } finally {
        await close();
    }
}
