// What the extension and its views say to each other.

import type {
    Ablation,
    Encoding,
    HeadsDocument,
    Scope,
    SweepCell,
    SweepDocument,
} from "../client/protocol";

/** Pictures are drawn by the view, data are the server's document. */
export type ImageFormat = "svg" | "png" | "json";

/** What is asked of the server for the heads view. */
export interface HeadsChoice {
    ablate: Ablation;
    follow: boolean;
}

/** What is asked of the server for the sweep view. */
export interface SweepChoice {
    memory: string | undefined;
    encoding: Encoding;
    scope: Scope;
}

/** From the extension to a view. */
export type ToView =
    | { type: "busy"; what: string }
    | { type: "failed"; message: string }
    | { type: "stale"; message: string }
    | { type: "notice"; message: string }
    | { type: "export"; format: ImageFormat }
    | { type: "heads"; document: HeadsDocument; choice: HeadsChoice; file: string }
    | { type: "sweep"; document: SweepDocument; choice: SweepChoice; file: string };

/** From a view to the extension. */
export type FromView =
    | { type: "ready" }
    | { type: "again" }
    | { type: "cancel" }
    | { type: "save"; format: ImageFormat; base64: string }
    | { type: "reveal"; token: number }
    | { type: "headsChoice"; choice: HeadsChoice }
    | { type: "sweepChoice"; choice: SweepChoice }
    | { type: "inject"; cell: SweepCell };
