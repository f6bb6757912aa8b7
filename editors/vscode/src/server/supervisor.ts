import { homedir } from "node:os";
import { statSync } from "node:fs";

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";

import { createClient } from "../client/create";
import { writeLine } from "../client/log";
import type { Handlers } from "../client/middleware";
import { serverArgs, serverEnv, serverPath } from "../config";
import { locate } from "./locate";
import { preflight } from "./preflight";
import { asProblem, ServerProblem } from "./problem";
import * as servers from "./process";
import { Restarts } from "./restarts";
import type { ServerState } from "./state";

/** How long a process that lost its connection may take to say why it ended. */
const LAST_WORDS_MS = 150;

/** Keeps one server running: starts it, and starts it again when it dies. */
export class Supervisor implements vscode.Disposable {
    private readonly changed = new vscode.EventEmitter<ServerState>();
    /** Fires when the server is started, runs, dies or cannot be started. */
    readonly onDidChange = this.changed.event;
    private readonly restarts = new Restarts();
    private current: ServerState = { kind: "stopped" };
    /** Which start is the newest; what belongs to older ones no longer counts. */
    private life = 0;
    private client: LanguageClient | undefined;
    private process: servers.ServerProcess | undefined;
    private timer: NodeJS.Timeout | undefined;

    constructor(
        private readonly extensionFolder: string,
        private readonly log: vscode.LogOutputChannel,
        private readonly handlers: Handlers,
        /** Called with each new client before it starts. */
        private readonly prepare: (client: LanguageClient) => void,
    ) {}

    get state(): ServerState {
        return this.current;
    }

    /** The client, if the server runs. */
    get running(): LanguageClient | undefined {
        return this.current.kind === "running" ? this.client : undefined;
    }

    /** Starts the server anew, whatever was before. */
    async restart(): Promise<void> {
        this.restarts.forget();
        await this.stop();
        await this.begin();
    }

    /** Ends the server. */
    async stop(): Promise<void> {
        this.life += 1;
        clearTimeout(this.timer);
        const { client, process } = this;
        this.client = undefined;
        this.process = undefined;
        this.set({ kind: "stopped" });
        if (client !== undefined) {
            await client.stop().catch((error: unknown) => {
                this.log.debug(`The server did not end in time: ${String(error)}`);
            });
        }
        process?.child.kill();
    }

    dispose(): void {
        void this.stop();
        this.changed.dispose();
    }

    private async begin(): Promise<void> {
        this.life += 1;
        const { life } = this;
        this.set({ kind: "starting" });
        try {
            await this.launch(life);
        } catch (error) {
            if (life === this.life) {
                this.fail(asProblem(error));
            }
        }
    }

    private async launch(life: number): Promise<void> {
        const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === "file");
        const workspaceFolder = folder?.uri.fsPath;
        const env = serverEnv();
        const found = locate({
            setting: serverPath(),
            extensionFolder: this.extensionFolder,
            workspaceFolder,
            home: homedir(),
            env,
            platform: process.platform,
            kindOf,
        });
        const version = await preflight(found, env);
        if (life !== this.life) {
            return;
        }
        this.log.info(`Starting hoplens ${version}: ${found.path} (${found.from})`);
        const server = await servers.start(found.path, ["lsp", ...serverArgs()], {
            env,
            cwd: vscode.workspace.isTrusted ? workspaceFolder : undefined,
            log: (line) => {
                writeLine(this.log, line);
            },
        });
        if (life !== this.life) {
            server.child.kill();
            return;
        }
        await this.connect(life, server, { path: found.path, version });
    }

    private async connect(
        life: number,
        server: servers.ServerProcess,
        about: { path: string; version: string },
    ): Promise<void> {
        const client = createClient({
            process: server,
            log: this.log,
            handlers: this.handlers,
            closed: () => void this.died(life, server),
        });
        this.client = client;
        this.process = server;
        this.prepare(client);
        try {
            await client.start();
        } catch (error) {
            await pause(LAST_WORDS_MS);
            const { exitCode, signalCode } = server.child;
            if (exitCode !== null || signalCode !== null) {
                await this.died(life, server);
                return;
            }
            server.child.kill();
            throw error;
        }
        if (life === this.life) {
            this.set({ kind: "running", ...about });
        }
    }

    /** The server of a life is gone: a new life begins, unless too many ended. */
    private async died(life: number, server: servers.ServerProcess): Promise<void> {
        if (life !== this.life) {
            return;
        }
        this.life += 1;
        const next = this.life;
        this.client = undefined;
        this.process = undefined;
        await pause(LAST_WORDS_MS);
        if (next !== this.life) {
            return;
        }
        server.child.kill();
        const reason = server.epitaph();
        const wait = this.restarts.next(Date.now());
        if (wait === undefined) {
            this.fail(
                new ServerProblem(
                    "keepsDying",
                    `The hoplens server keeps dying (${reason}). It is not started again by itself.`,
                    ["restart", "showLog", "choosePath"],
                ),
            );
            return;
        }
        this.log.warn(`The server died (${reason}); starting it again in ${wait} ms`);
        this.set({ kind: "waiting", reason });
        this.timer = setTimeout(() => void this.begin(), wait);
    }

    private fail(problem: ServerProblem): void {
        this.log.error(problem.message);
        this.set({ kind: "problem", problem });
    }

    private set(state: ServerState): void {
        this.current = state;
        this.changed.fire(state);
    }
}

function kindOf(path: string): "file" | "folder" | undefined {
    const about = statSync(path, { throwIfNoEntry: false });
    if (about === undefined) {
        return undefined;
    }
    return about.isDirectory() ? "folder" : "file";
}

function pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
}
