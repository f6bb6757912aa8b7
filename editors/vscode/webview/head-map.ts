import type { Head, HeadsData } from "./heads-data";
import type { HeatmapFigures } from "./heatmap-figures";
import type { Measure } from "./measures";
import { colourLimit } from "./scale";

/** The heat map of layers × heads for one measure. Layers run from left to right. */
export function headMapFigures(
    data: HeadsData,
    measure: Measure,
    caption: readonly string[],
): HeatmapFigures {
    const limit = colourLimit(data.heads.map(measure.read));
    const indices = (length: number): number[] => Array.from({ length }, (_, index) => index);
    return {
        name: "Heads by layer. Arrow keys move, the panel below follows.",
        columns: { title: "layer", values: indices(data.layerCount), name: String },
        rows: { title: "head", values: indices(data.headCount), name: String },
        cells: data.heads.map((head) => ({
            column: head.layer,
            row: head.head,
            value: measure.read(head),
            label: `layer ${head.layer} head ${head.head}: ${measure.describe(head)}`,
        })),
        limits: { negative: limit, positive: limit },
        legend: { caption, isDiverging: measure.isDiverging },
    };
}

/** The head of a layer, if the document has it. */
export function findHead(data: HeadsData, layer: number, head: number): Head | undefined {
    return data.heads.find((one) => one.layer === layer && one.head === head);
}

/** The head that adds most to the target's logit, or takes most from it. */
export function strongestHead({ heads }: HeadsData): Head | undefined {
    return [...heads].sort((one, other) => logitSize(other) - logitSize(one))[0];
}

/** The head's place, from 1, among all heads by the size of its direct logit. */
export function strengthRank({ heads }: HeadsData, head: Head): number {
    return 1 + heads.filter((other) => logitSize(other) > logitSize(head)).length;
}

function logitSize({ directLogit }: Head): number {
    return Math.abs(directLogit ?? 0);
}
