/** Red, green and blue, each from 0 to 255. */
export type Rgb = readonly [number, number, number];

/**
 * Parses `#rgb`, `#rrggbb`, `rgb(…)` and the same with an alpha channel, which is dropped: a scale
 * of translucent colours would depend on what is behind it. `undefined` for any other notation.
 */
export function parseColour(colour: string): Rgb | undefined {
    const hex = /^#([\da-f]{3,8})$/i.exec(colour.trim())?.[1];
    if (hex !== undefined) {
        const size = hex.length < 6 ? 1 : 2;
        const channel = (index: number): number => {
            const digits = hex.slice(index * size, (index + 1) * size);
            return Number.parseInt(size === 1 ? digits + digits : digits, 16);
        };
        return [channel(0), channel(1), channel(2)];
    }
    const numbers = /^rgba?\(([^)]*)\)$/i.exec(colour.trim())?.[1];
    const [red, green, blue] = (numbers ?? "").split(/[\s,/]+/).map(Number.parseFloat);
    return red === undefined || green === undefined || blue === undefined
        ? undefined
        : [red, green, blue];
}

/** Writes a colour as `#rrggbb`. */
export function formatColour(colour: Rgb): string {
    const hex = (channel: number): string => Math.round(channel).toString(16).padStart(2, "0");
    return `#${colour.map(hex).join("")}`;
}

/** Interpolates linearly in sRGB; `share` 0 gives the first colour, 1 the second. */
export function mixColours(first: string, second: string, share: number): string {
    const [from, to] = [parseColour(first), parseColour(second)];
    if (from === undefined || to === undefined) {
        return share < 0.5 ? first : second;
    }
    const channel = (index: 0 | 1 | 2): number => from[index] + share * (to[index] - from[index]);
    return formatColour([channel(0), channel(1), channel(2)]);
}
