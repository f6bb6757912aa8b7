import { formatNumber, formatSigned } from "./format";
import type { Head, WordRank } from "./heads-data";

export type MeasureName =
    | "direct_logit"
    | "ablation_dlogp"
    | "norm"
    | "bridge"
    | "bridge_named"
    | "words";

/** A figure of each head that the map can show. */
export interface Measure {
    title: string;
    /** What the figure and its colours mean, in full sentences. */
    meaning: readonly string[];
    isDiverging: boolean;
    read: (head: Head) => number | null;
    describe: (head: Head) => string;
    /** Whether every document has the figure, or only one that was asked for it. */
    isCommon: boolean;
}

export const MEASURES: Readonly<Record<MeasureName, Measure>> = {
    direct_logit: {
        title: "Direct logit",
        meaning: [
            "What each head itself adds to the target's logit.",
            "Blue raises the target, orange lowers it.",
        ],
        isDiverging: true,
        read: (head) => head.directLogit,
        describe: (head) => `direct logit ${formatSigned(head.directLogit)}`,
        isCommon: true,
    },
    ablation_dlogp: {
        title: "Ablation Δ log p",
        meaning: [
            "How the target's log-probability changes without the head.",
            "Orange: it falls, so the head helps; blue: it rises.",
        ],
        isDiverging: true,
        read: (head) => head.ablationDlogp,
        describe: (head) =>
            head.ablationDlogp === null
                ? "ablation not measured"
                : `log p without it ${formatSigned(head.ablationDlogp)}`,
        isCommon: true,
    },
    norm: {
        title: "Norm",
        meaning: ["The length of what each head writes into the residual stream."],
        isDiverging: false,
        read: (head) => head.norm,
        describe: (head) => `norm ${formatNumber(head.norm)}`,
        isCommon: true,
    },
    bridge: {
        title: "Speaks the bridge",
        meaning: [
            "How high each head's read-out ranks a word of the bridge, at its best token of the prompt as written.",
            "Full colour: first of the whole vocabulary.",
        ],
        isDiverging: false,
        read: (head) => rankScore(head.bridgeAsWritten),
        describe: (head) => describeRank(head.bridgeAsWritten),
        isCommon: false,
    },
    bridge_named: {
        title: "… where it is named",
        meaning: ["The same in the prompt that names the bridge in place of the mention."],
        isDiverging: false,
        read: (head) => rankScore(head.bridgeNamed),
        describe: (head) => describeRank(head.bridgeNamed),
        isCommon: false,
    },
    words: {
        title: "Speaks the words",
        meaning: ["How high each head's read-out ranks one of the words that were looked for."],
        isDiverging: false,
        read: (head) => rankScore(head.words),
        describe: (head) => describeRank(head.words),
        isCommon: false,
    },
};

export const MEASURE_NAMES = Object.keys(MEASURES) as MeasureName[];

/** Whether the document has the figure for at least one head. */
export function isMeasured(measure: Measure, heads: readonly Head[]): boolean {
    return heads.some((head) => measure.read(head) !== null);
}

/** Maps a rank to a score: 1 for the first of the vocabulary, 0 from the millionth on. */
function rankScore(found: WordRank | null): number | null {
    return found === null ? null : Math.max(0, 1 - Math.log10(found.rank + 1) / 6);
}

function describeRank(found: WordRank | null): string {
    return found === null
        ? "not looked for"
        : `“${found.word}” is number ${found.rank + 1} at “${found.at}”`;
}
