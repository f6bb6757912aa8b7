import * as vscode from "vscode";

import type { KnownModel } from "../client/protocol";
import * as requests from "../client/requests";
import { keepModel } from "../config";
import type { Supervisor } from "../server/supervisor";
import { needClient, tellFailure } from "./context";

interface Item extends vscode.QuickPickItem {
    /** Nothing for the item that asks for a name. */
    model?: string;
}

/** Fetches the model that the settings name, if it is not on this disk. */
export async function downloadModel(supervisor: Supervisor): Promise<void> {
    try {
        await requests.downloadModel(await needClient(supervisor));
    } catch (error) {
        tellFailure("The model cannot be downloaded", error);
    }
}

/** Lets the person choose the model that looks at prompts. */
export async function pickModel(supervisor: Supervisor): Promise<void> {
    try {
        const client = await needClient(supervisor);
        const items = [...(await requests.models(client)).map(item), ...others()];
        const picked = await vscode.window.showQuickPick(items, {
            title: "Which model should look at prompts?",
            matchOnDescription: true,
        });
        const model = picked === undefined ? undefined : (picked.model ?? (await askName()));
        if (model === undefined) {
            return;
        }
        await requests.useModel(client, model);
        await offerToKeep(model);
    } catch (error) {
        tellFailure("The model cannot be changed", error);
    }
}

/** A model as an item of the list. */
export function item(model: KnownModel): Item {
    const about = [
        model.size === null ? "" : `${Math.max(1, Math.round(model.size / 1e6))} MB`,
        model.licence ?? "",
        model.here ? "" : "not on this disk",
    ];
    return {
        label: `$(${model.current ? "check" : model.here ? "package" : "cloud-download"}) ${model.name}`,
        description: about.filter((part) => part !== "").join(" · "),
        model: model.name,
    };
}

function others(): Item[] {
    return [
        { label: "", kind: vscode.QuickPickItemKind.Separator },
        {
            label: "$(edit) Another…",
            description: "a .gguf file, a folder, org/name, ollama:NAME",
        },
    ];
}

async function askName(): Promise<string | undefined> {
    const name = await vscode.window.showInputBox({
        title: "Model",
        prompt: "An alias, a .gguf file, a folder, org/name from the Hugging Face hub, or ollama:NAME",
        validateInput: (value) => (value.trim() === "" ? "Name a model." : undefined),
    });
    return name?.trim();
}

async function offerToKeep(model: string): Promise<void> {
    const keep = "Keep It";
    const answer = await vscode.window.showInformationMessage(
        `${model} looks at prompts from now on, in this window.`,
        keep,
    );
    if (answer === keep) {
        await keepModel(model);
    }
}
