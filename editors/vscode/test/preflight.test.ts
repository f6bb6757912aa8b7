import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { madeFor } from "../src/server/binary";
import type { Located } from "../src/server/locate";
import { preflight } from "../src/server/preflight";
import { ServerProblem, type ProblemKind } from "../src/server/problem";

const folder = mkdtempSync(path.join(tmpdir(), "hoplens-preflight-"));
const skip = process.platform === "win32" ? "the programs of this test are shell scripts" : false;
let count = 0;

function program(content: string, mode = 0o755, from: Located["from"] = "setting"): Located {
    count += 1;
    const file = path.join(folder, `server-${count}`);
    writeFileSync(file, content);
    chmodSync(file, mode);
    return { path: file, from };
}

async function refused(server: Located, kind: ProblemKind, says: RegExp): Promise<void> {
    await assert.rejects(preflight(server, process.env, 2000), (error) => {
        assert.ok(error instanceof ServerProblem);
        assert.equal(error.kind, kind, error.message);
        assert.match(error.message, says);
        assert.ok(error.message.includes(server.path), error.message);
        return true;
    });
}

test("a server says its version", { skip }, async () => {
    const server = program("#!/bin/sh\necho hoplens 0.1.0\n");
    assert.equal(await preflight(server, process.env), "0.1.0");
});

test("a file without the permission is named with the remedy", { skip }, async () => {
    const server = program("#!/bin/sh\necho hoplens 0.1.0\n", 0o644);
    await refused(server, "notExecutable", /chmod \+x/);
});

test("the bundled server gets the permission that unpacking lost", { skip }, async () => {
    const server = program("#!/bin/sh\necho hoplens 0.1.0\n", 0o644, "bundled");
    assert.equal(await preflight(server, process.env), "0.1.0");
    assert.equal(statSync(server.path).mode & 0o777, 0o755);
});

test("a program for another system is told from one that fails", { skip }, async () => {
    // A program of Linux for another processor.
    const head = Buffer.alloc(64);
    head.write("\x7fELF", "latin1");
    head.writeUInt16LE(process.arch === "arm64" ? 0x3e : 0xb7, 18);
    const server = program("");
    writeFileSync(server.path, head);
    await refused(server, "wrongPlatform", /not a program for this system/);
});

test("another program is not taken for hoplens", { skip }, async () => {
    await refused(program("#!/bin/sh\necho git 2.1\n"), "notHoplens", /said “git 2.1”/);
    await refused(program("#!/bin/sh\n"), "notHoplens", /said “”/);
});

test("a server that fails at once is quoted", { skip }, async () => {
    const server = program("#!/bin/sh\necho 'libfoo.so is missing' >&2\nexit 127\n");
    await refused(server, "diesAtOnce", /\(127\): libfoo.so is missing/);
});

test("a server that says nothing is not waited for without end", { skip }, async () => {
    await refused(program("#!/bin/sh\nexec sleep 60\n"), "silent", /within 2 s/);
});

test("programs are told by their first bytes", () => {
    const head = (start: number[]): Buffer => Buffer.concat([Buffer.from(start), Buffer.alloc(20)]);
    assert.equal(madeFor(head([0xcf, 0xfa, 0xed, 0xfe]))?.platform, "darwin");
    assert.equal(madeFor(head([0x4d, 0x5a]))?.platform, "win32");
    assert.equal(madeFor(Buffer.from("#!/bin/sh\necho hoplens 0.1.0\n")), undefined);
    assert.equal(madeFor(Buffer.from("#!")), undefined);
});
