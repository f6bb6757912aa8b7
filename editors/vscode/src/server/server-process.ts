import { spawn, type ChildProcess } from "node:child_process";

import { asServerError } from "./server-error";

/** How many of the last log lines an error message quotes. */
const QUOTED_LINES = 3;

export interface ServerProcess {
    child: ChildProcess;
    /** Describes why the process exited, with the last lines of its log. */
    exitReason: () => string;
}

export interface StartOptions {
    env: NodeJS.ProcessEnv;
    cwd: string | undefined;
    /** Receives each line of the server's log. */
    onLogLine: (line: string) => void;
}

/** Starts a server process. Rejects with a `ServerError` if the system cannot start it. */
export function startServer(
    path: string,
    args: readonly string[],
    options: StartOptions,
): Promise<ServerProcess> {
    return new Promise((resolve, reject) => {
        const child = spawn(path, args, {
            env: options.env,
            cwd: options.cwd,
            windowsHide: true,
            stdio: ["pipe", "pipe", "pipe"],
        });
        const lastLines: string[] = [];
        let incomplete = "";
        child.stderr.setEncoding("utf8");
        child.stderr.on("data", (text: string) => {
            const lines = (incomplete + text).split("\n");
            incomplete = lines.pop() ?? "";
            for (const line of lines.map(stripColours).filter((line) => line !== "")) {
                lastLines.push(line);
                lastLines.splice(0, lastLines.length - QUOTED_LINES);
                options.onLogLine(line);
            }
        });
        // Writing to a process that just exited fails; the `exit` event reports it.
        child.stdin.on("error", () => undefined);
        child.once("error", (error) => {
            reject(asServerError(error));
        });
        child.once("spawn", () => {
            resolve({ child, exitReason: () => exitReason(child, lastLines) });
        });
    });
}

function exitReason(child: ChildProcess, lastLines: readonly string[]): string {
    const exit =
        child.signalCode !== null
            ? `killed by ${child.signalCode}`
            : child.exitCode !== null
              ? `exit code ${child.exitCode}`
              : "connection closed";
    return lastLines.length === 0 ? exit : `${exit}; end of its log: ${lastLines.join(" / ")}`;
}

/** Removes the colour codes that are meant for terminals. */
function stripColours(line: string): string {
    // eslint-disable-next-line no-control-regex -- colour codes start with this character.
    return line.replace(/\u001b\[[0-9;]*m/g, "").trimEnd();
}
