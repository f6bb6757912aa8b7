import { element } from "./dom";
import { formatPercent, tokenParts, visibleToken } from "./format";
import type { Token } from "./heads-data";

export interface TokenChipOptions {
    /** Index of the token that is marked as the one that is read. */
    position: number;
    /** Attention to each token, from 0 to 1; tokens beyond the end of the list are not shaded. */
    attention?: readonly number[];
    /** Makes each chip a button. */
    onPress?: (index: number) => void;
}

/** Attention of at least this share needs a text colour of its own on its background. */
const STRONG_SHADE = 0.6;

/** A token as an element in which every character is visible, isolated in its own direction. */
export function tokenText(token: string): HTMLElement {
    const parts = tokenParts(token).map(({ text, isMark }) =>
        isMark ? element("span", "mark", text) : text,
    );
    return element("bdi", "token-text", ...parts);
}

/** The prompt's tokens as list items, each shaded by the attention that it gets. */
export function tokenChips(
    tokens: readonly Token[],
    options: TokenChipOptions,
): HTMLLIElement[] {
    const most = Math.max(0, ...(options.attention ?? []));
    return tokens.map((token, index) => {
        const chip = tokenChip(token, index, options);
        const share = options.attention?.[index];
        if (share !== undefined) {
            shade(chip, share);
            chip.classList.toggle("most", share > 0 && share === most);
        }
        return element("li", "", chip);
    });
}

function tokenChip({ id, text }: Token, index: number, options: TokenChipOptions): HTMLElement {
    const { position, attention, onPress } = options;
    const chip = element(onPress === undefined ? "span" : "button", "chip", tokenText(text));
    const share = attention?.[index];
    const about = share === undefined ? "" : `, attention ${formatPercent(share)}`;
    chip.title = share === undefined
        ? `position ${index}, token ${id ?? "?"}`
        : `position ${index}: ${formatPercent(share)}`;
    if (chip instanceof HTMLButtonElement) {
        chip.type = "button";
        chip.setAttribute("aria-label", `${text.trim() || visibleToken(text)}${about}`);
        chip.addEventListener("click", () => {
            onPress?.(index);
        });
    }
    if (index === position) {
        chip.classList.add("here");
        chip.setAttribute("aria-current", "true");
    }
    return chip;
}

/**
 * Shades by the square root of the share: the first token often takes almost all attention, and
 * the others would look alike.
 */
function shade(chip: HTMLElement, share: number): void {
    const strength = Math.sqrt(Math.min(1, Math.max(0, share)));
    chip.classList.add("shaded");
    chip.classList.toggle("strong", strength > STRONG_SHADE);
    chip.style.setProperty("--share", `${(100 * strength).toFixed(1)}%`);
    chip.append(element("span", "figure", shortPercent(share)));
}

function shortPercent(share: number): string {
    return share < 0.0005 ? "0" : `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
}
