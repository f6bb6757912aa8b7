import { scaleBand } from "d3-scale";
import { select, type BaseType, type Selection } from "d3-selection";

import { legend, type Legend } from "./legend";
import { diverging, type Limits, type Palette } from "./palette";

export interface Cell {
    column: number;
    row: number;
    /** Nothing where it was not measured. */
    value: number | null;
    /** The whole cell in words. */
    label: string;
}

export interface Axis {
    title: string;
    /** From left to right, or from top to bottom. */
    values: readonly number[];
    name: (value: number) => string;
}

/** All that a map shows. */
export interface Figures {
    name: string;
    columns: Axis;
    rows: Axis;
    cells: readonly Cell[];
    limits: Limits;
    legend: Legend;
}

export interface Reactions {
    /** A cell is looked at: clicked, or reached by keys. */
    look: (cell: Cell) => void;
    /** A cell is clicked, or entered by the keyboard. */
    press: (cell: Cell) => void;
}

const LEFT = 46;
const TOP = 34;
const LEGEND = 68;
const LARGEST = 30;
const SMALLEST = 12;

type Group = Selection<SVGGElement, Cell, BaseType, unknown>;

/** A map of columns × rows, which can be walked with the arrow keys. */
export class Heatmap {
    readonly svg: SVGSVGElement;
    private cells: Group;
    private map: Figures;
    private selected: Cell | undefined;

    constructor(
        host: HTMLElement,
        map: Figures,
        private colours: Palette,
        private readonly reactions: Reactions,
    ) {
        this.map = map;
        this.svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        host.append(this.svg);
        this.cells = select(this.svg).selectAll("g.cell");
        this.draw(host.clientWidth);
    }

    /** Shows other figures, or the same in other colours or width. */
    update(map: Figures, colours: Palette, width: number): void {
        this.map = map;
        this.colours = colours;
        this.draw(width);
    }

    /** Marks a cell as the one that is looked at; `focus` moves the keyboard there. */
    mark(column: number, row: number, focus: boolean): void {
        this.selected = this.at(column, row);
        this.cells
            .attr("tabindex", (cell) => (cell === this.selected ? 0 : -1))
            .attr("aria-selected", (cell) => String(cell === this.selected))
            .classed("selected", (cell) => cell === this.selected);
        this.cells
            .select("rect")
            .attr("stroke", (cell) => (cell === this.selected ? this.colours.foreground : "none"));
        const chosen = this.cells.filter((cell) => cell === this.selected);
        // The last to be drawn is the one whose frame nobody covers.
        chosen.raise();
        if (focus) {
            chosen.node()?.focus();
        }
    }

    private at(column: number, row: number): Cell | undefined {
        return this.map.cells.find((cell) => cell.column === column && cell.row === row);
    }

    private draw(available: number): void {
        const { columns, rows } = this.map;
        const room = (available - LEFT - 8) / Math.max(1, columns.values.length);
        const width = Math.max(SMALLEST, Math.min(LARGEST, Math.floor(room)));
        const height = Math.max(14, Math.min(22, width));
        const across = scaleBand(columns.values, [LEFT, LEFT + width * columns.values.length]);
        const down = scaleBand(rows.values, [TOP, TOP + height * rows.values.length]);
        const size = {
            width: LEFT + width * columns.values.length + 8,
            height: TOP + height * rows.values.length + LEGEND,
        };
        const svg = select(this.svg);
        svg.selectAll("*").remove();
        svg.attr("role", "grid")
            .attr("aria-label", this.map.name)
            .attr("aria-rowcount", rows.values.length)
            .attr("aria-colcount", columns.values.length)
            .attr("width", size.width)
            .attr("height", size.height)
            .attr("viewBox", `0 0 ${size.width} ${size.height}`)
            .attr("font-family", "system-ui, sans-serif")
            .attr("font-size", 11);
        this.drawAxes(across, down, size.width);
        this.drawCells(across, down);
        legend(svg.append("g").attr("transform", `translate(${LEFT}, ${size.height - 52})`), {
            ...this.map.legend,
            limits: this.map.limits,
            width: Math.min(260, size.width - LEFT - 60),
            colours: this.colours,
        });
        if (this.selected !== undefined) {
            this.mark(this.selected.column, this.selected.row, false);
        }
    }

    private drawAxes(across: Band, down: Band, width: number): void {
        const { columns, rows } = this.map;
        const svg = select(this.svg);
        const text = (): Selection<SVGTextElement, unknown, null, undefined> =>
            svg.append("text").attr("fill", this.colours.muted).attr("aria-hidden", "true");
        text()
            .attr("x", (LEFT + width) / 2)
            .attr("y", 11)
            .attr("text-anchor", "middle")
            .text(columns.title);
        text().attr("x", LEFT - 6).attr("y", 27).attr("text-anchor", "end").text(rows.title);
        // Where names would overlap, every second or fifth is enough.
        const step = across.bandwidth() >= 18 ? 1 : 2;
        columns.values.forEach((value, index) => {
            if (index % step === 0) {
                text()
                    .attr("x", (across(value) ?? 0) + across.bandwidth() / 2)
                    .attr("y", 28)
                    .attr("text-anchor", "middle")
                    .text(columns.name(value));
            }
        });
        for (const value of rows.values) {
            text()
                .attr("x", LEFT - 6)
                .attr("y", (down(value) ?? 0) + down.bandwidth() / 2 + 4)
                .attr("text-anchor", "end")
                .text(rows.name(value));
        }
    }

    private drawCells(across: Band, down: Band): void {
        const colour = diverging(this.map.limits, this.colours);
        const byRow = this.map.rows.values.map((row) =>
            this.map.cells.filter((cell) => cell.row === row),
        );
        const lines = select(this.svg)
            .selectAll("g.row")
            .data(byRow)
            .join("g")
            .attr("class", "row")
            .attr("role", "row");
        this.cells = lines
            .selectAll<SVGGElement, Cell>("g.cell")
            .data((cells) => cells)
            .join("g")
            .attr("class", "cell")
            .attr("role", "gridcell")
            .attr("tabindex", -1)
            .attr("aria-label", (cell) => cell.label)
            .attr("data-column", (cell) => cell.column)
            .attr("data-row", (cell) => cell.row)
            .on("click", (_event, cell) => {
                this.look(cell);
                this.reactions.press(cell);
            })
            .on("keydown", (event: KeyboardEvent, cell) => {
                this.key(event, cell);
            });
        this.cells
            .append("rect")
            .attr("x", (cell) => across(cell.column) ?? 0)
            .attr("y", (cell) => down(cell.row) ?? 0)
            .attr("width", across.bandwidth() - 1)
            .attr("height", down.bandwidth() - 1)
            .attr("stroke-width", 1.5)
            .attr("fill", (cell) => (cell.value === null ? "none" : colour(cell.value)));
        // What was not measured is crossed out, which no value looks like.
        this.cells
            .filter((cell) => cell.value === null)
            .append("path")
            .attr("stroke", this.colours.muted)
            .attr("d", (cell) => {
                const [x, y] = [across(cell.column) ?? 0, down(cell.row) ?? 0];
                return `M${x + 3},${y + 3}l${across.bandwidth() - 7},${down.bandwidth() - 7}`;
            });
        this.cells.append("title").text((cell) => cell.label);
        // One cell can be reached by Tab; the arrows go on from there.
        select(this.cells.node()).attr("tabindex", 0);
    }

    private look(cell: Cell): void {
        this.mark(cell.column, cell.row, true);
        this.reactions.look(cell);
    }

    private key(event: KeyboardEvent, cell: Cell): void {
        if (event.ctrlKey || event.altKey || event.metaKey) {
            return;
        }
        if (event.key === "Enter" || event.key === " ") {
            this.reactions.press(cell);
            event.preventDefault();
            return;
        }
        const next = this.neighbour(event.key, cell);
        if (next !== undefined) {
            this.look(next);
            event.preventDefault();
        }
    }

    private neighbour(key: string, cell: Cell): Cell | undefined {
        const columns = this.map.columns.values;
        const rows = this.map.rows.values;
        const [x, y] = [columns.indexOf(cell.column), rows.indexOf(cell.row)];
        const places: Record<string, [number, number]> = {
            ArrowLeft: [x - 1, y],
            ArrowRight: [x + 1, y],
            ArrowUp: [x, y - 1],
            ArrowDown: [x, y + 1],
            Home: [0, y],
            End: [columns.length - 1, y],
            PageUp: [x, 0],
            PageDown: [x, rows.length - 1],
        };
        const place = places[key];
        const [column, row] = [columns[place?.[0] ?? -1], rows[place?.[1] ?? -1]];
        return column === undefined || row === undefined ? undefined : this.at(column, row);
    }
}

type Band = ReturnType<typeof scaleBand<number>>;
