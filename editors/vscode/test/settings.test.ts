import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { serverSettings } from "../src/config";
import { documentSelector } from "../src/selector";
import { editor } from "./vscode-stub";

interface Manifest {
    contributes: {
        configuration: { properties: Record<string, { default: unknown }> };
        commands: { command: string }[];
    };
    capabilities: { untrustedWorkspaces: { restrictedConfigurations: string[] } };
}

// The tests run from `out/test`.
const root = path.join(__dirname, "../..");
const manifest = JSON.parse(
    readFileSync(path.join(root, "package.json"), "utf8"),
) as Manifest;
const { properties } = manifest.contributes.configuration;

test("the defaults sent to the server are those of the manifest", () => {
    editor.reset();
    const sent = serverSettings() as unknown as Record<string, unknown>;
    for (const name of ["run", "debounceMs", "declaredOnly"]) {
        assert.equal(sent[name], properties[`hoplens.${name}`]?.default, name);
    }
    assert.deepEqual(sent["replies"], {
        samples: properties["hoplens.replies.samples"]?.default,
        tokens: properties["hoplens.replies.tokens"]?.default,
    });
    assert.deepEqual(sent["hints"], { surprisal: properties["hoplens.hints.surprisal"]?.default });
    assert.deepEqual(sent["codeLens"], { enabled: properties["hoplens.codeLens.enabled"]?.default });
    assert.ok(!("model" in sent), "without a setting the project chooses the model");
});

test("an untrusted folder cannot choose the model", () => {
    editor.reset();
    editor.isTrusted = false;
    assert.equal(serverSettings().model, "smollm2-135m");
    editor.settings["hoplens.model"] = "gpt2";
    assert.equal(serverSettings().model, "gpt2", "the user's own setting applies");
    editor.settings["hoplens.model"] = " ";
    assert.equal(serverSettings().model, "smollm2-135m");
});

test("settings that run code or load files are restricted in untrusted folders", () => {
    assert.deepEqual(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations, [
        "hoplens.server.path",
        "hoplens.server.args",
        "hoplens.server.env",
        "hoplens.model",
    ]);
});

test("the README describes every setting", () => {
    const readme = readFileSync(path.join(root, "README.md"), "utf8");
    for (const name of Object.keys(properties)) {
        assert.ok(readme.includes(`\`${name}\``), `${name} is not in README.md`);
    }
});

test("every command of the manifest is registered", () => {
    const source = readFileSync(path.join(root, "src/extension.ts"), "utf8");
    for (const { command } of manifest.contributes.commands) {
        const name = command.replace("hoplens.", "");
        assert.match(source, new RegExp(`\\b${name}: `), `${command} is not registered`);
    }
});

test("only documents on disk, unsaved or in virtual folders are selected", () => {
    const selector = documentSelector(["**/*.txt"]);
    assert.ok(selector.every(({ scheme }) => ["file", "untitled", "vscode-vfs"].includes(scheme)));
    assert.ok(selector.some(({ pattern }) => pattern === "**/*.txt"));
    assert.ok(selector.some(({ pattern }) => pattern === "**/*.hoplens.yaml"));
});
