import type { LogOutputChannel } from "vscode";

/** Writes one line of the server's log at the level that the line starts with. */
export function logServerLine(channel: LogOutputChannel, line: string): void {
    // The channel adds time and level itself.
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
