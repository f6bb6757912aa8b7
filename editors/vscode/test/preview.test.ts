import assert from "node:assert/strict";
import { test } from "node:test";

import type * as vscode from "vscode";

import type { PreviewMessage, PreviewResult, PreviewSegment } from "../src/client/protocol";
import { documentSelector, isPromptLanguage } from "../src/selector";
import { DEFAULT_OPTIONS, isSidecarOf, parsePreviewState, shownPreview } from "../src/views/preview-state";
import {
    isTooLong,
    messageHeading,
    nearness,
    segmentText,
    segmentTitle,
    summary,
    tokenCount,
} from "../webview/preview-segments";

const URI = "file:///prompts/a.prompt";

function span(line: number, start: number, endLine: number, end: number): NonNullable<PreviewSegment["source"]> {
    return { start: { line, character: start }, end: { line: endLine, character: end } };
}

function result(part: Partial<PreviewResult>): PreviewResult {
    return {
        uri: URI,
        version: 1,
        case: null,
        cases: [],
        reading: "chat",
        messages: [],
        model: null,
        without_model: "no model yet: none was found",
        unset: [],
        error: null,
        ...part,
    };
}

const ERROR = { message: "The template cannot be rendered.", range: null };

test("while a file has an error, the last rendering of the same case without one is shown", () => {
    const good = result({ case: "a", version: 1 });
    const bad = result({ case: "a", version: 2, error: ERROR });
    assert.deepEqual(shownPreview(good, undefined), { document: good, problem: undefined, isOlder: false });
    assert.deepEqual(shownPreview(bad, good), { document: good, problem: ERROR.message, isOlder: true });
    assert.deepEqual(shownPreview(bad, undefined), { document: bad, problem: ERROR.message, isOlder: false });
    const other = result({ case: "b", error: ERROR });
    assert.equal(shownPreview(other, good).document, other);
    const elsewhere = result({ case: "a", uri: "file:///b.prompt", error: ERROR });
    assert.equal(shownPreview(elsewhere, good).document, elsewhere);
});

test("the state of a panel is checked before it is used", () => {
    assert.equal(parsePreviewState(undefined), undefined);
    assert.equal(parsePreviewState({ uri: 3 }), undefined);
    assert.deepEqual(parsePreviewState({ uri: URI }), { uri: URI, options: DEFAULT_OPTIONS });
    const state = { uri: URI, options: { showExact: true, case: "a" } };
    assert.deepEqual(parsePreviewState(state), state);
    assert.deepEqual(parsePreviewState({ uri: URI, options: { showExact: "yes", case: 7 } })?.options, DEFAULT_OPTIONS);
});

test("a sidecar belongs to the prompt beside it", () => {
    assert.ok(isSidecarOf(`${URI}.hoplens.yaml`, URI));
    assert.ok(!isSidecarOf("file:///prompts/b.prompt.hoplens.yaml", URI));
    assert.ok(!isSidecarOf(URI, URI));
});

test("a part is at the cursor by its text, its tag or its declared value", () => {
    const line: PreviewSegment = { kind: "text", text: "Be brief.\n", source: span(3, 0, 4, 0) };
    const at = (segment: PreviewSegment, row: number, character: number, uri = URI): unknown =>
        nearness(segment, { uri, line: row, character }, URI);
    assert.equal(at(line, 3, 0), "here");
    assert.equal(at(line, 3, 9), "here");
    assert.equal(at(line, 4, 0), undefined);
    assert.equal(at(line, 2, 0), undefined);
    assert.equal(at(line, 3, 0, "file:///other"), undefined);
    assert.equal(nearness(line, undefined, URI), undefined);

    const sidecar = `${URI}.hoplens.yaml`;
    const value: PreviewSegment = {
        kind: "value",
        text: "Rome",
        source: span(5, 10, 5, 18),
        value: { name: "city", uri: sidecar, range: span(2, 4, 2, 10) },
    };
    assert.equal(at(value, 5, 12), "here");
    assert.equal(at(value, 5, 2), "line");
    assert.equal(at(value, 5, 18), "line");
    assert.equal(at(value, 2, 5, sidecar), "here");
    assert.equal(at(value, 2, 0, sidecar), "line");
    assert.equal(at(value, 5, 12, sidecar), undefined);

    const partial: PreviewSegment = { kind: "value", text: "a\nb", source: span(1, 0, 3, 2) };
    assert.equal(at(partial, 2, 40), "here");
    assert.equal(at(partial, 3, 5), "line");
});

test("what has no text is shown by its tag, and says why", () => {
    const unset: PreviewSegment = { kind: "unset", text: "", tag: "{{city}}" };
    assert.equal(segmentText(unset), "{{city}}");
    assert.match(segmentTitle(unset), /reads nothing here/);
    assert.match(segmentTitle({ ...unset, text: "{{city}}" }), /reads the tag itself/);
    assert.equal(segmentText({ kind: "omitted", text: "" }), "left out");
    assert.equal(segmentTitle({ kind: "omitted", text: "", note: "A picture." }), "A picture.");
    assert.equal(segmentText({ kind: "text", text: "a\r\nb" }), "a\nb");
    assert.equal(segmentTitle({ kind: "text", text: "a" }), "");
    assert.match(segmentTitle({ kind: "value", text: "x", tag: "{{> head}}" }), /\{\{> head\}\}/);
});

test("headings name the role, the tokens, and what is not sent", () => {
    const message: PreviewMessage = { role: "user", continued: false, sent: true, text: "", tokens: 7, segments: [] };
    assert.deepEqual(messageHeading(message), ["user", "7 tokens"]);
    assert.deepEqual(messageHeading({ ...message, tokens: null }), ["user"]);
    assert.deepEqual(messageHeading({ ...message, sent: false }), ["user", "empty, so it is not sent"]);
    const model = { ...message, role: "model", continued: true, tokens: 1 };
    assert.deepEqual(messageHeading(model), ["model", "the model continues it", "1 token"]);
    assert.deepEqual(messageHeading({ ...message, role: "text" }), ["text to continue", "7 tokens"]);
    assert.equal(tokenCount(null), "");
});

test("the size says what it is measured with, and what does not fit", () => {
    const model = { name: "tiny", context: 64, tokens: 40, template_tokens: 12, segments: [], refusal: null };
    const counted = result({ model, without_model: null });
    assert.deepEqual(summary(counted), ["40 of 64 tokens", "12 from the chat template", "tiny"]);
    assert.ok(!isTooLong(counted));
    const long = result({ model: { ...model, tokens: 65, template_tokens: 0 } });
    assert.deepEqual(summary(long), ["65 of 64 tokens: too long", "tiny"]);
    assert.ok(isTooLong(long));
    const longer = result({ model: { ...model, tokens: null, template_tokens: null } });
    assert.match(summary(longer)[0] ?? "", /Much longer/);
    assert.ok(isTooLong(longer));
    const message: PreviewMessage = { role: "user", continued: false, sent: true, text: "", tokens: null, segments: [] };
    assert.deepEqual(summary(result({ reading: "user-message", messages: [message] })), [
        "No token counts: no model yet: none was found",
        "no roles: read as one user message",
    ]);
});

test("agent files are prompts by their name, not by the language alone", () => {
    const document = (uri: string, languageId: string): vscode.TextDocument => {
        const [scheme = "", path = ""] = uri.split(":");
        return { uri: { scheme, path }, languageId } as unknown as vscode.TextDocument;
    };
    for (const [uri, language, isPrompt] of [
        ["file:/w/a.prompt.md", "prompt", true],
        ["file:/w/.github/agents/a.agent.md", "chatagent", true],
        ["file:/w/a.instructions.md", "instructions", true],
        ["file:/w/skills/a/SKILL.md", "skill", true],
        ["untitled:Untitled-1", "chatagent", true],
        ["file:/w/.github/copilot-instructions.md", "instructions", false],
        ["file:/w/AGENTS.md", "instructions", false],
        ["file:/w/.agent.md", "chatagent", false],
        ["file:/w/skill.md", "markdown", false],
        ["git:/w/a.agent.md", "chatagent", false],
    ] as const) {
        assert.equal(isPromptLanguage(document(uri, language)), isPrompt, uri);
    }
    const languages = documentSelector([]).map(({ language }) => language);
    assert.ok(languages.includes("skill") && languages.includes("prompt"));
});
