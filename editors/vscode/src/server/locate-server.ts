import * as path from "node:path";

import { ServerError } from "./server-error";

export interface ServerLocation {
    path: string;
    source: "setting" | "bundled" | "PATH";
}

export interface LocateOptions {
    /** The setting `hoplens.server.path`. */
    setting: string | undefined;
    extensionFolder: string;
    workspaceFolder: string | undefined;
    home: string;
    env: NodeJS.ProcessEnv;
    platform: NodeJS.Platform;
    /** Returns the type of what is at a path; `undefined` if there is nothing. */
    fileType: (path: string) => "file" | "folder" | undefined;
}

/**
 * Finds the server to start: the one of the setting, else the one bundled with the extension, else
 * the one on `PATH`.
 *
 * A setting that leads nowhere throws a {@link ServerError}. Another server than the one that the
 * user chose must not start silently.
 */
export function locateServer(options: LocateOptions): ServerLocation {
    const setting = options.setting?.trim();
    if (setting) {
        return { path: locateSetting(setting, options), source: "setting" };
    }
    const bundled = path.join(options.extensionFolder, "server", programName(options.platform));
    if (options.fileType(bundled) === "file") {
        return { path: bundled, source: "bundled" };
    }
    const found = findOnPath("hoplens", options);
    if (found) {
        return { path: found, source: "PATH" };
    }
    throw new ServerError(
        "notFound",
        "The hoplens server was not found. This package of the extension does not include it, " +
            "and there is no `hoplens` on PATH. Install the server, or set its path in " +
            "`hoplens.server.path`.",
        ["install", "choosePath", "showLog"],
    );
}

function programName(platform: NodeJS.Platform): string {
    return platform === "win32" ? "hoplens.exe" : "hoplens";
}

function locateSetting(setting: string, options: LocateOptions): string {
    const isBareName = !/[\\/]/.test(setting) && setting !== "~";
    const resolved = isBareName ? findOnPath(setting, options) : resolvePath(setting, options);
    const type = resolved === undefined ? undefined : options.fileType(resolved);
    if (resolved !== undefined && type === "file") {
        return resolved;
    }
    const reason = isBareName
        ? `there is no program \`${setting}\` on PATH`
        : type === "folder"
          ? `\`${resolved ?? setting}\` is a folder; give the path of the program inside it`
          : `there is no file \`${resolved ?? setting}\``;
    throw new ServerError(
        "notFound",
        `The setting \`hoplens.server.path\` does not lead to a server: ${reason}. Correct or clear the setting.`,
        ["choosePath", "install", "showLog"],
    );
}

function resolvePath(setting: string, options: LocateOptions): string {
    const expanded = setting
        .replace(/^~(?=$|[\\/])/, () => options.home)
        .replace(/\$\{workspaceFolder\}/g, () => options.workspaceFolder ?? ".");
    return path.resolve(options.workspaceFolder ?? options.home, expanded);
}

function findOnPath(name: string, options: LocateOptions): string | undefined {
    const isWindows = options.platform === "win32";
    const list = options.env["PATH"] ?? options.env["Path"] ?? "";
    const file = isWindows && path.extname(name) === "" ? `${name}.exe` : name;
    for (const folder of list.split(isWindows ? ";" : ":")) {
        // An empty entry means the working folder, whose programs must not start by themselves.
        if (folder === "") {
            continue;
        }
        const candidate = path.join(folder, file);
        if (options.fileType(candidate) === "file") {
            return candidate;
        }
    }
    return undefined;
}
