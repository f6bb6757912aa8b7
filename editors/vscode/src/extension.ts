import * as vscode from "vscode";
import {
    DidChangeConfigurationNotification,
    type LanguageClient,
} from "vscode-languageclient/node";

import { DID_ANALYZE, type DidAnalyze } from "./client/protocol";
import { Prompts, tellFailure } from "./commands/context";
import { downloadModel, pickModel } from "./commands/models";
import { openSample } from "./commands/sample";
import { exportImage, showHeads, showSweep, type Views } from "./commands/views";
import { cancel, measureRepairs } from "./commands/work";
import { needsRestart, serverSettings } from "./config";
import { Supervisor } from "./server/supervisor";
import { Teller } from "./server/tell";
import { StatusItem } from "./status/item";
import { HEADS_VIEW, HeadsView } from "./views/heads";
import { SWEEP_VIEW, SweepView } from "./views/sweep";

let supervisor: Supervisor | undefined;

/** Starts the server and offers its views and commands. */
export async function activate(context: vscode.ExtensionContext): Promise<void> {
    const log = vscode.window.createOutputChannel("hoplens", { log: true });
    const { version } = context.extension.packageJSON as { version: string };
    const prompts = new Prompts();
    const status = new StatusItem();
    const teller = new Teller(version);
    const servers: Supervisor = new Supervisor(
        context.extensionPath,
        log,
        {
            showHeads: (argument) => {
                showHeads(views, prompts, argument);
            },
            showSweep: (argument) => {
                showSweep(views, prompts, argument);
            },
            failed: (command, error) => {
                tellFailure(`\`${command}\` did not work`, error);
            },
            work: (token, title) => {
                status.hearWork(token, title);
            },
        },
        (client) => {
            attach(client);
        },
    );
    supervisor = servers;
    const views: Views = {
        heads: new HeadsView(context.extensionUri, servers, prompts),
        sweep: new SweepView(context.extensionUri, servers, prompts),
    };

    /** Listens to a client's server. */
    function attach(client: LanguageClient): void {
        status.attach(client);
        client.onNotification(DID_ANALYZE, ({ uri }: DidAnalyze) => {
            // The server may spell an address in its own way.
            const own = client.protocol2CodeConverter.asUri(uri).toString();
            prompts.add(own);
            updateContext();
            views.heads.hearAnalysis(own);
            void status.refresh(client);
        });
    }

    function updateContext(): void {
        const editor = vscode.window.activeTextEditor;
        const isPrompt = editor !== undefined && prompts.has(editor.document);
        void vscode.commands.executeCommand("setContext", "hoplens.isPrompt", isPrompt);
    }

    const restart = async (): Promise<void> => {
        teller.forget();
        await servers.restart();
    };
    const commands: Record<string, (argument: unknown) => unknown> = {
        restartServer: restart,
        showLog: () => {
            log.show();
        },
        pickModel: () => pickModel(servers),
        downloadModel: () => downloadModel(servers),
        measureRepairs: () => measureRepairs(servers, prompts),
        cancel: () => cancel(servers),
        showHeads: (argument) => {
            showHeads(views, prompts, argument);
        },
        showSweep: (argument) => {
            showSweep(views, prompts, argument);
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
        servers,
        views.heads,
        views.sweep,
        servers.onDidChange((state) => {
            status.hearServer(state);
            teller.hear(state);
            if (state.kind === "running") {
                views.heads.again();
            }
        }),
        ...Object.entries(commands).map(([name, run]) =>
            vscode.commands.registerCommand(`hoplens.${name}`, run),
        ),
        vscode.workspace.onDidChangeConfiguration((change) => {
            if (needsRestart(change)) {
                status.reselect();
                void restart();
            } else if (change.affectsConfiguration("hoplens")) {
                pushSettings(servers);
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
    );
    updateContext();
    await servers.restart();
}

/** Ends the server. */
export async function deactivate(): Promise<void> {
    await supervisor?.stop();
}

function pushSettings(servers: Supervisor): void {
    void servers.running?.sendNotification(DidChangeConfigurationNotification.type, {
        settings: { hoplens: serverSettings() },
    });
}
