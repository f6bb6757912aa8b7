import { statSync } from "node:fs";
import { homedir } from "node:os";

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";

import { createClient } from "../client/create-client";
import type { ClientHandlers } from "../client/middleware";
import { logServerLine } from "../client/server-log";
import { serverArgs, serverEnv, serverPath } from "../config";
import { checkServer } from "./check-server";
import { locateServer } from "./locate-server";
import { RestartPolicy } from "./restart-policy";
import { asServerError, ServerError } from "./server-error";
import { startServer, type ServerProcess } from "./server-process";
import type { ServerState } from "./server-state";

/** How long to wait, after a connection closed, for the exit code and the last log lines. */
const EXIT_GRACE_MS = 150;

export interface SupervisorOptions {
    extensionFolder: string;
    log: vscode.LogOutputChannel;
    handlers: ClientHandlers;
    /** Called with each new client before it starts. */
    onNewClient: (client: LanguageClient) => void;
}

/** Keeps one server running, and starts it again when it crashes. */
export class Supervisor implements vscode.Disposable {
    private readonly changeEmitter = new vscode.EventEmitter<ServerState>();
    readonly onDidChange = this.changeEmitter.event;
    private readonly restartPolicy = new RestartPolicy();
    private currentState: ServerState = { kind: "stopped" };
    /** Counts starts and stops. A callback of an earlier start finds another number and returns. */
    private generation = 0;
    private client: LanguageClient | undefined;
    private process: ServerProcess | undefined;
    private restartTimer: NodeJS.Timeout | undefined;

    constructor(private readonly options: SupervisorOptions) {}

    get state(): ServerState {
        return this.currentState;
    }

    /** The client, if the server runs. */
    get runningClient(): LanguageClient | undefined {
        return this.currentState.kind === "running" ? this.client : undefined;
    }

    /** Stops the server if it runs, and starts it. Earlier crashes no longer count. */
    async restart(): Promise<void> {
        this.restartPolicy.reset();
        await this.stop();
        await this.start();
    }

    async stop(): Promise<void> {
        this.generation += 1;
        clearTimeout(this.restartTimer);
        const { client, process } = this;
        this.client = undefined;
        this.process = undefined;
        this.setState({ kind: "stopped" });
        if (client !== undefined) {
            await client.stop().catch((error: unknown) => {
                this.options.log.debug(`The server did not stop in time: ${String(error)}`);
            });
        }
        process?.child.kill();
    }

    dispose(): void {
        void this.stop();
        this.changeEmitter.dispose();
    }

    private async start(): Promise<void> {
        this.generation += 1;
        const { generation } = this;
        this.setState({ kind: "starting" });
        try {
            await this.launch(generation);
        } catch (error) {
            if (generation === this.generation) {
                this.fail(asServerError(error));
            }
        }
    }

    private async launch(generation: number): Promise<void> {
        const { log, extensionFolder } = this.options;
        const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === "file");
        const workspaceFolder = folder?.uri.fsPath;
        const env = serverEnv();
        const found = locateServer({
            setting: serverPath(),
            extensionFolder,
            workspaceFolder,
            home: homedir(),
            env,
            platform: process.platform,
            fileType,
        });
        const version = await checkServer(found, env);
        if (generation !== this.generation) {
            return;
        }
        log.info(`Starting hoplens ${version}: ${found.path} (${found.source})`);
        const server = await startServer(found.path, ["lsp", ...serverArgs()], {
            env,
            cwd: vscode.workspace.isTrusted ? workspaceFolder : undefined,
            onLogLine: (line) => {
                logServerLine(log, line);
            },
        });
        if (generation !== this.generation) {
            server.child.kill();
            return;
        }
        await this.connect(generation, server, { path: found.path, version });
    }

    private async connect(
        generation: number,
        server: ServerProcess,
        about: { path: string; version: string },
    ): Promise<void> {
        const client = createClient({
            process: server,
            log: this.options.log,
            handlers: this.options.handlers,
            onClose: () => void this.onCrash(generation, server),
        });
        this.client = client;
        this.process = server;
        this.options.onNewClient(client);
        try {
            await client.start();
        } catch (error) {
            await delay(EXIT_GRACE_MS);
            const { exitCode, signalCode } = server.child;
            if (exitCode !== null || signalCode !== null) {
                await this.onCrash(generation, server);
                return;
            }
            server.child.kill();
            throw error;
        }
        if (generation === this.generation) {
            this.setState({ kind: "running", ...about });
        }
    }

    /** Schedules a restart after a crash, unless there were too many. */
    private async onCrash(generation: number, server: ServerProcess): Promise<void> {
        if (generation !== this.generation) {
            return;
        }
        this.generation += 1;
        const next = this.generation;
        this.client = undefined;
        this.process = undefined;
        await delay(EXIT_GRACE_MS);
        if (next !== this.generation) {
            return;
        }
        server.child.kill();
        const reason = server.exitReason();
        const delayMs = this.restartPolicy.nextDelay(Date.now());
        if (delayMs === undefined) {
            this.fail(
                new ServerError(
                    "crashLoop",
                    `The hoplens server keeps crashing (${reason}). It will not restart by itself.`,
                    ["restart", "showLog", "choosePath"],
                ),
            );
            return;
        }
        this.options.log.warn(`The server crashed (${reason}); restarting in ${delayMs} ms`);
        this.setState({ kind: "restarting", reason });
        this.restartTimer = setTimeout(() => void this.start(), delayMs);
    }

    private fail(error: ServerError): void {
        this.options.log.error(error.message);
        this.setState({ kind: "failed", error });
    }

    private setState(state: ServerState): void {
        this.currentState = state;
        this.changeEmitter.fire(state);
    }
}

function fileType(path: string): "file" | "folder" | undefined {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) {
        return undefined;
    }
    return stats.isDirectory() ? "folder" : "file";
}

function delay(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
}
