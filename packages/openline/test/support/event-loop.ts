// How long the event loop was held up, so that a test does not blame the pool for it.

const everyMs = 5;
/** A timer of 5 ms that comes after so long was late by the loop's fault. */
const stallFromMs = 10;

/** A time in which nothing could run, on the clock of `performance.now()`. */
export interface Stall {
  readonly from: number;
  readonly until: number;
}

/** The milliseconds between two moments in which the loop stood still. */
export function stalledMs(stalls: readonly Stall[], from: number, until: number): number {
  let total = 0;
  for (const stall of stalls) total += Math.max(0, Math.min(until, stall.until) - Math.max(from, stall.from));
  return total;
}

/** Watches the event loop. */
export class LoopWatch implements Disposable {
  readonly #timer: NodeJS.Timeout;
  readonly #stalls: Stall[] = [];
  #tickedAt = performance.now();

  constructor() {
    this.#timer = setInterval(() => this.#tick(), everyMs);
  }

  #tick(): void {
    const now = performance.now();
    if (now - this.#tickedAt > stallFromMs) this.#stalls.push({ from: this.#tickedAt + everyMs, until: now });
    this.#tickedAt = now;
  }

  /** Every stall up to now. */
  stalls(): readonly Stall[] {
    this.#tick();
    return [...this.#stalls];
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
