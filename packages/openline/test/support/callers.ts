// Callers in a closed loop: each asks, waits for its answer, and asks again.
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';

/** One call, from its beginning to its end, on the clock of `performance.now()`. */
export interface Call {
  readonly askedAt: number;
  readonly endedAt: number;
  /** `undefined` where it succeeded. */
  readonly error: (Error & { code?: string; kind?: string }) | undefined;
}

/** After a failure a caller does something else first: turned away at once, it would otherwise only spin. */
const pauseAfterFailureMs = 20;

/** A number of callers, calling until they are stopped. */
export class Callers {
  /** Every call that has ended, in the order of their ends. */
  readonly calls: Call[] = [];
  readonly #running: Promise<unknown>;
  #stopped = false;

  constructor(count: number, ask: () => Promise<unknown>) {
    this.#running = Promise.all(Array.from({ length: count }, () => this.#loop(ask)));
  }

  async #loop(ask: () => Promise<unknown>): Promise<void> {
    while (!this.#stopped) {
      const askedAt = performance.now();
      const error = await ask().then(
        () => undefined,
        (reason: Call['error']) => reason,
      );
      this.calls.push({ askedAt, endedAt: performance.now(), error });
      if (error === undefined) await nextTurn();
      else await pause(pauseAfterFailureMs);
    }
  }

  get failures(): Call[] {
    return this.calls.filter(({ error }) => error !== undefined);
  }

  /** The successes that ended after a moment. */
  successesAfter(moment: number): Call[] {
    return this.calls.filter(({ error, endedAt }) => error === undefined && endedAt > moment);
  }

  /** Resolves when every caller has had its last answer. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }
}
