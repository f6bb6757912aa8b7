import { spawn, type ChildProcess } from "node:child_process";

import { asProblem } from "./problem";

/** How many of its last words are kept for an error message. */
const LAST_LINES = 3;

/** A server's process and what is known of its end. */
export interface ServerProcess {
    child: ChildProcess;
    /** Why it ended, in words, with the last lines that it logged. */
    epitaph: () => string;
}

/** Starts a server; `log` gets each line of its log. */
export function start(
    path: string,
    args: readonly string[],
    options: { env: NodeJS.ProcessEnv; cwd: string | undefined; log: (line: string) => void },
): Promise<ServerProcess> {
    return new Promise((resolve, reject) => {
        const child = spawn(path, args, {
            env: options.env,
            cwd: options.cwd,
            windowsHide: true,
            stdio: ["pipe", "pipe", "pipe"],
        });
        const last: string[] = [];
        let rest = "";
        child.stderr.setEncoding("utf8");
        child.stderr.on("data", (text: string) => {
            const lines = (rest + text).split("\n");
            rest = lines.pop() ?? "";
            for (const line of lines.map(plain).filter((line) => line !== "")) {
                last.push(line);
                last.splice(0, last.length - LAST_LINES);
                options.log(line);
            }
        });
        // A pipe to a process that is gone is no news: its end is told by `exit`.
        child.stdin.on("error", () => undefined);
        child.once("error", (error) => {
            reject(asProblem(error));
        });
        child.once("spawn", () => {
            resolve({ child, epitaph: () => epitaph(child, last) });
        });
    });
}

function epitaph(child: ChildProcess, last: readonly string[]): string {
    const end =
        child.signalCode !== null
            ? `ended by ${child.signalCode}`
            : child.exitCode !== null
              ? `exit code ${child.exitCode}`
              : "its connection closed";
    return last.length === 0 ? end : `${end}; its last words: ${last.join(" / ")}`;
}

/** A line without the colours of terminals. */
function plain(line: string): string {
    // eslint-disable-next-line no-control-regex -- colours begin with this very character.
    return line.replace(/\u001b\[[0-9;]*m/g, "").trimEnd();
}
