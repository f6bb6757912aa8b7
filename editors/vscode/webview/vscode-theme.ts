import { formatColour, mixColours, parseColour } from "./colour";
import type { Palette } from "./palette";

/** Reads the colours of VS Code's current theme. */
export function themePalette(): Palette {
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string, fallback: string): string => {
        const parsed = parseColour(style.getPropertyValue(`--vscode-${name}`));
        return parsed === undefined ? fallback : formatColour(parsed);
    };
    const background = colour("editor-background", "#ffffff");
    const foreground = colour("foreground", "#808080");
    return {
        background,
        foreground,
        muted: colour("descriptionForeground", foreground),
        zero: mixColours(background, foreground, 0.08),
        positive: colour("charts-blue", "#1a85ff"),
        negative: colour("charts-orange", "#d18616"),
    };
}

/** Calls `onChange` whenever VS Code switches the theme. */
export function onThemeChange(onChange: () => void): void {
    new MutationObserver(onChange).observe(document.documentElement, {
        attributes: true,
        attributeFilter: ["style", "class"],
    });
}
