import type { Encoding, Scope, SweepCell, SweepDocument } from "../src/client/protocol";
import type { SweepChoice } from "../src/views/messages";
import { button, choice, make } from "./dom";
import { percent, plain, signed, tokenText } from "./format";
import { Heatmap, type Cell, type Figures } from "./heatmap";
import { palette } from "./palette";
import { limitOf } from "./scale";
import { Shell, type Content } from "./shell";
import { post } from "./vscode";

const ENCODINGS: { value: Encoding; name: string }[] = [
    { value: "embed", name: "embed" },
    { value: "unembed", name: "unembed" },
    { value: "layerwise", name: "layerwise" },
];
const SCOPES: { value: Scope; name: string }[] = [
    { value: "all", name: "all tokens" },
    { value: "last", name: "last token" },
];

const shell = new Shell((message) =>
    message.type === "sweep" ? sweep(message.document, message.choice, message.file) : undefined,
);

function sweep(doc: SweepDocument, chosen: SweepChoice, file: string): Content {
    const host = make("div", "map");
    const detail = make("p", "detail");
    detail.setAttribute("aria-live", "polite");
    let map: Heatmap | undefined;
    const cellAt = (cell: Cell): SweepCell | undefined =>
        doc.cells.find(({ layer, tau }) => layer === cell.column && tau === cell.row);
    const look = (cell: SweepCell): void => {
        detail.textContent = `${say(doc, cell)}. A click or Enter inserts it into the file.`;
    };
    const redraw = (): void => {
        const described = describe(doc);
        if (map === undefined) {
            map = new Heatmap(host, described, palette(), {
                look: (cell) => {
                    const found = cellAt(cell);
                    if (found !== undefined) {
                        look(found);
                    }
                },
                press: (cell) => {
                    const found = cellAt(cell);
                    if (found !== undefined) {
                        post({ type: "inject", cell: found });
                    }
                },
            });
            if (doc.best !== null) {
                map.mark(doc.best.layer, doc.best.tau, false);
                look(doc.best);
            }
        } else {
            map.update(described, palette(), host.clientWidth);
        }
    };
    return {
        toolbar: toolbar(doc, chosen),
        body: make("div", "", summary(doc), host, detail, best(doc)),
        redraw,
        svg: () => map?.svg,
        title: `${file}: “${doc.memory}”, ${chosen.encoding}, ${chosen.scope}, ${doc.model.name}`,
        data: doc,
    };
}

function describe(doc: SweepDocument): Figures {
    const base = doc.baseline.logp_first;
    const gain = ({ logp_first }: SweepCell): number | null =>
        logp_first === null ? null : logp_first - base;
    const gains = doc.cells.map(gain);
    const distinct = (values: number[]): number[] =>
        [...new Set(values)].sort((one, other) => one - other);
    return {
        name: "Injections by layer and magnitude. Arrow keys move, Enter inserts.",
        columns: { title: "layer", values: distinct(doc.cells.map(({ layer }) => layer)), name: String },
        // The strongest stands at the top, as on any chart.
        rows: { title: "τ", values: distinct(doc.cells.map(({ tau }) => tau)).reverse(), name: plain },
        cells: doc.cells.map((cell) => ({
            column: cell.layer,
            row: cell.tau,
            value: gain(cell),
            label: say(doc, cell),
        })),
        // What spoils the answer does so by far more than what helps it: each side has its scale.
        limits: {
            lower: limitOf(gains.filter((value) => value !== null && value < 0)),
            raise: limitOf(gains.filter((value) => value !== null && value > 0)),
        },
        legend: {
            meaning: "change of the answer's log-probability\nblue raises it, orange lowers it, each on a scale of its own",
            isSided: true,
        },
    };
}

function say(doc: SweepDocument, cell: SweepCell): string {
    const where = `layer ${cell.layer}, τ ${plain(cell.tau)}`;
    if (cell.logp_first === null) {
        return `${where}: too strong, the model's figures overflow`;
    }
    const change = cell.logp_first - doc.baseline.logp_first;
    return `${where}: ${percent(cell.logp_first)} (#${cell.rank + 1}), ${signed(change)} nats`;
}

function summary(doc: SweepDocument): HTMLElement {
    return make(
        "p",
        "target",
        "Answer ",
        make("span", "token", doc.expect.map(tokenText).join(" or ")),
        ` as written: ${percent(doc.baseline.logp_first)} (#${doc.baseline.rank + 1}) · case ${doc.case} · ${doc.model.name}`,
    );
}

function best(doc: SweepDocument): HTMLElement {
    const { best: cell } = doc;
    if (cell === null) {
        return make("p", "note", "No cell could be measured.");
    }
    return make(
        "p",
        "note",
        `Best: ${say(doc, cell)} `,
        button("Insert the Best", () => {
            post({ type: "inject", cell });
        }),
        make(
            "span",
            "caution",
            " Chosen on the answer that it is measured by; the file's diagnostics compare repairs with random memories.",
        ),
    );
}

function toolbar(doc: SweepDocument, chosen: SweepChoice): HTMLElement {
    const change = (part: Partial<SweepChoice>): void => {
        post({ type: "sweepChoice", choice: { ...chosen, ...part } });
    };
    const known = [...new Set([doc.memory, ...doc.memories])];
    const list = make("datalist", "", ...known.map((memory) => {
        const option = make("option", "");
        option.value = memory;
        return option;
    }));
    list.id = "memories";
    const input = make("input", "memory");
    input.setAttribute("list", list.id);
    input.value = doc.memory;
    input.addEventListener("change", () => {
        const memory = input.value.trim();
        if (memory === "") {
            shell.say("Name the memory that is to be injected.");
        } else {
            change({ memory });
        }
    });
    return make(
        "div",
        "toolbar",
        make("label", "choice", "Memory: ", input, list),
        choice("Encoding:", ENCODINGS, chosen.encoding, (encoding) => {
            change({ encoding });
        }),
        choice("At:", SCOPES, chosen.scope, (scope) => {
            change({ scope });
        }),
    );
}
