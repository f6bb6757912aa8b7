import * as vscode from "vscode";
import {
    DidChangeConfigurationNotification,
    type LanguageClient,
} from "vscode-languageclient/node";

import { DID_ANALYZE } from "./client/methods";
import type { DidAnalyzeParams } from "./client/protocol";
import { showCommandError } from "./commands/errors";
import { cancelMeasuring, measureRepairs } from "./commands/measure";
import { downloadModel, pickModel } from "./commands/models";
import { openSample } from "./commands/sample";
import { exportImage, showHeads, showPreview, showSweep, type Views } from "./commands/views";
import { needsRestart, serverSettings } from "./config";
import { PromptDocuments } from "./prompt-documents";
import { ServerNotifier } from "./server/notifier";
import { Supervisor } from "./server/supervisor";
import { StatusItem } from "./status/status-item";
import { HEADS_VIEW, HeadsView } from "./views/heads-view";
import { InfluenceDecorations } from "./views/influence-decorations";
import { PREVIEW_VIEW, PreviewView } from "./views/preview-view";
import { SWEEP_VIEW, SweepView } from "./views/sweep-view";

let runningSupervisor: Supervisor | undefined;

/** Starts the server and registers commands, views and the status item. */
export async function activate(context: vscode.ExtensionContext): Promise<void> {
    const log = vscode.window.createOutputChannel("hoplens", { log: true });
    const { version } = context.extension.packageJSON as { version: string };
    const prompts = new PromptDocuments();
    const status = new StatusItem();
    const notifier = new ServerNotifier(version);
    const supervisor: Supervisor = new Supervisor({
        extensionFolder: context.extensionPath,
        log,
        handlers: {
            showHeads: (argument) => {
                showHeads(views, prompts, argument);
            },
            showSweep: (argument) => {
                showSweep(views, prompts, argument);
            },
            showInfluence: (argument) => {
                void influence.toggle(argument);
            },
            onCommandError: (command, error) => {
                showCommandError(`The command \`${command}\` failed`, error);
            },
            onProgress: (token, title) => {
                status.setProgress(token, title);
            },
        },
        onNewClient: (client) => {
            listenTo(client);
        },
    });
    runningSupervisor = supervisor;
    const views: Views = {
        heads: new HeadsView(context.extensionUri, supervisor, prompts),
        sweep: new SweepView(context.extensionUri, supervisor, prompts),
        preview: new PreviewView(context.extensionUri, supervisor, prompts),
    };

    const influence = new InfluenceDecorations(supervisor, prompts);

    function listenTo(client: LanguageClient): void {
        status.listenTo(client);
        client.onNotification(DID_ANALYZE, ({ uri }: DidAnalyzeParams) => {
            // Server and editor may escape the same URI differently.
            const editorUri = client.protocol2CodeConverter.asUri(uri).toString();
            prompts.add(editorUri);
            updateContext();
            views.heads.onDidAnalyze(editorUri);
            views.preview.onDidAnalyze(editorUri);
            void status.refreshDetails(client);
        });
    }

    function updateContext(): void {
        const editor = vscode.window.activeTextEditor;
        const isPrompt = editor !== undefined && prompts.has(editor.document);
        void vscode.commands.executeCommand("setContext", "hoplens.isPrompt", isPrompt);
    }

    const restart = async (): Promise<void> => {
        notifier.reset();
        await supervisor.restart();
    };
    const commands: Record<string, (argument: unknown) => unknown> = {
        restartServer: restart,
        showLog: () => {
            log.show();
        },
        pickModel: () => pickModel(supervisor),
        downloadModel: () => downloadModel(supervisor),
        measureRepairs: () => measureRepairs(supervisor, prompts),
        cancel: () => cancelMeasuring(supervisor),
        showHeads: (argument) => {
            showHeads(views, prompts, argument);
        },
        showSweep: (argument) => {
            showSweep(views, prompts, argument);
        },
        showInfluence: (argument) => influence.toggle(argument),
        showPreview: () => {
            showPreview(views, prompts);
        },
        exportImage: () => exportImage(views, prompts),
        openSample: (argument) => openSample(context.extensionUri, argument),
        openWalkthrough: () =>
            vscode.commands.executeCommand(
                "workbench.action.openWalkthrough",
                `${context.extension.id}#start`,
            ),
    };
    context.subscriptions.push(
        log,
        status,
        supervisor,
        views.heads,
        views.sweep,
        views.preview,
        influence,
        supervisor.onDidChange((state) => {
            status.setServerState(state);
            notifier.onStateChange(state);
            if (state.kind === "running") {
                views.heads.refresh();
                views.preview.refresh();
            }
        }),
        ...Object.entries(commands).map(([name, run]) =>
            vscode.commands.registerCommand(`hoplens.${name}`, run),
        ),
        vscode.workspace.onDidChangeConfiguration((change) => {
            if (needsRestart(change)) {
                status.updateSelector();
                void restart();
            } else if (change.affectsConfiguration("hoplens")) {
                pushSettings(supervisor);
            }
        }),
        vscode.workspace.onDidGrantWorkspaceTrust(restart),
        vscode.window.onDidChangeActiveTextEditor(updateContext),
        vscode.workspace.onDidOpenTextDocument(updateContext),
        vscode.window.registerWebviewPanelSerializer(HEADS_VIEW, {
            deserializeWebviewPanel: (panel) => {
                views.heads.restore(panel);
                return Promise.resolve();
            },
        }),
        vscode.window.registerWebviewPanelSerializer(SWEEP_VIEW, {
            deserializeWebviewPanel: (panel) => {
                views.sweep.restore(panel);
                return Promise.resolve();
            },
        }),
        vscode.window.registerWebviewPanelSerializer(PREVIEW_VIEW, {
            deserializeWebviewPanel: (panel, state: unknown) => {
                views.preview.restore(panel, state);
                return Promise.resolve();
            },
        }),
    );
    updateContext();
    await supervisor.restart();
}

/** Stops the server. */
export async function deactivate(): Promise<void> {
    await runningSupervisor?.stop();
}

function pushSettings(supervisor: Supervisor): void {
    void supervisor.runningClient?.sendNotification(DidChangeConfigurationNotification.type, {
        settings: { hoplens: serverSettings() },
    });
}
