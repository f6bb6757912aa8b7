import type * as vscode from "vscode";

/** Language ids of prompt files. */
export const PROMPT_LANGUAGES = ["dotprompt", "prompty", "prompt"];

/** Schemes of documents on the disk, unsaved, and in a virtual folder. */
const SCHEMES = ["file", "untitled", "vscode-vfs"];

/** Companion files, which the server reads from the editor where they are open. */
const COMPANION_FILES = [
    "**/*.hoplens.yaml",
    "**/hoplens.toml",
    "**/promptfooconfig*.{yaml,yml}",
    "**/facts.yaml",
];

/** Selects the documents that the client sends to the server. The server ignores non-prompts. */
export function documentSelector(
    globs: readonly string[],
): { language?: string; scheme: string; pattern?: string }[] {
    const languages = SCHEMES.flatMap((scheme) =>
        PROMPT_LANGUAGES.map((language) => ({ language, scheme })),
    );
    const patterns = [...globs, ...COMPANION_FILES].map((pattern) => ({ scheme: "file", pattern }));
    return [...languages, ...patterns];
}

/** Whether the language id alone makes a document a prompt. */
export function isPromptLanguage(document: vscode.TextDocument): boolean {
    return SCHEMES.includes(document.uri.scheme) && PROMPT_LANGUAGES.includes(document.languageId);
}
