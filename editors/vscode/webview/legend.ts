import { svgElement } from "./dom";
import { formatNumber, formatSigned } from "./format";
import type { Legend } from "./heatmap-figures";
import { divergingScale, type ColourLimits, type Palette } from "./palette";

export interface LegendOptions extends Legend {
    limits: ColourLimits;
    /** All values of the map; the legend marks an end that some of them exceed. */
    values: readonly (number | null)[];
    /** Width of the colour bar in pixels. */
    width: number;
    palette: Palette;
}

const STEPS = 40;
const BAR_HEIGHT = 8;
const LINE_HEIGHT = 13;

/** Height in pixels that a legend needs. */
export function legendHeight({ caption }: Legend): number {
    return 22 + LINE_HEIGHT * caption.length;
}

/** Draws a colour bar with its end values, the sign for "not measured", and the caption. */
export function drawLegend(options: LegendOptions): SVGGElement {
    const { caption, isDiverging, limits, values, width, palette } = options;
    const group = svgElement("g", { "aria-hidden": "true" });
    const colourOf = divergingScale(limits, palette);
    // 0 is in the middle, however far each side reaches.
    const valueAt = (share: number): number => {
        if (!isDiverging) {
            return share * limits.positive;
        }
        return (2 * share - 1) * (share < 0.5 ? limits.negative : limits.positive);
    };
    for (let step = 0; step < STEPS; step += 1) {
        const attributes = {
            x: (width * step) / STEPS,
            width: width / STEPS + 0.5,
            height: BAR_HEIGHT,
            fill: colourOf(valueAt((step + 0.5) / STEPS)),
        };
        group.append(svgElement("rect", attributes));
    }
    const write = (x: number, y: number, anchor: string, text: string): void => {
        const attributes = { x, y, "text-anchor": anchor, fill: palette.muted };
        group.append(svgElement("text", attributes, text));
    };
    const known = values.filter((value) => value !== null);
    const isBelow = Math.min(0, ...known) < -limits.negative;
    const isAbove = Math.max(0, ...known) > limits.positive;
    const highest = isDiverging ? formatSigned(limits.positive) : formatNumber(limits.positive);
    write(0, 20, "start", isDiverging ? `${isBelow ? "≤ " : ""}${formatSigned(-limits.negative)}` : "0");
    if (isDiverging) {
        write(width / 2, 20, "middle", "0");
    }
    write(width, 20, "end", `${isAbove ? "≥ " : ""}${highest}`);
    if (known.length < values.length) {
        const swatch = { width: 12, height: BAR_HEIGHT, x: width + 20, fill: "none", stroke: palette.muted };
        group.append(svgElement("rect", swatch));
        const line = { d: `M${width + 22},2l8,4`, stroke: palette.muted };
        group.append(svgElement("path", line));
        write(width + 38, 8, "start", "not measured");
    }
    caption.forEach((line, index) => {
        write(0, 33 + LINE_HEIGHT * index, "start", line);
    });
    return group;
}
