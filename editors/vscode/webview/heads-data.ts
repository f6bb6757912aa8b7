// The document of `hoplens lens --format json` and `hoplens.server.heads`, checked field by field.

import { isNumber } from "./format";

export interface Token {
    id: number | null;
    text: string;
}

/** The word of a list that a head's read-out ranks highest. */
export interface WordRank {
    word: string;
    /** The prompt's token at which the head ranks the word this high. */
    at: string;
    /** 0 is the first of the vocabulary. */
    rank: number;
    /** Probability of all the words together, from 0 to 1. */
    share: number | null;
}

/** One attention head; `null` stands for a figure that the document lacks. */
export interface Head {
    layer: number;
    head: number;
    directLogit: number | null;
    /** Change of the target's log-probability without the head, in nats. */
    ablationDlogp: number | null;
    ablation: string | null;
    norm: number | null;
    /** Attention from the position that was read to each token up to it; sums to 1. */
    attention: readonly number[];
    /** The tokens that the head's read-out scores highest. */
    top: readonly { token: string; score: number | null }[];
    /** The bridge, in the prompt as written and in the one that names it. */
    bridgeAsWritten: WordRank | null;
    bridgeNamed: WordRank | null;
    words: WordRank | null;
}

export interface HeadsData {
    model: { name: string; sha256: string };
    tokens: readonly Token[];
    /** Index of the token at which the heads were read. */
    position: number;
    target: string | null;
    /** Log-probability of the target, in nats. */
    logp: number | null;
    lens: string | null;
    /** Length of the residual stream after the last block. */
    residualNorm: number | null;
    heads: readonly Head[];
    layerCount: number;
    /** Heads in each layer. */
    headCount: number;
}

/** Reads a document. What it lacks becomes `null` or an empty list. */
export function readHeadsData(value: unknown): HeadsData {
    const document = asRecord(value);
    const model = asRecord(document["model"]);
    const tokens = asList(document["tokens"]).map(readToken);
    const heads = asList(document["heads"]).map(readHead);
    const count = (index: (head: Head) => number): number =>
        heads.reduce((most, head) => Math.max(most, index(head) + 1), 0);
    const { target } = document;
    return {
        model: { name: asText(model["name"]), sha256: asText(model["sha256"]) },
        tokens,
        position: asNumber(document["position"]) ?? tokens.length - 1,
        target: target === undefined || target === null ? null : readToken(target).text,
        logp: asNumber(document["logp"]),
        lens: typeof document["lens"] === "string" ? document["lens"] : null,
        residualNorm: asNumber(document["residual_norm"]),
        heads,
        layerCount: count(({ layer }) => layer),
        headCount: count(({ head }) => head),
    };
}

function readHead(value: unknown): Head {
    const head = asRecord(value);
    const bridge = asRecord(head["bridge"]);
    return {
        layer: asNumber(head["layer"]) ?? 0,
        head: asNumber(head["head"]) ?? 0,
        directLogit: asNumber(head["direct_logit"]),
        ablationDlogp: asNumber(head["ablation_dlogp"]),
        ablation: typeof head["ablation"] === "string" ? head["ablation"] : null,
        norm: asNumber(head["norm"]),
        attention: asList(head["attention"]).map((share) => asNumber(share) ?? 0),
        top: asList(head["top"]).map((entry) => ({
            token: asText(asRecord(entry)["token"]),
            score: asNumber(asRecord(entry)["score"]),
        })),
        bridgeAsWritten: readWordRank(bridge["composed"]),
        bridgeNamed: readWordRank(bridge["explicit"]),
        words: readWordRank(head["words"]),
    };
}

function readWordRank(value: unknown): WordRank | null {
    const found = asRecord(value);
    const rank = asNumber(found["rank"]);
    if (rank === null) {
        return null;
    }
    return {
        word: asText(found["token"]),
        at: asText(found["at"]),
        rank,
        share: asNumber(found["share"]),
    };
}

function readToken(value: unknown): Token {
    if (typeof value === "string") {
        return { id: null, text: value };
    }
    const token = asRecord(value);
    return { id: asNumber(token["id"]), text: asText(token["text"]) };
}

function asRecord(value: unknown): Record<string, unknown> {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function asList(value: unknown): unknown[] {
    return Array.isArray(value) ? value : [];
}

function asText(value: unknown): string {
    return typeof value === "string" ? value : "";
}

function asNumber(value: unknown): number | null {
    return isNumber(value) ? value : null;
}
