import assert from "node:assert/strict";
import { test } from "node:test";

import { locateServer, type LocateOptions } from "../src/server/locate-server";
import { ServerError } from "../src/server/server-error";

/** A system on which only these files exist. */
function system(files: string[], changes: Partial<LocateOptions> = {}): LocateOptions {
    return {
        setting: undefined,
        extensionFolder: "/extension",
        workspaceFolder: "/project",
        home: "/ada",
        env: { PATH: "/usr/local/bin:/usr/bin" },
        platform: "linux",
        fileType: (path) =>
            files.includes(path)
                ? "file"
                : files.some((file) => file.startsWith(`${path}/`))
                  ? "folder"
                  : undefined,
        ...changes,
    };
}

const BUNDLED = "/extension/server/hoplens";
const INSTALLED = "/usr/bin/hoplens";

function locateError(options: LocateOptions): ServerError {
    try {
        locateServer(options);
    } catch (error) {
        assert.ok(error instanceof ServerError);
        return error;
    }
    assert.fail("a server was found");
}

test("the setting comes before the bundled server, and that before PATH", () => {
    const files = ["/opt/hoplens", BUNDLED, INSTALLED];
    const found = locateServer(system(files, { setting: "/opt/hoplens" }));
    assert.deepEqual(found, { path: "/opt/hoplens", source: "setting" });
    assert.deepEqual(locateServer(system(files)), { path: BUNDLED, source: "bundled" });
    assert.deepEqual(locateServer(system([INSTALLED])), { path: INSTALLED, source: "PATH" });
});

test("a blank setting is ignored", () => {
    assert.equal(locateServer(system([BUNDLED], { setting: "  " })).source, "bundled");
});

test("the setting can be a name on PATH or relative to home or to the folder", () => {
    const path = (setting: string, file: string): string =>
        locateServer(system([file], { setting })).path;
    assert.equal(path("hoplens-dev", "/usr/bin/hoplens-dev"), "/usr/bin/hoplens-dev");
    assert.equal(path("~/bin/hoplens", "/ada/bin/hoplens"), "/ada/bin/hoplens");
    assert.equal(path("target/hoplens", "/project/target/hoplens"), "/project/target/hoplens");
    const withVariable = "${workspaceFolder}/target/hoplens";
    assert.equal(path(withVariable, "/project/target/hoplens"), "/project/target/hoplens");
});

test("a setting that leads nowhere is an error", () => {
    const { kind, message } = locateError(system([BUNDLED], { setting: "/opt/none" }));
    assert.equal(kind, "notFound");
    assert.match(message, /there is no file `\/opt\/none`.*Correct or clear the setting/);
    const name = locateError(system([BUNDLED], { setting: "none" }));
    assert.match(name.message, /no program `none` on PATH/);
    const folder = locateError(system(["/opt/x/hoplens"], { setting: "/opt/x" }));
    assert.match(folder.message, /is a folder/);
});

test("the error for a missing server offers remedies", () => {
    const { message, remedies } = locateError(system([]));
    assert.match(message, /Install the server, or set its path in `hoplens\.server\.path`/);
    assert.deepEqual(remedies, ["install", "choosePath", "showLog"]);
});

test("an empty entry of PATH does not stand for the working folder", () => {
    assert.throws(() => locateServer(system(["hoplens"], { env: { PATH: "::" } })));
});

test("on Windows the program ends with .exe", () => {
    const windows = { platform: "win32" as const, env: { Path: "/tools;/usr/bin" } };
    assert.equal(locateServer(system(["/usr/bin/hoplens.exe"], windows)).source, "PATH");
    assert.equal(locateServer(system(["/extension/server/hoplens.exe"], windows)).source, "bundled");
});
