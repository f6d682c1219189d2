// Which line a shared lease goes to.

import type { Slot } from './slot.ts';

/** What a placement may look at. */
export interface Line {
  /** Leases under way on it. */
  readonly leases: number;
  /** Leases that it can carry at once. */
  readonly capacity: number;
}

/** Whether `candidate` should be chosen before `best`. Both have room. */
export type Placement = (candidate: Line, best: Line) => boolean;

/** The line with the smallest share of its capacity in use: best where leases on one line delay each other. */
export const leastLoaded: Placement = (candidate, best) =>
  candidate.leases / candidate.capacity < best.leases / best.capacity;

/** The best line for one more share among those that have room; `undefined` when none has. */
export function placeShare<C>(
  lines: Iterable<Slot<C>>,
  capacityOf: (slot: Slot<C>) => number,
  placement: Placement,
): Slot<C> | undefined {
  let best: Slot<C> | undefined;
  let bestLine: Line | undefined;
  for (const slot of lines) {
    if (slot.reserved || slot.condemned !== undefined) continue;
    const line = { leases: slot.leases, capacity: capacityOf(slot) };
    if (line.leases >= line.capacity) continue;
    if (bestLine === undefined || placement(line, bestLine)) {
      best = slot;
      bestLine = line;
    }
  }
  return best;
}
