import type { LogOutputChannel } from "vscode";

/** Writes a line of the server's log at the level that the line itself names. */
export function writeLine(channel: LogOutputChannel, line: string): void {
    // The channel writes time and level itself.
    const match = /^(?:\d{4}-\S+\s+)?(TRACE|DEBUG|INFO|WARN|ERROR)\s+(.*)$/.exec(line);
    const text = match?.[2] ?? line;
    switch (match?.[1] ?? "INFO") {
        case "TRACE":
            channel.trace(text);
            break;
        case "DEBUG":
            channel.debug(text);
            break;
        case "WARN":
            channel.warn(text);
            break;
        case "ERROR":
            channel.error(text);
            break;
        default:
            channel.info(text);
    }
}
