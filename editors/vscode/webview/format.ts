/** A probability of which the logarithm is known. */
export function percent(logp: number): string {
    const share = 100 * Math.exp(logp);
    if (share > 0 && share < 0.001) {
        return "< 0.001 %";
    }
    return `${plain(share)} %`;
}

/** A number with its sign, in three digits. */
export function signed(value: number | null): string {
    if (value === null || !Number.isFinite(value)) {
        return "–";
    }
    const text = plain(Math.abs(value));
    return text === "0" ? "0" : `${value < 0 ? "−" : "+"}${text}`;
}

/** A number in three digits. */
export function plain(value: number): string {
    return value === 0 ? "0" : String(Number(value.toPrecision(3)));
}

/** A token so that its spaces and line breaks are seen. */
export function tokenText(text: string): string {
    if (text === "") {
        return "∅";
    }
    return text
        .replace(/^ /, "␣")
        .replace(/ $/, "␣")
        .replace(/\n/g, "↵")
        .replace(/\t/g, "⇥")
        .replace(/\p{Cc}/gu, "·");
}
