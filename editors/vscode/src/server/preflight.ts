import { execFile } from "node:child_process";
import { chmod } from "node:fs/promises";

import { isForeign } from "./binary";
import type { Located } from "./locate";
import { ServerProblem } from "./problem";
import { parseVersion } from "./version";

/** How long a server may take to say its version; a cold disk is slow. */
const PATIENCE_MS = 15_000;

interface Said {
    output: string;
    /** An errno's name, or the exit code. */
    code: string | number | undefined;
    wasKilled: boolean;
    reason: string;
}

/** Asks a server for its version, which shows whether it runs at all. */
export async function preflight(
    server: Located,
    env: NodeJS.ProcessEnv,
    patienceMs = PATIENCE_MS,
): Promise<string> {
    let said = await ask(server.path, env, patienceMs);
    if (said.code === "EACCES" && server.from === "bundled") {
        // Unpacking may lose the permission; the file is the extension's own.
        await chmod(server.path, 0o755).catch(() => undefined);
        said = await ask(server.path, env, patienceMs);
    }
    const version = said.code === undefined ? parseVersion(said.output) : undefined;
    if (version === undefined) {
        throw problem(server.path, said, await isForeign(server.path), patienceMs);
    }
    return version;
}

function ask(path: string, env: NodeJS.ProcessEnv, patienceMs: number): Promise<Said> {
    return new Promise((resolve) => {
        const options = { env, timeout: patienceMs, windowsHide: true, maxBuffer: 1 << 20 };
        try {
            execFile(path, ["--version"], options, (error, stdout, stderr) => {
                resolve({
                    output: stdout,
                    code: error === null ? undefined : (error.code ?? error.signal ?? 1),
                    wasKilled: error?.killed === true,
                    reason: lastLine(stderr) || (error?.message ?? ""),
                });
            });
        } catch (error) {
            // Some systems refuse a file that is no program before there is a process.
            const { code, message } = error as NodeJS.ErrnoException;
            resolve({ output: "", code: code ?? 1, wasKilled: false, reason: message });
        }
    });
}

function problem(
    path: string,
    said: Said,
    foreign: boolean,
    patienceMs: number,
): ServerProblem {
    const choose = ["choosePath", "install", "showLog"] as const;
    if (said.code === "EACCES") {
        return new ServerProblem(
            "notExecutable",
            `The hoplens server \`${path}\` may not be run. Give it the permission: chmod +x "${path}"`,
            ["restart", "choosePath", "showLog"],
        );
    }
    if (foreign || said.code === "ENOEXEC") {
        return new ServerProblem(
            "wrongPlatform",
            `The hoplens server \`${path}\` is not a program for this system (${process.platform}-${process.arch}). Install the one that is.`,
            choose,
        );
    }
    if (said.wasKilled) {
        return new ServerProblem(
            "silent",
            `\`${path}\` did not say its version within ${patienceMs / 1000} s. Is it the hoplens server?`,
            ["restart", "choosePath", "showLog"],
        );
    }
    if (said.code === undefined) {
        return new ServerProblem(
            "notHoplens",
            `\`${path}\` is not the hoplens server: asked for its version it said “${firstLine(said.output)}”.`,
            choose,
        );
    }
    return new ServerProblem(
        "diesAtOnce",
        `The hoplens server \`${path}\` ends at once (${said.code}): ${said.reason || "it says nothing"}`,
        ["restart", "choosePath", "showLog"],
    );
}

function firstLine(text: string): string {
    return (text.trim().split("\n", 1)[0] ?? "").slice(0, 80);
}

function lastLine(text: string): string {
    return (text.trim().split("\n").at(-1) ?? "").slice(0, 300);
}
