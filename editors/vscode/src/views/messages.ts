// The messages between the extension and its webviews.

import type {
    AblationMode,
    EncodingName,
    HeadsResult,
    ScopeName,
    SweepCell,
    SweepResult,
} from "../client/protocol";

/** SVG and PNG are drawn by the webview; JSON is the server's document. */
export type ImageFormat = "svg" | "png" | "json";

/** What the user chose in the toolbar of the heads view. */
export interface HeadsOptions {
    ablate: AblationMode;
    followCursor: boolean;
}

/** What the user chose in the toolbar of the sweep view. */
export interface SweepOptions {
    /** `undefined` for the memory that the server proposes. */
    memory: string | undefined;
    encoding: EncodingName;
    scope: ScopeName;
}

/** From the extension to a webview. */
export type ToWebview =
    | { type: "busy"; message: string }
    | { type: "failed"; message: string }
    /** What is shown no longer matches the prompt. */
    | { type: "stale"; message: string }
    | { type: "notice"; message: string }
    | { type: "export"; format: ImageFormat }
    | { type: "heads"; document: HeadsResult; options: HeadsOptions; file: string }
    | { type: "sweep"; document: SweepResult; options: SweepOptions; file: string };

/** From a webview to the extension. */
export type FromWebview =
    | { type: "ready" }
    | { type: "refresh" }
    | { type: "cancel" }
    | { type: "save"; format: ImageFormat; base64: string }
    | { type: "revealToken"; token: number }
    | { type: "setHeadsOptions"; options: HeadsOptions }
    | { type: "setSweepOptions"; options: SweepOptions }
    | { type: "inject"; cell: SweepCell };
