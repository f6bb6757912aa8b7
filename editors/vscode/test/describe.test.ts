import assert from "node:assert/strict";
import { test } from "node:test";

import { ServerProblem } from "../src/server/problem";
import { describe, type Known } from "../src/status/describe";

const RUNNING = { kind: "running", path: "/opt/hoplens", version: "0.1.0" } as const;
const READY = { health: "ok", quiescent: true, message: "smollm2-135m (sha256:b179)" } as const;

function known(more: Partial<Known>): Known {
    return { server: RUNNING, model: undefined, account: undefined, work: [], ...more };
}

test("a model that is ready is named, with the way to another", () => {
    const shown = describe(known({ model: READY }));
    assert.equal(shown.text, "smollm2-135m");
    assert.equal(shown.busy, false);
    assert.equal(shown.command.command, "hoplens.pickModel");
});

test("work is shown with the way to end it", () => {
    const shown = describe(known({ model: READY, work: ["Sweeping reef.prompt"] }));
    assert.equal(shown.detail, "Sweeping reef.prompt");
    assert.ok(shown.busy);
    assert.equal(shown.command.command, "hoplens.cancel");
});

test("a model that is not there can be downloaded", () => {
    const model = { health: "warning", quiescent: true, message: "it is not here" } as const;
    const shown = describe(known({ model }));
    assert.deepEqual([shown.severity, shown.detail], ["warning", "it is not here"]);
    assert.equal(shown.command.command, "hoplens.downloadModel");
});

test("a model that failed is an error, one that loads is busy", () => {
    const failed = describe(known({ model: { health: "error", quiescent: true, message: "no" } }));
    assert.equal(failed.severity, "error");
    const loads = describe(known({ model: { health: "ok", quiescent: false, message: "x" } }));
    assert.ok(loads.busy);
});

test("without a server the problem stands there, with the way to try again", () => {
    const problem = new ServerProblem("notFound", "There is none.", []);
    const shown = describe(known({ server: { kind: "problem", problem } }));
    assert.deepEqual([shown.severity, shown.detail], ["error", "There is none."]);
    assert.equal(shown.command.command, "hoplens.restartServer");
});
