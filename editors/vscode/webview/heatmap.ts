import { setAttributes, svgElement } from "./dom";
import type { Cell, HeatmapFigures } from "./heatmap-figures";
import { drawLegend, legendHeight } from "./legend";
import { divergingScale, type Palette } from "./palette";

export interface HeatmapHandlers {
    /** A cell was selected by a click or by an arrow key. */
    onSelect: (cell: Cell) => void;
    /** A cell was clicked, or Enter was pressed on it. */
    onActivate?: (cell: Cell, by: "pointer" | "keyboard") => void;
}

/** The largest cell in pixels; cells shrink where the window is narrow. */
export interface CellSize {
    width: number;
    height: number;
}

const LEFT = 46;
const TOP = 34;
const RIGHT = 8;
const LEGEND_GAP = 16;
const BOTTOM = 6;
const SMALLEST: CellSize = { width: 12, height: 14 };
/** Columns narrower than this are numbered at every second place, or the numbers would overlap. */
const NUMBERED_WIDTH = 18;

interface Layout {
    width: number;
    height: number;
    x: (column: number) => number;
    y: (row: number) => number;
}

/** A grid of coloured cells in SVG, walked with the arrow keys. */
export class Heatmap {
    readonly svg = svgElement("svg", { role: "grid", "font-family": "system-ui, sans-serif", "font-size": 11 });
    private readonly elements = new Map<Cell, SVGGElement>();
    private readonly frame = svgElement("rect", { class: "frame", fill: "none", "pointer-events": "none" });
    private layout: Layout;
    private selected: Cell | undefined;

    constructor(
        private readonly host: HTMLElement,
        private figures: HeatmapFigures,
        private palette: Palette,
        private readonly handlers: HeatmapHandlers,
        private readonly largest: CellSize = { width: 30, height: 22 },
    ) {
        host.append(this.svg);
        this.layout = this.draw();
    }

    /** Draws other figures, or the same ones in other colours or at another width. */
    update(figures: HeatmapFigures, palette: Palette): void {
        const hadFocus = this.svg.contains(document.activeElement);
        const { selected } = this;
        this.figures = figures;
        this.palette = palette;
        this.selected = undefined;
        this.layout = this.draw();
        if (selected !== undefined) {
            this.select(selected.column, selected.row, hadFocus);
        }
    }

    /** Marks a cell as selected; `focus` moves the keyboard focus to it. */
    select(column: number, row: number, focus: boolean): void {
        const cell = this.cellAt(column, row);
        const target = cell && this.elements.get(cell);
        if (cell === undefined || target === undefined) {
            return;
        }
        for (const [other, group] of this.elements) {
            setAttributes(group, {
                tabindex: other === cell ? 0 : -1,
                "aria-selected": String(other === cell),
            });
        }
        this.selected = cell;
        const { layout } = this;
        setAttributes(this.frame, {
            x: layout.x(column),
            y: layout.y(row),
            width: layout.width - 1,
            height: layout.height - 1,
            rx: 2,
            stroke: this.palette.foreground,
            "stroke-width": 2,
        });
        // The frame comes last, so that no neighbouring cell covers it.
        this.svg.append(this.frame);
        if (focus) {
            target.focus();
        }
    }

    private cellAt(column: number, row: number): Cell | undefined {
        return this.figures.cells.find((cell) => cell.column === column && cell.row === row);
    }

    private draw(): Layout {
        const { columns, rows, cells, legend, limits, name } = this.figures;
        const count = columns.values.length;
        const room = Math.floor((this.host.clientWidth - LEFT - RIGHT) / Math.max(1, count));
        const width = Math.max(SMALLEST.width, Math.min(this.largest.width, room));
        const height = Math.max(SMALLEST.height, Math.min(this.largest.height, width));
        const layout: Layout = {
            width,
            height,
            x: (column) => LEFT + width * columns.values.indexOf(column),
            y: (row) => TOP + height * rows.values.indexOf(row),
        };
        const legendTop = TOP + height * rows.values.length + LEGEND_GAP;
        const size = {
            width: Math.max(LEFT + width * count + RIGHT, LEFT + 240),
            height: legendTop + legendHeight(legend) + BOTTOM,
        };
        setAttributes(this.svg, {
            ...size,
            viewBox: `0 0 ${size.width} ${size.height}`,
            "aria-label": name,
            "aria-rowcount": rows.values.length,
            "aria-colcount": count,
        });
        const colourBar = drawLegend({
            ...legend,
            limits,
            values: cells.map(({ value }) => value),
            width: Math.min(260, size.width - LEFT - 60),
            palette: this.palette,
        });
        colourBar.setAttribute("transform", `translate(${LEFT}, ${legendTop})`);
        this.elements.clear();
        this.svg.replaceChildren(...this.axisTexts(layout), ...this.rowGroups(layout), colourBar);
        // Tab reaches one cell; the arrow keys go on from there.
        this.elements.values().next().value?.setAttribute("tabindex", "0");
        return layout;
    }

    private axisTexts(layout: Layout): SVGTextElement[] {
        const { columns, rows } = this.figures;
        const write = (x: number, y: number, anchor: string, text: string): SVGTextElement =>
            svgElement(
                "text",
                { x, y, "text-anchor": anchor, fill: this.palette.muted, "aria-hidden": "true" },
                text,
            );
        const middle = LEFT + (layout.width * columns.values.length) / 2;
        const step = layout.width >= NUMBERED_WIDTH ? 1 : 2;
        return [
            write(middle, 11, "middle", columns.title),
            write(LEFT - 6, 27, "end", rows.title),
            ...columns.values
                .filter((_, index) => index % step === 0)
                .map((column) => {
                    const x = layout.x(column) + layout.width / 2;
                    return write(x, 28, "middle", columns.name(column));
                }),
            ...rows.values.map((row) => {
                const y = layout.y(row) + layout.height / 2 + 4;
                return write(LEFT - 6, y, "end", rows.name(row));
            }),
        ];
    }

    private rowGroups(layout: Layout): SVGGElement[] {
        const colourOf = divergingScale(this.figures.limits, this.palette);
        return this.figures.rows.values.map((row) => {
            const cells = this.figures.cells.filter((cell) => cell.row === row);
            const groups = cells.map((cell) => this.cellGroup(cell, layout, colourOf));
            return svgElement("g", { class: "row", role: "row" }, ...groups);
        });
    }

    private cellGroup(
        cell: Cell,
        layout: Layout,
        colourOf: (value: number) => string,
    ): SVGGElement {
        const [x, y] = [layout.x(cell.column), layout.y(cell.row)];
        const group = svgElement("g", {
            class: "cell",
            role: "gridcell",
            tabindex: -1,
            "aria-label": cell.label,
            "aria-selected": "false",
            "data-column": cell.column,
            "data-row": cell.row,
        });
        const rect = {
            x,
            y,
            width: layout.width - 1,
            height: layout.height - 1,
            rx: 2,
            fill: cell.value === null ? "none" : colourOf(cell.value),
            "pointer-events": "all",
        };
        group.append(svgElement("rect", rect));
        if (cell.value === null) {
            // A stroke marks what was not measured; no value looks like it.
            const d = `M${x + 3},${y + 3}l${layout.width - 7},${layout.height - 7}`;
            group.append(svgElement("path", { d, stroke: this.palette.muted }));
        }
        group.append(svgElement("title", {}, cell.label));
        group.addEventListener("click", () => {
            this.moveTo(cell);
            this.handlers.onActivate?.(cell, "pointer");
        });
        group.addEventListener("keydown", (event) => {
            this.onKey(event, cell);
        });
        this.elements.set(cell, group);
        return group;
    }

    private moveTo(cell: Cell): void {
        this.select(cell.column, cell.row, true);
        this.handlers.onSelect(cell);
    }

    private onKey(event: KeyboardEvent, cell: Cell): void {
        if (event.ctrlKey || event.altKey || event.metaKey) {
            return;
        }
        if (event.key === "Enter" || event.key === " ") {
            this.handlers.onActivate?.(cell, "keyboard");
            event.preventDefault();
            return;
        }
        const next = this.neighbour(event.key, cell);
        if (next !== undefined) {
            this.moveTo(next);
            event.preventDefault();
        }
    }

    /** The cell that a navigation key leads to. */
    private neighbour(key: string, cell: Cell): Cell | undefined {
        const columns = this.figures.columns.values;
        const rows = this.figures.rows.values;
        const [x, y] = [columns.indexOf(cell.column), rows.indexOf(cell.row)];
        const targets: Record<string, [number, number]> = {
            ArrowLeft: [x - 1, y],
            ArrowRight: [x + 1, y],
            ArrowUp: [x, y - 1],
            ArrowDown: [x, y + 1],
            Home: [0, y],
            End: [columns.length - 1, y],
            PageUp: [x, 0],
            PageDown: [x, rows.length - 1],
        };
        const target = targets[key];
        const [column, row] = [columns[target?.[0] ?? -1], rows[target?.[1] ?? -1]];
        return column === undefined || row === undefined ? undefined : this.cellAt(column, row);
    }
}
