import type { Head } from "../src/client/protocol";
import { plain, signed } from "./format";

export type MeasureName = "direct_logit" | "ablation_dlogp" | "norm";

/** A figure of heads that a map can show. */
export interface Measure {
    name: string;
    meaning: string;
    isSided: boolean;
    read: (head: Head) => number | null;
    say: (head: Head) => string;
}

export const MEASURES: Record<MeasureName, Measure> = {
    direct_logit: {
        name: "Direct logit",
        meaning: "what each head itself adds to the target's logit",
        isSided: true,
        read: (head) => head.direct_logit,
        say: (head) => `direct logit ${signed(head.direct_logit)}`,
    },
    ablation_dlogp: {
        name: "Without it",
        meaning: "how the target's log-probability changes without the head",
        isSided: true,
        read: (head) => head.ablation_dlogp,
        say: (head) =>
            head.ablation_dlogp === null
                ? "not measured"
                : `log-probability without it ${signed(head.ablation_dlogp)}`,
    },
    norm: {
        name: "Norm",
        meaning: "the length of what each head writes",
        isSided: false,
        read: (head) => head.norm,
        say: (head) => `norm ${plain(head.norm)}`,
    },
};
