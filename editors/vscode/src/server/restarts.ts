/** A server that dies more often than this within the span is given up. */
const MOST = 5;
const SPAN_MS = 3 * 60_000;
const LONGEST_WAIT_MS = 8_000;

/** Decides whether a server that died is started again, and when. */
export class Restarts {
    private deaths: number[] = [];

    /** Milliseconds to wait before the next start; nothing where it is given up. */
    next(now: number): number | undefined {
        this.deaths = this.deaths.filter((death) => now - death < SPAN_MS);
        this.deaths.push(now);
        if (this.deaths.length > MOST) {
            return undefined;
        }
        const waits = this.deaths.length - 1;
        return waits === 0 ? 0 : Math.min(LONGEST_WAIT_MS, 500 * 2 ** (waits - 1));
    }

    /** The person starts it anew: former deaths do not count. */
    forget(): void {
        this.deaths = [];
    }
}
