import type { ClientCapabilities, FeatureState, StaticFeature } from "vscode-languageclient";

/** Announces the notifications that the extension understands beyond LSP. */
export class ExperimentalCapabilities implements StaticFeature {
    fillClientCapabilities(capabilities: ClientCapabilities): void {
        capabilities.experimental = {
            ...(capabilities.experimental as object | undefined),
            serverStatusNotification: true,
            hoplensDidAnalyze: true,
        };
    }

    initialize(): void {
        // The announcement depends on nothing that the server answers.
    }

    getState(): FeatureState {
        return { kind: "static" };
    }

    clear(): void {
        // There is no state to clear.
    }
}
