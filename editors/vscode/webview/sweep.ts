// The sweep view of VS Code.

import type { EncodingName, ScopeName, SweepCell, SweepResult } from "../src/client/protocol";
import type { SweepOptions } from "../src/views/messages";
import { button, element, selectField } from "./dom";
import { formatPercent, formatSigned, visibleToken } from "./format";
import { Heatmap } from "./heatmap";
import type { Cell, HeatmapFigures } from "./heatmap-figures";
import { post } from "./messaging";
import { colourLimit } from "./scale";
import { ViewFrame, type ViewContent } from "./view-frame";
import { themePalette } from "./vscode-theme";

const ENCODINGS: { value: EncodingName; name: string }[] = [
    { value: "embed", name: "embed" },
    { value: "unembed", name: "unembed" },
    { value: "layerwise", name: "layerwise" },
];
const SCOPES: { value: ScopeName; name: string }[] = [
    { value: "all", name: "all tokens" },
    { value: "last", name: "last token" },
];

const frame = new ViewFrame((message) =>
    message.type === "sweep"
        ? sweepContent(message.document, message.options, message.file)
        : undefined,
);

function sweepContent(document: SweepResult, options: SweepOptions, file: string): ViewContent {
    const mapHost = element("div", "map");
    const details = element("p", "details");
    details.setAttribute("aria-live", "polite");
    let map: Heatmap | undefined;
    const withCell = (run: (cell: SweepCell) => void) => (at: Cell) => {
        const cell = document.cells.find(({ layer, tau }) => layer === at.column && tau === at.row);
        if (cell !== undefined) {
            run(cell);
        }
    };
    const showDetails = (cell: SweepCell): void => {
        details.textContent = `${describeCell(document, cell)}. A click or Enter inserts it into the file.`;
    };
    const redraw = (): void => {
        if (map === undefined) {
            map = new Heatmap(mapHost, mapFigures(document), themePalette(), {
                onSelect: withCell(showDetails),
                onActivate: withCell((cell) => {
                    post({ type: "inject", cell });
                }),
            });
            if (document.best !== null) {
                map.select(document.best.layer, document.best.tau, false);
                showDetails(document.best);
            }
        } else {
            map.update(mapFigures(document), themePalette());
        }
    };
    return {
        toolbar: toolbar(document, options),
        body: element("div", "", baseline(document), mapHost, details, bestCell(document)),
        redraw,
        svg: () => map?.svg,
        title: `${file}: “${document.memory}”, ${options.encoding}, ${options.scope}, ${document.model.name}`,
        data: document,
    };
}

function mapFigures({ cells, baseline, ...document }: SweepResult): HeatmapFigures {
    const gain = ({ logp_first }: SweepCell): number | null =>
        logp_first === null ? null : logp_first - baseline.logp_first;
    const gains = cells.map(gain);
    const distinct = (values: number[]): number[] =>
        [...new Set(values)].sort((one, other) => one - other);
    return {
        name: "Injections by layer and magnitude. Arrow keys move, Enter inserts.",
        columns: { title: "layer", values: distinct(cells.map(({ layer }) => layer)), name: String },
        // The largest magnitude is at the top, as on a chart.
        rows: { title: "τ", values: distinct(cells.map(({ tau }) => tau)).reverse(), name: String },
        cells: cells.map((cell) => ({
            column: cell.layer,
            row: cell.tau,
            value: gain(cell),
            label: describeCell({ cells, baseline, ...document }, cell),
        })),
        // Losses are much larger than gains, so each side has its own scale.
        limits: {
            negative: colourLimit(gains.filter((value) => value !== null && value < 0)),
            positive: colourLimit(gains.filter((value) => value !== null && value > 0)),
        },
        legend: {
            caption: [
                "Change of the answer's log-probability.",
                "Blue raises it, orange lowers it, each on its own scale.",
            ],
            isDiverging: true,
        },
    };
}

function describeCell({ baseline }: SweepResult, cell: SweepCell): string {
    const place = `layer ${cell.layer}, τ ${cell.tau}`;
    if (cell.logp_first === null) {
        return `${place}: too strong, the model's logits overflow`;
    }
    const change = formatSigned(cell.logp_first - baseline.logp_first);
    return `${place}: ${formatPercent(Math.exp(cell.logp_first))} (#${cell.rank + 1}), ${change} nats`;
}

function baseline({ baseline: reading, ...document }: SweepResult): HTMLElement {
    const probability = formatPercent(Math.exp(reading.logp_first));
    return element(
        "p",
        "summary",
        "Answer ",
        element("span", "token-text", document.expect.map(visibleToken).join(" or ")),
        ` without the memory: ${probability} (#${reading.rank + 1}) · case ${document.case} · ${document.model.name}`,
    );
}

function bestCell(document: SweepResult): HTMLElement {
    const { best } = document;
    if (best === null) {
        return element("p", "note", "No cell could be measured.");
    }
    return element(
        "p",
        "note",
        `Best: ${describeCell(document, best)} `,
        button("Insert the Best", () => {
            post({ type: "inject", cell: best });
        }),
        " It was chosen by the answer that it is measured on. The repairs in the file's diagnostics are also compared with random memories.",
    );
}

function toolbar(document: SweepResult, options: SweepOptions): HTMLElement {
    const change = (part: Partial<SweepOptions>): void => {
        post({ type: "setSweepOptions", options: { ...options, ...part } });
    };
    const proposals = [...new Set([document.memory, ...document.memories])].map((memory) => {
        const option = element("option", "");
        option.value = memory;
        return option;
    });
    const list = element("datalist", "", ...proposals);
    list.id = "memories";
    const input = element("input", "memory");
    input.setAttribute("list", list.id);
    input.value = document.memory;
    input.addEventListener("change", () => {
        const memory = input.value.trim();
        if (memory === "") {
            frame.showStatus("Enter the memory to inject.");
        } else {
            change({ memory });
        }
    });
    return element(
        "div",
        "toolbar",
        element("label", "field", "Memory: ", input, list),
        selectField("Encoding:", ENCODINGS, options.encoding, (encoding) => {
            change({ encoding });
        }),
        selectField("At:", SCOPES, options.scope, (scope) => {
            change({ scope });
        }),
    );
}

// Marks the entry as an ES module; esbuild would wrap every file of a CommonJS entry.
export {};
