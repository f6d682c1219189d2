// Waits for what a pool comes to: its connections given back, closed, or room for one more.

import type { Clock } from './clock.ts';

/** Those who wait for a change of one pool. */
export class Changes {
  readonly #clock: Clock;
  readonly #onChange = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something has changed that somebody may wait for. */
  tell(): void {
    for (const look of this.#onChange) look();
  }

  /** Resolves when `done` holds, or to `false` when the time is over. */
  until(done: () => boolean, timeoutMs: number): Promise<boolean> {
    if (done()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (result: boolean): void => {
        timer?.cancel();
        this.#onChange.delete(look);
        resolve(result);
      };
      const look = (): void => {
        if (done()) end(true);
      };
      const timer =
        timeoutMs < Number.POSITIVE_INFINITY ? this.#clock.setTimer(() => end(done()), timeoutMs) : undefined;
      this.#onChange.add(look);
    });
  }
}
