// The messages between server and extension that LSP does not define. Types only, so that a
// generated file can take this one's place; the names of commands and notifications are in
// `methods.ts`.

import type { Position, Range } from "vscode-languageserver-types";

/** Parameters of the notification `hoplens/didAnalyze`. */
export interface DidAnalyzeParams {
    uri: string;
    version: number | null;
}

/** Parameters of the notification `experimental/serverStatus`. */
export interface ServerStatusParams {
    health: "ok" | "warning" | "error";
    /** Whether the server has finished loading the model. */
    quiescent: boolean;
    message?: string;
}

export interface ModelInfo {
    name: string;
    sha256: string;
    layers: number;
    heads: number;
    width: number;
}

/** Result of `hoplens.server.status`. */
export interface StatusResult {
    version: string;
    model: ModelInfo | null;
    state: "ready" | "loading" | "absent" | "failed";
    message: string;
    busy: boolean;
    /** Number of open prompts. */
    prompts: number;
}

/** An entry in the result of `hoplens.server.models`. */
export interface ModelEntry {
    name: string;
    /** Bytes. */
    size: number | null;
    licence: string | null;
    /** Whether the model is on this disk. */
    here: boolean;
    current: boolean;
}

export interface TokenText {
    id: number;
    text: string;
}

export interface ScoredToken {
    token: string;
    score: number;
}

/** The word of a list that a head's read-out ranks highest. */
export interface WordRank {
    position: number;
    at: string;
    token: string;
    /** 0 is the first of the vocabulary. */
    rank: number;
    score: number;
    share: number;
}

export interface BridgeRanks {
    composed: WordRank;
    explicit: WordRank;
}

/** What one attention head does at the position that was read. */
export interface HeadReadout {
    layer: number;
    head: number;
    norm: number;
    direct_logit: number;
    /** Change of the target's log-probability without the head, in nats. */
    ablation_dlogp: number | null;
    ablation: AblationMode | null;
    /** Attention to each token up to the position. */
    attention: number[];
    top: ScoredToken[];
    bridge?: BridgeRanks;
    words?: WordRank;
}

/** How the server removes a head to measure what the answer loses. */
export type AblationMode = "zero" | "mean" | "estimate" | "none";

/** Argument of `hoplens.server.heads`. */
export interface HeadsParams {
    uri: string;
    position?: Position;
    case?: string;
    ablate?: AblationMode;
    bridge?: boolean;
}

/** Result of `hoplens.server.heads`: the document of `hoplens lens` with its place in the editor. */
export interface HeadsResult {
    schema: number;
    model: ModelInfo;
    prompt: string;
    tokens: TokenText[];
    position: number;
    target: string;
    /** Log-probability of the target, in nats. */
    logp: number;
    lens: string;
    residual_norm: number;
    heads: HeadReadout[];
    uri: string;
    version: number | null;
    case: string;
    /** Place of each token in the file; `null` for tokens that the template adds. */
    ranges: (Range | null)[];
}

export type Encoding = "embed" | "unembed" | "layerwise";
export type Scope = "all" | "last";

/** Argument of `hoplens.server.sweep`. */
export interface SweepParams {
    uri: string;
    position?: Position;
    case?: string;
    memory?: string;
    encoding?: Encoding;
    scope?: Scope;
    control?: boolean;
}

export interface SweepCell {
    encoding: Encoding;
    layer: number;
    head?: number;
    tau: number;
    scope: Scope;
    /** Log-probability of the answer's first token; `null` where the logits overflowed. */
    logp_first: number | null;
    rank: number;
}

/** Result of `hoplens.server.sweep`: the document of `hoplens sweep` with its place in the editor. */
export interface SweepResult {
    schema: number;
    model: ModelInfo;
    prompt: string;
    expect: string[];
    memory: string;
    baseline: { logp_first: number; rank: number };
    cells: SweepCell[];
    best: SweepCell | null;
    uri: string;
    version: number | null;
    case: string;
    /** Memories that the case names. */
    memories: string[];
}

/** Argument of `hoplens.server.inject`. */
export interface InjectParams {
    uri: string;
    case?: string;
    memory: string;
    encoding: Encoding;
    layer: number;
    tau: number;
    scope: Scope;
}

/** Result of `hoplens.server.inject`; `before` and `after` are probabilities. */
export interface InjectResult {
    before: number;
    after: number;
    rank: number;
    /** Whether the server asked the editor to apply the edit. */
    applied: boolean;
}
