// Names of the server's commands and notifications. The types of their messages are in
// `protocol.ts`.

/** Commands of the server. The extension's own commands have no `server.` in their names. */
export const SERVER_COMMANDS = {
    measure: "hoplens.server.measure",
    cancel: "hoplens.server.cancel",
    downloadModel: "hoplens.server.downloadModel",
    models: "hoplens.server.models",
    useModel: "hoplens.server.useModel",
    status: "hoplens.server.status",
    heads: "hoplens.server.heads",
    sweep: "hoplens.server.sweep",
    influence: "hoplens.server.influence",
    preview: "hoplens.server.preview",
    inject: "hoplens.server.inject",
    showHeads: "hoplens.server.showHeads",
    showSweep: "hoplens.server.showSweep",
} as const;

/** The server has new findings of a prompt. */
export const DID_ANALYZE = "hoplens/didAnalyze";
/** The state of the server's model changed. */
export const SERVER_STATUS = "experimental/serverStatus";
