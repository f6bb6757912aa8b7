import * as vscode from "vscode";

import type { ImageFormat } from "../views/messages";
import type { HeadsView } from "../views/heads";
import type { SweepView } from "../views/sweep";
import type { Prompts } from "./context";

export interface Views {
    heads: HeadsView;
    sweep: SweepView;
}

/** Shows the heads: where a lens or link says, else at the cursor. */
export function showHeads(views: Views, prompts: Prompts, argument: unknown): void {
    const asked = placeIn(argument);
    const editor = prompts.editor();
    if (asked !== undefined) {
        const { uri, case: id, position } = asked;
        const at = position && new vscode.Position(position.line, position.character);
        views.heads.open({ uri, case: id, position: at });
    } else if (editor !== undefined) {
        const { document, selection } = editor;
        views.heads.open({ uri: document.uri.toString(), position: selection.active });
    } else {
        offerSample();
    }
}

/** Shows the sweep: of the case that a lens or link names, else of the first one. */
export function showSweep(views: Views, prompts: Prompts, argument: unknown): void {
    const asked = placeIn(argument);
    const editor = prompts.editor();
    if (asked !== undefined) {
        views.sweep.open(asked);
    } else if (editor !== undefined) {
        views.sweep.open({ uri: editor.document.uri.toString() });
    } else {
        offerSample();
    }
}

/** Saves what a view shows; opens the view if there is none. */
export async function exportImage(views: Views, prompts: Prompts): Promise<void> {
    const view = await pickView(views);
    if (view === undefined) {
        return;
    }
    const formats: (vscode.QuickPickItem & { format: ImageFormat })[] = [
        { label: "SVG", description: "a picture that scales", format: "svg" },
        { label: "PNG", description: "a picture of pixels", format: "png" },
        { label: "JSON", description: "the figures", format: "json" },
    ];
    const picked = await vscode.window.showQuickPick(formats, { title: "Save it as?" });
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
    const picked = await vscode.window.showQuickPick<(typeof items)[number]>(items, { title: "Save what?" });
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

interface Asked {
    uri: string;
    position: { line: number; character: number } | undefined;
    case: string | undefined;
    memory: string | undefined;
}

/** The argument of a lens or link, if it is one. Links come from outside, so nothing is taken for granted. */
export function placeIn(argument: unknown): Asked | undefined {
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
