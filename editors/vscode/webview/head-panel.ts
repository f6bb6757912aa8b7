import { element } from "./dom";
import { formatNumber, formatPercent, formatSigned } from "./format";
import { strengthRank } from "./head-map";
import type { Head, HeadsData, WordRank } from "./heads-data";
import { tokenChips, tokenText } from "./token-chips";

const ABLATION_NOTES: Readonly<Record<string, string>> = {
    zero: "measured, output set to zero",
    mean: "measured, output set to its mean",
    estimate: "first-order estimate, not measured",
};

interface Fact {
    name: string;
    value: string;
    note: string;
}

/** Fills `panel` with what one head does: its figures, its attention, and the words it retrieves. */
export function fillHeadPanel(
    panel: HTMLElement,
    data: HeadsData,
    head: Head,
    onTokenPress?: (index: number) => void,
): void {
    const title = element("h2", "", `Layer ${head.layer}, head ${head.head}`);
    title.id = "panel-title";
    title.tabIndex = -1;
    panel.setAttribute("aria-labelledby", title.id);
    const facts = headFacts(data, head).map(({ name, value, note }) =>
        element(
            "div",
            "",
            element("dt", "", name),
            element("dd", "value", value),
            element("dd", "note", note),
        ),
    );
    const factList = element("dl", "facts", ...facts);
    factList.id = "facts";
    const chips = tokenChips(data.tokens, {
        position: data.position,
        attention: head.attention,
        ...(onTokenPress === undefined ? {} : { onPress: onTokenPress }),
    });
    const lens = data.lens === null ? "" : ` (lens: ${data.lens})`;
    panel.replaceChildren(
        title,
        factList,
        element(
            "div",
            "halves",
            namedList("attention", "Where it looks", "chips", head.attention.length === 0 ? [] : chips),
            namedList("words", `What it retrieves${lens}`, "words", wordBars(head)),
        ),
    );
}

function headFacts(data: HeadsData, head: Head): Fact[] {
    const share =
        data.residualNorm !== null && data.residualNorm > 0 && head.norm !== null
            ? `${formatPercent(head.norm / data.residualNorm)} of the residual stream (${formatNumber(data.residualNorm)})`
            : "";
    return [
        {
            name: "Direct logit",
            value: formatSigned(head.directLogit),
            note: `number ${strengthRank(data, head)} of ${data.heads.length} by size`,
        },
        {
            name: "Δ log p without it",
            value: formatSigned(head.ablationDlogp),
            note:
                head.ablationDlogp === null
                    ? "not measured"
                    : (ABLATION_NOTES[head.ablation ?? ""] ?? ""),
        },
        { name: "Norm", value: formatNumber(head.norm), note: share },
        ...rankFact("Speaks the bridge", head.bridgeAsWritten),
        ...rankFact("Where it is named", head.bridgeNamed),
        ...rankFact("Speaks the words", head.words),
    ];
}

function rankFact(name: string, found: WordRank | null): Fact[] {
    if (found === null) {
        return [];
    }
    const share = found.share === null ? "" : `, ${formatPercent(found.share)} of its lens`;
    return [{ name, value: `#${found.rank + 1}`, note: `“${found.word}” at “${found.at}”${share}` }];
}

function namedList(
    id: string,
    name: string,
    className: string,
    items: readonly HTMLLIElement[],
): HTMLElement {
    const title = element("h3", "", name);
    title.id = `${id}-title`;
    const empty = element("li", "note", "Not read.");
    const list = element("ol", className, ...(items.length === 0 ? [empty] : items));
    list.id = id;
    list.setAttribute("aria-labelledby", title.id);
    return element("div", "", title, list);
}

function wordBars(head: Head): HTMLLIElement[] {
    const most = Math.max(0, ...head.top.map(({ score }) => Math.abs(score ?? 0)));
    return head.top.map(({ token, score }) => {
        const bar = element("span", (score ?? 0) < 0 ? "bar negative" : "bar");
        const share = most > 0 ? Math.abs(score ?? 0) / most : 0;
        bar.style.setProperty("--share", `${(100 * share).toFixed(1)}%`);
        return element(
            "li",
            "word",
            element("span", "chip", tokenText(token)),
            element("span", "track", bar),
            element("span", "figure", formatSigned(score)),
        );
    });
}
