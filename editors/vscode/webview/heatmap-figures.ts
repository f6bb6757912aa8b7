import type { ColourLimits } from "./palette";

export interface Cell {
    column: number;
    row: number;
    /** `null` where nothing was measured. */
    value: number | null;
    /** Describes the cell in words, for tooltips and screen readers. */
    label: string;
}

export interface Axis {
    title: string;
    /** From left to right, or from top to bottom. */
    values: readonly number[];
    name: (value: number) => string;
}

/** What a heat map shows. */
export interface HeatmapFigures {
    /** The accessible name of the map. */
    name: string;
    columns: Axis;
    rows: Axis;
    cells: readonly Cell[];
    limits: ColourLimits;
    legend: Legend;
}

export interface Legend {
    /** What the colours mean, one entry a line; empty where the page says it elsewhere. */
    caption: readonly string[];
    /** Whether the values can be negative. */
    isDiverging: boolean;
}
