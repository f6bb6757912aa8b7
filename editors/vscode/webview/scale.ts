import { isNumber } from "./format";

/**
 * The absolute value that gets the full colour: 99 of 100 values are at most this large, so that
 * one outlier does not fade all others. 1 if there is no value other than 0.
 */
export function colourLimit(values: readonly (number | null)[]): number {
    const sizes = values
        .filter(isNumber)
        .map(Math.abs)
        .sort((one, other) => one - other);
    const limit = sizes[Math.ceil(0.99 * sizes.length) - 1] ?? 0;
    return limit > 0 ? limit : (sizes.at(-1) ?? 0) || 1;
}
