// The preview of the rendered prompt in VS Code.

import type { PreviewMessage, PreviewResult, PreviewSegment } from "../src/client/protocol";
import type { PreviewCursor, PreviewOptions, ToWebview } from "../src/views/messages";
import { element, selectField } from "./dom";
import { keepState, post } from "./messaging";
import {
    isTooLong,
    messageHeading,
    nearness,
    segmentText,
    segmentTitle,
    summary,
} from "./preview-segments";
import { ViewFrame, type ViewContent } from "./view-frame";

type PreviewShown = Extract<ToWebview, { type: "preview" }>;

/** A part on the page. */
interface Shown {
    segment: PreviewSegment;
    span: HTMLElement;
}

const controls = element("span", "controls");
const size = element("span", "size");
const toolbar = element("div", "toolbar", controls, size);
const problem = element("div", "problem");
problem.setAttribute("role", "status");
const prompt = element("div", "prompt");
const body = element("div", "preview", problem, prompt);
let shown: PreviewShown | undefined;
let parts: Shown[] = [];
let drawn = "";

new ViewFrame((message) => {
    if (message.type === "cursor") {
        if (shown !== undefined) {
            shown = { ...shown, cursor: message.cursor };
            highlight(shown.cursor);
        }
        return undefined;
    }
    return message.type === "preview" ? previewContent(message) : undefined;
});

function previewContent(message: PreviewShown): ViewContent {
    shown = message;
    const { document, options, file, uri } = message;
    keepState({ uri, options });
    drawToolbar(document, options);
    drawProblem(message);
    drawPrompt(document, options);
    highlight(message.cursor);
    return { toolbar, body, title: `Preview of ${file}`, data: document, redraw: () => undefined };
}

function setOptions(part: Partial<PreviewOptions>): void {
    if (shown === undefined) {
        return;
    }
    const options = { ...shown.options, ...part };
    post({ type: "setPreviewOptions", options });
    if (part.case === undefined) {
        previewContent({ ...shown, options });
    }
}

/** Draws the toolbar if it differs, so that a control keeps the focus while the author types. */
function drawToolbar(document: PreviewResult, options: PreviewOptions): void {
    size.textContent = summary(document).join(" · ");
    size.classList.toggle("too-long", isTooLong(document));
    const hasModel = document.model !== null;
    const key = JSON.stringify([document.cases, document.case, options.showExact, hasModel]);
    if (controls.dataset["key"] === key) {
        return;
    }
    controls.dataset["key"] = key;
    const had = controls.contains(window.document.activeElement)
        ? window.document.activeElement?.getAttribute("aria-label")
        : undefined;
    const cases = document.cases.map((id) => ({ value: id, name: id }));
    const picker = selectField("Case:", cases, document.case ?? "", (id) => {
        setOptions({ case: id });
    });
    picker.querySelector("select")?.setAttribute("aria-label", "Case");
    const modes = [
        { value: "messages", name: "Messages" },
        { value: "exact", name: "Exact text for the model" },
    ] as const;
    const mode = selectField("Show:", modes, showsExact(document, options) ? "exact" : "messages", (value) => {
        setOptions({ showExact: value === "exact" });
    });
    const select = mode.querySelector("select");
    select?.setAttribute("aria-label", "Show");
    const exact = select?.options.item(1);
    if (exact) {
        exact.disabled = !hasModel;
    }
    controls.replaceChildren(...(cases.length > 1 ? [picker] : []), mode);
    if (had) {
        controls.querySelector<HTMLElement>(`[aria-label="${CSS.escape(had)}"]`)?.focus();
    }
}

function drawProblem({ problem: text, isOlder, document }: PreviewShown): void {
    const { unset, model } = document;
    const lines: string[] = [];
    if (text !== undefined) {
        lines.push(text);
    }
    if (isOlder) {
        lines.push("Shown is the last version without an error.");
    }
    if (model?.refusal) {
        lines.push(`The chat template of ${model.name} refuses these messages: ${model.refusal}`);
    }
    const joined = lines.join("\n");
    problem.classList.toggle("error", text !== undefined);
    if (problem.dataset["text"] !== joined) {
        problem.dataset["text"] = joined;
        problem.replaceChildren(...lines.map((line) => element("p", "", line)));
    }
    prompt.classList.toggle("older", isOlder);
    prompt.setAttribute(
        "aria-label",
        unset.length === 0 ? "Prompt" : `Prompt; without values: ${unset.join(", ")}`,
    );
}

function showsExact(document: PreviewResult, options: PreviewOptions): boolean {
    return options.showExact && document.model !== null;
}

function drawPrompt(document: PreviewResult, options: PreviewOptions): void {
    const exact = showsExact(document, options) ? document.model : null;
    const key = JSON.stringify(exact === null ? document.messages : exact.segments);
    if (drawn === key && parts.length > 0) {
        // Only the places in the file may differ.
        const segments =
            exact === null ? document.messages.flatMap((message) => message.segments) : exact.segments;
        parts = parts.map(({ span }, index) => ({ span, segment: segments[index] ?? NO_SEGMENT }));
        return;
    }
    drawn = key;
    const focused = parts.findIndex(({ span }) => span === window.document.activeElement);
    parts = [];
    if (exact !== null) {
        const section = element("section", "message", text(exact.segments));
        section.setAttribute("aria-label", "Exact text for the model");
        prompt.replaceChildren(section);
    } else if (document.messages.length === 0) {
        prompt.replaceChildren(element("p", "note", "There is no prompt yet."));
    } else {
        prompt.replaceChildren(...document.messages.map(messageSection));
    }
    setTabStop(Math.min(Math.max(focused, 0), parts.length - 1));
    if (focused >= 0) {
        parts[Math.min(focused, parts.length - 1)]?.span.focus({ preventScroll: true });
    }
}

const NO_SEGMENT: PreviewSegment = { kind: "text", text: "" };

function messageSection(message: PreviewMessage): HTMLElement {
    const [name = "", ...facts] = messageHeading(message);
    const heading = element(
        "h2",
        "",
        element("span", "role", name),
        ...facts.map((fact) => element("span", "fact", fact)),
    );
    const section = element("section", "message", heading, text(message.segments));
    section.dataset["role"] = message.role;
    section.classList.toggle("unsent", !message.sent);
    section.setAttribute("aria-label", [name, ...facts].join(", "));
    return section;
}

function text(segments: readonly PreviewSegment[]): HTMLElement {
    const spans = segments.map((segment) => {
        const span = element("span", `segment ${segment.kind}`, segmentText(segment));
        const title = segmentTitle(segment);
        if (title !== "") {
            span.title = title;
        }
        if (place(segment) !== undefined) {
            span.tabIndex = -1;
            span.setAttribute("role", "link");
        }
        parts.push({ segment, span });
        return span;
    });
    return element("div", "content", ...spans);
}

/** Where a part comes from: its text or tag, else its declared value. */
function place({ source, value }: PreviewSegment): { range: PreviewSegment["source"]; uri?: string } | undefined {
    if (source !== undefined) {
        return { range: source };
    }
    return value === undefined ? undefined : { range: value.range, uri: value.uri };
}

function reveal(index: number): void {
    const part = parts[index];
    const target = part && place(part.segment);
    if (shown !== undefined && target?.range !== undefined) {
        post({ type: "revealSource", uri: target.uri ?? shown.document.uri, range: target.range });
    }
}

/** Marks what comes from the cursor's line, and scrolls to it. */
function highlight(cursor: PreviewCursor | undefined): void {
    let first: HTMLElement | undefined;
    let exact: HTMLElement | undefined;
    for (const { segment, span } of parts) {
        const near = nearness(segment, cursor, shown?.uri ?? "");
        span.classList.toggle("line", near !== undefined);
        span.classList.toggle("here", near === "here");
        if (near === "here") {
            span.setAttribute("aria-current", "location");
            exact ??= span;
        } else {
            span.removeAttribute("aria-current");
        }
        if (near !== undefined) {
            first ??= span;
        }
    }
    (exact ?? first)?.scrollIntoView({ block: "nearest" });
}

/** Makes one part the one that the Tab key reaches; the arrow keys go to the others. */
function setTabStop(index: number): void {
    parts.forEach(({ span }, at) => {
        if (span.tabIndex >= 0 && at !== index) {
            span.tabIndex = -1;
        }
    });
    const stop = parts.slice(Math.max(index, 0)).find(({ segment }) => place(segment) !== undefined);
    if (stop !== undefined) {
        stop.span.tabIndex = 0;
    }
}

/** Returns the next part with a place, from `index` in steps of `step`; -1 if there is none. */
function nextPlace(index: number, step: number): number {
    for (let at = index; at >= 0 && at < parts.length; at += step) {
        const part = parts[at];
        if (part !== undefined && place(part.segment) !== undefined) {
            return at;
        }
    }
    return -1;
}

function indexOf(target: EventTarget | null): number {
    const span = target instanceof Element ? target.closest(".segment") : null;
    return parts.findIndex((part) => part.span === span);
}

prompt.addEventListener("click", (event) => {
    // A click that ends a selection only selects.
    const selection = window.getSelection();
    if (selection === null || selection.isCollapsed) {
        reveal(indexOf(event.target));
    }
});

prompt.addEventListener("keydown", (event) => {
    const index = indexOf(event.target);
    if (index < 0) {
        return;
    }
    const moves: Record<string, number> = {
        ArrowDown: nextPlace(index + 1, 1),
        ArrowRight: nextPlace(index + 1, 1),
        ArrowUp: nextPlace(index - 1, -1),
        ArrowLeft: nextPlace(index - 1, -1),
        Home: nextPlace(0, 1),
        End: nextPlace(parts.length - 1, -1),
    };
    const next = moves[event.key];
    if (event.key === "Enter" || event.key === " ") {
        reveal(index);
    } else if (next !== undefined && next >= 0) {
        setTabStop(next);
        parts[next]?.span.focus();
    } else {
        return;
    }
    event.preventDefault();
});

// Marks the entry as an ES module; esbuild would wrap every file of a CommonJS entry.
export {};
