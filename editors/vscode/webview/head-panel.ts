import type { Head, HeadsDocument } from "../src/client/protocol";
import { chips } from "./chips";
import { make } from "./dom";
import { plain, signed, tokenText } from "./format";
import { post } from "./vscode";

/** What one head does: its figures, where it looks, and the words that it retrieves. */
export function headPanel(document: HeadsDocument, head: Head): HTMLElement {
    const title = make("h2", "", `Layer ${head.layer}, head ${head.head}`);
    const facts = make(
        "dl",
        "facts",
        ...fact("Direct logit", signed(head.direct_logit)),
        ...fact(
            "Without it",
            head.ablation_dlogp === null
                ? "not measured"
                : `${signed(head.ablation_dlogp)} nats`,
        ),
        ...fact("Norm", plain(head.norm)),
    );
    const attention = chips(document.tokens, {
        position: document.position,
        shares: head.attention,
        press: (token) => {
            post({ type: "reveal", token });
        },
    });
    attention.setAttribute("aria-label", "Where it looks");
    const panel = make(
        "section",
        "panel",
        title,
        facts,
        make("h3", "", "Where it looks"),
        attention,
        make("h3", "", "What it retrieves"),
        words(head),
    );
    panel.setAttribute("aria-label", title.textContent);
    return panel;
}

function fact(name: string, value: string): HTMLElement[] {
    return [make("dt", "", name), make("dd", "", value)];
}

function words(head: Head): HTMLElement {
    const largest = Math.max(...head.top.map(({ score }) => score), 0);
    const rows = head.top.map(({ token, score }) => {
        const bar = make("span", "bar");
        bar.style.setProperty("--share", String(largest > 0 ? Math.max(0, score) / largest : 0));
        return make(
            "li",
            "word",
            make("span", "token", tokenText(token)),
            make("span", "track", bar),
            make("span", "score", plain(score)),
        );
    });
    return make("ol", "words", ...rows);
}
