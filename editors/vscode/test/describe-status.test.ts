import assert from "node:assert/strict";
import { test } from "node:test";

import { ServerError } from "../src/server/server-error";
import { describeStatus, type StatusInput } from "../src/status/describe-status";

const RUNNING = { kind: "running", path: "/opt/hoplens", version: "0.1.0" } as const;
const READY = { health: "ok", quiescent: true, message: "smollm2-135m (sha256:b179)" } as const;

function statusInput(changes: Partial<StatusInput>): StatusInput {
    const nothing = { modelStatus: undefined, details: undefined, progressTitles: [] };
    return { server: RUNNING, ...nothing, ...changes };
}

test("a ready model is named and can be changed", () => {
    const content = describeStatus(statusInput({ modelStatus: READY }));
    assert.equal(content.text, "smollm2-135m");
    assert.equal(content.busy, false);
    assert.equal(content.command.command, "hoplens.pickModel");
});

test("work in progress is named and can be cancelled", () => {
    const progressTitles = ["Sweeping reef.prompt"];
    const content = describeStatus(statusInput({ modelStatus: READY, progressTitles }));
    assert.equal(content.detail, "Sweeping reef.prompt");
    assert.ok(content.busy);
    assert.equal(content.command.command, "hoplens.cancel");
});

test("a missing model can be downloaded", () => {
    const modelStatus = { health: "warning", quiescent: true, message: "it is not here" } as const;
    const content = describeStatus(statusInput({ modelStatus }));
    assert.deepEqual([content.severity, content.detail], ["warning", "it is not here"]);
    assert.equal(content.command.command, "hoplens.downloadModel");
});

test("a failed model is an error and a loading one is busy", () => {
    const failed = { health: "error", quiescent: true, message: "no" } as const;
    assert.equal(describeStatus(statusInput({ modelStatus: failed })).severity, "error");
    const loading = { health: "ok", quiescent: false, message: "x" } as const;
    assert.ok(describeStatus(statusInput({ modelStatus: loading })).busy);
});

test("a server error is shown and the server can be restarted", () => {
    const error = new ServerError("notFound", "There is none.", []);
    const content = describeStatus(statusInput({ server: { kind: "failed", error } }));
    assert.deepEqual([content.severity, content.detail], ["error", "There is none."]);
    assert.equal(content.command.command, "hoplens.restartServer");
});
