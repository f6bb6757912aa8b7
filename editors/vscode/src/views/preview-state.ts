// What the preview shows, without the editor's API.

import type { PreviewResult } from "../client/protocol";
import type { PreviewOptions } from "./messages";

/** What a preview needs to open again after the window was reloaded. */
export interface PreviewState {
    uri: string;
    options: PreviewOptions;
}

export const DEFAULT_OPTIONS: PreviewOptions = { showExact: false, case: undefined };

/** Parses the state that VS Code kept for a panel; `undefined` if it has another shape. */
export function parsePreviewState(state: unknown): PreviewState | undefined {
    const { uri, options } = (state ?? {}) as Record<string, unknown>;
    if (typeof uri !== "string") {
        return undefined;
    }
    const { showExact, case: id } = (options ?? {}) as Record<string, unknown>;
    return {
        uri,
        options: {
            showExact: showExact === true,
            case: typeof id === "string" ? id : undefined,
        },
    };
}

/** A document, and what is wrong with a newer text of its file. */
export interface ShownPreview {
    document: PreviewResult;
    /** What is wrong with the text in the editor. */
    problem: string | undefined;
    /** Whether `document` is of an older text, which had no error. */
    isOlder: boolean;
}

/**
 * Chooses what is shown: while a file has an error, the last rendering of the same case without
 * one, if there is any.
 */
export function shownPreview(
    newest: PreviewResult,
    lastGood: PreviewResult | undefined,
): ShownPreview {
    if (newest.error === null) {
        return { document: newest, problem: undefined, isOlder: false };
    }
    const problem = newest.error.message;
    const isSame = lastGood?.uri === newest.uri && lastGood.case === newest.case;
    return lastGood !== undefined && isSame
        ? { document: lastGood, problem, isOlder: true }
        : { document: newest, problem, isOlder: false };
}

/** Whether a document is the sidecar of a prompt. */
export function isSidecarOf(uri: string, prompt: string): boolean {
    return uri === `${prompt}.hoplens.yaml`;
}
