// How late the event loop is: probed only while it is busy enough for that to matter, since a probe wakes a quiet process fifty times a second.

import { performance } from 'node:perf_hooks';
import type { Clock } from '../core/index.ts';
import { type LoopDelay, LoopProbe } from '../insight/index.ts';

/** A loop in use for a smaller part of the time stands still for less of it than makes it the cause of anything. */
const busyFrom = 0.15;
const nothing: LoopDelay = { blockedMs: 0, longestMs: 0 };

/** Measures until it is stopped. */
export class LoopDelays {
  readonly #clock: Clock;
  #before = performance.eventLoopUtilization();
  #probe: LoopProbe | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What there was since the last time. */
  take(): LoopDelay {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#before);
    this.#before = now;
    const delay = this.#probe?.take() ?? nothing;
    if (utilization < busyFrom) this.stop();
    else this.#probe ??= new LoopProbe(this.#clock);
    return delay;
  }

  stop(): void {
    this.#probe?.stop();
    this.#probe = undefined;
  }
}
