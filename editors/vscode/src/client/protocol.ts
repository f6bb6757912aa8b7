// Generated from crates/hoplens/src/server/protocol.rs; do not edit. To update it, run
// UPDATE_EXPECT=1 cargo test -p hoplens --lib protocol

import type {
    Position,
    Range,
    TextDocumentIdentifier,
    WorkspaceEdit,
} from "vscode-languageserver-types";

/**
 * Parameters of the request `hoplens/documentText`; the result is the text, or null if the
 * document is not open.
 */
export interface DocumentTextParams {
    /** The document. */
    textDocument: TextDocumentIdentifier;
}

/** Parameters of the notification `hoplens/didAnalyze`. */
export interface DidAnalyzeParams {
    /** The prompt. */
    uri: string;
    /** The version of the analyzed text; null if the prompt is not open. */
    version: number | null;
}

/** How well the server works. */
export type ServerHealth = "ok" | "warning" | "error";

/** Parameters of the notification `experimental/serverStatus`. */
export interface ServerStatusParams {
    /** How well the server works. */
    health: ServerHealth;
    /** Whether nothing is being downloaded or loaded. */
    quiescent: boolean;
    /** The state in words. */
    message: string;
}

/** The state of the server's model. */
export type ModelState = "ready" | "loading" | "absent" | "failed";

/** The model that is loaded. */
export interface ModelIdentity {
    /** Alias, repository or file name. */
    name: string;
    /** SHA-256 of the weights, in hexadecimal. */
    sha256: string;
    /** Number of layers. */
    layers: number;
    /** Attention heads of a layer. */
    heads: number;
    /** Width of the residual stream. */
    width: number;
}

/** Result of `hoplens.server.status`. */
export interface StatusResult {
    /** The server's version. */
    version: string;
    /** The model; null if none is loaded. */
    model: ModelIdentity | null;
    /** The reference of the model that was requested last. */
    wanted: string | null;
    /** The state of the model. */
    state: ModelState;
    /** The state in words. */
    message: string;
    /** Whether a prompt is being analyzed. */
    busy: boolean;
    /** Number of open prompts. */
    prompts: number;
}

/** An entry in the result of `hoplens.server.models`. */
export interface ListedModel {
    /** The model's reference. */
    name: string;
    /** Size in bytes, if it is known. */
    size: number | null;
    /** The licence, if it is known. */
    licence: string | null;
    /** Whether the model is on this disk. */
    here: boolean;
    /** Whether the model was requested last. */
    current: boolean;
}

/** An entry in the result of `hoplens.server.documents`. */
export interface PromptEntry {
    /** The prompt. */
    uri: string;
    /** Number of cases; null before the model has analyzed the prompt. */
    cases: number | null;
    /** Whether the model will analyze the prompt. */
    pending: boolean;
    /** Whether repairs are being measured. */
    measuring: boolean;
}

/** Argument of `hoplens.server.cases`: a case of a prompt. */
export interface CaseLocation {
    /** The prompt. */
    uri: string;
    /** A position in the prompt's text. */
    position?: Position;
    /** The case's id, or `#1`, `#2`, …; if absent, the case at `position`, or the first. */
    case?: string;
}

/** An entry in the result of `hoplens.server.cases`. */
export interface CaseEntry {
    /** The case's id. */
    id: string;
    /** The rendered prompt. */
    prompt: string;
    /** The accepted answers. */
    expect: string[];
    /** Probability of the answer; null if none is expected. */
    p: number | null;
    /** Rank of the answer's first token; null if none is expected. */
    rank: number | null;
    /** The most probable next token. */
    next: unknown;
    /** The verdict's code. */
    verdict: string | null;
    /** Why the case could not be analyzed. */
    error: string | null;
    /** Number of measured repairs. */
    repairs: number | null;
    /** The title of the best repair. */
    best: string | null;
    /** The file that declares the case. */
    uri: string | null;
    /** The range of the declaration. */
    range: Range | null;
}

/** A token of the prompt. */
export interface PromptToken {
    /** The token's id. */
    id: number;
    /** The token's text. */
    text: string;
}

/** A token that a head's read-out ranks high. */
export interface ScoredToken {
    /** The token's text. */
    token: string;
    /** The token's logit. */
    score: number;
}

/** The word of a list that a head's read-out ranks highest. */
export interface WordEntry {
    /** The position in the prompt. */
    position: number;
    /** The text of the token at the position. */
    at: string;
    /** The word's token. */
    token: string;
    /** The word's rank; 0 is the first of the vocabulary. */
    rank: number;
    /** The word's logit. */
    score: number;
    /** Share of the vocabulary that ranks below. */
    share: number;
}

/** The bridge's rank in a head's read-out. */
export interface BridgeEntry {
    /** In the prompt itself. */
    composed: WordEntry;
    /** In the prompt that names the bridge. */
    explicit: WordEntry;
}

/** How heads are ablated to measure what the answer loses. */
export type AblationMode = "zero" | "mean" | "estimate" | "none";

/** What one attention head does at the position that was read. */
export interface HeadEntry {
    /** The layer, from 0. */
    layer: number;
    /** The head, from 0. */
    head: number;
    /** Norm of the head's output. */
    norm: number;
    /** Direct contribution to the target's logit. */
    direct_logit: number;
    /** Change of the target's log-probability without the head, in nats. */
    ablation_dlogp: number | null;
    /** How the head was ablated. */
    ablation: AblationMode | null;
    /** Attention to each token up to the position. */
    attention: number[];
    /** The tokens that the head's read-out ranks highest. */
    top: ScoredToken[];
    /** The bridge's rank, if it was requested. */
    bridge?: BridgeEntry;
    /** The highest word, if a list was requested. */
    words?: WordEntry;
}

/** How a memory is encoded. */
export type EncodingName = "embed" | "unembed" | "layerwise";

/** The positions that an injection changes. */
export type ScopeName = "all" | "last";

/** An injection in force. */
export interface InjectionEntry {
    /** The memory's text. */
    memory: string;
    /** The encoding. */
    encoding: EncodingName;
    /** The layer, from 0. */
    layer: number;
    /** The head, from 0; absent for the whole layer. */
    head?: number;
    /** The magnitude. */
    tau: number;
    /** `all`, `last`, or an object for a quoted piece of the prompt. */
    scope: unknown;
}

/** A bridge that is looked for in the heads. */
export interface SearchedBridge {
    /** The bridge. */
    text: string;
    /** The tokens that are looked for. */
    tokens: PromptToken[];
    /** The prompt that names the bridge. */
    explicit_prompt: string;
    /** The tokens of that prompt. */
    explicit_tokens: PromptToken[];
}

/** Words that are looked for in the heads. */
export interface SearchedWords {
    /** The words. */
    words: string[];
    /** The tokens of the words. */
    tokens: PromptToken[];
    /** The words for which the vocabulary has no token. */
    unknown: string[];
}

/** The document of `hoplens lens`. */
export interface HeadsReport {
    /** The version of the document's format. */
    schema: number;
    /** The model. */
    model: ModelIdentity;
    /** The prompt file, if the command line read the prompt of a case. */
    path?: string;
    /** The case's id, if the prompt is a case's. */
    case?: string;
    /** The rendered prompt. */
    prompt: string;
    /** The tokens of the prompt. */
    tokens: PromptToken[];
    /** The index of the token that was read. */
    position: number;
    /** The token whose probability is measured. */
    target: string;
    /** Log-probability of the target, in nats. */
    logp: number;
    /** The lens that read the heads. */
    lens: string;
    /** The injections in force. */
    injections: InjectionEntry[];
    /** Norm of the residual stream at the position. */
    residual_norm: number;
    /** The bridge, if it was requested and the case has one. */
    bridge?: SearchedBridge;
    /** The words, if a list was requested. */
    words?: SearchedWords;
    /** The heads. */
    heads: HeadEntry[];
}

/** Argument of `hoplens.server.heads`. */
export interface HeadsParams {
    /** The prompt. */
    uri: string;
    /** A position in the prompt's text. */
    position?: Position;
    /** The case's id, or `#1`, `#2`, …; if absent, the case at `position`, or the first. */
    case?: string;
    /** How heads are ablated. */
    ablate?: AblationMode;
    /** Whether the bridge's rank in each head is read. */
    bridge?: boolean;
}

/** Result of `hoplens.server.heads`: the document of `hoplens lens` with its place in the editor. */
export interface HeadsResult extends HeadsReport {
    /** The prompt. */
    uri: string;
    /** The version of the text; null if the prompt is not open. */
    version: number | null;
    /** The case's id. */
    case: string;
    /** The range of each token in the file; null for tokens that the template adds. */
    ranges: (Range | null)[];
}

/** The effect of a memory at one layer and magnitude. */
export interface SweepCell {
    /** The encoding. */
    encoding: EncodingName;
    /** The layer, from 0. */
    layer: number;
    /** The head, from 0; absent for the whole layer. */
    head?: number;
    /** The magnitude. */
    tau: number;
    /** The scope. */
    scope: ScopeName;
    /** Log-probability of the answer's first token; null if the logits overflowed. */
    logp_first: number | null;
    /** Rank of the answer's first token. */
    rank: number;
}

/** The answer without an injection. */
export interface SweepBaseline {
    /** Log-probability of the answer's first token, in nats. */
    logp_first: number;
    /** Rank of the answer's first token. */
    rank: number;
}

/** How random memories do in the place of the best cell's memory. */
export interface ControlEntry {
    /** The encoding. */
    encoding: EncodingName;
    /** The layer, from 0. */
    layer: number;
    /** The head, from 0; absent for the whole layer. */
    head?: number;
    /** The magnitude. */
    tau: number;
    /** The scope. */
    scope: ScopeName;
    /** Number of random memories. */
    memories: number;
    /** Seed of their choice. */
    seed: number;
    /** Percentage of them that gain less, 0 to 100. */
    percentile: number;
    /**
     * Mean gain in log-probability of the random memories, in nats; null if the logits
     * overflowed.
     */
    mean_gain: number | null;
    /** Median gain of the random memories, in nats; null if the logits overflowed. */
    median_gain: number | null;
}

/** What the best cell does to the reference prompts. */
export interface SideEffectEntry {
    /** Number of reference prompts. */
    prompts: number;
    /** Mean KL divergence of the next token, in nats; null if the logits overflowed. */
    mean_kl: number | null;
    /** The largest KL divergence; null if the logits overflowed. */
    max_kl: number | null;
    /** Prompts whose likeliest next token changes. */
    flips: number;
    /** Prompts with an expected answer. */
    answered: number;
    /** Those whose likeliest token begins the answer without the injection. */
    right_before: number;
    /** Those whose likeliest token begins the answer with the injection. */
    right_after: number;
}

/** The document of `hoplens sweep`. */
export interface SweepReport {
    /** The version of the document's format. */
    schema: number;
    /** The model. */
    model: ModelIdentity;
    /** The rendered prompt. */
    prompt: string;
    /** The accepted answers. */
    expect: string[];
    /** The memory. */
    memory: string;
    /** The answer without an injection. */
    baseline: SweepBaseline;
    /** The measured cells. */
    cells: SweepCell[];
    /** The cell with the highest gain. */
    best: SweepCell | null;
    /** The control of the best cell, if it was requested. */
    control: ControlEntry | null;
    /** The side effects of the best cell, if its control was requested. */
    collateral: SideEffectEntry | null;
    /** How long the sweep took, in milliseconds. */
    elapsed_ms: number;
}

/** Argument of `hoplens.server.sweep`. */
export interface SweepParams {
    /** The prompt. */
    uri: string;
    /** A position in the prompt's text. */
    position?: Position;
    /** The case's id, or `#1`, `#2`, …; if absent, the case at `position`, or the first. */
    case?: string;
    /** The memory's text; if absent, the first bridge of the case. */
    memory?: string;
    /** The encoding. */
    encoding?: EncodingName;
    /** The scope. */
    scope?: ScopeName;
    /** Whether random memories are measured in the best cell. */
    control?: boolean;
}

/** Result of `hoplens.server.sweep`: the document of `hoplens sweep` with its place in the editor. */
export interface SweepResult extends SweepReport {
    /** The prompt. */
    uri: string;
    /** The version of the text; null if the prompt is not open. */
    version: number | null;
    /** The case's id. */
    case: string;
    /** The bridges of the case. */
    memories: string[];
}

/** How a sentence is taken away. */
export type InfluenceMethodName = "remove" | "knockout";

/** Argument of `hoplens.server.influence`. */
export interface InfluenceParams {
    /** The prompt. */
    uri: string;
    /** The case's id, or `#1`, `#2`, …; if absent, all cases. */
    case?: string;
    /** How a sentence is taken away. */
    method?: InfluenceMethodName;
}

/** A case with the prompt as written. */
export interface InfluenceCase {
    /** The case's id. */
    id: string;
    /** Log-probability of the accepted answers, in nats; null if none is expected. */
    logp: number | null;
    /** The first tokens of the model's reply; null if an answer is expected. */
    reply: string | null;
}

/** What the absence of a sentence, list item or example does to a case. */
export interface InfluenceEntry {
    /** The text in the prompt file. */
    range: Range;
    /** The case's id. */
    case: string;
    /** `sentence`, `list-item`, `example`, `heading`, `table-row` or `code`. */
    kind: string;
    /**
     * Log-probability of the answers without the text minus that with it, in nats; null if no
     * answer is expected, or if the text cannot be taken away.
     */
    delta_logp: number | null;
    /** Mean divergence along the reply, in nats; null if an answer is expected. */
    kl: number | null;
}

/** What an editor shows beside a line. */
export interface InfluenceLine {
    /** The line, from 0. */
    line: number;
    /**
     * The largest effect of a text that begins in the line, as a share of the largest one in
     * its case: 0 to 1. 0 if nothing measurable changes.
     */
    share: number;
    /** A bar of at most eight characters; empty if nothing measurable changes. */
    bar: string;
    /** The effect in words. */
    text: string;
}

/** Result of `hoplens.server.influence`. */
export interface InfluenceResult {
    /** The prompt. */
    uri: string;
    /** The version of the text; null if the prompt is not open. */
    version: number | null;
    /** The cases that were run. */
    cases: InfluenceCase[];
    /** The effects, by case and in the order of the prompt. */
    influence: InfluenceEntry[];
    /** The same by line, for display. */
    lines: InfluenceLine[];
}

/** Argument of `hoplens.server.preview`. */
export interface PreviewParams {
    /** The prompt, or its sidecar. */
    uri: string;
    /** A position in the text. */
    position?: Position;
    /**
     * The case's id, or `#1`, `#2`, …; if `position` is in the declaration of another case, or
     * in the fence of one, that case is shown. If absent, the first.
     */
    case?: string;
}

/** How a chat model reads a prompt. */
export type PreviewReading = "continuation" | "user-message" | "chat";

/** Where the text of a part comes from. */
export type PreviewSegmentKind = "text" | "value" | "unset" | "omitted" | "template";

/** The place where a value is declared. */
export interface PreviewValue {
    /** The variable. */
    name: string;
    /** The file. */
    uri: string;
    /** The value in it. */
    range: Range;
}

/** A part of a rendered text. A text of several lines has a part for each line. */
export interface PreviewSegment {
    /** Where the text comes from. */
    kind: PreviewSegmentKind;
    /** What the model reads. */
    text: string;
    /** The range in the prompt: the same text, or the tag that writes it. */
    source?: Range;
    /** The tag that writes the text. */
    tag?: string;
    /** The declared value that the text is. */
    value?: PreviewValue;
    /** What to know about a part that the text lacks. */
    note?: string;
}

/** A message of a rendered prompt. */
export interface PreviewMessage {
    /** The role as the file names it; `user` or `text` if the file names none. */
    role: string;
    /** Whether the model continues this message. */
    continued: boolean;
    /** Whether the message is sent: not if it is empty because its variables have no value. */
    sent: boolean;
    /** The text. */
    text: string;
    /**
     * Tokens that begin in the text; null without a model, and where its chat template changes
     * the text.
     */
    tokens: number | null;
    /** The parts, in order. */
    segments: PreviewSegment[];
}

/** The text that the model reads. */
export interface PreviewModelText {
    /** The model's name. */
    name: string;
    /** The most tokens that the model reads. */
    context: number;
    /** Tokens of the text; null if it is much longer than the context. */
    tokens: number | null;
    /** Those of `tokens` that belong to no message. */
    template_tokens: number | null;
    /** The parts of the text, in order. */
    segments: PreviewSegment[];
    /** Why the model's chat template refuses the messages. */
    refusal: string | null;
}

/** Why a prompt is not rendered as its file means it. */
export interface PreviewProblem {
    /** What is wrong, and what to do. */
    message: string;
    /** The place in the prompt; null if it is in another file. */
    range: Range | null;
}

/** Result of `hoplens.server.preview`. */
export interface PreviewResult {
    /** The prompt. */
    uri: string;
    /** The version of the text; null if the prompt is not open. */
    version: number | null;
    /** The case's id; null if the file declares no case. */
    case: string | null;
    /** The ids of all cases. */
    cases: string[];
    /** How a chat model reads the prompt. */
    reading: PreviewReading;
    /** The messages; none if nothing is rendered. */
    messages: PreviewMessage[];
    /** The text that the model reads; null without a model. */
    model: PreviewModelText | null;
    /** Why there is no model text; null if there is. */
    without_model: string | null;
    /** The variables without a value. */
    unset: string[];
    /** Why the prompt is not rendered as its file means it. */
    error: PreviewProblem | null;
}

/** Argument of `hoplens.server.inject`. */
export interface InjectParams {
    /** The prompt. */
    uri: string;
    /** A position in the prompt's text. */
    position?: Position;
    /** The case's id, or `#1`, `#2`, …; if absent, the case at `position`, or the first. */
    case?: string;
    /** The memory's text. */
    memory: string;
    /** The encoding. */
    encoding?: EncodingName;
    /** The layer, from 0. */
    layer: number;
    /** The magnitude. */
    tau: number;
    /** The scope. */
    scope?: ScopeName;
}

/** Result of `hoplens.server.inject`. */
export interface InjectResult {
    /** Probability of the answer without the injection. */
    before: number;
    /** Probability of the answer with the injection. */
    after: number;
    /** Rank of the answer's first token with the injection. */
    rank: number;
    /** Whether the server asked the editor to apply the edit. */
    applied: boolean;
    /** The edit, if the editor does not support `workspace/applyEdit`. */
    edit?: WorkspaceEdit;
}

/** What a file shows. */
export type ExportKind = "heads" | "sweep";

/** The format of a file. */
export type ExportFormat = "svg" | "json" | "html";

/** Argument of `hoplens.server.export`, beside the argument of the kind's own command. */
export interface ExportParams {
    /** What the file shows. */
    kind: ExportKind;
    /** The format. */
    format: ExportFormat;
    /** The file; if absent, a temporary one. */
    path?: string;
}

/** Result of the commands that write a file. */
export interface FileResult {
    /** The file. */
    path: string;
}
