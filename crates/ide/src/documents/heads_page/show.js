// Elements, tokens and numbers as people read them.

/** An element with a class and children; strings become text, never markup. */
function make(name, kind, ...children) {
    const element = document.createElement(name);
    if (kind) {
        element.className = kind;
    }
    element.append(...children);
    return element;
}

const NAMED = { " ": "·", "\n": "↵", "\r": "␍", "\t": "⇥" };
/** What is not seen, or moves what stands around it. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Zs}\p{Cs}\ufffd]/u;

/** A token whose every character is seen, in its own direction. */
function tokenText(text) {
    const shown = make("bdi", "token-text");
    let plain = "";
    const flush = () => {
        shown.append(plain);
        plain = "";
    };
    for (const c of text) {
        if (!UNSEEN.test(c)) {
            plain += c;
            continue;
        }
        flush();
        const number = c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
        shown.append(make("span", "mark", NAMED[c] ?? `U+${number}`));
    }
    flush();
    if (text === "") {
        shown.append(make("span", "mark", "empty"));
    }
    return shown;
}

/** A token for a label that is read aloud: one line, cut short. */
function spoken(text) {
    const short = Array.from(text).slice(0, 40).join("");
    return JSON.stringify(short.length < text.length ? `${short}…` : short);
}

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** `+0.41`, `−1.20`; small numbers keep two digits. */
function signed(value) {
    if (!isNumber(value)) {
        return "not measured";
    }
    const size = plainNumber(Math.abs(value));
    return value < 0 ? `−${size}` : `+${size}`;
}

function plainNumber(value) {
    if (!isNumber(value)) {
        return "not measured";
    }
    if (value >= 99.95) {
        return value.toFixed(0);
    }
    if (value >= 9.995) {
        return value.toFixed(1);
    }
    if (value >= 0.0095 || value === 0) {
        return value.toFixed(2);
    }
    return value < 0.00095 ? value.toExponential(0) : value.toFixed(3);
}

/** As the command line rounds: `23.5 %`, `0.05 %`, `1.2e-6 %`. */
function percent(p) {
    if (!isNumber(p)) {
        return "unknown";
    }
    const value = 100 * p;
    if (value >= 9.95) {
        return `${value.toFixed(1)} %`;
    }
    if (value >= 0.095) {
        return `${value.toFixed(2)} %`;
    }
    if (value >= 1e-5) {
        return `${value.toFixed(1 - Math.floor(Math.log10(value)))} %`;
    }
    return value > 0 ? `${value.toExponential(1)} %` : "0 %";
}

/** Colours an element by a value on a scale that ends at `limit`. */
function paint(element, value, limit) {
    element.classList.remove("gain", "loss", "none");
    if (!isNumber(value)) {
        element.classList.add("none");
        return;
    }
    const share = limit > 0 ? Math.min(1, Math.abs(value) / limit) : 0;
    element.classList.add(value < 0 ? "loss" : "gain");
    element.style.setProperty("--share", `${(100 * share).toFixed(1)}%`);
}

/** The value with the full colour: what 99 of 100 stay under, so that one head does not make all
 * others white. */
function limitOf(values) {
    const sizes = values.filter(isNumber).map(Math.abs).sort((a, b) => a - b);
    return sizes.length ? sizes[Math.max(0, Math.ceil(0.99 * sizes.length) - 1)] : 0;
}

/** The document's lists and objects, whatever it lacks. */
function readDocument(text) {
    const read = JSON.parse(text);
    const list = (value) => (Array.isArray(value) ? value : []);
    const tokenOf = (value) => {
        if (typeof value === "string") {
            return { text: value };
        }
        return { id: value?.id, text: String(value?.text ?? value?.token ?? "") };
    };
    const heads = list(read.heads).map((head) => ({
        ...head,
        attention: list(head.attention),
        top: list(head.top).map(({ token, score }) => ({ ...tokenOf(token), score })),
    }));
    const highest = (key) => heads.reduce((most, head) => Math.max(most, head[key] + 1), 0);
    const tokens = list(read.tokens).map(tokenOf);
    return {
        model: read.model ?? {},
        tokens,
        position: isNumber(read.position) ? read.position : tokens.length - 1,
        target: read.target === undefined || read.target === null ? null : tokenOf(read.target),
        logp: read.logp,
        lens: read.lens,
        residual: read.residual_norm,
        heads,
        layers: highest("layer"),
        width: highest("head"),
    };
}
