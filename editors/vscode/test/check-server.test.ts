import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { detectPlatform } from "../src/server/binary-platform";
import { checkServer } from "../src/server/check-server";
import type { ServerLocation } from "../src/server/locate-server";
import { ServerError, type ServerErrorKind } from "../src/server/server-error";

const folder = mkdtempSync(path.join(tmpdir(), "hoplens-check-server-"));
const skip = process.platform === "win32" ? "the programs of this test are shell scripts" : false;
let count = 0;

function program(
    content: string,
    mode = 0o755,
    source: ServerLocation["source"] = "setting",
): ServerLocation {
    count += 1;
    const file = path.join(folder, `server-${count}`);
    writeFileSync(file, content);
    chmodSync(file, mode);
    return { path: file, source };
}

async function assertRejected(
    server: ServerLocation,
    kind: ServerErrorKind,
    pattern: RegExp,
): Promise<void> {
    await assert.rejects(checkServer(server, process.env, 2000), (error) => {
        assert.ok(error instanceof ServerError);
        assert.equal(error.kind, kind, error.message);
        assert.match(error.message, pattern);
        assert.ok(error.message.includes(server.path), error.message);
        return true;
    });
}

test("the version of a server is returned", { skip }, async () => {
    const server = program("#!/bin/sh\necho hoplens 0.1.0\n");
    assert.equal(await checkServer(server, process.env), "0.1.0");
});

test("a file without execute permission is reported with the remedy", { skip }, async () => {
    const server = program("#!/bin/sh\necho hoplens 0.1.0\n", 0o644);
    await assertRejected(server, "notExecutable", /chmod \+x/);
});

test("the bundled server gets its execute permission back", { skip }, async () => {
    const server = program("#!/bin/sh\necho hoplens 0.1.0\n", 0o644, "bundled");
    assert.equal(await checkServer(server, process.env), "0.1.0");
    assert.equal(statSync(server.path).mode & 0o777, 0o755);
});

test("a binary for another platform is reported as such", { skip }, async () => {
    // A Linux program for another processor.
    const header = Buffer.alloc(64);
    header.write("\x7fELF", "latin1");
    header.writeUInt16LE(process.arch === "arm64" ? 0x3e : 0xb7, 18);
    const server = program("");
    writeFileSync(server.path, header);
    await assertRejected(server, "wrongPlatform", /a program for another system/);
});

test("another program is not accepted as hoplens", { skip }, async () => {
    await assertRejected(program("#!/bin/sh\necho git 2.1\n"), "notHoplens", /printed “git 2.1”/);
    await assertRejected(program("#!/bin/sh\n"), "notHoplens", /printed “”/);
});

test("the error of a server that exits at once quotes it", { skip }, async () => {
    const server = program("#!/bin/sh\necho 'libfoo.so is missing' >&2\nexit 127\n");
    await assertRejected(server, "exitedAtOnce", /\(127\): libfoo.so is missing/);
});

test("a server that does not answer times out", { skip }, async () => {
    await assertRejected(program("#!/bin/sh\nexec sleep 60\n"), "noResponse", /within 2 s/);
});

test("the platform of a binary is detected by its first bytes", () => {
    const header = (start: number[]): Buffer =>
        Buffer.concat([Buffer.from(start), Buffer.alloc(20)]);
    assert.equal(detectPlatform(header([0xcf, 0xfa, 0xed, 0xfe]))?.platform, "darwin");
    assert.equal(detectPlatform(header([0x4d, 0x5a]))?.platform, "win32");
    assert.equal(detectPlatform(Buffer.from("#!/bin/sh\necho hoplens 0.1.0\n")), undefined);
    assert.equal(detectPlatform(Buffer.from("#!")), undefined);
});
