import type * as vscode from "vscode";

/** Language ids of prompt files. */
export const PROMPT_LANGUAGES = ["dotprompt", "prompty", "prompt"];

/** VS Code's language ids of agent, instructions and skill files, which are read like `.prompt.md`. */
export const AGENT_LANGUAGES = ["chatagent", "instructions", "skill"];

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
        [...PROMPT_LANGUAGES, ...AGENT_LANGUAGES].map((language) => ({ language, scheme })),
    );
    const patterns = [...globs, ...COMPANION_FILES].map((pattern) => ({ scheme: "file", pattern }));
    return [...languages, ...patterns];
}

/** The names of agent files. Agents look for exactly `SKILL.md`. */
const AGENT_FILE = /.\.(?:agent|instructions)\.md$|^SKILL\.md$/;

/**
 * Whether the language id makes a document a prompt. VS Code gives the languages of agent files
 * also to files that hoplens does not read, such as `copilot-instructions.md`; the name decides.
 */
export function isPromptLanguage({ uri, languageId }: vscode.TextDocument): boolean {
    if (!SCHEMES.includes(uri.scheme)) {
        return false;
    }
    const name = uri.path.split("/").at(-1) ?? "";
    return (
        PROMPT_LANGUAGES.includes(languageId) ||
        (AGENT_LANGUAGES.includes(languageId) &&
            (uri.scheme === "untitled" || AGENT_FILE.test(name)))
    );
}
