import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { serverSettings } from "../src/config";
import { documentSelector } from "../src/selector";
import { seen } from "./vscode";

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

test("the server is told the defaults that the manifest states", () => {
    seen.reset();
    const told = serverSettings() as unknown as Record<string, unknown>;
    for (const name of ["run", "debounceMs", "declaredOnly"]) {
        assert.equal(told[name], properties[`hoplens.${name}`]?.default, name);
    }
    assert.deepEqual(told["hints"], { surprisal: properties["hoplens.hints.surprisal"]?.default });
    assert.deepEqual(told["codeLens"], { enabled: properties["hoplens.codeLens.enabled"]?.default });
    assert.ok(!("model" in told), "without a setting the project's model counts");
});

test("a folder that is not trusted chooses no model", () => {
    seen.reset();
    seen.isTrusted = false;
    assert.equal(serverSettings().model, "smollm2-135m");
    seen.settings["hoplens.model"] = "gpt2";
    assert.equal(serverSettings().model, "gpt2", "the person's own setting");
    seen.settings["hoplens.model"] = " ";
    assert.equal(serverSettings().model, "smollm2-135m");
});

test("what a folder must not choose is restricted", () => {
    assert.deepEqual(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations, [
        "hoplens.server.path",
        "hoplens.server.args",
        "hoplens.server.env",
        "hoplens.model",
    ]);
});

test("every setting and command is described in the README", () => {
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

test("documents from elsewhere than disk, memory and virtual folders are left alone", () => {
    const selector = documentSelector(["**/*.txt"]);
    assert.ok(selector.every(({ scheme }) => ["file", "untitled", "vscode-vfs"].includes(scheme)));
    assert.ok(selector.some(({ pattern }) => pattern === "**/*.txt"));
    assert.ok(selector.some(({ pattern }) => pattern === "**/*.hoplens.yaml"));
});
