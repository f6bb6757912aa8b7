import { quantileSorted } from "d3-array";

/** Of sizes, the one that gets the full colour: a few outliers must not pale all others. */
export function limitOf(values: readonly (number | null)[]): number {
    const sizes = values
        .filter((value): value is number => value !== null && Number.isFinite(value))
        .map(Math.abs)
        .sort((one, other) => one - other);
    const limit = quantileSorted(sizes, 0.98) ?? 0;
    return limit > 0 ? limit : (sizes.at(-1) ?? 0) || 1;
}
