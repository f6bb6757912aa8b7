/** After more crashes than this within the period, the server is not started again. */
const MAX_CRASHES = 5;
const PERIOD_MS = 3 * 60_000;
const MAX_DELAY_MS = 8_000;

/** Decides whether and when a crashed server is started again. */
export class RestartPolicy {
    private crashes: number[] = [];

    /**
     * Records a crash at the time `now`. Returns the delay before the next start in milliseconds,
     * or `undefined` if there were too many crashes.
     */
    nextDelay(now: number): number | undefined {
        this.crashes = this.crashes.filter((crash) => now - crash < PERIOD_MS);
        this.crashes.push(now);
        if (this.crashes.length > MAX_CRASHES) {
            return undefined;
        }
        const earlier = this.crashes.length - 1;
        return earlier === 0 ? 0 : Math.min(MAX_DELAY_MS, 500 * 2 ** (earlier - 1));
    }

    /** Forgets earlier crashes, because the user started the server. */
    reset(): void {
        this.crashes = [];
    }
}
