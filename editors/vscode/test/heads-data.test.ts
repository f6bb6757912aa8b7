import assert from "node:assert/strict";
import { test } from "node:test";

import { headMapFigures, strongestHead, strengthRank } from "../webview/head-map";
import { readHeadsData } from "../webview/heads-data";
import { isMeasured, MEASURES } from "../webview/measures";

const DOCUMENT = {
    model: { name: "tiny", sha256: "b179" },
    tokens: [
        { id: 4, text: "The" },
        { id: 7, text: " reef" },
    ],
    position: 1,
    target: " Australia",
    logp: -1.45,
    heads: [
        { layer: 0, head: 0, norm: 2, direct_logit: 0.1, ablation_dlogp: null, attention: [0.5, 0.5], top: [] },
        {
            layer: 1,
            head: 0,
            norm: 3,
            direct_logit: -0.7,
            ablation_dlogp: null,
            attention: [1, 0],
            top: [{ token: " coral", score: 2 }],
            bridge: {
                composed: { token: " Reef", at: "The", rank: 0, share: 0.2 },
                explicit: { token: " Reef", at: "The", rank: 9, share: 0.1 },
            },
        },
    ],
};

test("a document of `hoplens lens` is read", () => {
    const data = readHeadsData(DOCUMENT);
    assert.deepEqual([data.layerCount, data.headCount], [2, 1]);
    assert.deepEqual([data.target, data.position, data.lens], [" Australia", 1, null]);
    const [, second] = data.heads;
    assert.equal(second?.bridgeAsWritten?.rank, 0);
    assert.deepEqual(second.top, [{ token: " coral", score: 2 }]);
});

test("what a document lacks is null or empty", () => {
    for (const document of [undefined, null, 3, [], {}, { heads: [null], tokens: "x" }]) {
        const data = readHeadsData(document);
        assert.deepEqual(data.tokens, []);
        assert.equal(data.target, null);
        assert.ok(data.heads.every(({ norm, attention }) => norm === null && attention.length === 0));
    }
});

test("the strongest head has the largest direct logit of either sign", () => {
    const data = readHeadsData(DOCUMENT);
    const strongest = strongestHead(data);
    assert.equal(strongest?.layer, 1);
    assert.deepEqual(data.heads.map((head) => strengthRank(data, head)), [2, 1]);
});

test("a measure without figures is not offered, and its cells have no value", () => {
    const data = readHeadsData(DOCUMENT);
    assert.ok(!isMeasured(MEASURES.ablation_dlogp, data.heads));
    assert.ok(isMeasured(MEASURES.bridge, data.heads));
    const { cells } = headMapFigures(data, MEASURES.bridge, []);
    assert.deepEqual(cells.map(({ value }) => value), [null, 1]);
    assert.equal(cells[0]?.label, "layer 0 head 0: not looked for");
    assert.equal(cells[1]?.label, "layer 1 head 0: “ Reef” is number 1 at “The”");
});
