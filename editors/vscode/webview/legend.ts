import type { Selection } from "d3-selection";

import { plain, signed } from "./format";
import { diverging, type Limits, type Palette } from "./palette";

export interface Legend {
    /** What the colours say. */
    meaning: string;
    /** Whether there is a side below zero. */
    isSided: boolean;
}

interface Drawn extends Legend {
    limits: Limits;
    width: number;
    colours: Palette;
}

/** A bar of the colours with its ends and what they mean. */
export function legend(
    group: Selection<SVGGElement, unknown, null, undefined>,
    { meaning, isSided, limits, width, colours }: Drawn,
): void {
    const colour = diverging(limits, colours);
    const steps = 40;
    // Zero stands in the middle, however far each side reaches.
    const valueAt = (share: number): number =>
        !isSided
            ? share * limits.raise
            : share < 0.5
              ? (2 * share - 1) * limits.lower
              : (2 * share - 1) * limits.raise;
    group.attr("aria-hidden", "true");
    for (let step = 0; step < steps; step += 1) {
        group
            .append("rect")
            .attr("x", (width * step) / steps)
            .attr("width", width / steps + 0.5)
            .attr("height", 8)
            .attr("fill", colour(valueAt((step + 0.5) / steps)));
    }
    const text = (x: number, y: number, anchor: string, words: string): void => {
        group
            .append("text")
            .attr("x", x)
            .attr("y", y)
            .attr("text-anchor", anchor)
            .attr("fill", colours.muted)
            .text(words);
    };
    text(0, 20, "start", isSided ? signed(-limits.lower) : "0");
    if (isSided) {
        text(width / 2, 20, "middle", "0");
    }
    text(width, 20, "end", isSided ? signed(limits.raise) : plain(limits.raise));
    meaning.split("\n").forEach((line, index) => {
        text(0, 33 + 13 * index, "start", line);
    });
}
