// How long the server has taken, told apart from how long this process was busy with other things.

import { performance } from 'node:perf_hooks';
import { systemClock } from '../core/index.ts';

const { nodeTiming } = performance;

/** A moment, as the event loop has seen it. */
export interface LoopReading {
  readonly at: number;
  readonly idleMs: number;
}

/** Reads the clock, and how long the event loop has waited so far. */
export function readLoop(): LoopReading {
  return { at: systemClock.now(), idleMs: nodeTiming.idleTime };
}

/**
 * The time since `from` that something outside this process must have taken, at the least: as long as the event loop had nothing to do but
 * wait for it, and until the last turn at which it had not come. What came while the process was busy counts for nothing.
 *
 * @param lastTurnAt - the end of the last turn of the loop that is known of
 */
export function outsideMs(from: LoopReading, lastTurnAt: number): number {
  return Math.max(nodeTiming.idleTime - from.idleMs, lastTurnAt - from.at, 0);
}
