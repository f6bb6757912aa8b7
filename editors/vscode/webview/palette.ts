import { rgb } from "d3-color";
import { interpolateRgb } from "d3-interpolate";
import { scaleLinear } from "d3-scale";

/** The theme's colours as a map needs them. */
export interface Palette {
    background: string;
    foreground: string;
    muted: string;
    raise: string;
    lower: string;
    focus: string;
}

/** The colours in force. */
export function palette(): Palette {
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string, other: string): string =>
        opaque(style.getPropertyValue(`--vscode-${name}`).trim() || other);
    const foreground = colour("foreground", "#808080");
    return {
        background: colour("editor-background", "#ffffff"),
        foreground,
        muted: colour("descriptionForeground", foreground),
        raise: colour("charts-blue", "#1a85ff"),
        lower: colour("charts-orange", "#d18616"),
        focus: colour("focusBorder", foreground),
    };
}

/** Some themes' colours let the page shine through, which would make a scale of them a lie. */
function opaque(colour: string): string {
    const { r, g, b } = rgb(colour);
    return Number.isNaN(r) ? colour : rgb(r, g, b).formatHex();
}

/** Calls back when the theme changes. */
export function onThemeChange(changed: () => void): void {
    new MutationObserver(changed).observe(document.documentElement, {
        attributes: true,
        attributeFilter: ["style", "class"],
    });
}

/** What gets the full colour on either side of zero; both are sizes. */
export interface Limits {
    lower: number;
    raise: number;
}

/** From the lower limit over zero to the upper one: lowered, the background, raised. */
export function diverging(limits: Limits, colours: Palette): (value: number) => string {
    return scaleLinear<string>()
        .domain([-limits.lower, 0, limits.raise])
        .range([colours.lower, neutral(colours), colours.raise])
        .interpolate(interpolateRgb)
        .clamp(true);
}

/** Zero is told from the page, so that cells are seen. */
function neutral(colours: Palette): string {
    return interpolateRgb(colours.background, colours.foreground)(0.08);
}
