// How late the event loop is: a timer that says how long after its time it came.

import type { Clock, TimerHandle } from '../core/index.ts';

const everyMs = 20;
/** Timers are a little late on a machine with nothing to do; this much is nobody's fault. */
const usualMs = 10;

/** What delayed the event loop in a time. */
export interface LoopDelay {
  /** The time together by which the probe came late, in milliseconds, beyond what is usual. */
  readonly blockedMs: number;
  /** The longest single delay, in milliseconds. */
  readonly longestMs: number;
}

/** Nothing is known, or nothing delayed it. */
export const noDelay: LoopDelay = { blockedMs: 0, longestMs: 0 };

/** Measures from its making until it is stopped; keeps no process alive. */
export class LoopProbe {
  readonly #clock: Clock;
  #timer: TimerHandle | undefined;
  #dueAt = 0;
  #blockedMs = 0;
  #longestMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#next();
  }

  /** What there was since the last {@link take}. */
  look(): LoopDelay {
    // A delay that is not over yet counts too.
    this.#late(this.#clock.now());
    return { blockedMs: this.#blockedMs, longestMs: this.#longestMs };
  }

  /** The same, and begins anew. */
  take(): LoopDelay {
    const delay = this.look();
    this.#blockedMs = 0;
    this.#longestMs = 0;
    return delay;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #next(): void {
    this.#dueAt = this.#clock.now() + everyMs;
    this.#timer = this.#clock.setTimer(this.#ring, everyMs);
    this.#timer.keepAlive(false);
  }

  readonly #ring = (): void => {
    this.#late(this.#clock.now());
    this.#next();
  };

  #late(now: number): void {
    const lateMs = now - this.#dueAt - usualMs;
    if (lateMs <= 0) return;
    this.#blockedMs += lateMs;
    this.#longestMs = Math.max(this.#longestMs, lateMs);
    // Up to now it is counted.
    this.#dueAt = now;
  }
}
