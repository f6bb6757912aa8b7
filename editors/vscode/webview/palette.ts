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
        style.getPropertyValue(`--vscode-${name}`).trim() || other;
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

/** Calls back when the theme changes. */
export function onThemeChange(changed: () => void): void {
    new MutationObserver(changed).observe(document.documentElement, {
        attributes: true,
        attributeFilter: ["style", "class"],
    });
}

/** From `-limit` over zero to `limit`: lowered, the background, raised. */
export function diverging(limit: number, colours: Palette): (value: number) => string {
    return scaleLinear<string>()
        .domain([-limit, 0, limit])
        .range([colours.lower, neutral(colours), colours.raise])
        .interpolate(interpolateRgb)
        .clamp(true);
}

/** Zero is told from the page, so that cells are seen. */
function neutral(colours: Palette): string {
    return interpolateRgb(colours.background, colours.foreground)(0.08);
}
