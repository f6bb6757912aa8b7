// A window of VS Code for one test: opened, used, closed, and a picture where it fails.

import assert from "node:assert/strict";
import path from "node:path";

import { Workbench } from "./workbench.mjs";

let count = 0;

/**
 * Runs a test in a window of its own.
 * @param context what run.mjs made
 * @param {{name: string, files?: string[], vsix?: string, settings?: object, env?: object, flags?: string[], height?: number, before?: (folder: string) => void}} wanted
 */
export async function inWindow(context, wanted, act) {
    const { code, examples, work } = context;
    count += 1;
    const name = `${count}-${wanted.name}`;
    const profile = code.profile(`profile-${name}`, {
        vsix: wanted.vsix ?? context.platform,
        settings: wanted.settings,
    });
    const folder = code.workspace(`folder-${name}`, examples, wanted.files ?? ["reef.prompt"]);
    wanted.before?.(folder);
    const flags = wanted.flags ?? ["--disable-workspace-trust"];
    const { page, errors, close } = await code.open(profile, folder, {
        env: wanted.env,
        flags,
        height: wanted.height,
    });
    const bench = new Workbench(page);
    try {
        await act({ bench, page, profile, folder });
        assert.deepEqual(errors, [], "no policy of a view was broken");
    } catch (error) {
        await page.screenshot({ path: path.join(work, `failed-${name}.png`) }).catch(() => {});
        throw error;
    } finally {
        await close();
    }
}
