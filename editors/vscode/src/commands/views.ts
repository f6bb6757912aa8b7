import * as vscode from "vscode";

import type { PromptDocuments } from "../prompt-documents";
import type { HeadsView } from "../views/heads-view";
import type { ImageFormat } from "../views/messages";
import type { PreviewView } from "../views/preview-view";
import type { SweepView } from "../views/sweep-view";

export interface Views {
    heads: HeadsView;
    sweep: SweepView;
    preview: PreviewView;
}

/** Opens the heads view for the argument of a code lens or link, else for the cursor. */
export function showHeads(views: Views, prompts: PromptDocuments, argument: unknown): void {
    const target = parseViewTarget(argument);
    const editor = prompts.editor();
    if (target !== undefined) {
        const { uri, case: id, position } = target;
        const at = position && new vscode.Position(position.line, position.character);
        views.heads.open({ uri, case: id, position: at });
    } else if (editor !== undefined) {
        const { document, selection } = editor;
        views.heads.open({ uri: document.uri.toString(), position: selection.active });
    } else {
        offerSample();
    }
}

/** Opens the sweep view for the argument of a code lens or link, else for the first case. */
export function showSweep(views: Views, prompts: PromptDocuments, argument: unknown): void {
    const target = parseViewTarget(argument);
    const editor = prompts.editor();
    if (target !== undefined) {
        views.sweep.open(target);
    } else if (editor !== undefined) {
        views.sweep.open({ uri: editor.document.uri.toString() });
    } else {
        offerSample();
    }
}

/** Opens the preview of the rendered prompt beside the editor. */
export function showPreview(views: Views, prompts: PromptDocuments): void {
    const editor = prompts.editor();
    if (editor === undefined) {
        offerSample();
    } else {
        views.preview.open(editor);
    }
}

/** Saves what a view shows. Opens the view first if it is closed. */
export async function exportImage(views: Views, prompts: PromptDocuments): Promise<void> {
    const view = await pickView(views);
    if (view === undefined) {
        return;
    }
    const formats: (vscode.QuickPickItem & { format: ImageFormat })[] = [
        { label: "SVG", description: "a picture that scales", format: "svg" },
        { label: "PNG", description: "a picture of pixels", format: "png" },
        { label: "JSON", description: "the figures", format: "json" },
    ];
    const picked = await vscode.window.showQuickPick(formats, { title: "Save in which format?" });
    if (picked === undefined) {
        return;
    }
    if (!view.isOpen) {
        const show = view === views.heads ? showHeads : showSweep;
        show(views, prompts, undefined);
    }
    view.export(picked.format);
}

async function pickView(views: Views): Promise<HeadsView | SweepView | undefined> {
    const active = [views.heads, views.sweep].find(({ isActive }) => isActive);
    if (active !== undefined) {
        return active;
    }
    const open = [views.heads, views.sweep].filter(({ isOpen }) => isOpen);
    if (open.length === 1) {
        return open[0];
    }
    const items = [
        { label: "Heads", description: "the map of heads at the cursor", view: views.heads },
        { label: "Sweep", description: "layers × magnitudes of a memory", view: views.sweep },
    ];
    const picked = await vscode.window.showQuickPick<(typeof items)[number]>(items, {
        title: "Save which view?",
    });
    return picked?.view;
}

function offerSample(): void {
    const open = "Open Sample";
    void vscode.window
        .showInformationMessage("Open a prompt file first, or a sample.", open)
        .then((button) => {
            if (button === open) {
                void vscode.commands.executeCommand("hoplens.openSample");
            }
        });
}

interface ViewTarget {
    uri: string;
    position: { line: number; character: number } | undefined;
    case: string | undefined;
    memory: string | undefined;
}

/**
 * Parses the argument of a code lens or link; `undefined` if it has no URI. Links can come from any
 * page, so every field is checked.
 */
export function parseViewTarget(argument: unknown): ViewTarget | undefined {
    if (typeof argument !== "object" || argument === null) {
        return undefined;
    }
    const { uri, position, case: id, memory } = argument as Record<string, unknown>;
    if (typeof uri !== "string") {
        return undefined;
    }
    return {
        uri,
        case: typeof id === "string" ? id : undefined,
        memory: typeof memory === "string" ? memory : undefined,
        position: isPosition(position) ? position : undefined,
    };
}

function isPosition(value: unknown): value is { line: number; character: number } {
    const { line, character } = (value ?? {}) as Record<string, unknown>;
    return Number.isInteger(line) && Number.isInteger(character);
}
