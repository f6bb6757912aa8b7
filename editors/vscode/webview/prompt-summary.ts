import { element } from "./dom";
import { formatPercent, formatSigned } from "./format";
import type { HeadsData } from "./heads-data";
import { tokenText } from "./token-chips";

/** One sentence: where the heads were read, for which target, and how likely the target is. */
export function targetSummary(data: HeadsData): (Node | string)[] {
    const parts = ["Read at ", element("span", "chip here", `position ${data.position}`)];
    if (data.target !== null) {
        parts.push(" for the target ", element("span", "chip target", tokenText(data.target)));
    }
    if (data.logp !== null) {
        const probability = element("strong", "", formatPercent(Math.exp(data.logp)));
        parts.push(": ", probability, ` (log p ${formatSigned(data.logp)})`);
    }
    return parts;
}
