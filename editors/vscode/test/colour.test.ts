import assert from "node:assert/strict";
import { test } from "node:test";

import { formatColour, mixColours, parseColour } from "../webview/colour";
import { divergingScale } from "../webview/palette";
import { colourLimit } from "../webview/scale";

const PALETTE = {
    background: "#ffffff",
    foreground: "#000000",
    muted: "#888888",
    zero: "#f0f0f0",
    positive: "#0000ff",
    negative: "#ff8000",
};

test("colours are parsed without their alpha channel", () => {
    assert.deepEqual(parseColour("#fa0"), [255, 170, 0]);
    assert.deepEqual(parseColour("#1a85ff80"), [26, 133, 255]);
    assert.deepEqual(parseColour("rgba(26, 133, 255, 0.5)"), [26, 133, 255]);
    assert.deepEqual(parseColour(" rgb(26 133 255 / 50%) "), [26, 133, 255]);
    assert.equal(parseColour(""), undefined);
    assert.equal(parseColour("transparent"), undefined);
    assert.equal(formatColour([26, 133, 255]), "#1a85ff");
});

test("colours are mixed channel by channel", () => {
    assert.equal(mixColours("#000000", "#ffffff", 0.5), "#808080");
    assert.equal(mixColours("transparent", "#ffffff", 1), "#ffffff");
});

test("a scale runs from negative through zero to positive and is clamped", () => {
    const colourOf = divergingScale({ negative: 1, positive: 2 }, PALETTE);
    assert.equal(colourOf(0), "#f0f0f0");
    assert.equal(colourOf(2), "#0000ff");
    assert.equal(colourOf(100), "#0000ff");
    assert.equal(colourOf(-1), "#ff8000");
    assert.notEqual(colourOf(1), colourOf(2));
});

test("one outlier does not fade the other cells", () => {
    const values = [...Array.from({ length: 99 }, (_, index) => index / 100), 1000];
    assert.ok(colourLimit(values) < 2);
    assert.equal(colourLimit([0, 0, -3]), colourLimit([0, 0, 3]));
});

test("a map without values has a colour scale", () => {
    assert.equal(colourLimit([]), 1);
    assert.equal(colourLimit([null, Number.NaN]), 1);
    assert.equal(colourLimit([0, 0]), 1);
});
