// Numbers and tokens as text, rounded as the command line rounds them.

const UNKNOWN = "–";

export function isNumber(value: unknown): value is number {
    return typeof value === "number" && Number.isFinite(value);
}

/** Formats a number with about three digits: `51.0`, `0.41`, `3e-5`; a dash if it is unknown. */
export function formatNumber(value: number | null | undefined): string {
    if (!isNumber(value)) {
        return UNKNOWN;
    }
    const size = Math.abs(value);
    const sign = value < 0 ? "−" : "";
    if (size === 0) {
        return "0";
    }
    if (size >= 99.95) {
        return `${sign}${size.toFixed(0)}`;
    }
    if (size >= 9.995) {
        return `${sign}${size.toFixed(1)}`;
    }
    if (size >= 0.0095) {
        return `${sign}${size.toFixed(2)}`;
    }
    return `${sign}${size < 0.00095 ? size.toExponential(0) : size.toFixed(3)}`;
}

/** Formats a change with its sign: `+0.41`, `−1.20`; a dash if it is unknown. */
export function formatSigned(value: number | null | undefined): string {
    return isNumber(value) && value > 0 ? `+${formatNumber(value)}` : formatNumber(value);
}

/** Formats a probability or share (0 to 1): `23.5 %`, `0.05 %`, `1.2e-6 %`. */
export function formatPercent(share: number | null | undefined): string {
    if (!isNumber(share)) {
        return UNKNOWN;
    }
    const percent = 100 * share;
    if (percent >= 9.95) {
        return `${percent.toFixed(1)} %`;
    }
    if (percent >= 0.095) {
        return `${percent.toFixed(2)} %`;
    }
    if (percent >= 1e-5) {
        return `${percent.toFixed(1 - Math.floor(Math.log10(percent)))} %`;
    }
    return percent > 0 ? `${percent.toExponential(1)} %` : "0 %";
}

/** Part of a token: characters as they are, or a mark in place of a character that has no shape. */
export interface TokenPart {
    text: string;
    isMark: boolean;
}

const MARKS: Readonly<Record<string, string>> = { " ": "␣", "\n": "↵", "\r": "␍", "\t": "⇥" };
/** Characters that are invisible or that reorder the text around them. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Zs}\p{Cs}\ufffd]/u;

/** Splits a token into parts in which every character is visible. */
export function tokenParts(token: string): TokenPart[] {
    if (token === "") {
        return [{ text: "∅", isMark: true }];
    }
    const parts: TokenPart[] = [];
    for (const character of token) {
        const isMark = INVISIBLE.test(character);
        const last = parts.at(-1);
        if (isMark) {
            parts.push({ text: MARKS[character] ?? codePoint(character), isMark });
        } else if (last === undefined || last.isMark) {
            parts.push({ text: character, isMark });
        } else {
            last.text += character;
        }
    }
    return parts;
}

/** A token as one line of plain text in which every character is visible. */
export function visibleToken(token: string): string {
    return tokenParts(token)
        .map(({ text }) => text)
        .join("");
}

function codePoint(character: string): string {
    const code = character.codePointAt(0) ?? 0;
    return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}
