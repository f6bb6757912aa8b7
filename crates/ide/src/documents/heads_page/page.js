// The map, and what moves on the page.

const MEASURES = {
    direct_logit: {
        title: "Direct logit",
        meaning:
            "What each head itself adds to the target's logit. Blue raises the target, orange lowers it.",
        read: (head) => head.direct_logit,
        say: (value) => `direct logit ${signed(value)}`,
    },
    ablation_dlogp: {
        title: "Ablation Δ log p",
        meaning:
            "How the target's log-probability changes without the head. Orange: it falls, so the head helps; blue: it rises.",
        read: (head) => head.ablation_dlogp,
        say: (value) =>
            isNumber(value) ? `log p without it ${signed(value)}` : "ablation not measured",
    },
    norm: {
        title: "Norm",
        meaning: "The length of what each head writes into the residual stream, whatever it is about.",
        read: (head) => head.norm,
        say: (value) => `norm ${plainNumber(value)}`,
    },
    bridge: {
        title: "Speaks the bridge",
        meaning:
            "How high each head's lens ranks a word of the bridge, at its best token of the prompt as written. Full: first of the whole vocabulary.",
        read: (head) => height(head.bridge?.composed),
        say: (value, head) => spokenAt(head.bridge?.composed),
    },
    bridge_named: {
        title: "… where it is named",
        meaning: "The same in the prompt in which the bridge stands in place of the mention.",
        read: (head) => height(head.bridge?.explicit),
        say: (value, head) => spokenAt(head.bridge?.explicit),
    },
    words: {
        title: "Speaks the words",
        meaning: "How high each head's lens ranks one of the words that were looked for.",
        read: (head) => height(head.words),
        say: (value, head) => spokenAt(head.words),
    },
};

/** 1 for the first of the vocabulary, 0 for the millionth. */
function height(spoken) {
    return isNumber(spoken?.rank) ? Math.max(0, 1 - Math.log10(spoken.rank + 1) / 6) : undefined;
}

function spokenAt(spoken) {
    if (!isNumber(spoken?.rank)) {
        return "not looked for";
    }
    return `“${spoken.token}” is number ${spoken.rank + 1} at “${spoken.at}”`;
}

const doc = readDocument(document.getElementById("document").textContent);
const cells = new Map();
const state = {
    measure: "direct_logit",
    selected: null,
    list: { column: 1, isDescending: true, isWhole: false },
};
const placeOf = (head) => `${head.layer}.${head.head}`;

function showPrompt() {
    const { name = "", sha256 = "" } = doc.model;
    const size = `${doc.layers} layers of ${doc.width} heads`;
    document.getElementById("model").append(
        make("strong", "", String(name)),
        ` · ${size}`,
        sha256 ? make("span", "digest", ` · ${String(sha256).slice(0, 12)}`) : "",
    );
    const chips = doc.tokens.map((token, position) => {
        const chip = make("li", "chip", tokenText(token.text));
        chip.classList.toggle("here", position === doc.position);
        chip.title = `position ${position}, token ${token.id ?? "?"}`;
        return chip;
    });
    document.getElementById("prompt").replaceChildren(...chips);
    const target = document.getElementById("target");
    target.append("Read at ", make("span", "chip here", `position ${doc.position}`));
    if (doc.target) {
        target.append(" for the target ", make("span", "chip target", tokenText(doc.target.text)));
    }
    if (isNumber(doc.logp)) {
        const figure = make("strong", "", percent(Math.exp(doc.logp)));
        target.append(": ", figure, ` (log p ${signed(doc.logp)})`);
    }
}

function showMeasures() {
    const choices = Object.entries(MEASURES).map(([name, { title, read }]) => {
        const radio = make("input");
        radio.type = "radio";
        radio.name = "measure";
        radio.value = name;
        radio.checked = name === state.measure;
        const isKnown = doc.heads.some((head) => isNumber(read(head)));
        radio.disabled = !isKnown;
        const isAsked = isKnown || name in { direct_logit: 0, ablation_dlogp: 0, norm: 0 };
        radio.addEventListener("change", () => {
            state.measure = name;
            colourMap();
        });
        return isAsked ? [make("label", "", radio, make("span", "", title))] : [];
    });
    document.getElementById("measures").append(...choices.flat());
}

/** Layers from left to right, as the model computes; heads from top to bottom. */
function drawMap() {
    const byPlace = new Map(doc.heads.map((head) => [placeOf(head), head]));
    const count = (length) => Array.from({ length }, (_, index) => index);
    // Where there is no room for every number, every fifth is enough.
    const numbered = (layer) => doc.layers <= 16 || layer % 5 === 0 || layer === doc.layers - 1;
    const titles = count(doc.layers).map((layer) => {
        const title = make("th", "", numbered(layer) ? String(layer) : "");
        title.scope = "col";
        title.ariaLabel = `layer ${layer}`;
        return title;
    });
    const corner = make("td", "corner", "head ╲ layer");
    const rows = count(doc.width).map((number) => {
        const title = make("th", "", String(number));
        title.scope = "row";
        title.ariaLabel = `head ${number}`;
        const row = make("tr", "", title);
        for (const layer of count(doc.layers)) {
            const head = byPlace.get(`${layer}.${number}`);
            const cell = make("td", head ? "cell" : "");
            cell.role = "gridcell";
            if (head) {
                cell.tabIndex = -1;
                cells.set(placeOf(head), cell);
                cell.addEventListener("click", () => select(head, true));
                cell.addEventListener("keydown", (event) => onKey(event, head));
            }
            row.append(cell);
        }
        return row;
    });
    document.getElementById("map").append(
        make("thead", "", make("tr", "", corner, ...titles)),
        make("tbody", "", ...rows),
    );
}

function colourMap() {
    const { meaning, read, say } = MEASURES[state.measure];
    const values = doc.heads.map(read);
    const limit = limitOf(values);
    for (const head of doc.heads) {
        const cell = cells.get(placeOf(head));
        paint(cell, read(head), limit);
        cell.ariaLabel = `layer ${head.layer} head ${head.head}: ${say(read(head), head)}`;
        cell.title = cell.ariaLabel;
    }
    document.getElementById("meaning").textContent = meaning;
    showScale(values, limit);
}

function showScale(values, limit) {
    const known = values.filter(isNumber);
    const [lowest, highest] = [Math.min(0, ...known), Math.max(0, ...known)];
    const isSided = lowest < 0;
    const ends = [
        isSided ? `${lowest < -limit ? "≤ " : ""}${signed(-limit)}` : "0",
        `${highest > limit ? "≥ " : ""}${isSided ? signed(limit) : plainNumber(limit)}`,
    ];
    const bar = make("span", isSided ? "ramp sided" : "ramp");
    const scale = document.getElementById("scale");
    const middle = isSided ? [make("span", "zero", "0")] : [];
    const figures = make("span", "ends", make("span", "", ends[0]), ...middle, make("span", "", ends[1]));
    scale.replaceChildren(make("span", "ramp-box", bar, figures));
    if (known.length < values.length) {
        scale.append(make("span", "key", make("span", "swatch none"), "not measured"));
    }
    scale.ariaLabel = `Colours from ${ends[0]} to ${ends[1]}`;
}

/** Shows a head; `focus` moves the keyboard's place to its cell. */
function select(head, focus) {
    if (state.selected) {
        const before = cells.get(placeOf(state.selected));
        before.tabIndex = -1;
        before.ariaSelected = "false";
    }
    state.selected = head;
    const cell = cells.get(placeOf(head));
    cell.tabIndex = 0;
    cell.ariaSelected = "true";
    if (focus) {
        cell.focus();
    }
    const size = (other) => Math.abs(other.direct_logit);
    const rank = 1 + doc.heads.filter((other) => size(other) > size(head)).length;
    showPanel(doc, head, `number ${rank} of ${doc.heads.length} by size`);
    drawList();
}

function drawList() {
    showList(doc, state.list, state.selected, (head) => select(head, false), drawList);
}

function onKey(event, head) {
    if (event.ctrlKey || event.altKey || event.metaKey) {
        return;
    }
    const { layer, head: number } = head;
    const places = {
        ArrowLeft: [layer - 1, number],
        ArrowRight: [layer + 1, number],
        ArrowUp: [layer, number - 1],
        ArrowDown: [layer, number + 1],
        Home: [0, number],
        End: [doc.layers - 1, number],
        PageUp: [layer, 0],
        PageDown: [layer, doc.width - 1],
    };
    const isEnter = event.key === "Enter" || event.key === " ";
    if (isEnter) {
        select(head, false);
        document.getElementById("panel-title").focus();
    } else if (event.key in places) {
        const [toLayer, toHead] = places[event.key];
        const next = doc.heads.find((other) => other.layer === toLayer && other.head === toHead);
        if (next) {
            select(next, true);
        }
    } else {
        return;
    }
    event.preventDefault();
}

function start() {
    document.querySelector("main").hidden = false;
    showPrompt();
    showMeasures();
    drawMap();
    document.getElementById("panel").addEventListener("keydown", (event) => {
        if (event.key === "Escape" && state.selected) {
            cells.get(placeOf(state.selected)).focus();
        }
    });
    document.getElementById("more").addEventListener("click", () => {
        state.list.isWhole = !state.list.isWhole;
        drawList();
    });
    if (doc.heads.length === 0) {
        document.getElementById("meaning").textContent = "The document names no heads.";
        document.getElementById("panel").hidden = true;
        return;
    }
    colourMap();
    const size = (head) => Math.abs(head.direct_logit ?? 0);
    select(doc.heads.reduce((best, head) => (size(head) > size(best) ? head : best)), false);
}

start();
