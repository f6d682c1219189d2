// How far apart long exclusive leases begin where shared ones go first, so that not all connections are taken, and come free, at the same moment.

import { Alarm } from './alarm.ts';
import type { Moment } from './clock.ts';
import type { Parts } from './parts.ts';

/**
 * As many long leases as there may be connections begin within this part of their own time at the soonest. The more they are spread, the less the
 * slowest of the shared leases wait, and the more the quickest do: their mean is given by the load. At 0.4 the slowest wait less than behind
 * connections that each carry one lease after another, and so do the long leases.
 */
const spread = 0.4;
/** A shorter gap is not worth a timer. */
const leastGapMs = 1;

/** Keeps the beginnings of long leases apart. Once they are, they stay so by themselves, and nobody is held back. */
export class Spacing<C> {
  readonly #parts: Parts<C>;
  readonly #sharesFirst: boolean;
  readonly #alarm: Alarm;
  #lastBegan = Number.NEGATIVE_INFINITY;
  /** When a shared lease began last. */
  lastShare: Moment = { ms: Number.NEGATIVE_INFINITY, isServed: false };

  /** @param ring - called when the next one may begin */
  constructor(parts: Parts<C>, ring: () => void) {
    this.#parts = parts;
    this.#sharesFirst = parts.connector.sharesFirst === true;
    this.#alarm = new Alarm(parts.clock, ring, true);
  }

  /** Whether a lease that is expected to last so long does not begin yet, though a connection be idle: if so, it rings as soon as it may. */
  holdsBack(expectedMs: number, now: Moment): boolean {
    if (expectedMs === 0 || !this.#sharesFirst || now.ms - this.lastShare.ms > expectedMs) return false;
    const until = this.#lastBegan + this.#gapMs(expectedMs);
    if (now.ms >= until) return false;
    this.#alarm.ringBy(until);
    return true;
  }

  /** A lease begins that is expected to last so long. */
  begins(expectedMs: number, now: Moment): void {
    if (expectedMs > 0 && this.#gapMs(expectedMs) > 0) this.#lastBegan = now.ms;
  }

  /** Nobody waits any more. */
  queueEmptied(): void {
    this.#alarm.cancel();
  }

  #gapMs(expectedMs: number): number {
    const { max } = this.#parts;
    const gapMs = (expectedMs * spread) / max;
    return max > 1 && gapMs >= leastGapMs ? gapMs : 0;
  }
}
