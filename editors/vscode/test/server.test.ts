import assert from "node:assert/strict";
import { test } from "node:test";

import { Restarts } from "../src/server/restarts";
import { ServerProblem } from "../src/server/problem";
import { Teller } from "../src/server/tell";
import { fits, parseVersion } from "../src/server/version";
import { seen } from "./vscode";

test("versions are read and compared", () => {
    assert.equal(parseVersion("hoplens 0.1.0 (abc)\n"), "0.1.0");
    assert.equal(parseVersion("hoplens 1.2.3-rc.1"), "1.2.3-rc.1");
    assert.equal(parseVersion("other 0.1.0"), undefined);
    assert.ok(fits("0.1.7", "0.1.0"));
    assert.ok(!fits("0.2.0", "0.1.0"));
    assert.ok(fits("1.9.0", "1.2.0"));
    assert.ok(!fits("2.0.0", "1.0.0"));
    assert.ok(!fits("1.1.0", "0.1.0"));
});

test("a server is started again, ever later, and given up when it keeps dying", () => {
    const restarts = new Restarts();
    const waits = Array.from({ length: 6 }, (_, index) => restarts.next(index * 1000));
    assert.deepEqual(waits, [0, 500, 1000, 2000, 4000, undefined]);
});

test("deaths of long ago do not count, and none after a start by hand", () => {
    const restarts = new Restarts();
    for (let death = 0; death < 20; death += 1) {
        assert.equal(restarts.next(death * 200_000), 0);
    }
    restarts.next(4_000_001);
    restarts.forget();
    assert.equal(restarts.next(4_000_002), 0);
});

test("a problem is told once, until the person tries again", () => {
    seen.reset();
    const teller = new Teller("0.1.0");
    const problem = new ServerProblem("notFound", "There is none.", ["restart", "showLog"]);
    teller.hear({ kind: "problem", problem });
    teller.hear({ kind: "problem", problem });
    assert.deepEqual(seen.shown, [
        { kind: "error", message: "There is none.", buttons: ["Try Again", "Show Log"] },
    ]);
    teller.forget();
    teller.hear({ kind: "problem", problem });
    assert.equal(seen.shown.length, 2);
});

test("a button does what it says", async () => {
    seen.reset();
    seen.answer = "Try Again";
    const problem = new ServerProblem("failed", "It failed.", ["restart"]);
    new Teller("0.1.0").hear({ kind: "problem", problem });
    await new Promise(setImmediate);
    assert.deepEqual(seen.ran, [["hoplens.restartServer"]]);
});

test("a server of another version is warned of, once", () => {
    seen.reset();
    const teller = new Teller("0.1.0");
    teller.hear({ kind: "running", path: "/opt/hoplens", version: "0.1.4" });
    assert.equal(seen.shown.length, 0);
    teller.hear({ kind: "running", path: "/opt/hoplens", version: "0.3.0" });
    teller.hear({ kind: "running", path: "/opt/hoplens", version: "0.3.0" });
    assert.equal(seen.shown.length, 1);
    assert.match(seen.shown[0]?.message ?? "", /`\/opt\/hoplens` is version 0.3.0.*0.1.0/s);
});
