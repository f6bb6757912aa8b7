import type * as vscode from "vscode";

/** Languages of prompts. */
export const PROMPT_LANGUAGES = ["dotprompt", "prompty", "prompt"];

/** Where documents come from: the disk, unsaved, or a virtual folder. */
const SCHEMES = ["file", "untitled", "vscode-vfs"];

/** Files beside prompts that the server reads as they stand in the editor. */
const BESIDE = [
    "**/*.hoplens.yaml",
    "**/hoplens.toml",
    "**/promptfooconfig.{yaml,yml}",
    "**/facts.yaml",
];

/** Documents that the server is told of; it leaves those alone that are no prompts. */
export function documentSelector(
    globs: readonly string[],
): { language?: string; scheme: string; pattern?: string }[] {
    const languages = SCHEMES.flatMap((scheme) =>
        PROMPT_LANGUAGES.map((language) => ({ language, scheme })),
    );
    const patterns = [...globs, ...BESIDE].map((pattern) => ({ scheme: "file", pattern }));
    return [...languages, ...patterns];
}

/** Whether a document is a prompt by its language alone. */
export function isPromptLanguage(document: vscode.TextDocument): boolean {
    return SCHEMES.includes(document.uri.scheme) && PROMPT_LANGUAGES.includes(document.languageId);
}
