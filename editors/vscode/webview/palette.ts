import { mixColours } from "./colour";

/** The colours of a heat map and of the picture that is saved of it. */
export interface Palette {
    background: string;
    foreground: string;
    /** Axis titles and the legend's text. */
    muted: string;
    /** A cell of value 0. It differs from the background, so that the cell stays visible. */
    zero: string;
    positive: string;
    negative: string;
}

/** The values that get the full colour on either side of 0; both are absolute values. */
export interface ColourLimits {
    negative: number;
    positive: number;
}

/** Returns the colour of a value: from negative through zero to positive, clamped at the limits. */
export function divergingScale(limits: ColourLimits, palette: Palette): (value: number) => string {
    return (value) => {
        const limit = value < 0 ? limits.negative : limits.positive;
        const share = limit > 0 ? Math.min(1, Math.abs(value) / limit) : 0;
        return mixColours(palette.zero, value < 0 ? palette.negative : palette.positive, share);
    };
}
