import type { ServerProblem } from "./problem";

/** How the server's process is. */
export type ServerState =
    | { kind: "stopped" }
    | { kind: "starting" }
    /** It died and is started again in a moment. */
    | { kind: "waiting"; reason: string }
    | { kind: "problem"; problem: ServerProblem }
    | { kind: "running"; path: string; version: string };
