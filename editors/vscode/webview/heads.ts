import type { Ablation, Head, HeadsDocument } from "../src/client/protocol";
import type { HeadsChoice } from "../src/views/messages";
import { chips } from "./chips";
import { choice, make } from "./dom";
import { percent, tokenText } from "./format";
import { headPanel } from "./head-panel";
import { Heatmap, type Cell, type Figures } from "./heatmap";
import { MEASURES, type MeasureName } from "./measures";
import { palette } from "./palette";
import { limitOf } from "./scale";
import { Shell, type Content } from "./shell";
import { post } from "./vscode";

/** What stays when the next token's heads are shown. */
const kept: { measure: MeasureName; head: { layer: number; head: number } | undefined } = {
    measure: "direct_logit",
    head: undefined,
};

const ABLATIONS: { value: Ablation; name: string }[] = [
    { value: "none", name: "not measured" },
    { value: "estimate", name: "estimated" },
    { value: "zero", name: "measured" },
];

new Shell((message) =>
    message.type === "heads" ? heads(message.document, message.choice, message.file) : undefined,
);

function heads(doc: HeadsDocument, chosen: HeadsChoice, file: string): Content {
    const host = make("div", "map");
    const panel = make("div", "");
    let map: Heatmap | undefined;

    const showHead = (head: Head): void => {
        kept.head = { layer: head.layer, head: head.head };
        panel.replaceChildren(headPanel(doc, head));
    };
    const headAt = (cell: Cell): Head | undefined =>
        doc.heads.find(({ layer, head }) => layer === cell.column && head === cell.row);
    const redraw = (): void => {
        const described = describe(doc);
        if (map === undefined) {
            map = new Heatmap(host, described, palette(), {
                look: (cell) => {
                    const head = headAt(cell);
                    if (head !== undefined) {
                        showHead(head);
                    }
                },
                press: () => undefined,
            });
        } else {
            map.update(described, palette(), host.clientWidth);
        }
        const head = selected(doc);
        if (head !== undefined) {
            map.mark(head.layer, head.head, false);
            showHead(head);
        }
    };
    return {
        toolbar: toolbar(chosen, redraw),
        body: make("div", "", prompt(doc), host, panel),
        redraw,
        svg: () => map?.svg,
        title: `${file}: heads at “${doc.tokens[doc.position]?.text ?? ""}”, ${doc.model.name}`,
        data: doc,
    };
}

/** The head that was looked at before, else the one that adds most to the target. */
function selected(doc: HeadsDocument): Head | undefined {
    const before = doc.heads.find(
        ({ layer, head }) => layer === kept.head?.layer && head === kept.head.head,
    );
    const largest = (best: Head | undefined, head: Head): Head =>
        best === undefined || Math.abs(head.direct_logit) > Math.abs(best.direct_logit)
            ? head
            : best;
    return before ?? doc.heads.reduce<Head | undefined>(largest, undefined);
}

function describe(doc: HeadsDocument): Figures {
    const isMeasured = doc.heads.some(({ ablation_dlogp }) => ablation_dlogp !== null);
    const measure =
        MEASURES[kept.measure === "ablation_dlogp" && !isMeasured ? "direct_logit" : kept.measure];
    const limit = limitOf(doc.heads.map(measure.read));
    const count = (of: (head: Head) => number): number[] => {
        const most = Math.max(-1, ...doc.heads.map(of));
        return Array.from({ length: most + 1 }, (_, index) => index);
    };
    return {
        name: "Heads by layer. Arrow keys move, the panel below follows.",
        columns: { title: "layer", values: count(({ layer }) => layer), name: String },
        rows: { title: "head", values: count(({ head }) => head), name: String },
        cells: doc.heads.map((head) => ({
            column: head.layer,
            row: head.head,
            value: measure.read(head),
            label: `layer ${head.layer} head ${head.head}: ${measure.say(head)}`,
        })),
        limits: { lower: limit, raise: limit },
        legend: measure,
    };
}

function prompt(doc: HeadsDocument): HTMLElement {
    const list = chips(doc.tokens, {
        position: doc.position,
        press: (token) => {
            post({ type: "reveal", token });
        },
    });
    list.setAttribute("aria-label", "The prompt; a press reads the heads at that token");
    const target = make(
        "p",
        "target",
        "Next after ",
        make("span", "token", tokenText(doc.tokens[doc.position]?.text ?? "")),
        ": ",
        make("span", "token", tokenText(doc.target)),
        ` ${percent(doc.logp)} · ${doc.model.name}`,
    );
    return make("section", "prompt", list, target);
}

function toolbar(chosen: HeadsChoice, redraw: () => void): HTMLElement {
    const colours = choice<MeasureName>(
        "Colours:",
        Object.entries(MEASURES).map(([value, { name }]) => ({
            value: value as MeasureName,
            name,
        })),
        kept.measure,
        (measure) => {
            kept.measure = measure;
            if (measure === "ablation_dlogp" && chosen.ablate === "none") {
                // What is to be shown has to be measured first.
                post({ type: "headsChoice", choice: { ...chosen, ablate: "zero" } });
            } else {
                redraw();
            }
        },
    );
    const ablate = choice("Without each head:", ABLATIONS, chosen.ablate, (value) => {
        post({ type: "headsChoice", choice: { ...chosen, ablate: value } });
    });
    const box = make("input", "");
    box.type = "checkbox";
    box.checked = chosen.follow;
    box.addEventListener("change", () => {
        post({ type: "headsChoice", choice: { ...chosen, follow: box.checked } });
    });
    return make("div", "toolbar", colours, ablate, make("label", "", box, " Follow the cursor"));
}
