/** What a button of an error message does. */
export type Remedy = "choosePath" | "install" | "showLog" | "restart";

export type ServerErrorKind =
    | "notFound"
    | "notExecutable"
    | "wrongPlatform"
    | "notHoplens"
    | "noResponse"
    | "exitedAtOnce"
    | "crashLoop"
    | "failed";

/** Why no server runs. The message says what is wrong and what to do; remedies become buttons. */
export class ServerError extends Error {
    constructor(
        readonly kind: ServerErrorKind,
        message: string,
        readonly remedies: readonly Remedy[],
    ) {
        super(message);
        this.name = "ServerError";
    }
}

/** Wraps any error, so that it can be shown with remedies. */
export function asServerError(error: unknown): ServerError {
    if (error instanceof ServerError) {
        return error;
    }
    const reason = error instanceof Error ? error.message : String(error);
    return new ServerError("failed", `The hoplens server could not be started: ${reason}`, [
        "restart",
        "showLog",
    ]);
}
