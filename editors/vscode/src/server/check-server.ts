import { execFile } from "node:child_process";
import { chmod } from "node:fs/promises";

import { isForeignBinary } from "./binary-platform";
import type { ServerLocation } from "./locate-server";
import { ServerError } from "./server-error";
import { parseVersion } from "./version";

/** Long enough for a first start from a slow disk. */
const VERSION_TIMEOUT_MS = 15_000;

interface VersionOutput {
    stdout: string;
    /** The name of an errno, a signal, or the exit code; `undefined` after a success. */
    code: string | number | undefined;
    timedOut: boolean;
    /** The last line of standard error, or the system's message. */
    reason: string;
}

/**
 * Runs `hoplens --version` and returns the version. Rejects with a {@link ServerError} that says
 * why the file cannot be the server.
 */
export async function checkServer(
    server: ServerLocation,
    env: NodeJS.ProcessEnv,
    timeoutMs = VERSION_TIMEOUT_MS,
): Promise<string> {
    let output = await runVersion(server.path, env, timeoutMs);
    if (output.code === "EACCES" && server.source === "bundled") {
        // Unpacking can lose the permission, and the file belongs to the extension.
        await chmod(server.path, 0o755).catch(() => undefined);
        output = await runVersion(server.path, env, timeoutMs);
    }
    const version = output.code === undefined ? parseVersion(output.stdout) : undefined;
    if (version === undefined) {
        throw versionError(server.path, output, await isForeignBinary(server.path), timeoutMs);
    }
    return version;
}

function runVersion(
    path: string,
    env: NodeJS.ProcessEnv,
    timeoutMs: number,
): Promise<VersionOutput> {
    return new Promise((resolve) => {
        const options = { env, timeout: timeoutMs, windowsHide: true, maxBuffer: 1 << 20 };
        try {
            execFile(path, ["--version"], options, (error, stdout, stderr) => {
                resolve({
                    stdout,
                    code: error === null ? undefined : (error.code ?? error.signal ?? 1),
                    timedOut: error?.killed === true,
                    reason: lastLine(stderr) || (error?.message ?? ""),
                });
            });
        } catch (error) {
            // On some systems `execFile` throws for a file that is not a program.
            const { code, message } = error as NodeJS.ErrnoException;
            resolve({ stdout: "", code: code ?? 1, timedOut: false, reason: message });
        }
    });
}

function versionError(
    path: string,
    output: VersionOutput,
    isForeign: boolean,
    timeoutMs: number,
): ServerError {
    const otherServer = ["choosePath", "install", "showLog"] as const;
    const sameServer = ["restart", "choosePath", "showLog"] as const;
    if (output.code === "EACCES") {
        return new ServerError(
            "notExecutable",
            `The hoplens server \`${path}\` is not executable. Allow it with: chmod +x "${path}"`,
            sameServer,
        );
    }
    if (isForeign || output.code === "ENOEXEC") {
        return new ServerError(
            "wrongPlatform",
            `The hoplens server \`${path}\` is a program for another system than this one (${process.platform}-${process.arch}). Install the one for this system.`,
            otherServer,
        );
    }
    if (output.timedOut) {
        return new ServerError(
            "noResponse",
            `\`${path} --version\` did not answer within ${timeoutMs / 1000} s. Check that it is the hoplens server.`,
            sameServer,
        );
    }
    if (output.code === undefined) {
        return new ServerError(
            "notHoplens",
            `\`${path}\` is not the hoplens server: \`--version\` printed “${firstLine(output.stdout)}”. Choose another path.`,
            otherServer,
        );
    }
    return new ServerError(
        "exitedAtOnce",
        `The hoplens server \`${path}\` exits at once (${output.code}): ${output.reason || "no error message"}`,
        sameServer,
    );
}

function firstLine(text: string): string {
    return (text.trim().split("\n", 1)[0] ?? "").slice(0, 80);
}

function lastLine(text: string): string {
    return (text.trim().split("\n").at(-1) ?? "").slice(0, 300);
}
