// The messages between the extension and its webviews.

import type { Range } from "vscode-languageserver-types";

import type {
    AblationMode,
    EncodingName,
    HeadsResult,
    PreviewResult,
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

/** What the user chose in the toolbar of the preview. */
export interface PreviewOptions {
    /** Whether the exact text for the model is shown instead of the messages. */
    showExact: boolean;
    /** The case that was shown last; `undefined` for the first. */
    case: string | undefined;
}

/** A position in the prompt or its sidecar. */
export interface PreviewCursor {
    uri: string;
    line: number;
    character: number;
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
    | { type: "sweep"; document: SweepResult; options: SweepOptions; file: string }
    | {
          type: "preview";
          document: PreviewResult;
          /** What is wrong with the text in the editor. */
          problem: string | undefined;
          /** Whether the document is of an older text, which had no error. */
          isOlder: boolean;
          /** The prompt as the editor spells it. */
          uri: string;
          options: PreviewOptions;
          cursor: PreviewCursor | undefined;
          file: string;
      }
    | { type: "cursor"; cursor: PreviewCursor | undefined };

/** From a webview to the extension. */
export type FromWebview =
    | { type: "ready" }
    | { type: "refresh" }
    | { type: "cancel" }
    | { type: "save"; format: ImageFormat; base64: string }
    | { type: "revealToken"; token: number }
    | { type: "setHeadsOptions"; options: HeadsOptions }
    | { type: "setSweepOptions"; options: SweepOptions }
    | { type: "inject"; cell: SweepCell }
    | { type: "setPreviewOptions"; options: PreviewOptions }
    | { type: "revealSource"; uri: string; range: Range };
