import type { ClientCapabilities, FeatureState, StaticFeature } from "vscode-languageclient";

/** Announces what the extension understands beyond the protocol. */
export class ExperimentalFeature implements StaticFeature {
    fillClientCapabilities(capabilities: ClientCapabilities): void {
        capabilities.experimental = {
            ...(capabilities.experimental as object | undefined),
            serverStatusNotification: true,
            hoplensDidAnalyze: true,
        };
    }

    initialize(): void {
        // What is announced needs nothing of the server.
    }

    getState(): FeatureState {
        return { kind: "static" };
    }

    clear(): void {
        // Nothing is kept.
    }
}
