import assert from "node:assert/strict";
import { test } from "node:test";

import { ServerNotifier } from "../src/server/notifier";
import { RestartPolicy } from "../src/server/restart-policy";
import { ServerError } from "../src/server/server-error";
import { isCompatible, parseVersion } from "../src/server/version";
import { editor } from "./vscode-stub";

test("versions are parsed and compared", () => {
    assert.equal(parseVersion("hoplens 0.1.0 (abc)\n"), "0.1.0");
    assert.equal(parseVersion("hoplens 1.2.3-rc.1"), "1.2.3-rc.1");
    assert.equal(parseVersion("other 0.1.0"), undefined);
    assert.ok(isCompatible("0.1.7", "0.1.0"));
    assert.ok(!isCompatible("0.2.0", "0.1.0"));
    assert.ok(isCompatible("1.9.0", "1.2.0"));
    assert.ok(!isCompatible("2.0.0", "1.0.0"));
    assert.ok(!isCompatible("1.1.0", "0.1.0"));
});

test("restarts are delayed longer after each crash, and end after too many", () => {
    const policy = new RestartPolicy();
    const delays = Array.from({ length: 6 }, (_, index) => policy.nextDelay(index * 1000));
    assert.deepEqual(delays, [0, 500, 1000, 2000, 4000, undefined]);
});

test("old crashes and crashes before a manual start do not count", () => {
    const policy = new RestartPolicy();
    for (let crash = 0; crash < 20; crash += 1) {
        assert.equal(policy.nextDelay(crash * 200_000), 0);
    }
    policy.nextDelay(4_000_001);
    policy.reset();
    assert.equal(policy.nextDelay(4_000_002), 0);
});

test("an error is shown once, until the user tries again", () => {
    editor.reset();
    const notifier = new ServerNotifier("0.1.0");
    const error = new ServerError("notFound", "There is none.", ["restart", "showLog"]);
    notifier.onStateChange({ kind: "failed", error });
    notifier.onStateChange({ kind: "failed", error });
    assert.deepEqual(editor.messages, [
        { kind: "error", message: "There is none.", buttons: ["Try Again", "Show Log"] },
    ]);
    notifier.reset();
    notifier.onStateChange({ kind: "failed", error });
    assert.equal(editor.messages.length, 2);
});

test("a button runs the command of its remedy", async () => {
    editor.reset();
    editor.pressedButton = "Try Again";
    const error = new ServerError("failed", "It failed.", ["restart"]);
    new ServerNotifier("0.1.0").onStateChange({ kind: "failed", error });
    await new Promise(setImmediate);
    assert.deepEqual(editor.executedCommands, [["hoplens.restartServer"]]);
});

test("a server with an incompatible version is warned about once", () => {
    editor.reset();
    const notifier = new ServerNotifier("0.1.0");
    notifier.onStateChange({ kind: "running", path: "/opt/hoplens", version: "0.1.4" });
    assert.equal(editor.messages.length, 0);
    notifier.onStateChange({ kind: "running", path: "/opt/hoplens", version: "0.3.0" });
    notifier.onStateChange({ kind: "running", path: "/opt/hoplens", version: "0.3.0" });
    assert.equal(editor.messages.length, 1);
    const message = editor.messages[0]?.message ?? "";
    assert.match(message, /`\/opt\/hoplens` has version 0.3.0.*0.1.0/s);
});
