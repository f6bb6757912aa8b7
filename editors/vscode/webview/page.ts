// The page of `hoplens lens --page`: one HTML file that opens without a server or a network.

import { element } from "./dom";
import { HeadList } from "./head-list";
import { findHead, headMapFigures, strongestHead } from "./head-map";
import { fillHeadPanel } from "./head-panel";
import { readHeadsData, type Head, type HeadsData } from "./heads-data";
import { Heatmap, type CellSize } from "./heatmap";
import type { HeatmapFigures } from "./heatmap-figures";
import { isMeasured, MEASURE_NAMES, MEASURES, type MeasureName } from "./measures";
import type { Palette } from "./palette";
import { targetSummary } from "./prompt-summary";
import { tokenChips } from "./token-chips";

const LARGEST_CELL: CellSize = { width: 38, height: 26 };

class HeadsPage {
    private readonly panel = byId("panel");
    private readonly mapHost = byId("map");
    private readonly map: Heatmap;
    private readonly list: HeadList;
    private measure: MeasureName = "direct_logit";
    private selected: Head | undefined;

    constructor(private readonly data: HeadsData) {
        this.showPrompt();
        this.showMeasures();
        this.map = new Heatmap(
            this.mapHost,
            this.figures(),
            pagePalette(),
            {
                onSelect: ({ column, row }) => {
                    const head = findHead(data, column, row);
                    if (head !== undefined) {
                        this.show(head);
                    }
                },
                onActivate: (_cell, by) => {
                    if (by === "keyboard") {
                        this.panel.querySelector("h2")?.focus();
                    }
                },
            },
            LARGEST_CELL,
        );
        this.map.svg.setAttribute("aria-describedby", "meaning keys");
        this.list = new HeadList(
            byId("strongest") as HTMLTableElement,
            byId("more") as HTMLButtonElement,
            data,
            (head) => {
                this.map.select(head.layer, head.head, false);
                this.show(head);
            },
        );
        const first = strongestHead(data);
        if (first === undefined) {
            byId("meaning").textContent = "The document has no heads.";
            this.panel.hidden = true;
            return;
        }
        this.map.select(first.layer, first.head, false);
        this.show(first);
        this.redrawOnChanges();
    }

    private figures(): HeatmapFigures {
        const measure = MEASURES[this.measure];
        byId("meaning").textContent = measure.meaning.join(" ");
        return headMapFigures(this.data, measure, []);
    }

    private show(head: Head): void {
        this.selected = head;
        fillHeadPanel(this.panel, this.data, head);
        this.list.select(head);
    }

    private redrawOnChanges(): void {
        const redraw = (): void => {
            this.map.update(this.figures(), pagePalette());
        };
        new ResizeObserver(redraw).observe(this.mapHost);
        matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
        this.panel.addEventListener("keydown", ({ key }) => {
            if (key === "Escape" && this.selected !== undefined) {
                this.map.select(this.selected.layer, this.selected.head, true);
            }
        });
    }

    private showPrompt(): void {
        const { model, layerCount, headCount, tokens, position } = this.data;
        byId("model").append(
            element("strong", "", model.name),
            ` · ${layerCount} layers of ${headCount} heads`,
            element("span", "digest", model.sha256 === "" ? "" : ` · ${model.sha256.slice(0, 12)}`),
        );
        byId("prompt").replaceChildren(...tokenChips(tokens, { position }));
        byId("target").append(...targetSummary(this.data));
    }

    private showMeasures(): void {
        for (const name of MEASURE_NAMES) {
            const measure = MEASURES[name];
            const hasFigures = isMeasured(measure, this.data.heads);
            if (!hasFigures && !measure.isCommon) {
                continue;
            }
            const radio = element("input", "");
            radio.type = "radio";
            radio.name = "measure";
            radio.value = name;
            radio.checked = name === this.measure;
            radio.disabled = !hasFigures;
            radio.addEventListener("change", () => {
                this.measure = name;
                this.map.update(this.figures(), pagePalette());
            });
            byId("measures").append(element("label", "", radio, element("span", "", measure.title)));
        }
    }
}

function byId(id: string): HTMLElement {
    const found = document.getElementById(id);
    if (found === null) {
        throw new Error(`page.html has no element #${id}`);
    }
    return found;
}

/** Reads the page's colours, which follow the system's light or dark scheme. */
function pagePalette(): Palette {
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
    return {
        background: colour("card"),
        foreground: colour("text"),
        muted: colour("faint"),
        zero: colour("zero"),
        positive: colour("positive"),
        negative: colour("negative"),
    };
}

const main = document.querySelector("main");
if (main !== null) {
    main.hidden = false;
    new HeadsPage(readHeadsData(JSON.parse(byId("document").textContent)));
}

// Marks the entry as an ES module; esbuild would wrap every file of a CommonJS entry.
export {};
