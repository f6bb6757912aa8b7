import { make } from "./dom";
import { percent, tokenText } from "./format";
import type { TokenText } from "../src/client/protocol";

/** How chips are coloured and what a press of one does. */
export interface ChipOptions {
    /** Which token is the one that is read at. */
    position: number;
    /** A share for each token, which the colour shows; none where there is nothing to show. */
    shares?: readonly number[];
    press: (token: number) => void;
}

/** The prompt's tokens one after another. */
export function chips(tokens: readonly TokenText[], options: ChipOptions): HTMLElement {
    const list = make("ol", "chips");
    const largest = Math.max(...(options.shares ?? []), 0);
    tokens.forEach(({ text }, index) => {
        const chip = make("button", "chip", tokenText(text));
        chip.type = "button";
        chip.classList.toggle("here", index === options.position);
        const share = options.shares?.[index];
        const says = share === undefined ? "" : `, attention ${percent(Math.log(share))}`;
        chip.title = `token ${index}: ${tokenText(text)}${says}`;
        chip.setAttribute("aria-label", `${text.trim() || tokenText(text)}${says}`);
        if (index === options.position) {
            chip.setAttribute("aria-current", "true");
        }
        if (share !== undefined && largest > 0) {
            chip.classList.add("shaded");
            chip.style.setProperty("--share", String(share / largest));
            chip.classList.toggle("most", share === largest);
        }
        chip.addEventListener("click", () => {
            options.press(index);
        });
        list.append(make("li", "", chip));
    });
    return list;
}
