/** What a button of an error message does. */
export type Remedy = "choosePath" | "install" | "showLog" | "restart";

export type ProblemKind =
    | "notFound"
    | "notExecutable"
    | "wrongPlatform"
    | "notHoplens"
    | "silent"
    | "diesAtOnce"
    | "keepsDying"
    | "failed";

/** Why there is no server: what, why, and what to do about it. */
export class ServerProblem extends Error {
    constructor(
        readonly kind: ProblemKind,
        message: string,
        readonly remedies: readonly Remedy[],
    ) {
        super(message);
        this.name = "ServerProblem";
    }
}

/** Any error as one that can be shown. */
export function asProblem(error: unknown): ServerProblem {
    if (error instanceof ServerProblem) {
        return error;
    }
    const reason = error instanceof Error ? error.message : String(error);
    return new ServerProblem("failed", `The hoplens server could not be started: ${reason}`, [
        "restart",
        "showLog",
    ]);
}
