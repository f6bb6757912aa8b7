// What the server and the extension say to each other beyond the protocol of language servers.

import type { Position, Range } from "vscode-languageserver-types";

/** Commands that the server has; the ones of the extension have no `server.` in their names. */
export const SERVER = {
    measure: "hoplens.server.measure",
    cancel: "hoplens.server.cancel",
    downloadModel: "hoplens.server.downloadModel",
    models: "hoplens.server.models",
    useModel: "hoplens.server.useModel",
    status: "hoplens.server.status",
    heads: "hoplens.server.heads",
    sweep: "hoplens.server.sweep",
    inject: "hoplens.server.inject",
    showHeads: "hoplens.server.showHeads",
    showSweep: "hoplens.server.showSweep",
} as const;

/** The server's notification that something new is known of a prompt. */
export const DID_ANALYZE = "hoplens/didAnalyze";
/** The server's notification of how the model is. */
export const SERVER_STATUS = "experimental/serverStatus";

export interface DidAnalyze {
    uri: string;
    version: number | null;
}

export interface ServerStatus {
    health: "ok" | "warning" | "error";
    quiescent: boolean;
    message?: string;
}

export interface ModelSummary {
    name: string;
    sha256: string;
    layers: number;
    heads: number;
    width: number;
}

/** The answer of `hoplens.server.status`. */
export interface Status {
    version: string;
    model: ModelSummary | null;
    state: "ready" | "loading" | "absent" | "failed";
    message: string;
    busy: boolean;
    prompts: number;
}

/** An item of `hoplens.server.models`. */
export interface KnownModel {
    name: string;
    size: number | null;
    licence: string | null;
    here: boolean;
    current: boolean;
}

export interface TokenText {
    id: number;
    text: string;
}

export interface Word {
    token: string;
    score: number;
}

export interface Head {
    layer: number;
    head: number;
    norm: number;
    direct_logit: number;
    ablation_dlogp: number | null;
    attention: number[];
    top: Word[];
}

/** How much is measured of each head. */
export type Ablation = "none" | "estimate" | "zero";

export interface HeadsArguments {
    uri: string;
    position?: Position;
    case?: string;
    ablate?: Ablation;
}

/** The answer of `hoplens.server.heads`: the document of `hoplens lens`, and where it stands. */
export interface HeadsDocument {
    schema: number;
    model: { name: string; sha256: string };
    prompt: string;
    tokens: TokenText[];
    position: number;
    target: string;
    logp: number;
    heads: Head[];
    uri: string;
    case: string;
    ranges: (Range | null)[];
}

export type Encoding = "embed" | "unembed" | "layerwise";
export type Scope = "all" | "last";

export interface SweepArguments {
    uri: string;
    case?: string;
    memory?: string;
    encoding?: Encoding;
    scope?: Scope;
}

export interface SweepCell {
    encoding: Encoding;
    layer: number;
    head?: number;
    tau: number;
    scope: Scope;
    /** Nothing where the injection made the logits overflow. */
    logp_first: number | null;
    rank: number;
}

/** The answer of `hoplens.server.sweep`: the document of `hoplens sweep`, and what could be asked. */
export interface SweepDocument {
    schema: number;
    model: { name: string; sha256: string };
    prompt: string;
    expect: string[];
    memory: string;
    baseline: { logp_first: number; rank: number };
    cells: SweepCell[];
    best: SweepCell | null;
    uri: string;
    case: string;
    memories: string[];
}

/** The answer of `hoplens.server.inject`. */
export interface Injected {
    before: number;
    after: number;
    rank: number;
    /** Whether the editor is asked to apply the edit. */
    applied: boolean;
}

export interface InjectArguments {
    uri: string;
    case?: string;
    memory: string;
    encoding: Encoding;
    layer: number;
    tau: number;
    scope: Scope;
}
