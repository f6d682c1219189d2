// Few lines a minute of each kind from each pool: what is left out is counted, and the next line says how much it was.

const perMinute = 5;
const windowMs = 60_000;
/** So long after a kind's last window began, what it left out is told no more. */
const rememberedMs = 10 * windowMs;

interface Window {
  readonly since: number;
  lines: number;
  leftOut: number;
}

/** Decides which lines are written. */
export class LogLimit {
  readonly #windows = new Map<string, Window>();

  /** How many kinds are remembered. @internal */
  get size(): number {
    return this.#windows.size;
  }

  /**
   * Whether one more line of this kind may be written.
   *
   * @param now - monotonic milliseconds
   * @returns how many were left out since the last one that was written; `undefined`: this one is left out too
   */
  take(kind: string, now: number): number | undefined {
    const window = this.#windows.get(kind);
    if (window === undefined || now - window.since >= windowMs) {
      this.#forgetOld(now);
      this.#windows.set(kind, { since: now, lines: 1, leftOut: 0 });
      return window?.leftOut ?? 0;
    }
    if (window.lines < perMinute) {
      window.lines++;
      return 0;
    }
    window.leftOut++;
    return undefined;
  }

  /** Origins come and go. */
  #forgetOld(now: number): void {
    for (const [kind, { since, leftOut }] of this.#windows) {
      const age = now - since;
      if (age >= rememberedMs || (age >= windowMs && leftOut === 0)) this.#windows.delete(kind);
    }
  }
}
