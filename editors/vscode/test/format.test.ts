import assert from "node:assert/strict";
import { test } from "node:test";

import {
    formatNumber,
    formatPercent,
    formatSigned,
    tokenParts,
    visibleToken,
} from "../webview/format";

test("probabilities are rounded as the command line rounds them", () => {
    assert.equal(formatPercent(0.23456), "23.5 %");
    assert.equal(formatPercent(0.0534), "5.34 %");
    assert.equal(formatPercent(0.00048), "0.048 %");
    assert.equal(formatPercent(1), "100.0 %");
    assert.equal(formatPercent(1.2e-8), "1.2e-6 %");
    assert.equal(formatPercent(0), "0 %");
});

test("numbers keep about three digits", () => {
    assert.equal(formatNumber(1200), "1200");
    assert.equal(formatNumber(51.03), "51.0");
    assert.equal(formatNumber(0.4149), "0.41");
    assert.equal(formatNumber(0.0012), "0.001");
    assert.equal(formatNumber(-0.00003), "−3e-5");
    assert.equal(formatNumber(0), "0");
});

test("changes have a sign", () => {
    assert.equal(formatSigned(1.23456), "+1.23");
    assert.equal(formatSigned(-0.5), "−0.50");
    assert.equal(formatSigned(0), "0");
});

test("an unknown number is a dash", () => {
    for (const unknown of [null, undefined, Number.NaN, -Infinity]) {
        assert.equal(formatSigned(unknown), "–");
        assert.equal(formatNumber(unknown), "–");
        assert.equal(formatPercent(unknown), "–");
    }
});

test("every character of a token is visible", () => {
    assert.equal(visibleToken(" reef"), "␣reef");
    assert.equal(visibleToken("\r\n"), "␍↵");
    assert.equal(visibleToken(""), "∅");
    assert.equal(visibleToken("a\u0007\u202eb"), "aU+0007U+202Eb");
});

test("marks are separate from the characters of a token", () => {
    assert.deepEqual(tokenParts(" coral reef"), [
        { text: "␣", isMark: true },
        { text: "coral", isMark: false },
        { text: "␣", isMark: true },
        { text: "reef", isMark: false },
    ]);
});
