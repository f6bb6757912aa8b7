// The heads view of VS Code.

import type { AblationMode, HeadsResult } from "../src/client/protocol";
import type { HeadsOptions } from "../src/views/messages";
import { element, selectField } from "./dom";
import { findHead, headMapFigures, strongestHead } from "./head-map";
import { fillHeadPanel } from "./head-panel";
import { readHeadsData, type Head, type HeadsData } from "./heads-data";
import { Heatmap } from "./heatmap";
import type { HeatmapFigures } from "./heatmap-figures";
import { isMeasured, MEASURE_NAMES, MEASURES, type MeasureName } from "./measures";
import { post } from "./messaging";
import { targetSummary } from "./prompt-summary";
import { tokenChips } from "./token-chips";
import { ViewFrame, type ViewContent } from "./view-frame";
import { themePalette } from "./vscode-theme";

/** What stays the same when the heads of another token are shown. */
const selection: { measure: MeasureName; head: { layer: number; head: number } | undefined } = {
    measure: "direct_logit",
    head: undefined,
};

const ABLATION_MODES: { value: AblationMode; name: string }[] = [
    { value: "none", name: "not measured" },
    { value: "estimate", name: "estimated" },
    { value: "zero", name: "measured" },
];

new ViewFrame((message) =>
    message.type === "heads"
        ? headsContent(message.document, message.options, message.file)
        : undefined,
);

function headsContent(document: HeadsResult, options: HeadsOptions, file: string): ViewContent {
    const data = readHeadsData(document);
    const mapHost = element("div", "map");
    const panel = element("section", "panel");
    let map: Heatmap | undefined;

    const showHead = (head: Head): void => {
        selection.head = { layer: head.layer, head: head.head };
        fillHeadPanel(panel, data, head, revealToken);
    };
    const redraw = (): void => {
        if (map === undefined) {
            map = new Heatmap(mapHost, mapFigures(data), themePalette(), {
                onSelect: ({ column, row }) => {
                    const head = findHead(data, column, row);
                    if (head !== undefined) {
                        showHead(head);
                    }
                },
            });
            const head = selectedHead(data);
            if (head !== undefined) {
                map.select(head.layer, head.head, false);
                showHead(head);
            }
        } else {
            map.update(mapFigures(data), themePalette());
        }
    };
    return {
        toolbar: toolbar(data, options, redraw),
        body: element("div", "", promptSection(data), mapHost, panel),
        redraw,
        svg: () => map?.svg,
        title: `${file}: heads at “${data.tokens[data.position]?.text ?? ""}”, ${data.model.name}`,
        data: document,
    };
}

/** The head that was selected for the previous token, else the strongest one. */
function selectedHead(data: HeadsData): Head | undefined {
    const { head } = selection;
    return (head && findHead(data, head.layer, head.head)) ?? strongestHead(data);
}

function mapFigures(data: HeadsData): HeatmapFigures {
    const chosen = MEASURES[selection.measure];
    const measure = isMeasured(chosen, data.heads) ? chosen : MEASURES.direct_logit;
    return headMapFigures(data, measure, measure.meaning);
}

function promptSection(data: HeadsData): HTMLElement {
    const chips = tokenChips(data.tokens, { position: data.position, onPress: revealToken });
    const list = element("ol", "chips", ...chips);
    list.setAttribute("aria-label", "The prompt. Press a token to read the heads there.");
    const summary = element("p", "summary", ...targetSummary(data), ` · ${data.model.name}`);
    return element("section", "prompt", list, summary);
}

function revealToken(token: number): void {
    post({ type: "revealToken", token });
}

function toolbar(data: HeadsData, options: HeadsOptions, redraw: () => void): HTMLElement {
    const measures = MEASURE_NAMES.filter(
        (name) => MEASURES[name].isCommon || isMeasured(MEASURES[name], data.heads),
    );
    const colours = selectField<MeasureName>(
        "Colours:",
        measures.map((value) => ({ value, name: MEASURES[value].title })),
        selection.measure,
        (measure) => {
            selection.measure = measure;
            if (measure === "ablation_dlogp" && options.ablate === "none") {
                // The map needs figures that were not measured yet.
                post({ type: "setHeadsOptions", options: { ...options, ablate: "zero" } });
            } else {
                redraw();
            }
        },
    );
    const ablation = selectField("Without each head:", ABLATION_MODES, options.ablate, (ablate) => {
        post({ type: "setHeadsOptions", options: { ...options, ablate } });
    });
    const follow = element("input", "");
    follow.type = "checkbox";
    follow.checked = options.followCursor;
    follow.addEventListener("change", () => {
        post({ type: "setHeadsOptions", options: { ...options, followCursor: follow.checked } });
    });
    return element(
        "div",
        "toolbar",
        colours,
        ablation,
        element("label", "", follow, " Follow the cursor"),
    );
}

// Marks the entry as an ES module; esbuild would wrap every file of a CommonJS entry.
export {};
