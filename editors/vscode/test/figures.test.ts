import assert from "node:assert/strict";
import { test } from "node:test";

import { percent, plain, signed, tokenText } from "../webview/format";
import { limitOf } from "../webview/scale";

test("probabilities are written in three digits, the smallest as such", () => {
    assert.equal(percent(Math.log(0.23456)), "23.5 %");
    assert.equal(percent(Math.log(0.5)), "50 %");
    assert.equal(percent(0), "100 %");
    assert.equal(percent(-30), "< 0.001 %");
    assert.equal(percent(-Infinity), "0 %");
});

test("changes have a sign, and what is not known has none", () => {
    assert.equal(signed(1.23456), "+1.23");
    assert.equal(signed(-0.5), "−0.5");
    assert.equal(signed(0), "0");
    assert.equal(signed(null), "–");
    assert.equal(signed(Number.NaN), "–");
    assert.equal(plain(1200), "1200");
});

test("what a token hides is seen", () => {
    assert.equal(tokenText(" reef"), "␣reef");
    assert.equal(tokenText("\n"), "↵");
    assert.equal(tokenText(""), "∅");
    assert.equal(tokenText("a\u0007b"), "a·b");
});

test("a few outliers do not pale a map, and an empty one has colours", () => {
    const values = [...Array.from({ length: 99 }, (_, index) => index / 100), 1000];
    assert.ok(limitOf(values) < 2);
    assert.equal(limitOf([]), 1);
    assert.equal(limitOf([null, Number.NaN]), 1);
    assert.equal(limitOf([0, 0, -3]), limitOf([0, 0, 3]));
});
