import type { ServerError } from "./server-error";

/** The state of the server's process. */
export type ServerState =
    | { kind: "stopped" }
    | { kind: "starting" }
    /** The process exited by itself and will be started again. */
    | { kind: "restarting"; reason: string }
    | { kind: "failed"; error: ServerError }
    | { kind: "running"; path: string; version: string };
