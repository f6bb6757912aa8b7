import * as vscode from "vscode";

import type { ListedModel } from "../client/protocol";
import * as requests from "../client/requests";
import { saveModelSetting } from "../config";
import { requireClient } from "../server/require-client";
import type { Supervisor } from "../server/supervisor";
import { showCommandError } from "./errors";

interface ModelItem extends vscode.QuickPickItem {
    /** `undefined` for the item that opens an input box. */
    model?: string;
}

/** Downloads the model that the settings name, unless it is on this disk. */
export async function downloadModel(supervisor: Supervisor): Promise<void> {
    try {
        await requests.downloadModel(await requireClient(supervisor));
    } catch (error) {
        showCommandError("Could not download the model", error);
    }
}

/** Lets the user choose the model that analyses prompts. */
export async function pickModel(supervisor: Supervisor): Promise<void> {
    try {
        const client = await requireClient(supervisor);
        const items = [...(await requests.models(client)).map(modelItem), ...otherModelItems()];
        const picked = await vscode.window.showQuickPick(items, {
            title: "Which model should analyse your prompts?",
            matchOnDescription: true,
        });
        const model = picked === undefined ? undefined : (picked.model ?? (await askForModel()));
        if (model === undefined) {
            return;
        }
        await requests.useModel(client, model);
        await offerToSaveModel(model);
    } catch (error) {
        showCommandError("Could not change the model", error);
    }
}

/** Shows a model as an item of the list. */
export function modelItem(model: ListedModel): ModelItem {
    const details = [
        model.size === null ? "" : `${Math.max(1, Math.round(model.size / 1e6))} MB`,
        model.licence ?? "",
        model.here ? "" : "not on this disk",
    ];
    return {
        label: `$(${model.current ? "check" : model.here ? "package" : "cloud-download"}) ${model.name}`,
        description: details.filter((part) => part !== "").join(" · "),
        model: model.name,
    };
}

function otherModelItems(): ModelItem[] {
    return [
        { label: "", kind: vscode.QuickPickItemKind.Separator },
        {
            label: "$(edit) Another…",
            description: "a .gguf file, a folder, org/name, ollama:NAME",
        },
    ];
}

async function askForModel(): Promise<string | undefined> {
    const name = await vscode.window.showInputBox({
        title: "Model",
        prompt: "An alias, a .gguf file, a folder, org/name from the Hugging Face hub, or ollama:NAME",
        validateInput: (value) => (value.trim() === "" ? "Enter the name of a model." : undefined),
    });
    return name?.trim();
}

async function offerToSaveModel(model: string): Promise<void> {
    const save = "Use in All Folders";
    const answer = await vscode.window.showInformationMessage(
        `${model} now analyses the prompts in this window.`,
        save,
    );
    if (answer === save) {
        await saveModelSetting(model);
    }
}
