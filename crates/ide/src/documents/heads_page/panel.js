// The panel of one head, and the list of the strongest.

/** How large a head's output is beside the residual stream it is added to. */
function residualOf(doc, head) {
    const norm = Array.isArray(doc.residual) ? doc.residual[head.layer] : doc.residual;
    return isNumber(norm) && norm > 0 ? norm : null;
}

const ABLATIONS = {
    zero: "measured, output set to zero",
    mean: "measured, output set to its mean",
    estimate: "first-order estimate, not measured",
};

function showPanel(doc, head, rank) {
    const by = (id) => document.getElementById(id);
    by("panel-title").textContent = `Layer ${head.layer}, head ${head.head}`;
    const facts = [["Direct logit", signed(head.direct_logit), rank]];
    const ablation = isNumber(head.ablation_dlogp);
    facts.push([
        "Δ log p without it",
        ablation ? signed(head.ablation_dlogp) : "–",
        ablation ? (ABLATIONS[head.ablation] ?? "") : "not measured",
    ]);
    const residual = residualOf(doc, head);
    const share = residual && isNumber(head.norm) ? head.norm / residual : null;
    facts.push([
        "Norm",
        plainNumber(head.norm),
        share === null ? "" : `${percent(share)} of the residual stream (${plainNumber(residual)})`,
    ]);
    const spoken = [
        ["Speaks the bridge", head.bridge?.composed],
        ["Where it is named", head.bridge?.explicit],
        ["Speaks the words", head.words],
    ];
    for (const [name, found] of spoken) {
        if (isNumber(found?.rank)) {
            const share = isNumber(found.share) ? `, ${percent(found.share)} of its lens` : "";
            facts.push([name, `#${found.rank + 1}`, `“${found.token}” at “${found.at}”${share}`]);
        }
    }
    by("facts").replaceChildren(
        ...facts.map(([name, value, note]) =>
            make("div", "", make("dt", "", name), make("dd", "value", value), make("dd", "note", note)),
        ),
    );
    by("attention").replaceChildren(...attentionChips(doc, head));
    by("words").replaceChildren(...wordBars(head));
    by("words-title").textContent =
        typeof doc.lens === "string" ? `What it retrieves (lens: ${doc.lens})` : "What it retrieves";
}

/** The prompt up to the position, each token shaded by the attention it gets: by its square root,
 * so that the first token, where idle heads look, leaves something to see of the others. */
function attentionChips(doc, head) {
    if (head.attention.length === 0) {
        return [make("li", "note", "Not read.")];
    }
    const most = head.attention.indexOf(Math.max(...head.attention.filter(isNumber)));
    return head.attention.map((attention, position) => {
        const token = doc.tokens[position] ?? { text: "" };
        const share = isNumber(attention) ? Math.max(0, attention) : 0;
        const figure = share >= 0.0005 ? `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %` : "0";
        const chip = make("li", "chip looked", tokenText(token.text), make("span", "figure", figure));
        chip.classList.toggle("most", position === most);
        chip.classList.toggle("strong", Math.sqrt(share) > 0.6);
        chip.style.setProperty("--share", `${(100 * Math.sqrt(Math.min(1, share))).toFixed(1)}%`);
        chip.title = `position ${position}: ${percent(share)}`;
        return chip;
    });
}

function wordBars(head) {
    if (head.top.length === 0) {
        return [make("li", "note", "Not read.")];
    }
    const most = Math.max(...head.top.map(({ score }) => (isNumber(score) ? Math.abs(score) : 0)));
    return head.top.map((word) => {
        const bar = make("span", "bar-fill");
        const share = most > 0 && isNumber(word.score) ? Math.abs(word.score) / most : 0;
        bar.style.setProperty("--share", `${(100 * share).toFixed(1)}%`);
        bar.classList.add(word.score < 0 ? "loss" : "gain");
        return make(
            "li",
            "word",
            make("span", "chip", tokenText(word.text)),
            make("span", "bar-track", bar),
            make("span", "figure", signed(word.score)),
        );
    });
}

/** The columns of the list: title, what is sorted by, what is shown. */
const COLUMNS = [
    { title: "Head", key: (head) => head.layer + head.head / 1e6 },
    { title: "Direct logit", key: (head) => Math.abs(head.direct_logit), show: (head) => signed(head.direct_logit) },
    {
        title: "Δ log p without it",
        key: (head) => (isNumber(head.ablation_dlogp) ? Math.abs(head.ablation_dlogp) : -1),
        show: (head) => (isNumber(head.ablation_dlogp) ? signed(head.ablation_dlogp) : "–"),
    },
    { title: "Norm", key: (head) => head.norm ?? -1, show: (head) => plainNumber(head.norm) },
];
const FIRST_ROWS = 12;

/** Draws the list as `list` sorts and cuts it; `select` is told which head, `redraw` that the
 * list's order has changed. */
function showList(doc, list, selected, select, redraw) {
    const { key } = COLUMNS[list.column];
    const order = list.isDescending ? -1 : 1;
    const sorted = [...doc.heads].sort((a, b) => order * (key(a) - key(b)));
    const rows = list.isWhole ? sorted : sorted.slice(0, FIRST_ROWS);
    const table = document.getElementById("strongest");
    // Drawing anew must not lose the keyboard's place.
    const place = table.contains(document.activeElement) ? document.activeElement.dataset.place : null;
    const last = ["Looks most at", "Retrieves"].map((title) => make("th", "", title));
    const titles = COLUMNS.map((column, index) => columnTitle(column.title, index, list, redraw));
    table.replaceChildren(
        make("thead", "", make("tr", "", ...titles, ...last)),
        make("tbody", "", ...rows.map((head) => listRow(doc, head, head === selected, select))),
    );
    if (place) {
        table.querySelector(`[data-place="${place}"]`)?.focus();
    }
    const more = document.getElementById("more");
    more.hidden = doc.heads.length <= FIRST_ROWS;
    more.textContent = list.isWhole ? `Show only ${FIRST_ROWS}` : `Show all ${doc.heads.length}`;
}

function columnTitle(title, index, list, redraw) {
    const isSorted = index === list.column;
    const arrow = list.isDescending ? " ↓" : " ↑";
    const button = make("button", "plain", title, make("span", "arrow", isSorted ? arrow : ""));
    button.type = "button";
    button.dataset.place = `sort ${index}`;
    button.addEventListener("click", () => {
        // Heads count up, sizes down, and a second click turns them round.
        list.isDescending = isSorted ? !list.isDescending : index !== 0;
        list.column = index;
        redraw();
    });
    const cell = make("th", index === 0 ? "" : "figure", button);
    cell.scope = "col";
    cell.ariaSort = isSorted ? (list.isDescending ? "descending" : "ascending") : "none";
    return cell;
}

function listRow(doc, head, isSelected, select) {
    const button = make("button", "plain", `${head.layer}.${head.head}`);
    button.type = "button";
    button.dataset.place = `head ${head.layer}.${head.head}`;
    button.ariaLabel = `layer ${head.layer} head ${head.head}`;
    button.addEventListener("click", () => select(head));
    const figures = COLUMNS.slice(1).map(({ show }) => make("td", "figure", show(head)));
    const most = head.attention.reduce((best, a, at, all) => (a > all[best] ? at : best), 0);
    const looks = make("td");
    if (head.attention.length > 0) {
        const token = doc.tokens[most] ?? { text: "" };
        const share = make("span", "note", ` ${percent(head.attention[most])}`);
        looks.append(make("span", "chip", tokenText(token.text)), share);
    }
    const words = head.top.slice(0, 4).map((word) => make("span", "chip", tokenText(word.text)));
    const row = make("tr", isSelected ? "selected" : "", make("td", "", button), ...figures, looks);
    row.append(make("td", "retrieved", ...words));
    return row;
}
