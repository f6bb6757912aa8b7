import assert from "node:assert/strict";
import { test } from "node:test";

import { locate, type Surroundings } from "../src/server/locate";
import { ServerProblem } from "../src/server/problem";

function around(files: string[], more: Partial<Surroundings> = {}): Surroundings {
    return {
        setting: undefined,
        extensionFolder: "/extension",
        workspaceFolder: "/project",
        home: "/ada",
        env: { PATH: "/usr/local/bin:/usr/bin" },
        platform: "linux",
        kindOf: (path) =>
            files.includes(path)
                ? "file"
                : files.some((file) => file.startsWith(`${path}/`))
                  ? "folder"
                  : undefined,
        ...more,
    };
}

const BUNDLED = "/extension/server/hoplens";
const INSTALLED = "/usr/bin/hoplens";

function problem(surroundings: Surroundings): ServerProblem {
    try {
        locate(surroundings);
    } catch (error) {
        assert.ok(error instanceof ServerProblem);
        return error;
    }
    assert.fail("a server was found");
}

test("a setting comes before the bundled server, and that before PATH", () => {
    const files = ["/opt/hoplens", BUNDLED, INSTALLED];
    const found = locate(around(files, { setting: "/opt/hoplens" }));
    assert.deepEqual(found, { path: "/opt/hoplens", from: "setting" });
    assert.deepEqual(locate(around(files)), { path: BUNDLED, from: "bundled" });
    assert.deepEqual(locate(around([INSTALLED])), { path: INSTALLED, from: "PATH" });
});

test("an empty setting is none", () => {
    assert.equal(locate(around([BUNDLED], { setting: "  " })).from, "bundled");
});

test("a setting may be a name on PATH, of home or of the folder", () => {
    const path = (setting: string, file: string): string =>
        locate(around([file], { setting })).path;
    assert.equal(path("hoplens-dev", "/usr/bin/hoplens-dev"), "/usr/bin/hoplens-dev");
    assert.equal(path("~/bin/hoplens", "/ada/bin/hoplens"), "/ada/bin/hoplens");
    assert.equal(path("target/hoplens", "/project/target/hoplens"), "/project/target/hoplens");
    const named = "${workspaceFolder}/target/hoplens";
    assert.equal(path(named, "/project/target/hoplens"), "/project/target/hoplens");
});

test("a setting that names nothing is told, not passed over", () => {
    const { kind, message } = problem(around([BUNDLED], { setting: "/opt/none" }));
    assert.equal(kind, "notFound");
    assert.match(message, /there is no file `\/opt\/none`.*Correct or clear the setting/);
    assert.match(problem(around([BUNDLED], { setting: "none" })).message, /no program `none` is on PATH/);
    assert.match(problem(around(["/opt/x/hoplens"], { setting: "/opt/x" })).message, /is a folder/);
});

test("without any server the remedies are named", () => {
    const { message, remedies } = problem(around([]));
    assert.match(message, /Install it, or name its path/);
    assert.deepEqual(remedies, ["install", "choosePath", "showLog"]);
});

test("nothing is taken from the working folder by an empty entry of PATH", () => {
    assert.throws(() => locate(around(["hoplens"], { env: { PATH: "::" } })));
});

test("on Windows the program has its ending", () => {
    const windows = { platform: "win32" as const, env: { Path: "/tools;/usr/bin" } };
    assert.equal(locate(around(["/usr/bin/hoplens.exe"], windows)).from, "PATH");
    assert.equal(locate(around(["/extension/server/hoplens.exe"], windows)).from, "bundled");
});
