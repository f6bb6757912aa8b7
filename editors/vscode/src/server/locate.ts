import * as path from "node:path";

import { ServerProblem } from "./problem";

/** Where a server was found. */
export interface Located {
    path: string;
    from: "setting" | "bundled" | "PATH";
}

/** All that decides which server is taken. */
export interface Surroundings {
    /** The setting `hoplens.server.path`. */
    setting: string | undefined;
    extensionFolder: string;
    workspaceFolder: string | undefined;
    home: string;
    env: NodeJS.ProcessEnv;
    platform: NodeJS.Platform;
    /** What stands at a path; nothing where there is nothing. */
    kindOf: (path: string) => "file" | "folder" | undefined;
}

/**
 * The server to start: the one that the setting names, else the one that came with the extension,
 * else the one on `PATH`.
 *
 * A setting that names nothing is an error, rather than a reason to take another server than the
 * person asked for.
 */
export function locate(around: Surroundings): Located {
    const setting = around.setting?.trim();
    if (setting) {
        return { path: named(setting, around), from: "setting" };
    }
    const bundled = path.join(around.extensionFolder, "server", programName(around.platform));
    if (around.kindOf(bundled) === "file") {
        return { path: bundled, from: "bundled" };
    }
    const found = onPath("hoplens", around);
    if (found) {
        return { path: found, from: "PATH" };
    }
    throw new ServerProblem(
        "notFound",
        "The hoplens server was not found: this package of the extension has none for your " +
            "platform, and there is no `hoplens` on PATH. Install it, or name its path in the " +
            "setting `hoplens.server.path`.",
        ["install", "choosePath", "showLog"],
    );
}

function programName(platform: NodeJS.Platform): string {
    return platform === "win32" ? "hoplens.exe" : "hoplens";
}

function named(setting: string, around: Surroundings): string {
    const isBareName = !/[\\/]/.test(setting) && setting !== "~";
    const resolved = isBareName ? onPath(setting, around) : resolve(setting, around);
    const kind = resolved === undefined ? undefined : around.kindOf(resolved);
    if (resolved !== undefined && kind === "file") {
        return resolved;
    }
    const what = isBareName
        ? `no program \`${setting}\` is on PATH`
        : kind === "folder"
          ? `\`${resolved ?? setting}\` is a folder; name the program in it`
          : `there is no file \`${resolved ?? setting}\``;
    throw new ServerProblem(
        "notFound",
        `The setting \`hoplens.server.path\` names no server: ${what}. Correct or clear the setting.`,
        ["choosePath", "install", "showLog"],
    );
}

function resolve(setting: string, around: Surroundings): string {
    const filled = setting
        .replace(/^~(?=$|[\\/])/, () => around.home)
        .replace(/\$\{workspaceFolder\}/g, () => around.workspaceFolder ?? ".");
    return path.resolve(around.workspaceFolder ?? around.home, filled);
}

function onPath(name: string, around: Surroundings): string | undefined {
    const isWindows = around.platform === "win32";
    const list = around.env["PATH"] ?? around.env["Path"] ?? "";
    const file = isWindows && path.extname(name) === "" ? `${name}.exe` : name;
    for (const folder of list.split(isWindows ? ";" : ":")) {
        // An empty entry means the working folder, from which nothing is started unasked.
        if (folder === "") {
            continue;
        }
        const candidate = path.join(folder, file);
        if (around.kindOf(candidate) === "file") {
            return candidate;
        }
    }
    return undefined;
}
