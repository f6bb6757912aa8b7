// What the preview says about the parts of a prompt, without the page.

import type { PreviewMessage, PreviewResult, PreviewSegment } from "../src/client/protocol";
import type { PreviewCursor } from "../src/views/messages";

/** A position or range of the editor. */
interface Span {
    start: { line: number; character: number };
    end: { line: number; character: number };
}

/** How near a part is to the cursor: it contains the cursor, it is on its line, or neither. */
export type Nearness = "here" | "line" | undefined;

/** Returns how near the cursor is to the text, the tag or the declared value of a part. */
export function nearness(
    segment: PreviewSegment,
    cursor: PreviewCursor | undefined,
    uri: string,
): Nearness {
    if (cursor === undefined) {
        return undefined;
    }
    const { source, value } = segment;
    const spans: Span[] = [];
    if (source && cursor.uri === uri) {
        spans.push(source);
    }
    if (value?.uri === cursor.uri) {
        spans.push(value.range);
    }
    const near = spans.map((span) => nearnessOf(span, cursor));
    return near.includes("here") ? "here" : near.find((one) => one !== undefined);
}

function nearnessOf({ start, end }: Span, cursor: PreviewCursor): Nearness {
    // A line's own break ends at the beginning of the next line.
    const last = end.character === 0 && end.line > start.line ? end.line - 1 : end.line;
    if (cursor.line < start.line || last < cursor.line) {
        return undefined;
    }
    const isBehindStart = cursor.line > start.line || cursor.character >= start.character;
    const isBeforeEnd = cursor.line < end.line || cursor.character < end.character;
    return isBehindStart && isBeforeEnd ? "here" : "line";
}

/** Returns what is shown for a part: its text, or its tag where it has none. */
export function segmentText({ kind, text, tag }: PreviewSegment): string {
    if (kind === "unset" || kind === "omitted") {
        return tag ?? (kind === "unset" ? "no value" : "left out");
    }
    return text.replace(/\r\n?/g, "\n");
}

/** Returns what is to be known about a part besides its text; "" if nothing is. */
export function segmentTitle({ kind, text, tag, value, note }: PreviewSegment): string {
    switch (kind) {
        case "unset":
            return text === ""
                ? "This variable has no value: the model reads nothing here."
                : "This variable has no value: the model reads the tag itself.";
        case "omitted":
            return note ?? "This part is left out.";
        case "value":
            return tag === undefined
                ? `The value of ${value?.name ?? "a variable"}.`
                : `Written by ${tag}`;
        case "template":
            return "Added by the model's chat template";
        case "text":
            return "";
    }
}

/** Formats a number of tokens. */
export function tokenCount(tokens: number | null): string {
    return tokens === null ? "" : `${tokens} ${tokens === 1 ? "token" : "tokens"}`;
}

/** Returns the heading of a message. */
export function messageHeading({ role, continued, sent, tokens }: PreviewMessage): string[] {
    const name = role === "text" ? "text to continue" : role;
    const state = sent ? (continued ? "the model continues it" : "") : "empty, so it is not sent";
    return [name, state, sent ? tokenCount(tokens) : ""].filter((part) => part !== "");
}

/** Returns the size of the prompt, and what it is measured with. */
export function summary({ model, without_model, messages, reading }: PreviewResult): string[] {
    const parts: string[] = [];
    if (model === null) {
        parts.push(`No token counts: ${without_model ?? "no model"}`);
    } else if (model.tokens === null) {
        parts.push(`Much longer than the context of ${model.name} (${model.context} tokens)`);
    } else {
        const over = model.tokens > model.context ? ": too long" : "";
        parts.push(`${model.tokens} of ${model.context} tokens${over}`);
        if ((model.template_tokens ?? 0) > 0) {
            parts.push(`${model.template_tokens} from the chat template`);
        }
        parts.push(model.name);
    }
    if (reading === "user-message" && messages.length > 0) {
        parts.push("no roles: read as one user message");
    }
    return parts;
}

/** Whether the prompt does not fit the model's context. */
export function isTooLong({ model }: PreviewResult): boolean {
    return model !== null && (model.tokens === null || model.tokens > model.context);
}
